"""Which component broke first in a turn? A distribution over failure points, from what the turn shows and what people
did about it (Khaziev et al., "FPI: Failure Point Isolation in Large-scale Conversational Assistants", NAACL 2022)."""

from models.failure_point.case import Case, Judgement
from models.failure_point.model import FAILURE_POINT_FOLDER, FailurePointModel

__all__ = ["FAILURE_POINT_FOLDER", "Case", "FailurePointModel", "Judgement"]

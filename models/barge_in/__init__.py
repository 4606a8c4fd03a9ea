"""What an interruption of the assistant was for, and whether a start over other speakers takes the floor."""

from models.barge_in.candidate import Candidate, Judgement
from models.barge_in.floor import FloorModel, FloorScore
from models.barge_in.kind import KindModel

__all__ = ["Candidate", "FloorModel", "FloorScore", "Judgement", "KindModel"]

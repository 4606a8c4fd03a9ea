"""Corrections: self-repair inside a turn, third-position repair of an earlier one, and what was meant."""

from models.correction.features import Utterances
from models.correction.model import Correction, CorrectionModel, Label

__all__ = ["Correction", "CorrectionModel", "Label", "Utterances"]

"""Is a request made again what an earlier one did not get? Repeat, rephrase, refinement or none, with its score."""

from models.rephrase.call_model import CallModel
from models.rephrase.candidate import Candidate, Judgement, Label
from models.rephrase.retry_model import RetryModel

__all__ = ["CallModel", "Candidate", "Judgement", "Label", "RetryModel"]

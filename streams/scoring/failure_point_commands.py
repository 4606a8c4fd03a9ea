"""`earshot score failure-point` for rows of single spoken commands: which component failed first in each."""

from collections.abc import Mapping, Sequence

from models.failure_point_commands.model import CommandModel
from schemas.failure_point import FailurePoint
from streams.adapters.slurp import Recording, parsed

Score = dict[str, object]
"""`id`, `failure_point`, `probabilities` by failure point, which sum to 1 up to rounding, and `abstained`: why no
failure point is named, or none."""


def score_rows(rows: Sequence[Mapping[str, object]], model: CommandModel | None = None) -> list[Score]:
    """A score a row in the format of slurp, in their order, from its text, intent, entities and distance alone.

    A row without an id gets the number of its place, from 0. Raises `AdapterError` at the first row that is no
    recording, `ModelFolderError` and `ModelsNotInstalled` without a model.
    """
    recordings = parsed(rows, Recording)
    judged = (model or CommandModel.load()).judge([recording.command for recording in recordings])
    return [
        {
            "id": at if recording.id is None else recording.id,
            "failure_point": None if one.failure_point is None else one.failure_point.value,
            "probabilities": {point.value: share for point, share in zip(FailurePoint, one.probabilities, strict=True)},
            "abstained": one.abstained,
        }
        for at, (recording, one) in enumerate(zip(recordings, judged, strict=True))
    ]

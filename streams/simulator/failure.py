"""Where a turn went wrong: the first stage whose correction makes the action right."""

from collections.abc import Callable
from typing import Final

from schemas.failure_point import FailurePoint
from streams.simulator.pipeline import Grasp, Heard, Pipeline

IsRight = Callable[[Grasp, bool], bool]
"""(what is understood, whether the result is correct) -> whether the assistant does what was meant.

The second is False where the result stage runs with its own noise (`Pipeline.result(heard, ...)`), True where it is to
be taken as right.
"""

_STAGES: Final = (FailurePoint.ASR, FailurePoint.NLU, FailurePoint.ENTITY)


def failure_point(pipeline: Pipeline, heard: Heard, is_right: IsRight) -> FailurePoint:
    """The failure point of a turn that a person meant for the device.

    `is_right` is asked about what was understood, then with the words corrected, the interpretation, the entities, the
    result; the later stages run again with the noise that they had. A turn that nothing of this would make right, such
    as a request that the assistant does not support, is correct: all parts did their work.
    """
    if is_right(heard.grasp, False):
        return FailurePoint.CORRECT
    for stage in _STAGES:
        if is_right(pipeline.corrected(heard, stage), False):
            return stage
    return FailurePoint.RESULT if is_right(heard.truth, True) else FailurePoint.CORRECT

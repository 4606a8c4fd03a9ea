"""Examples from simulated people, whose reasons for saying something again are known."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from models.rephrase.candidate import Candidate, Label
from schemas.turn import Turn
from streams.training.rephrase_examples import Example
from streams.training.simulated_dialogues import Heard, by_dialogue, recorded, simulated

WINDOW_S: Final = 45.0
WINDOW_TURNS: Final = 3
EARLIER: Final = 3
_FEWEST_USERS: Final = 2_500


def simulated_dialogues(pack: str, dialogues: int, seed: int) -> list[list[Heard]]:
    """The turns of a simulation of one pack, dialogue by dialogue."""
    return heard_dialogues(simulated(pack, max(4 * dialogues, _FEWEST_USERS), dialogues, seed))


def recorded_dialogues(recording: Path) -> list[list[Heard]]:
    """Those of a recording with its truth beside it. Raises `RecordingError` and `TruthError`."""
    return heard_dialogues(recorded(recording))


def heard_dialogues(heard: Iterable[Heard]) -> list[list[Heard]]:
    """Turns in which something was said, in the order in which people began to speak."""
    dialogues = by_dialogue(one for one in heard if one.turn.request)
    return [sorted(turns, key=lambda one: _began(one.turn)) for turns in dialogues]


def candidates_of(heard: Sequence[Heard], at: int) -> Iterator[tuple[Heard, Candidate]]:
    """The requests in the window of the one at this place, nearest first, each with the pair that they make."""
    later = heard[at]
    texts = [one.turn.request for one in heard]
    for distance in range(1, min(WINDOW_TURNS, at) + 1):
        earlier = heard[at - distance]
        gap_s = (_began(later.turn) - _ended(earlier.turn)).total_seconds()
        if gap_s > WINDOW_S:
            break
        response, asr = earlier.turn.response, earlier.turn.asr
        yield (
            earlier,
            Candidate(
                first=earlier.turn.request,
                second=later.turn.request,
                response=response.text if response else None,
                status=response.status.value if response else None,
                gap_s=gap_s,
                distance=distance,
                n_best=tuple(one.text for one in asr.n_best if one.text != asr.text) if asr else (),
                confidence=asr.confidence if asr else None,
                earlier=tuple(texts[max(at - distance - EARLIER, 0) : at - distance]),
                later=tuple(texts[at + 1 : at + 2]),
            ),
        )


def examples_of(dialogues: Iterable[Sequence[Heard]], source: str) -> Iterator[Example]:
    """Every request with each earlier one in its window; `group` is the user."""
    for heard in dialogues:
        for at, later in enumerate(heard):
            for earlier, candidate in candidates_of(heard, at):
                yield Example(candidate, _label(earlier, later), source, later.truth.user_id)


def _label(earlier: Heard, later: Heard) -> Label:
    retry = later.truth.retry
    return Label(retry.kind) if retry is not None and retry.turn_id == earlier.turn.turn_id else Label.NONE


def _began(turn: Turn) -> datetime:
    return turn.speech.started_at if turn.speech is not None else turn.occurred_at


def _ended(turn: Turn) -> datetime:
    if turn.response is not None and turn.response.span is not None:
        return turn.response.span.ended_at
    return turn.speech.ended_at if turn.speech is not None else turn.occurred_at

"""Turns of simulated people, of whom it is known what they take back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models.correction.features import Utterances
from models.correction.words import plain, split
from streams.simulator.truth import SelfRepairTruth, TurnTruth
from streams.training.correction_examples import Example, Source, Truth
from streams.training.correction_sets import value_words
from streams.training.simulated_dialogues import Heard, by_dialogue, recorded, simulated

FEWEST_USERS = 4_000
"""So many that none of them talks to two assistants at once."""


@dataclass(frozen=True, slots=True)
class SimulatedTurn:
    """A turn as it was heard, with what was said before it.

    `kind`: what it takes back; a turn that does both counts as third-position. `values`: those that replace something;
    `given`: all that it gives; `said`: the person's own words; `replaces`: (taken back, meant) where the request before
    holds what is taken back.
    """

    user_id: str
    utterances: Utterances
    kind: Truth
    values: tuple[str, ...]
    given: tuple[str, ...]
    said: str
    replaces: tuple[str, str] | None
    self_repair: SelfRepairTruth | None

    @property
    def meant(self) -> str | None:
        """The request as it was meant, where that can be told from its words."""
        if self.kind is Truth.SELF_REPAIR:
            gone = self.left_out
            if gone is None:
                return None
            words = split(self.utterances.text)
            return " ".join(word.text for word, goes in zip(words, gone, strict=True) if not goes)
        if self.kind is Truth.THIRD_POSITION and self.replaces is not None:
            return self.utterances.request.replace(*self.replaces, 1)
        return None

    @property
    def left_out(self) -> tuple[bool, ...] | None:
        """The words of the turn that are taken back in it; None where they were not heard as they were said."""
        words = [word.plain for word in split(self.utterances.text)]
        if self.self_repair is None:
            return (False,) * len(words)
        slip = [word.plain for word in split(f"{self.self_repair.said_first} {self.self_repair.cue}")]
        for start in range(len(words) - len(slip) + 1):
            if words[start : start + len(slip)] == slip:
                return tuple(start <= at < start + len(slip) for at in range(len(words)))
        return None


def simulated_turns(pack: str, dialogues: int, seed: int) -> list[SimulatedTurn]:
    """Those of a simulation of one pack."""
    return list(turns_of(simulated(pack, max(4 * dialogues, FEWEST_USERS), dialogues, seed)))


def recorded_turns(recording: Path) -> list[SimulatedTurn]:
    """Those of a recording with its truth beside it. Raises `RecordingError` and `TruthError`."""
    return list(turns_of(recorded(recording)))


def turns_of(heard: Iterable[Heard]) -> Iterator[SimulatedTurn]:
    """The turns in which a person spoke to the device and was heard, dialogue by dialogue."""
    for dialogue in by_dialogue(heard):
        request = response = ""
        for turn, truth in ((one.turn, one.truth) for one in dialogue):
            if turn.request and truth.said is not None:
                yield _turn(Utterances(turn.request, request, response), truth)
            if turn.request:
                request = turn.request
            response = turn.response.text or "" if turn.response is not None else ""


def _turn(utterances: Utterances, truth: TurnTruth) -> SimulatedTurn:
    corrections = [one for one in truth.corrections if one.slot != "intent"]
    kind = Truth.NONE
    if truth.corrections:
        kind = Truth.THIRD_POSITION
    elif truth.self_repair is not None:
        kind = Truth.SELF_REPAIR
    values = [one.value for one in corrections] or ([truth.self_repair.value] if truth.self_repair is not None else [])
    replaces = None
    if len(corrections) == 1 and (old := corrections[0].instead_of) and old in utterances.request:
        replaces = (old, corrections[0].value)
    given = tuple(slot.value for slot in truth.meaning.slots) if truth.meaning is not None else ()
    return SimulatedTurn(
        truth.user_id, utterances, kind, tuple(values), given, truth.said or "", replaces, truth.self_repair
    )


def examples_of_simulated(turns: Iterable[SimulatedTurn]) -> list[Example]:
    """What can be learned from simulated turns."""
    users: dict[str, int] = {}
    return [
        Example(
            Source.SIMULATED,
            turn.utterances,
            turn.kind,
            turn.left_out,
            value_words(turn.utterances.text, (*turn.values, *turn.given)),
            value_words(turn.utterances.request, turn.replaces[:1]) if turn.replaces is not None else None,
            turn.meant,
            users.setdefault(turn.user_id, len(users)),
        )
        for turn in turns
        if any(plain(word.text) and not word.is_mark for word in split(turn.utterances.text))
    ]

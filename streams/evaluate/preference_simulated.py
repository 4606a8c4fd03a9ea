"""Preferences of simulated people, who are known to state one: right in attribute, value and polarity, or not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from models.correction.words import split
from models.preference.attributes import Attribute
from models.preference.catalogue import Catalogue
from models.preference.model import PreferenceModel, Statement
from schemas.preference import Polarity
from streams.adapters.source import AdapterError
from streams.evaluate.correction_rewrites import grouped
from streams.evaluate.figures import Bools, Figure, Groups, floats
from streams.evaluate.recordings import recordings_in
from streams.simulator.pack import load_pack
from streams.simulator.truth import PreferenceTruth, truth_path
from streams.training.preference_frames import is_written
from streams.training.preference_simulated import SimulatedTurn, catalogue_of, recorded_turns, simulated_turns
from streams.training.preference_written import kept_phrasing, kept_value

PACKS: Final = ("home_a", "home_b")
DIALOGUES: Final = 2_500
SEED: Final = 4_711
_ARTICLES: Final = frozenset({"the", "a", "an"})
_CUES: Final = (" like ", " love ", " prefer ", " hate ", " favorite ", " favourite ", " fan ", " call ", " don't ")

Progress = Callable[[str], None]
Found = tuple[dict[str, Figure], list[str]]


@dataclass(frozen=True, slots=True)
class Slots:
    """What is counted of one turn: slots that are true, that are given, and that are right."""

    true: int
    given: int
    right: int


def evaluate_simulated(model: PreferenceModel, progress: Progress) -> Found:
    """Figures on simulations of both voice packs, with a seed that the training does not use."""
    figures: dict[str, Figure] = {}
    for pack in PACKS:
        progress(f"{pack}: simulating {DIALOGUES:,} dialogues")
        figures |= _figures(pack, simulated_turns(pack, DIALOGUES, SEED), catalogue_of(load_pack(pack)), model)
    return figures, [
        f"simulated: {DIALOGUES:,} dialogues of each pack, of other people than in training; turns as they were heard.",
        "recall: share of the statements of which attribute, value and polarity are right; of unseen phrasings and "
        "values the model learned none, be it from the pack or from what was written.",
        "f1_unseen_phrasing_or_value: statements with either beside all turns that state nothing.",
    ]


def evaluate_recordings(folder: Path, model: PreferenceModel, progress: Progress) -> Found:
    """Figures on each recording of a folder that has its truth beside it. Raises `AdapterError` where none has."""
    figures: dict[str, Figure] = {}
    recordings = recordings_in(folder)
    for name, path in recordings.items():
        progress(f"{path.name}: listening")
        turns = recorded_turns(path)
        if not any(turn.taught for turn in turns):
            raise AdapterError(f"{truth_path(path)} has no stated preference among {len(turns):,} turns")
        figures |= _figures(name, turns, _catalogue(turns), model)
    return figures, [f"{len(recordings)} recordings of {folder.name}, figures of the model that ships."]


def _catalogue(turns: Sequence[SimulatedTurn]) -> Catalogue:
    """That of the pack whose attributes are spoken of."""
    spoken = {turn.taught.attribute for turn in turns if turn.taught is not None}
    pack = next((name for name in PACKS if spoken <= load_pack(name).written.preference.keys()), None)
    return catalogue_of(load_pack(pack)) if pack is not None else Catalogue()


def _figures(
    prefix: str, turns: Sequence[SimulatedTurn], catalogue: Catalogue, model: PreferenceModel
) -> dict[str, Figure]:
    users: dict[str, int] = {}
    groups = np.array([users.setdefault(turn.user_id, len(users)) for turn in turns], dtype=np.int64)
    found = model.find([turn.turn for turn in turns], catalogue)
    slots = [slots_of(turn.taught, turn.attribute, one) for turn, one in zip(turns, found, strict=True)]
    heard = np.array([turn.taught is None or _is_in(turn.taught.words, turn.turn.text) for turn in turns])
    phrasing = np.array([turn.taught is not None and _is_new(turn.taught.template or "") for turn in turns])
    value = np.array([turn.taught is not None and kept_value(turn.taught.value) for turn in turns])
    stated = np.array([turn.taught is not None for turn in turns])
    figures = {
        f"{prefix}_f1": _f1(slots, groups, np.ones(len(turns), dtype=np.bool_)),
        f"{prefix}_f1_value_heard": _f1(slots, groups, heard),
        f"{prefix}_f1_unseen_phrasing_or_value": _f1(slots, groups, phrasing | value | ~stated),
    }
    right = floats([one.right for one in slots])
    for name, chosen in (
        ("", stated),
        ("_unseen_phrasing", stated & phrasing),
        ("_unseen_value", stated & value),
        ("_unseen_phrasing_and_value", stated & phrasing & value),
        ("_both_seen", stated & ~phrasing & ~value),
    ):
        if chosen.any():
            figures[f"{prefix}_recall{name}"] = _mean(right[chosen], groups[chosen])
    passed = floats([model.passes(turn.turn.text) for turn in turns])
    cues = floats([any(cue in f" {turn.turn.text.lower()} " for cue in _CUES) for turn in turns])
    states = floats([one.states for one in found])
    figures |= {
        f"{prefix}_statement_f1": _detected(stated, states, groups),
        f"{prefix}_statement_by_words_f1": _detected(stated, cues, groups),
        f"{prefix}_gate_recall": _mean(passed[stated], groups[stated]),
        f"{prefix}_gate_share": _mean(passed, groups),
    }
    both = [
        (turn.taught, one, at)
        for at, (turn, one) in enumerate(zip(turns, found, strict=True))
        if turn.taught and one.states
    ]
    of_both = np.array([groups[at] for _, _, at in both], dtype=np.int64)
    for name, correct in (
        ("polarity", [(one.polarity is Polarity.LIKE) == (taught.polarity > 0) for taught, one, _ in both]),
        ("attribute", [one.attribute is turns[at].attribute for _, one, at in both]),
        ("scope", [one.scope is not None and one.scope.value == taught.scope for taught, one, _ in both]),
        (
            "condition",
            [_same(one.condition.text if one.condition else None, taught.condition) for taught, one, _ in both],
        ),
        ("time", [_same(one.time.text if one.time else None, taught.time) for taught, one, _ in both]),
    ):
        if both:
            figures[f"{prefix}_{name}_accuracy"] = _mean(floats(correct), of_both)
    return figures


def slots_of(taught: PreferenceTruth | None, attribute: Attribute | None, found: Statement) -> Slots:
    """A slot is right when attribute, value and polarity are; a value by its words, or by its entity."""
    given = int(found.states and found.value is not None)
    if taught is None:
        return Slots(0, given, 0)
    right = (
        given == 1
        and found.value is not None
        and found.attribute is attribute
        and (found.polarity is Polarity.LIKE) == (taught.polarity > 0)
        and (_same(found.value.text, taught.words) or found.canonical == taught.value)
    )
    return Slots(1, given, int(right))


def _f1(slots: Sequence[Slots], groups: Groups, chosen: Bools) -> Figure:
    counts = np.array([(one.true, one.given, one.right) for one in slots], dtype=np.float64)[chosen]
    figure = grouped(lambda at: _harmonic(counts[at]), groups[chosen])
    return Figure(figure.value, figure.low, figure.high, int(counts[:, 0].sum()))


def _harmonic(counts: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> float:
    true, given, right = counts.sum(0)
    return float(2 * right / (true + given)) if true + given else 0.0


def _detected(truth: Bools, said: np.ndarray[tuple[int], np.dtype[np.float64]], groups: Groups) -> Figure:
    return grouped(
        lambda at: 2 * float(said[at][truth[at]].sum()) / max(float(truth[at].sum() + said[at].sum()), 1.0), groups
    )


def _mean(values: np.ndarray[tuple[int], np.dtype[np.float64]], groups: Groups) -> Figure:
    return grouped(lambda at: float(values[at].mean()), groups)


def _plain(text: str | None) -> list[str]:
    return [word.plain for word in split(text or "") if not word.is_mark and word.plain not in _ARTICLES]


def _same(ours: str | None, theirs: str | None) -> bool:
    return _plain(ours) == _plain(theirs)


def _is_new(template: str) -> bool:
    return kept_phrasing(template) and not is_written(template)


def _is_in(words: str, text: str) -> bool:
    return " ".join(_plain(words)) in " ".join(_plain(text))

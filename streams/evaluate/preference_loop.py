"""Teaching, closed: simulated people tell the assistant what they like, and rely on it from the next turn on."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final

import numpy as np

from infra.settings import Settings
from models.preference.model import PreferenceModel
from processors.holding import plain
from schemas.failure_point import FailurePoint
from schemas.preference import Polarity, Preference, PreferenceStatus
from streams.evaluate.correction_rewrites import grouped
from streams.evaluate.figures import Figure, Report, floats
from streams.evaluate.preference_loop_earshot import LookedUp, TaughtEarshot, bare
from streams.simulator.dialogue import DialogueMaker
from streams.simulator.fleet import Fleet
from streams.simulator.pack import load_pack
from streams.simulator.profile import load_profile
from streams.simulator.simulate import simulate_nowhere
from streams.simulator.simulation import Simulation
from streams.simulator.truth import PreferenceTruth, TurnTruth, parse_truth
from streams.simulator.wire import Fate, Wire
from streams.teaching import LearnedPreferences
from streams.training.preference_simulated import catalogue_of
from streams.training.preference_written import PACK_ATTRIBUTES

PACKS: Final = ("home_a", "home_b")
LATER: Final = 10
"""Sessions after which what was taught must still be obeyed."""
_SECONDS_A_USER: Final = 2_000.0
"""Between two dialogues of one user, on average: a simulation of forty dialogues a user takes about a day."""

Progress = Callable[[str], None]


class Loss(StrEnum):
    """Why an answer did not do as its person had said."""

    MISHEARD = "misheard"  # the recogniser wrote down something else
    NOT_HEARD = "not_heard"
    WAITS = "waits_for_an_answer"
    WRONG_VALUE = "wrong_value"
    WRONG_SCOPE = "wrong_scope"
    NOT_LOOKED_UP = "not_looked_up"
    ANOTHER_FIRST = "another_preference_first"
    FAILED_ELSEWHERE = "failed_elsewhere"  # what was looked up was right; the answer was not, for another reason


@dataclass(frozen=True, slots=True)
class Relied:
    """A turn that rested on what was taught. `sessions`: dialogues of the person since; `first`: no turn rested on it
    before; `obeyed`: the assistant looked for what the person had said; `given`: and that is what they got."""

    user: str
    turn_id: str
    stated: TurnTruth
    sessions: int
    first: bool
    obeyed: bool
    given: bool

    @property
    def taught(self) -> PreferenceTruth:
        """What the person had said."""
        assert self.stated.preference is not None
        return self.stated.preference


def evaluate(
    progress: Progress,
    users: int,
    dialogues: int,
    seed: int,
    packs: Sequence[str] = PACKS,
    *,
    reads_back: bool = False,
) -> Report:
    """Live through a simulation of each pack, with what Earshot was taught and with the assistant alone. `reads_back`:
    the assistant says what it understood of a statement, and people put it right."""
    figures: dict[str, Figure] = {}
    for name in packs:
        simulation = Simulation(pack=name, users=users, dialogues=dialogues, seed=seed, rate=users / _SECONDS_A_USER)
        progress(f"{name}: {dialogues:,} dialogues of {users:,} people")
        figures |= _figures(name, simulation, reads_back)
    return Report(
        "preference-loop",
        figures,
        (
            "obeyed: share of the turns resting on a preference that was stated before whose answer did as it says; "
            "intervals draw people.",
            f"next: the first such turn after it was stated; later: at least {LATER} dialogues of the person after.",
            "heard_right: the same, of what is stored as it was meant. alone: the simulated assistant without Earshot.",
            "by_any_like: the same, where another like of the person that holds for the same slot counts as well.",
            "told: whether devices' events alone tell of such a turn whether it obeyed; right: so it is by what the "
            "person got, which is another thing where the right one was looked for and the result is wrong.",
            "loss: share of all such turns lost to a cause. A dislike is obeyed by anything else, a like by one thing.",
        ),
    )


def live(simulation: Simulation, *, reads_back: bool = False) -> tuple[TaughtEarshot, list[TurnTruth]]:
    """Hold all dialogues with an assistant that asks Earshot; what it heard and what is true of every turn."""
    pack = load_pack(simulation.pack)
    finder = LearnedPreferences(PreferenceModel.load(), catalogue_of(pack))
    earshot = TaughtEarshot(Settings(hearing="rules", teaching="off"), pack, finder)
    fleet = Fleet(simulation)
    wire = Wire(load_profile(simulation.profile).wire_named(simulation.wire), simulation.seed_name, _ignored)
    maker = DialogueMaker(simulation, fleet, wire, earshot, listener=earshot if reads_back else None)
    lines: list[bytes] = []
    for block in range(fleet.blocks):
        for start in fleet.starts(block):
            maker.make(start, earshot.parcels, lines)
            earshot.hear()
    earshot.end()
    return earshot, _truths(lines)


def relied_on(truths: Iterable[TurnTruth]) -> list[Relied]:
    """The turns that rested on something that was stated before, in their order."""
    sessions: dict[str, dict[str, int]] = defaultdict(dict)
    stated: dict[tuple[str, int], TurnTruth] = {}
    seen: set[tuple[str, int]] = set()
    found: list[Relied] = []
    for turn in truths:
        own = sessions[turn.user_id]
        own.setdefault(turn.dialogue_id, len(own))
        if turn.obedience is not None and (key := (turn.user_id, turn.obedience.number)) in stated:
            since = own[turn.dialogue_id] - own[stated[key].dialogue_id]
            obeyed = turn.obedience.obeyed
            got_another = turn.obedience.polarity > 0 and turn.failure_point is FailurePoint.RESULT
            given = obeyed and not got_another
            found.append(Relied(turn.user_id, turn.turn_id, stated[key], since, key not in seen, obeyed, given))
            seen.add(key)
        if turn.preference is not None and turn.preference.stated and turn.preference.number is not None:
            stated[turn.user_id, turn.preference.number] = turn
    return found


def loss_of(relied: Relied, text: str, stored: Preference | None, looked_up: LookedUp | None) -> Loss:
    """Why an answer did not obey: the first thing that went wrong on the way. `text`: how the statement was heard."""
    taught = relied.taught
    if (stored is None or not _right_value(taught, stored)) and not _is_in(taught, text):
        return Loss.MISHEARD
    if stored is None:
        return Loss.NOT_HEARD
    if stored.status is PreferenceStatus.PENDING:
        return Loss.WAITS
    if not _right_value(taught, stored):
        return Loss.WRONG_VALUE
    if not _right_scope(taught, stored):
        return Loss.WRONG_SCOPE
    if looked_up is None or looked_up.entity is None:
        return Loss.NOT_LOOKED_UP
    if (looked_up.entity == (taught.names or taught.value)) == (taught.polarity > 0):
        return Loss.FAILED_ELSEWHERE
    return Loss.ANOTHER_FIRST


def _figures(name: str, simulation: Simulation, reads_back: bool) -> dict[str, Figure]:
    earshot, truths = live(simulation, reads_back=reads_back)
    relied = relied_on(truths)
    alone: list[bytes] = []
    simulate_nowhere(simulation, on_truth=alone.append)
    stored = [earshot.stored.get(one.stated.turn_id) for one in relied]
    right = [
        kept is not None and _right_value(one.taught, kept) and _right_scope(one.taught, kept)
        for one, kept in zip(relied, stored, strict=True)
    ]
    chosen = {
        "next": [one.first for one in relied],
        "later": [one.sessions >= LATER for one in relied],
        "next_heard_right": [one.first and ok for one, ok in zip(relied, right, strict=True)],
        "later_heard_right": [one.sessions >= LATER and ok for one, ok in zip(relied, right, strict=True)],
        "next_likes": [one.first and one.taught.polarity > 0 for one in relied],
    }
    figures = {f"{name}_obeyed_{which}": _share(relied, kept) for which, kept in chosen.items()}
    without = relied_on(_truths(alone))
    figures[f"{name}_obeyed_next_alone"] = _share(without, [one.first for one in without])
    figures[f"{name}_obeyed_later_alone"] = _share(without, [one.sessions >= LATER for one in without])
    likes = _by_any_like(relied, truths, earshot)
    figures[f"{name}_obeyed_next_by_any_like"] = _of_people(
        [ok for one, ok in zip(relied, likes, strict=True) if one.first], [one.user for one in relied if one.first]
    )
    figures[f"{name}_obeyed_later_by_any_like"] = _of_people(
        [ok for one, ok in zip(relied, likes, strict=True) if one.sessions >= LATER],
        [one.user for one in relied if one.sessions >= LATER],
    )
    figures |= _told_figures(name, earshot, relied, stored)
    losses = Counter(
        loss_of(one, earshot.texts[one.stated.turn_id], kept, earshot.looked_up.get(one.turn_id))
        for one, kept in zip(relied, stored, strict=True)
        if not one.obeyed
    )
    for cause in Loss:
        figures[f"{name}_loss_{cause}"] = Figure(losses[cause] / max(len(relied), 1), n=losses[cause])
    return figures


def _by_any_like(relied: Sequence[Relied], truths: Sequence[TurnTruth], earshot: TaughtEarshot) -> list[bool]:
    """Whether each answer did as the person had said, be it by another like of theirs that holds for the same slot:
    who likes two kinds of music and names neither gets one of them."""
    order = {turn.turn_id: at for at, turn in enumerate(truths)}
    stated: dict[str, list[tuple[int, PreferenceTruth]]] = defaultdict(list)
    for at, turn in enumerate(truths):
        if turn.preference is not None and turn.preference.stated and turn.preference.number is not None:
            stated[turn.user_id].append((at, turn.preference))
    return [one.obeyed or _liked_as_well(one, order[one.turn_id], stated[one.user], earshot) for one in relied]


def _liked_as_well(one: Relied, at: int, stated: Sequence[tuple[int, PreferenceTruth]], earshot: TaughtEarshot) -> bool:
    looked_up = earshot.looked_up.get(one.turn_id)
    if looked_up is None or one.taught.kind != "taste" or one.taught.polarity < 0:
        return False
    before = [taught for said, taught in stated if said < at]
    revised = {taught.revises for taught in before}
    return any(
        taught.attribute == one.taught.attribute
        and taught.value == looked_up.entity
        and taught.polarity > 0
        and taught.number not in revised
        and taught.time is None
        and (taught.person, taught.condition) in ((None, None), (one.taught.person, one.taught.condition))
        for taught in before
    )


def _told_figures(
    name: str, earshot: TaughtEarshot, relied: Sequence[Relied], stored: Sequence[Preference | None]
) -> dict[str, Figure]:
    """Of what devices' events tell by themselves of obedience: how much of it there is, and whether it is right."""
    told = [
        earshot.outcomes.get((one.turn_id, kept.event_id)) if kept is not None else None
        for one, kept in zip(relied, stored, strict=True)
    ]
    live = [one if one is not None and not one.retracted else None for one in told]
    rated = [(one, said) for one, said in zip(relied, live, strict=True) if said is not None]
    users = [one.user for one in relied]
    wrong = [(one, said) for one, said in rated if not said.obeyed]
    return {
        f"{name}_told_share": _of_people([said is not None for said in live], users),
        f"{name}_told_right": _of_people(
            [said.obeyed is one.given for one, said in rated], [one.user for one, _ in rated]
        ),
        f"{name}_told_ignored_right": _of_people([not one.given for one, _ in wrong], [one.user for one, _ in wrong]),
    }


def _of_people(values: Sequence[bool], users: Sequence[str]) -> Figure:
    if not values:
        return Figure(float("nan"), n=0)
    numbers: dict[str, int] = {}
    groups = np.array([numbers.setdefault(user, len(numbers)) for user in users], dtype=np.int64)
    return grouped(partial(_mean, floats(values)), groups)


def _share(relied: Sequence[Relied], chosen: Sequence[bool]) -> Figure:
    kept = [one for one, yes in zip(relied, chosen, strict=True) if yes]
    return _of_people([one.obeyed for one in kept], [one.user for one in kept])


def _mean(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], places: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> float:
    return float(values[places].mean())


def _right_value(taught: PreferenceTruth, stored: Preference) -> bool:
    if stored.attribute != PACK_ATTRIBUTES[taught.attribute].value:
        return False
    if taught.kind == "name":
        return bare(stored.value) == bare(taught.words) and stored.canonical_stands_for == taught.names
    return stored.canonical_value == taught.value and (stored.polarity is Polarity.LIKE) == (taught.polarity > 0)


def _is_in(taught: PreferenceTruth, text: str) -> bool:
    heard = f" {plain(text)} "
    return all(f" {plain(words)} " in heard for words in (taught.words, taught.named) if words is not None)


def _right_scope(taught: PreferenceTruth, stored: Preference) -> bool:
    return (stored.scope.value, plain(stored.person), plain(stored.condition), stored.time is None) == (
        taught.scope,
        plain(taught.person),
        plain(taught.condition),
        taught.time is None,
    )


def _truths(lines: Iterable[bytes]) -> list[TurnTruth]:
    return [one for one in map(parse_truth, lines) if isinstance(one, TurnTruth)]


def _ignored(_event_id: str, _fate: Fate) -> None:
    """Nothing is lost on a clean wire."""

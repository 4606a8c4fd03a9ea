"""The closed loop and how it is judged."""

from collections.abc import Iterable

import numpy as np
import orjson
import pytest

from infra.settings import Settings
from models.rewrite.ranker import Ranker
from schemas.rewrite_decision import DecisionArm
from schemas.transition import TRANSITION
from schemas.turn import Interpretation
from streams.delivery import Message
from streams.evaluate import rewrites_drift
from streams.evaluate.rewrites import Asked as ToEvaluate
from streams.evaluate.rewrites import arms_named
from streams.evaluate.rewrites_advice import Advice
from streams.evaluate.rewrites_arms import Counts, Lived, Said, count, learn, meant, request_told
from streams.evaluate.rewrites_bootstrap import cut, difference, share_of_sums
from streams.evaluate.rewrites_ceiling import ceiling
from streams.evaluate.rewrites_context import evaluate_context
from streams.evaluate.rewrites_earshot import Learned
from streams.evaluate.rewrites_figures import arm_figures, figures_of, together
from streams.evaluate.rewrites_fleet import Period, Stretch, live, periods
from streams.evaluate.rewrites_safety import Planted, planted, self_made
from streams.evaluate.rewrites_served import Arm, Learner, Past, decider_of
from streams.simulator.closed_loop import Asked, Rewriting
from streams.simulator.simulation import Simulation
from tests.unit.rewrites_to_order import LettersEncoder

SMALL = Simulation(dialogues=160, users=400, rate=0.2, seed=5)
SETTINGS = Settings(hearing="rules", teaching="off")


def whole(simulation: Simulation = SMALL) -> Period:
    first, second = periods(simulation, 0.5)
    return Period(simulation, first.first, second.end)


@pytest.fixture(scope="module")
def off() -> list[Stretch]:
    return list(live(whole(), Advice(None)))


@pytest.fixture(scope="module")
def harmed() -> list[Stretch]:
    return list(live(whole(), Otherwise(None)))


@pytest.fixture(scope="module")
def said() -> list[Said]:
    return learn(whole(), SETTINGS, lambda _: None)[1]


def requests(stretches: Iterable[Stretch]) -> list[dict[str, object]]:
    return [told for one in stretches for line in one.truth if (told := request_told(line)) is not None]


def told_people(stretches: Iterable[Stretch]) -> dict[str, Counts]:
    people: dict[str, Counts] = {}
    for stretch in stretches:
        for line in stretch.truth:
            count(line, people)
    return people


def serving(targets: dict[str, str]) -> Advice:
    return Advice(Planted(targets))


class Otherwise(Advice):
    """Understands nothing right of every third request."""

    def rewrite(self, text: str, asked: Asked) -> Rewriting | None:
        found = super().rewrite(text, asked)
        assert found is None
        meaning = asked.heard.meaning
        if meaning is None or len(self.decided) % 3:
            return None
        return Rewriting("r", "something else", Interpretation(domain=meaning.domain, intent="stop"))


def test_an_arm_that_changes_nothing_is_the_arm_without_to_the_byte(off: list[Stretch]) -> None:
    assert list(live(whole(), serving({}))) == off


def test_the_first_request_of_every_dialogue_is_said_and_misheard_alike_in_every_arm(
    off: list[Stretch], harmed: list[Stretch]
) -> None:
    def first(stretches: list[Stretch]) -> dict[object, tuple[object, object]]:
        return {one["dialogue_id"]: (one["said"], one["erred"]) for one in requests(stretches) if one["number"] == 0}

    assert any(one.get("rewritten") for one in requests(harmed))
    assert first(harmed) == first(off)


def test_what_is_said_for_a_goal_does_not_hang_on_how_the_goal_before_it_went(
    off: list[Stretch], harmed: list[Stretch]
) -> None:
    def openings(stretches: list[Stretch]) -> dict[tuple[object, object], object]:
        found: dict[tuple[object, object], object] = {}
        for one in requests(stretches):
            found.setdefault((one["dialogue_id"], one.get("goal")), one["said"])
        return found

    before, after = openings(off), openings(harmed)
    shared = before.keys() & after.keys()
    assert len(shared) > 150
    assert sum(before[one] == after[one] for one in shared) > 0.8 * len(shared)


def test_nothing_is_learned_from_the_future(off: list[Stretch]) -> None:
    assert all(event.sent_ms < one.until_ms for one in off for event in one.events)
    assert sum(one.dialogues for one in off) == SMALL.dialogues


def test_a_rewrite_to_what_was_meant_cures_and_one_to_something_else_harms(
    off: list[Stretch], harmed: list[Stretch], said: list[Said]
) -> None:
    wrong = {one.state: one.meant for one in said if not one.right and one.state and one.meant != one.state}
    right = {one.state for one in said if one.right}
    cures = {state: meant for state, meant in wrong.items() if state not in right}
    cured = told_people(live(whole(), serving(cures)))
    before = told_people(off)
    assert sum(one.won for one in cured.values()) > 10
    assert sum(one.defects for one in cured.values()) < 0.8 * sum(one.defects for one in before.values())
    worse = told_people(harmed)
    assert sum(one.lost for one in worse.values()) > 20
    assert sum(one.defects for one in worse.values()) > sum(one.defects for one in before.values())


def moves_with(targets: dict[str, str]) -> tuple[list[Message], int]:
    learner = Learner(SETTINGS, Past({}, {}), None, personal=False)
    learner.keeps_moves = True
    advice = serving(targets)
    for stretch in live(whole(), advice):
        learner.learn(stretch)
    learner.end()
    return learner.moves, sum(one.arm is DecisionArm.SERVED for one in advice.decided)


def test_a_rewrite_makes_no_evidence_of_its_own() -> None:
    targets = planted(moves_with({})[0])
    moves, served = moves_with(targets)
    assert served > 50
    assert self_made(moves, SETTINGS) == 0
    learned, unmarked = Learned(SETTINGS), Learned(SETTINGS)
    learned.count(moves)
    unmarked.count(map(without_mark, moves))
    learned.refresh()
    unmarked.refresh()
    assert learned.rewritten_turns > 50
    assert not any(learned.table.rewrites.get(source) for source in targets)
    assert learned.kept != unmarked.kept


def without_mark(message: Message) -> Message:
    """The same move as if its words had been the person's own."""
    native = TRANSITION.validate_json(message.value or b"").model_copy(update={"rewritten": False})
    return Message(message.topic, message.partition, message.key, native.to_bytes())


def test_wins_losses_and_what_stayed_as_it_was_are_told_apart() -> None:
    people: dict[str, Counts] = {}
    for before, after in ((False, True), (True, False), (False, False), (True, True)):
        rewritten = {"rewrite_id": "r", "right_before": before, "right_after": after}
        count(orjson.dumps(line(right=after, rewritten=rewritten)), people)
    count(orjson.dumps(line(right=True)), people)
    count(orjson.dumps(line(right=True) | {"meaning": None}), people)
    assert people == {"ann": Counts(requests=5, defects=2, clean=3, won=1, lost=1, missed=1, kept=1)}
    figures = arm_figures("x_", people)
    assert figures["x_coverage"].value == 0.8
    assert figures["x_over_corrections_per_10k"].value == pytest.approx(1e4 / 3)
    assert figures["x_defect_cut_where_rewritten"].value == 0.0


def line(right: bool, **more: object) -> dict[str, object]:
    meaning = {"domain": "music", "intent": "play", "slots": []}
    return {"type": "turn", "user_id": "ann", "said": "play", "meaning": meaning, "right": right} | more


def test_arms_are_compared_on_the_same_people() -> None:
    before = {f"u{n}": Counts(requests=20, defects=n % 5) for n in range(100)}
    after = {user: Counts(requests=20, defects=one.defects // 2) for user, one in before.items()}
    arms = {Arm.OFF: Lived(Arm.OFF, before), Arm.GLOBAL: Lived(Arm.GLOBAL, after)}
    found = figures_of("", arms)["global_defect_cut"]
    assert found.value == pytest.approx(0.6)
    assert found.low is not None
    assert found.high is not None
    assert 0.5 < found.low < 0.6 < found.high < 0.7
    assert found.n == 200
    assert "personal_defect_cut" not in figures_of("", arms)
    both = together([Lived(Arm.OFF, before), Lived(Arm.OFF, before)])
    assert len(both.people) == 200


def test_a_share_and_a_difference_have_intervals_by_person() -> None:
    assert share_of_sums([1, 0, 2], [2, 2, 4]).value == pytest.approx(3 / 8)
    assert cut([0, 0], [0, 0]).n == 0
    gain = difference([3.0] * 50, [1.0] * 50, [4.0] * 50)
    assert (gain.value, gain.low, gain.high, gain.n) == (0.5, 0.5, 0.5, 200)


def test_the_ceiling_counts_what_the_past_could_have_told() -> None:
    past = [heard(f"u{n}", "maj", "imagine", right=False) for n in range(10)]
    past += [heard("ann", "springfield", "ohio", right=False), heard("bob", "springfield", "springfield", right=True)]
    now = [
        heard("zoe", "maj", "imagine", right=False, at_ms=10),
        heard("ann", "springfield", "ohio", right=False, at_ms=11),
        heard("bob", "new", "thing", right=False, at_ms=12),
        heard("bob", "thing", "thing", right=True, at_ms=13),
    ]
    found = {name: round(3 * figure.value) for name, figure in ceiling(past, now).items()}
    assert found == {
        "defects_that_come_again": 1,
        "defects_with_a_way_out": 0,
        "defects_of_habits": 0,
        "curable_by_many": 1,
        "curable_by_own": 1,
        "curable_by_either": 2,
        "curable_by_slots": 0,
        "curable_by_phrases": 0,
        "curable_by_all_of_many": 1,
    }
    assert ceiling(past[1:], now, people=10)["curable_by_many"].value == 0.0


def heard(user: str, state: str, meant: str, *, right: bool, at_ms: int = 1) -> Said:
    return Said(user, f"{user}{at_ms}", f"{user}{at_ms}", at_ms, state, meant, right, habit=False)


def test_arms_are_named_on_the_command_line() -> None:
    assert arms_named("global, off") == (Arm.OFF, Arm.GLOBAL)
    with pytest.raises(ValueError, match="no arm none; choose from off, precomputed, global, personal"):
        arms_named("none,off")
    assert ToEvaluate(dialogues=8_000).simulation(1).users == 200


def test_context_settles_what_nothing_else_can() -> None:
    found = evaluate_context("home_a", 1)
    assert (found["context_gain"].low or 0.0) > 0.05
    assert found["context_settled_without"].value < found["context_settled"].value
    assert found["context_settled"].value < found["context_settled_by_the_law"].value + 0.02


def test_who_changes_their_mind_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewrites_drift, "PEOPLE", 30)
    wrong = rewrites_drift.live(decider_of(SETTINGS, Ranker.load()), LettersEncoder(), 1)
    course = wrong.mean(0)
    at = rewrites_drift.DRIFTS_AT
    assert course[at] > 0.8 > 0.3 > course[at - 5 : at].mean()
    assert course[-5:].mean() < 0.3


def test_the_half_life_is_the_time_until_half_of_the_jump_is_gone() -> None:
    before = np.full((4, 5), 0.1)
    after = np.array([[0.9, 0.8, 0.4, 0.1]] * 4)
    assert rewrites_drift.half_life(before, after) == 2.0
    assert rewrites_drift.half_life(before, np.full((4, 6), 0.9)) == 6.0
    assert rewrites_drift.half_life(before, np.full((4, 6), 0.05)) == 0.0


def test_people_with_a_routine_want_the_same_again() -> None:
    def wishes(routine: float) -> float:
        many = Simulation(dialogues=240, users=40, rate=0.02, seed=5, routine=routine)
        seen: set[object] = set()
        again = asked = 0
        for one in requests(live(whole(many), Advice(None))):
            if one["number"] == 0:
                asked += 1
                wish = str(one["user_id"]) + meant(one["meaning"], "")  # type: ignore[arg-type]
                again += wish in seen
                seen.add(wish)
        return again / asked

    assert wishes(0.6) > 2 * wishes(0.0)

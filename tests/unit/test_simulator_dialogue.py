"""One simulated dialogue after the other: what people do is on the wire as it happened, and its truth beside it."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from schemas.failure_point import FailurePoint
from schemas.feedback import BargeInKind
from schemas.turn import TURN_EVENT, ExplicitFeedback, Playback, PlaybackState, Turn
from streams.simulator.closed_loop import Asked, Rewriting
from streams.simulator.incidents import Component, Incident
from streams.simulator.simulate import BlockMaker, simulate
from streams.simulator.simulation import Simulation
from streams.simulator.truth import TurnTruth, parse_truth

PLAIN = Simulation(users=6_000, dialogues=1_500, seed=21, rate=2.0)


@dataclass
class Run:
    """A simulation with all that came of it."""

    turns: dict[str, Turn]
    playbacks: list[Playback]
    answers: list[ExplicitFeedback]
    truth: dict[str, TurnTruth]

    @classmethod
    def of(cls, values: Iterable[bytes], lines: Iterable[bytes]) -> "Run":
        events = [TURN_EVENT.validate_json(value) for value in values]
        truths = [truth for truth in map(parse_truth, lines) if isinstance(truth, TurnTruth)]
        return cls(
            {event.turn_id: event for event in events if isinstance(event, Turn)},
            [event for event in events if isinstance(event, Playback)],
            [event for event in events if isinstance(event, ExplicitFeedback)],
            {truth.turn_id: truth for truth in truths},
        )


def ran(simulation: Simulation) -> Run:
    lines: list[bytes] = []
    return Run.of([sent.value for sent in simulate(simulation, on_truth=lines.append)], lines)


@pytest.fixture(scope="module")
def run() -> Run:
    return ran(PLAIN)


def span_of(turn: Turn) -> tuple[datetime, datetime]:
    assert turn.response is not None
    assert turn.response.span is not None
    return turn.response.span.started_at, turn.response.span.ended_at


def test_who_barges_in_speaks_inside_the_answer_just_as_far_in_as_the_truth_says(run: Run) -> None:
    found = 0
    for truth in run.truth.values():
        if truth.barge_in is None:
            continue
        found += 1
        began, ended = span_of(run.turns[truth.barge_in.turn_id])
        speech = run.turns[truth.turn_id].speech
        assert speech is not None
        assert began <= speech.started_at <= ended
        assert round((speech.started_at - began).total_seconds() * 1000) == truth.barge_in.offset_ms
    assert found > 50


def test_nobody_else_speaks_inside_an_answer(run: Run) -> None:
    before: dict[str, Turn] = {}
    for turn in sorted(run.turns.values(), key=lambda turn: turn.turn_id):
        earlier = before.get(turn.dialogue_id)
        before[turn.dialogue_id] = turn
        if earlier is None or earlier.response is None or run.truth[turn.turn_id].barge_in is not None:
            continue
        assert turn.speech is not None
        assert turn.speech.started_at >= span_of(earlier)[1]


def test_all_kinds_of_interruptions_and_failures_happen(run: Run) -> None:
    kinds = {truth.barge_in.kind for truth in run.truth.values() if truth.barge_in is not None}
    assert kinds == set(BargeInKind)
    assert {truth.failure_point for truth in run.truth.values()} == set(FailurePoint)


def test_most_turns_are_right_and_most_goals_are_reached(run: Run) -> None:
    points = Counter(truth.failure_point for truth in run.truth.values())
    assert 0.7 < points[FailurePoint.CORRECT] / len(run.truth) < 0.98
    reached = [truth.goal_reached for truth in run.truth.values() if truth.goal_reached is not None]
    assert 0.6 < sum(reached) / len(reached) < 0.99


def test_people_say_again_mostly_what_went_wrong(run: Run) -> None:
    retries = [truth for truth in run.truth.values() if truth.retry is not None and truth.retry.kind != "refinement"]
    assert len(retries) > 30
    for truth in retries:
        assert truth.retry is not None
        assert run.truth[truth.retry.turn_id].dialogue_id == truth.dialogue_id
        assert run.truth[truth.retry.turn_id].number < truth.number
    of_wrong = sum(not run.truth[truth.retry.turn_id].right for truth in retries if truth.retry is not None)
    assert of_wrong / len(retries) > 0.6


def test_a_turn_whose_words_were_understood_as_said_is_never_a_fault_of_hearing(run: Run) -> None:
    for turn_id, truth in run.truth.items():
        if truth.failure_point is FailurePoint.ASR:
            assert run.turns[turn_id].request != truth.said


def test_what_plays_was_begun_before_it_ends_and_never_twice(run: Run) -> None:
    playing: dict[str, list[Playback]] = defaultdict(list)
    for playback in sorted(run.playbacks, key=lambda one: (one.occurred_at, one.state is not PlaybackState.STARTED)):
        playing[playback.turn_id].append(playback)
    assert len(playing) > 50
    for reports in playing.values():
        assert reports[0].state is PlaybackState.STARTED
        assert len(reports) == 2
        assert reports[1].state in (PlaybackState.STOPPED, PlaybackState.FINISHED)


def test_explicit_answers_agree_with_what_people_felt_mostly(run: Run) -> None:
    clear = [answer for answer in run.answers if answer.answer != "unclear"]
    assert len(clear) > 20
    agree = sum((answer.answer == "yes") == run.truth[answer.turn_id].satisfied for answer in clear)
    assert agree / len(clear) > 0.85
    assert all(answer.propensity for answer in clear)


def test_an_incident_strikes_its_domain_on_its_devices_from_its_minute_on() -> None:
    struck = ran(replace(PLAIN, incidents=(Incident(Component.ASR, 6.0, "music", "speaker", 0.6),)))
    begins = PLAIN.begins.timestamp()
    wrong: dict[tuple[bool, bool], list[bool]] = defaultdict(list)
    for turn_id, truth in struck.truth.items():
        turn = struck.turns[turn_id]
        if truth.meaning is not None and turn.device.type == "speaker":
            late = turn.occurred_at.timestamp() - begins > 6 * 60 + 60
            wrong[late, truth.meaning.domain == "music"].append(truth.failure_point is FailurePoint.ASR)
        if truth.incident is not None:
            assert truth.meaning is not None
            assert (truth.meaning.domain, turn.device.type, turn.device.versions["asr"]) == (
                "music",
                "speaker",
                "4.2.0",
            )
    share = {which: sum(values) / len(values) for which, values in wrong.items()}
    assert share[True, True] > 3 * share[False, True]
    assert share[True, False] < 2 * share[False, False] + 0.02


class Knowing:
    """An advisor who heard what people said, and rewrites everything to it."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    def rewrite(self, text: str, asked: Asked) -> Rewriting | None:
        self.asked.append(asked)
        return Rewriting("r-1", f"{text} please") if len(self.asked) % 10 == 0 else None

    def preference(self, domain: str, slot: str, value: str, asked: Asked) -> str | None:
        return None


def test_an_advisor_is_asked_before_every_answer_and_its_rewrite_is_on_the_wire() -> None:
    advisor = Knowing()
    small = replace(PLAIN, dialogues=60)
    made = BlockMaker(small, with_truth=True, advisor=advisor).make(0)
    run = Run.of([value for _, _, value in made.records], made.truth)
    rewritten = [turn for turn in run.turns.values() if turn.rewrite is not None]
    assert len(rewritten) == len(advisor.asked) // 10
    assert all(turn.rewrite and turn.rewrite.target == f"{turn.rewrite.source} please" for turn in rewritten)
    answered = {turn_id for turn_id, turn in run.turns.items() if turn.response and run.truth[turn_id].said}
    assert {asked.turn_id for asked in advisor.asked} == answered


def test_profiles_differ_in_what_goes_wrong_and_how_sure_they_are() -> None:
    small = replace(PLAIN, dialogues=300)
    one, other = ran(small), ran(replace(small, profile="B"))

    def sure(run: Run) -> float:
        values = [turn.asr.confidence for turn in run.turns.values() if turn.asr and turn.asr.confidence is not None]
        return sum(values) / len(values)

    assert abs(sure(one) - sure(other)) > 0.01

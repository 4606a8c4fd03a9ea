"""When `classify` asks about a turn, with what, and what it tells of the answer."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from infra.settings import Settings
from processors.failure_point import FailurePointProcessor, Question, Shed
from processors.result import Drop
from schemas.dead_letter import DEAD_LETTER_HEADER
from schemas.failure_point import FailureAttribution, FailurePoint, IsolationPass
from schemas.turn import TURN_EVENT, DeviceEvent, Playback, PlaybackState, Turn
from streams.classify_partition import DEAD_LETTER_OF_DETECT, ClassifyPartition, JudgedPartition
from streams.decoding import Limits, decode_dead_letter, decode_failure_attribution
from streams.delivery import Message
from streams.simulator.simulate import simulate
from streams.simulator.simulation import Simulation
from streams.simulator.truth import parse_truth
from streams.training.failure_point_sets import examples_of
from tests.conftest import EventBuilder
from tests.fleet_of_few import fleet_events
from tests.streams_in_memory import NOTHING_COMMITTED, ArbitraryJudge, LogRecord, Said

START = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
MINUTES = timedelta(minutes=5)


def asked(processor: FailurePointProcessor, *events: DeviceEvent) -> list[Question]:
    """What a processor asks when these events come, each the moment it happened."""
    received = [(at, round(event.occurred_at.timestamp() * 1000), event) for at, event in enumerate(events)]
    return [result for result in processor.process(received) if isinstance(result, Question)]


def idle(processor: FailurePointProcessor) -> list[Question]:
    return [result for result in processor.advance_idle(MINUTES) if isinstance(result, Question)]


def turn(build: EventBuilder, second: int, words: str = "play song") -> Turn:
    """A turn of the one dialogue."""
    return build.turn(second, dialogue_id="d", user_id="u", asr={"text": words})


def played(build: EventBuilder, second: int, about: Turn) -> Playback:
    return Playback(
        event_id=f"p-{second}",
        occurred_at=build.at + timedelta(seconds=second),
        turn_id=about.turn_id,
        dialogue_id="d",
        user_id="u",
        device=about.device,
        state=PlaybackState.FINISHED,
    )


def seconds(questions: list[Question], build: EventBuilder) -> list[tuple[float, IsolationPass, int]]:
    """When each turn was, in which pass and under which revision it is asked about."""
    return [(one.exchange.at - build.at.timestamp(), one.isolation_pass, one.revision) for one in questions]


FIRST, LAST = IsolationPass.RESPONSE, IsolationPass.DIALOGUE


def test_a_turn_is_asked_about_when_it_comes_and_all_are_when_their_dialogue_closes(build: EventBuilder) -> None:
    processor = FailurePointProcessor()
    first = asked(processor, turn(build, 0), turn(build, 10))
    assert seconds(first, build) == [(0, FIRST, 2), (10, FIRST, 4)]
    assert seconds(idle(processor), build) == [(0, LAST, 5), (10, LAST, 5)]


def test_the_first_question_knows_nothing_of_what_follows_and_the_last_one_all_of_it(build: EventBuilder) -> None:
    processor = FailurePointProcessor()
    one, two = turn(build, 0, "play song"), turn(build, 10, "no i said play song")
    first, _ = asked(processor, one, two)
    assert (first.case.later, first.case.signals, first.case.played) == (None, None, None)
    last, _ = idle(processor)
    assert [seen.request for seen in last.case.later or ()] == ["no i said play song"]
    assert [kind for kind, _ in last.case.signals or ()] == ["rephrase"]


def test_what_a_player_reports_asks_nothing_before_the_dialogue_closes(build: EventBuilder) -> None:
    processor = FailurePointProcessor()
    one = turn(build, 0)
    assert len(asked(processor, one, played(build, 20, one))) == 1
    assert [question.case.played for question in idle(processor)] == ["finished"]


def test_a_late_turn_is_asked_about_with_those_that_follow_it(build: EventBuilder) -> None:
    processor = FailurePointProcessor()
    asked(processor, turn(build, 0), turn(build, 20))
    late = asked(processor, turn(build, 10, "stop"))
    assert seconds(late, build) == [(10, FIRST, 6), (20, FIRST, 6)]
    assert [seen.request for seen in late[1].case.earlier] == ["play song", "stop"]


def test_a_turn_that_comes_after_the_end_was_told_leads_to_another_end(build: EventBuilder) -> None:
    processor = FailurePointProcessor()
    asked(processor, turn(build, 0), turn(build, 20))
    assert len(idle(processor)) == 2
    assert idle(processor) == []
    assert seconds(asked(processor, turn(build, 10)), build) == [(10, FIRST, 6)]
    assert seconds(idle(processor), build) == [(0, LAST, 7), (10, LAST, 7), (20, LAST, 7)]


def test_an_end_that_records_show_again_asks_only_about_turns_that_look_different_now(build: EventBuilder) -> None:
    processor = FailurePointProcessor()
    one, two = turn(build, 0), turn(build, 200, "stop")
    two = two.model_copy(update={"dialogue_id": "another"})
    end = one.model_copy(update={"event_id": "end", "turn_id": "end", "occurred_at": build.at + timedelta(seconds=20)})
    ended = asked(processor, one, end, two.model_copy(update={"occurred_at": build.at + timedelta(seconds=70)}))
    assert seconds(ended, build)[2:4] == [(0, LAST, 5), (20, LAST, 5)]
    report = asked(processor, played(build, 75, end))
    assert report == []
    again = asked(processor, two.model_copy(update={"event_id": "x", "turn_id": "x"}))
    assert [one for one in seconds(again, build) if one[1] is LAST and one[0] < 70] == [(20, LAST, 7)]


def test_a_duplicate_asks_nothing(build: EventBuilder) -> None:
    processor = FailurePointProcessor()
    asked(processor, turn(build, 0))
    results = processor.process([(1, round(build.at.timestamp() * 1000), turn(build, 0))])
    assert [type(result) for result in results] == [Drop]


def test_the_stream_asks_what_the_training_learned_from() -> None:
    simulation = Simulation(pack="home_a", users=2_000, dialogues=40, seed=5)
    truths: list[bytes] = []
    events = [TURN_EVENT.validate_json(sent.value) for sent in simulate(simulation, on_truth=truths.append)]
    examples = Counter(case for one in examples_of(events, map(parse_truth, truths)) for case in (one.first, one.last))
    processor = FailurePointProcessor()
    questions = asked(processor, *sorted(events, key=lambda event: event.occurred_at)) + idle(processor)
    final = {(one.exchange.turn_id, one.isolation_pass): one.case for one in questions}
    assert sum(examples.values()) > 80
    assert Counter(final.values()) == examples


SAYS = (
    Said(FailurePoint.ASR, (0.1, 0.0, 0.8, 0.05, 0.03, 0.02)),
    Said(None, (0.3, 0.1, 0.2, 0.2, 0.1, 0.1), "too close to call"),
    Shed(),
)


@pytest.mark.parametrize("judgement", SAYS, ids=("named", "abstained", "shed"))
def test_an_attribution_travels_as_its_model_prints_it(build: EventBuilder, judgement: Said | Shed) -> None:
    (question,) = asked(FailurePointProcessor(), turn(build, 3))
    emit = question.answered(judgement, "1.0")
    told = FailureAttribution.model_validate_json(emit.value)
    assert emit.value == told.to_bytes()
    assert (emit.key, told.turn_id, told.model, told.revision) == ("u", "t-3", "failure-point/1.0", 2)
    assert (told.failure_point, told.abstained) == (judgement.failure_point, judgement.abstained)
    assert tuple(told.probabilities.values()) == judgement.probabilities


def log() -> list[LogRecord]:
    return [
        LogRecord(offset, round(event.occurred_at.timestamp() * 1000), event.user_id.encode(), event.to_bytes())
        for offset, event in enumerate(fleet_events(60, START, timedelta(seconds=90)))
    ]


def told(records: list[LogRecord], size: int) -> list[Message]:
    partition = JudgedPartition(Settings(), 0, NOTHING_COMMITTED, ArbitraryJudge())
    return [
        message
        for at in range(0, len(records), size)
        for message in partition.process(records[at : at + size]).messages
    ]


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_same_bytes_are_told_however_batches_are_cut(size: int) -> None:
    records = log()
    whole = told(records, len(records))
    assert told(records, size) == whole
    assert all(decode_failure_attribution(one.key, one.value, Limits()) for one in whole)


def test_a_record_that_is_no_event_is_left_to_detect() -> None:
    partition = ClassifyPartition(Settings(), 0, NOTHING_COMMITTED)
    outcome = partition.process([LogRecord(0, 0, b"u", b"{"), LogRecord(1, 0, None, None)])
    assert (outcome.messages, outcome.questions, outcome.position.offset) == ([], [], 2)
    assert partition.dropped == {DEAD_LETTER_OF_DETECT: 2}


def test_a_turn_that_breaks_the_processor_is_a_dead_letter_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    records = log()
    broken = Turn.model_validate_json(records[0].value or b"").turn_id
    asks = FailurePointProcessor._ask_first

    def breaks(self: FailurePointProcessor, segment: object, place: int, appended_ms: int) -> None:
        if segment.exchanges[place].turn_id == broken:  # type: ignore[attr-defined]
            raise ZeroDivisionError("no such case")
        asks(self, segment, place, appended_ms)  # type: ignore[arg-type]

    monkeypatch.setattr(FailurePointProcessor, "_ask_first", breaks)
    partition = ClassifyPartition(Settings(), 0, NOTHING_COMMITTED)
    outcome = partition.process(records)
    (message,) = outcome.messages
    assert {name for name, _ in message.headers} == {DEAD_LETTER_HEADER}
    letter = decode_dead_letter(message.headers)
    assert (letter.role, letter.offset, letter.reason) == ("classify", 0, "ZeroDivisionError: no such case")
    assert len(outcome.questions) > 60

"""What is known of a turn when its failure point is judged."""

import pytest

from processors.exchange import Exchange
from processors.failure_case import LATER, case_of, interpretation_in_words
from processors.signals import signals_of
from processors.trace import Guess, SlotSeen, Trace
from schemas.turn import (
    Asr,
    AsrHypothesis,
    Device,
    Interpretation,
    Nlu,
    Response,
    ResponseStatus,
    Slot,
    Span,
    Turn,
    Wake,
)
from schemas.wire import read_turn
from tests.unit.exchanges import at


def turn(number: int, heard: str, value: str, entity: str | None = None) -> Turn:
    began = 20.0 * number
    return Turn(
        event_id=f"event {number}",
        occurred_at=at(began),
        turn_id=f"turn {number}",
        dialogue_id="dialogue",
        user_id="user",
        device=Device(id="device"),
        wake=Wake(word="computer", confidence=0.9),
        asr=Asr(
            text=heard,
            confidence=0.8,
            n_best=(AsrHypothesis(text=heard, confidence=0.8), AsrHypothesis(text=f"{heard} now", confidence=0.4)),
        ),
        speech=Span(started_at=at(began), ended_at=at(began + 2)),
        nlu=Nlu(
            domain="music",
            intent="play_song",
            confidence=0.7,
            slots=(Slot(type="song", value=value, entity=entity, score=0.6),),
            n_best=(Interpretation(domain="video", intent="play_film", confidence=0.2),),
        ),
        response=Response(
            text=f"Playing {value}.",
            status=ResponseStatus.ANSWERED,
            action="music.play",
            entity=entity,
            span=Span(started_at=at(began + 3), ended_at=at(began + 7)),
        ),
    )


def exchanges(*turns: Turn) -> list[Exchange]:
    made = []
    for one in turns:
        exchange = Exchange.of(one)
        exchange.trace = Trace.of(one)
        made.append(exchange)
    return made


DIALOGUE = exchanges(
    turn(0, "play thunder", "thunder", "song:wonder"), turn(1, "play thunder", "thunder", "song:thunder")
)


def test_a_case_holds_what_the_components_told_of_the_turn() -> None:
    case = case_of(DIALOGUE, 0, (), closed=False)
    assert case.request == "play thunder"
    assert (case.confidence, case.understood, case.wake) == (0.8, 0.7, 0.9)
    assert case.alternatives == (("play thunder now", 0.4),)
    assert case.guesses == (Guess("video", "play_film", 0.2),)
    assert case.slots == (SlotSeen("song", "thunder", "song:wonder", 0.6),)
    assert case.interpretation == "music, play song: song thunder"
    assert (case.response, case.status, case.result) == ("Playing thunder.", "answered", "song:wonder")
    assert (case.speech_s, case.answer_s, case.place) == (2.0, 4.0, 0)


def test_nothing_that_came_after_is_looked_at_before_the_dialogue_closes() -> None:
    alone = case_of(DIALOGUE[:1], 0, (), closed=False)
    assert case_of(DIALOGUE, 0, signals_of(DIALOGUE, 1, 0), closed=False) == alone
    assert (alone.later, alone.signals) == (None, None)


def test_a_closed_dialogue_shows_what_came_after_and_what_people_did() -> None:
    case = case_of(DIALOGUE, 0, signals_of(DIALOGUE, 1, 0), closed=True)
    assert case.later is not None
    assert [(one.request, one.result, one.gap_s) for one in case.later] == [("play thunder", "song:thunder", 13.0)]
    assert case.signals is not None
    assert "repeat" in dict(case.signals)


def test_what_came_before_is_known_with_its_gap() -> None:
    case = case_of(DIALOGUE, 1, (), closed=True)
    assert [(one.request, one.gap_s, one.confidence) for one in case.earlier] == [("play thunder", 13.0, 0.8)]
    assert case.later == ()


def test_no_more_than_a_few_turns_after_it_are_looked_at() -> None:
    long = exchanges(*(turn(number, "play thunder", "thunder") for number in range(9)))
    case = case_of(long, 0, (), closed=True)
    assert case.later is not None
    assert len(case.later) == LATER


def test_a_trace_is_the_same_whichever_way_a_turn_was_read() -> None:
    one = turn(0, "play thunder", "thunder", "song:wonder")
    assert Trace.of(read_turn(one.to_bytes())) == Trace.of(one)


def test_a_turn_without_a_trace_is_refused_with_what_to_do() -> None:
    with pytest.raises(ValueError, match=r"Trace\.of"):
        case_of([Exchange.of(turn(0, "play", "thunder"))], 0, (), closed=False)


def test_cases_can_be_remembered_by_what_they_hold() -> None:
    assert hash(case_of(DIALOGUE, 0, (), closed=True)) == hash(case_of(DIALOGUE, 0, (), closed=True))


def test_an_interpretation_without_slots_is_its_domain_and_intent() -> None:
    assert interpretation_in_words("smart_home", "turn_on", ()) == "smart home, turn on"
    assert interpretation_in_words(None, None, ()) == ""

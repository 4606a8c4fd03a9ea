"""Public data sets as streams of turn events."""

import gzip
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.settings import settings
from schemas.turn import TURN_EVENT, Answer, Channel, ExplicitFeedback, ResponseStatus, Turn
from streams.adapters import AdapterError, RecordedDialogue, open_source, pack
from streams.adapters.pack import end_of
from streams.adapters.timing import Utterance, lay_out, pause_s

CALLS = Path(__file__).parents[1] / "replay" / "getgoing"
START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

SGD_DIALOGUE = {
    "id": "7_00001",
    "services": ["Restaurants_2"],
    "goals": {},
    "turns": [
        {
            "speaker": "user",
            "text": "Book a table at Sino.",
            "acts": [
                ["INFORM_INTENT", "intent", ["ReserveRestaurant"], "Restaurants_2"],
                ["INFORM", "restaurant_name", ["Sino"], "Restaurants_2"],
            ],
        },
        {"speaker": "system", "text": "In which city?", "acts": [["REQUEST", "location", [], "Restaurants_2"]]},
        {
            "speaker": "user",
            "text": "In San Jose.",
            "acts": [["INFORM", "location", ["San Jose"], "Restaurants_2"]],
            "correction": {"location": ["San Francisco", "San Jose"]},
        },
        {"speaker": "system", "text": "It is full.", "acts": [["NOTIFY_FAILURE", "", [], "Restaurants_2"]]},
    ],
}

CONVERSATION = {
    "id": "t_1",
    "config": "A",
    "turns": [
        {"speaker": "agent_2", "text": "Hello!", "sentiment": "Happy", "turn_rating": "Good"},
        {"speaker": "agent_1", "text": "Do you like dance?", "sentiment": "Happy", "turn_rating": "Poor"},
        {"speaker": "agent_2", "text": "I do.", "sentiment": "Neutral", "turn_rating": "Not Good"},
        {"speaker": "agent_1", "text": "Bye.", "sentiment": "Neutral", "turn_rating": ""},
        {"speaker": "agent_2", "text": "Bye.", "sentiment": "Neutral", "turn_rating": ""},
    ],
    "conversation_rating": {"agent_1": "Good", "agent_2": "Good"},
}


def folder_with(folder: Path, *rows: object, name: str = "part.jsonl") -> Path:
    folder.mkdir(exist_ok=True)
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (folder / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return folder


def turns_of(dialogue: RecordedDialogue) -> list[Turn]:
    return [event for event in dialogue.events if isinstance(event, Turn)]


@pytest.fixture
def call() -> RecordedDialogue:
    """The second of the hand-made calls: misheard twice, and in the end not useful."""
    return list(open_source(CALLS).dialogues())[1]


def test_a_call_loses_no_word_of_either_side(call):
    lines = (CALLS / "handmade_calls.jsonl").read_text().splitlines()
    said = " ".join(turn["text"] for turn in json.loads(lines[1])["turns"])
    heard = " ".join(
        part
        for turn in turns_of(call)
        for part in (turn.request, (turn.response.text if turn.response else None))
        if part
    )
    assert heard == said


def test_the_greeting_is_answered_to_a_turn_in_which_nobody_spoke(call):
    greeting = turns_of(call)[0]
    assert (greeting.request, greeting.speech, greeting.asr) == ("", None, None)
    assert greeting.response is not None
    assert greeting.response.status is ResponseStatus.ASKED


def test_a_prompt_that_comes_again_was_not_understood(call):
    status = {turn.request: turn.response.status for turn in turns_of(call) if turn.response}
    assert status["buy bus"] is ResponseStatus.NOT_UNDERSTOOD
    assert status["by bus"] is ResponseStatus.ASKED


def test_the_callers_answer_is_explicit_feedback_on_the_turn_that_gave_directions(call):
    (feedback,) = [event for event in call.events if isinstance(event, ExplicitFeedback)]
    about = next(turn for turn in turns_of(call) if turn.turn_id == feedback.turn_id)
    assert (about.request, feedback.answer, feedback.text) == ("airport", Answer.NO, "No.")
    assert feedback.question == "Were the provided directions useful?"


def test_a_call_that_the_caller_opens_has_no_greeting_of_its_own():
    fourth = list(open_source(CALLS).dialogues())[3]
    assert [turn.request for turn in turns_of(fourth)][:2] == ["hello", "are you there"]
    assert turns_of(fourth)[0].response is None


def test_labels_made_after_the_fact_stay_out_of_the_events():
    wire = b"".join(event.to_bytes() for event in open_source(CALLS).events())
    assert b"robocall" not in wire
    assert b"retry" not in wire
    assert b"directions_given" not in wire


def test_the_variant_that_the_greeting_names_is_a_version():
    first = next(open_source(CALLS).dialogues())
    assert {turn.device.versions["dialogue"] for turn in turns_of(first)} == {"blue"}


def test_turns_lie_within_their_call_and_say_that_their_times_are_made_up():
    rows = [json.loads(line) for line in (CALLS / "handmade_calls.jsonl").read_text().splitlines()]
    for row, dialogue in zip(rows, open_source(CALLS).dialogues(), strict=True):
        start, end = (datetime.fromisoformat(row[key]).replace(tzinfo=UTC) for key in ("start", "end"))
        assert start <= dialogue.events[0].occurred_at
        assert end_of(dialogue) <= end
        assert all(turn.synthetic_timing for turn in turns_of(dialogue))


def test_reading_again_gives_the_same_bytes():
    assert [event.to_bytes() for event in open_source(CALLS).events()] == [
        event.to_bytes() for event in open_source(CALLS).events()
    ]


def test_ids_are_unique_and_events_are_valid_on_the_wire():
    events = list(open_source(CALLS).events())
    assert len({event.event_id for event in events}) == len(events)
    for event in events:
        assert TURN_EVENT.validate_json(event.to_bytes()) == event


def test_acts_become_interpretations_slots_and_statuses(tmp_path):
    first, second = turns_of(next(open_source(folder_with(tmp_path, SGD_DIALOGUE)).dialogues()))
    assert (first.channel, first.nlu.domain, first.nlu.intent) == (Channel.CHAT, "restaurants", "ReserveRestaurant")
    assert [(slot.type, slot.value) for slot in first.nlu.slots] == [("restaurant_name", "Sino")]
    assert first.response.status is ResponseStatus.ASKED
    assert (second.nlu.intent, second.response.status) == ("ReserveRestaurant", ResponseStatus.FAILED)


def test_ratings_of_the_assistants_messages_are_explicit_feedback(tmp_path):
    source = open_source(folder_with(tmp_path, CONVERSATION))
    events = list(source.events())
    feedback = [event for event in events if isinstance(event, ExplicitFeedback)]
    assert [(one.rating, one.answer) for one in feedback] == [(4, Answer.YES), (2, Answer.NO)]
    assert [event.request for event in events if isinstance(event, Turn)] == ["", "Do you like dance?", "Bye."]
    assert source.skipped == Counter({"message without a rating": 1})


def test_an_unknown_rating_is_an_error_and_not_a_guess(tmp_path):
    odd = {**CONVERSATION, "turns": [{"speaker": "agent_2", "text": "Hi", "turn_rating": "Superb"}]}
    with pytest.raises(AdapterError, match=r"part\.jsonl, line 1: turns\.0\.turn_rating"):
        list(open_source(folder_with(tmp_path, odd)).events())


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": "1", "services": [], "turns": []}, "dialogue without a user turn"),
        ({"id": "1", "turns": [], "conversation_rating": {}}, "conversation without a message"),
        ({"id": "1", "start": "2020-01-01 00:00:00", "end": "2020-01-01 00:00:00", "turns": []}, "call without a turn"),
    ],
)
def test_what_is_left_out_is_counted(tmp_path, row, reason):
    source = open_source(folder_with(tmp_path, row))
    assert list(source.events()) == []
    assert source.skipped == Counter({reason: 1})


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.jsonl.gz"])
def test_the_format_is_recognised_from_the_files(tmp_path, name):
    assert open_source(folder_with(tmp_path, SGD_DIALOGUE, name=name)).name == "sgd"
    assert open_source(CALLS).name == "getgoing"


def test_a_name_that_is_neither_a_data_set_nor_a_folder_is_refused_with_the_known_names():
    with pytest.raises(AdapterError, match="known data sets: getgoing, sgd, topical_chat"):
        open_source("getgoin")


def test_a_data_set_that_is_not_there_says_where_it_belongs(monkeypatch, tmp_path):
    monkeypatch.setenv("EARSHOT_DATA_DIR", str(tmp_path))
    settings.cache_clear()
    try:
        with pytest.raises(AdapterError, match=r"set EARSHOT_DATA_DIR to the folder that holds getgoing/"):
            open_source("getgoing")
    finally:
        settings.cache_clear()


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(AdapterError, match=r"has no \*\.jsonl\.gz or \*\.jsonl file"):
        open_source(tmp_path)


@pytest.mark.parametrize("content", [b'{"id": "1", "start"', b"[]\n", b'{"id": 3}\n', b"\xff\xfe\n", b"\n\n"])
def test_a_file_that_no_adapter_knows_is_refused_with_what_was_expected(tmp_path, content):
    (tmp_path / "odd.jsonl").write_bytes(content)
    with pytest.raises(AdapterError, match="getgoing: calls as JSON lines"):
        open_source(tmp_path)


def test_a_broken_line_is_named(tmp_path):
    good = (CALLS / "handmade_calls.jsonl").read_text().splitlines()[0]
    (tmp_path / "calls.jsonl").write_text(f'{good}\n{{"id": "2", "start": "yesterday"}}\n')
    with pytest.raises(AdapterError, match=r"calls\.jsonl, line 2: .*; expected calls as JSON lines"):
        list(open_source(tmp_path).events())


def test_a_file_that_was_cut_off_is_named(tmp_path):
    whole = gzip.compress((CALLS / "handmade_calls.jsonl").read_bytes())
    (tmp_path / "calls.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AdapterError, match=r"calls\.jsonl\.gz cannot be read"):
        list(open_source(tmp_path).events())


utterances = st.lists(st.builds(Utterance, st.floats(0.01, 5), st.floats(0.4, 60)), min_size=1, max_size=20)


@given(utterances, st.floats(0, 600))
def test_made_up_times_are_in_order_and_within_their_bounds(said, length_s):
    end = START + timedelta(seconds=length_s)
    spans = lay_out(said, START, end)
    times = [time for span in spans for time in (span.started_at, span.ended_at)]
    assert times == sorted(times)
    assert times[0] >= START
    assert times[-1] <= end + timedelta(milliseconds=1)


@given(st.text(), st.floats(0.1, 5))
def test_a_pause_is_a_function_of_its_seed(seed, median_s):
    assert pause_s(median_s, seed) == pause_s(median_s, seed)
    assert 0 < pause_s(median_s, seed) < 50 * median_s


@given(st.integers(1, 8), st.floats(0, 60))
def test_packing_keeps_every_event_and_the_times_within_dialogues(concurrent, idle_s):
    source = open_source(CALLS)
    packed = list(pack(source.dialogues(), START, concurrent, timedelta(seconds=idle_s)))
    assert [event.occurred_at for event in packed] == sorted(event.occurred_at for event in packed)
    by_id = {event.event_id: event for event in packed}
    assert packed[0].occurred_at == START
    for dialogue in source.dialogues():
        moves = {by_id[event.event_id].occurred_at - event.occurred_at for event in dialogue.events}
        assert len(moves) == 1
        for turn in turns_of(dialogue):
            moved = by_id[turn.event_id]
            if turn.speech is not None:
                assert {moved.speech.started_at - turn.speech.started_at} == moves
            if turn.response is not None:
                assert {moved.response.span.ended_at - turn.response.span.ended_at} == moves
    assert len(by_id) == len(packed) == sum(len(dialogue.events) for dialogue in source.dialogues())


@given(st.integers(1, 4))
def test_no_more_dialogues_run_at_once_than_asked_for(concurrent):
    packed = list(pack(open_source(CALLS).dialogues(), START, concurrent, timedelta(seconds=1)))
    spans: dict[str, list[datetime]] = {}
    for event in packed:
        spans.setdefault(event.dialogue_id, []).append(event.occurred_at)
    for moment in (event.occurred_at for event in packed):
        assert sum(times[0] <= moment <= times[-1] for times in spans.values()) <= concurrent


def test_packing_nothing_at_a_time_is_refused():
    with pytest.raises(ValueError, match="at least 1 is needed"):
        list(pack([], concurrent=0))

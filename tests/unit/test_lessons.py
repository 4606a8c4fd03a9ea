"""What dialogues teach in the stream: at once, in batches, revised by late turns, the same after every restart."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from processors.dialogue import DialogueProcessor
from processors.lessons import Lessons
from processors.moments import AskedBefore
from processors.result import Emit
from processors.teachable import Heard
from schemas.preference import PREFERENCE, Explicitness, Preference, PreferenceStatus
from schemas.teachable_moment import TEACHABLE_MOMENT, MomentKind, TeachableMoment
from schemas.turn import Context, Nlu, ResponseStatus, Slot, Turn
from tests.unit.teaching_to_order import JAZZ, MONDAY, Finder, turn


def run(finder: Finder, turns: Iterable[Turn], asked: AskedBefore | None = None, batch: int = 1_000) -> list[Emit]:
    processor = DialogueProcessor(lessons=Lessons(finder), asked=asked)
    received = [(at, int(one.occurred_at.timestamp() * 1000), one) for at, one in enumerate(turns)]
    told = []
    for first in range(0, len(received), batch):
        told += processor.process(received[first : first + batch])
    return [one for one in told if isinstance(one, Emit)]


def taught(told: Iterable[Emit]) -> list[Preference | None]:
    return [
        PREFERENCE.validate_json(one.value) if one.value is not None else None
        for one in told
        if one.topic_suffix == Preference.topic_suffix
    ]


def moments(told: Iterable[Emit]) -> list[TeachableMoment]:
    return [
        TEACHABLE_MOMENT.validate_json(one.value or b"")
        for one in told
        if one.topic_suffix == TeachableMoment.topic_suffix
    ]


def test_a_clear_statement_is_told_with_its_turn() -> None:
    (one,) = taught(run(Finder({"a": JAZZ}), [turn(0, "x"), turn(5, "a")]))
    assert one is not None
    assert (one.value, one.status, one.evidence_turn_ids) == ("jazz", PreferenceStatus.ACTIVE, ("t-d-5",))


def test_the_same_records_give_the_same_preferences_whatever_the_batches() -> None:
    turns = [turn(0, "a"), turn(5, "b"), turn(9, "x", "other"), turn(12, "a", "other")]
    heard = {"a": JAZZ, "b": Heard("film", "noir", 0.9)}
    whole = taught(run(Finder(heard), turns))
    assert whole == taught(run(Finder(heard), turns, batch=1))
    assert len(whole) == 3


def test_a_turn_that_was_sent_twice_teaches_once() -> None:
    assert len(taught(run(Finder({"a": JAZZ}), [turn(0, "a"), turn(0, "a")]))) == 1


def test_a_batch_is_asked_about_at_once_and_each_case_once() -> None:
    finder = Finder({"a": JAZZ})
    run(finder, [turn(at, "a", f"d{at}") for at in range(5)] + [turn(0, "nothing", "e")])
    assert len(finder.asked) == 1


@pytest.mark.parametrize(
    ("status", "answer", "slot", "teaches"),
    [
        (ResponseStatus.ASKED, "What kind of music?", "Jazz", False),
        (ResponseStatus.ASKED, "What kind of music?", "loud", True),
        (ResponseStatus.ANSWERED, "Here is some music.", "jazz", True),
        (ResponseStatus.ASKED, "You like rock. Shall I remember that?", "jazz", True),
        (ResponseStatus.ASKED, "I got that wrong. What should I do when you say “play music”?", "jazz", True),
        (ResponseStatus.ASKED, "I don't know what “jazz” is. Can you teach me?", "jazz", True),
    ],
)
def test_what_only_fills_what_was_just_asked_for_holds_for_now(
    status: ResponseStatus, answer: str, slot: str, teaches: bool
) -> None:
    nlu = Nlu(domain="music", intent="play", slots=(Slot(type="genre", value=slot),))
    reply = turn(5, "a").model_copy(update={"nlu": nlu})
    told = taught(run(Finder({"a": JAZZ}), [turn(0, "x", answer=answer, status=status), reply]))
    assert bool(told) is teaches


def test_a_name_for_a_thing_is_kept_though_a_question_was_asked() -> None:
    name = Heard("own-name", "study mode", 0.95, stands_for="lamp", canonical_stands_for="device:lamp")
    nlu = Nlu(domain="lights", intent="on", slots=(Slot(type="device", value="study mode"),))
    reply = turn(5, "a").model_copy(update={"nlu": nlu})
    asked = turn(0, "x", answer="Which device?", status=ResponseStatus.ASKED)
    assert len(taught(run(Finder({"a": name}), [asked, reply]))) == 1


def test_what_is_sensitive_leaves_nothing() -> None:
    assert taught(run(Finder({"a": Heard("other", "x", 0.99, sensitive=True)}), [turn(0, "a")])) == []


class Replies(Finder):
    """Hears a statement only in reply to a question."""

    def find(self, cases: list) -> list[Heard | None]:  # type: ignore[override, type-arg]
        return [JAZZ if case.question == "what do you like" else None for case in cases]


def test_a_late_turn_may_make_a_statement_of_the_one_after_it() -> None:
    told = taught(run(Replies({"a": JAZZ}), [turn(5, "a"), turn(0, "x", answer="what do you like")]))
    assert [one.value for one in told if one] == ["jazz"]


def test_a_late_turn_may_take_a_statement_back() -> None:
    turns = [turn(0, "x", answer="what do you like"), turn(9, "a"), turn(5, "y", answer="fine")]
    first, gone = (one for one in run(Replies({"a": JAZZ}), turns) if one.topic_suffix == Preference.topic_suffix)
    assert first.key == gone.key
    assert gone.value is None


def test_an_unclear_statement_waits_and_is_asked_about() -> None:
    told = run(Finder({"a": Heard("music", "jazz", 0.6)}), [turn(0, "a")])
    (one,), (moment,) = taught(told), moments(told)
    assert one is not None
    assert (one.status, moment.kind) == (PreferenceStatus.PENDING, MomentKind.UNCLEAR)
    assert (moment.preference_id, moment.question) == (one.event_id, "Shall I remember that you like jazz?")


def test_a_name_for_something_unknown_is_asked_about() -> None:
    told = run(Finder({"a": Heard("own-name", "moon", 0.9, stands_for="lamp", clear=False)}), [turn(0, "a")])
    assert [(one.kind, "lamp" in one.question) for one in moments(told)] == [(MomentKind.UNKNOWN_CONCEPT, True)]


def test_a_dialogue_leads_to_one_question_and_so_does_a_day() -> None:
    heard = {"a": Heard("music", "jazz", 0.6), "b": Heard("film", "noir", 0.6)}
    turns = [turn(0, "a"), turn(5, "b"), turn(3_600, "b", "later"), turn(90_000, "b", "next day")]
    assert [one.turn_id for one in moments(run(Finder(heard), turns))] == ["t-d-0", "t-next day-90000"]


def test_who_was_asked_before_a_restart_is_not_asked_after_it() -> None:
    finder = Finder({"a": Heard("music", "jazz", 0.6)})
    before = moments(run(finder, [turn(0, "a")]))
    later = [turn(600, "a", "later")]
    assert moments(run(finder, later, AskedBefore(before))) == []
    assert len(moments(run(finder, later, AskedBefore(before, timedelta(minutes=5))))) == 1


def test_who_offers_to_teach_is_asked_what_to_remember_whenever_they_do() -> None:
    finder = Finder({"a": Heard("music", "jazz", 0.6)})
    turns = [turn(0, "a"), turn(600, "learn my preferences", "later"), turn(1_200, "learn my preferences", "last")]
    told = moments(run(finder, turns))
    assert [(one.kind, one.turn_id) for one in told[1:]] == [
        (MomentKind.OFFERED, "t-later-600"),
        (MomentKind.OFFERED, "t-last-1200"),
    ]
    assert told[1].question == "What would you like me to remember?"


def test_an_offer_does_not_use_up_the_question_of_the_day() -> None:
    finder = Finder({"a": Heard("music", "jazz", 0.6)})
    offers = moments(run(finder, [turn(0, "learn my preferences")]))
    asked = moments(run(finder, [turn(600, "a", "later")], AskedBefore(offers)))
    assert [one.kind for one in (*offers, *asked)] == [MomentKind.OFFERED, MomentKind.UNCLEAR]


def test_an_offer_that_was_sent_twice_is_one() -> None:
    turns = [turn(0, "learn my preferences"), turn(0, "learn my preferences")]
    assert len(moments(run(Finder({}), turns))) == 1


def test_the_same_moment_read_again_is_the_same_question() -> None:
    finder = Finder({"a": Heard("music", "jazz", 0.6)})
    before = moments(run(finder, [turn(0, "a")]))
    assert moments(run(finder, [turn(0, "a")], AskedBefore(before))) == before


def test_the_same_thing_asked_three_times_is_a_moment() -> None:
    turns = [turn(6 * at, "play the moon song", answer="I am not sure what you mean") for at in range(3)]
    (moment,) = moments(run(Finder({}), turns))
    assert moment.kind is MomentKind.REPEATED
    assert "play the moon song" in moment.question
    assert moment.occurred_at >= MONDAY


def test_twice_is_no_moment_yet() -> None:
    turns = [turn(6 * at, "play the moon song", answer="hm") for at in range(2)]
    assert moments(run(Finder({}), turns)) == []


def test_nobody_is_asked_in_words_that_may_not_be_kept() -> None:
    turns = [turn(6 * at, "when do I take my insulin", answer="hm") for at in range(4)]
    assert moments(run(Finder({}), turns)) == []


def test_a_name_that_the_assistant_gives_back_is_an_unknown_concept() -> None:
    asked = turn(0, "set it to study mode", answer="what is study mode", status=ResponseStatus.ASKED)
    slot = {"type": "mode", "value": "study mode"}
    understood = {"domain": "home", "intent": "set", "slots": [slot]}
    (moment,) = moments(run(Finder({}), [Turn.model_validate(asked.model_dump() | {"nlu": understood})]))
    assert (moment.kind, moment.about) == (MomentKind.UNKNOWN_CONCEPT, "study mode")


def choice(number: int, artist: str, gap_s: float = 1_000) -> Turn:
    slot = {"type": "artist", "value": artist, "entity": f"artist:{artist}"}
    understood = {"domain": "music", "intent": "play", "slots": [slot]}
    one = turn(number * gap_s, f"play {artist}", f"d{number}", answer="here you are")
    return Turn.model_validate(one.model_dump() | {"nlu": understood})


def test_who_keeps_choosing_the_same_is_asked_whether_to_take_it_for_granted() -> None:
    told = run(Finder({}), [choice(number, "Björk") for number in range(7)])
    (shown,), (moment,) = taught(told), moments(told)
    assert shown is not None
    assert (shown.value, shown.status, shown.explicitness) == ("Björk", PreferenceStatus.PENDING, Explicitness.SHOWN)
    assert moment.preference_id == shown.event_id
    assert "Shall I take it" in moment.question


def test_who_chooses_one_thing_and_another_is_left_alone() -> None:
    assert taught(run(Finder({}), [choice(number, "ab"[number % 2]) for number in range(12)])) == []


def test_what_may_not_be_kept_is_not_inferred() -> None:
    assert taught(run(Finder({}), [choice(number, "insulin") for number in range(8)])) == []


@pytest.mark.parametrize(("domain", "intent", "slot"), [("calls", "call", "contact"), ("shopping", "order", "item")])
def test_whom_a_person_calls_and_what_they_order_is_not_inferred(domain: str, intent: str, slot: str) -> None:
    turns = []
    for number in range(8):
        chosen = {"type": slot, "value": "Mum", "entity": "thing:mum"}
        made = choice(number, "Mum").model_dump() | {"nlu": {"domain": domain, "intent": intent, "slots": [chosen]}}
        turns.append(Turn.model_validate(made))
    assert taught(run(Finder({}), turns)) == []


def test_today_ends_at_midnight_where_the_device_stands() -> None:
    said = turn(0, "jazz today").model_copy(update={"context": Context(local_time="13:00")})
    (one,) = taught(run(Finder({"jazz today": replace(JAZZ, time="today")}), [said]))
    assert one is not None
    assert (one.valid_to, one.occurred_at) == (datetime(2026, 3, 3, 5, tzinfo=UTC), MONDAY)

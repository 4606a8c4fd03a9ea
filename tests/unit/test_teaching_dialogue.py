"""The teaching dialogue: asks, clarifies, confirms, stores or declines, and ends."""

from datetime import UTC, datetime, timedelta

import pytest

from processors.teachable import Heard
from processors.teaching import TIMES_OUT, Said, TeachingState, answer, begin
from schemas.preference import (
    Explicitness,
    Polarity,
    Preference,
    PreferenceSource,
    PreferenceStatus,
)

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)
KNOWN = {
    "I like jazz": Heard("music", "jazz", 0.95, canonical_value="genre:jazz"),
    "no I like blues": Heard("music", "blues", 0.95),
    "I like hey hop": Heard("music", "hey hop", 0.9, clear=False),
    "call my lamp moon": Heard("own-name", "moon", 0.9, stands_for="lamp", clear=False),
    "my wife hates opera for dinner": Heard("music", "opera", 0.9, Polarity.DISLIKE, condition="for dinner"),
    "my insulin": Heard("other", "insulin", 0.9, sensitive=True),
}


def understand(text: str, _question: str) -> Heard | None:
    return KNOWN.get(text)


def talk(said: Said, *answers: str) -> Said:
    for number, text in enumerate(answers, start=1):
        said = answer(said.dialogue, text, understand, NOW + timedelta(seconds=10 * number))
    return said


def pending(**more: object) -> Preference:
    given: dict[str, object] = {
        "event_id": "p",
        "occurred_at": NOW,
        "user_id": "u",
        "attribute": "music",
        "value": "jazz",
        "valid_from": NOW,
        "status": PreferenceStatus.PENDING,
        "confidence": 0.6,
        "source": PreferenceSource.STATEMENT,
        "explicitness": Explicitness.STATED,
        "consent_version": "2",
        "detector": "test/1",
        "evidence_turn_ids": ("t",),
    }
    return Preference.model_validate(given | more)


def test_ask_confirm_store() -> None:
    said = begin("l", "u", NOW)
    assert said.dialogue.state is TeachingState.ASKING
    said = talk(said, "I like jazz")
    assert (said.dialogue.state, said.say) == (TeachingState.CONFIRMING, "You like jazz. Shall I remember that?")
    said = talk(said, "yes please")
    assert said.dialogue.state is TeachingState.STORED
    assert said.preference is not None
    assert (said.preference.value, said.preference.status) == ("jazz", PreferenceStatus.ACTIVE)
    assert said.preference.explicitness is Explicitness.CONFIRMED
    assert said.preference.source is PreferenceSource.CUSTOMER_INITIATED


def test_what_is_not_clear_is_clarified_first() -> None:
    said = talk(begin("l", "u", NOW), "call my lamp moon")
    assert said.dialogue.state is TeachingState.CLARIFYING
    said = talk(said, "I mean the bedroom lamp", "yes")
    assert said.preference is not None
    assert (said.preference.value, said.preference.stands_for) == ("moon", "the bedroom lamp")


def test_a_value_that_was_misheard_is_said_again() -> None:
    said = talk(begin("l", "u", NOW), "I like hey hop", "I said hip hop", "right")
    assert said.preference is not None
    assert said.preference.value == "hip hop"


@pytest.mark.parametrize("text", ["no", "never mind", "stop", "no thanks"])
def test_a_no_stores_nothing(text: str) -> None:
    for said in (begin("l", "u", NOW), talk(begin("l", "u", NOW), "I like jazz")):
        declined = talk(said, text)
        assert (declined.dialogue.state, declined.preference) == (TeachingState.DECLINED, None)


def test_a_correction_is_confirmed_instead() -> None:
    said = talk(begin("l", "u", NOW), "I like jazz", "no I like blues", "yes")
    assert said.preference is not None
    assert said.preference.value == "blues"


def test_what_is_sensitive_is_kept_by_nobody() -> None:
    said = talk(begin("l", "u", NOW), "my insulin")
    assert (said.dialogue.state, said.dialogue.heard, said.preference) == (TeachingState.DECLINED, None, None)


def test_a_yes_to_what_waited_takes_its_place() -> None:
    said = talk(begin("l", "u", NOW, question="Shall I remember that you like jazz?", pending=pending()), "yes")
    one = said.preference
    assert one is not None
    assert (one.supersedes, one.evidence_turn_ids, one.consent_version) == ("p", ("t",), "2")
    assert one.source is PreferenceSource.SYSTEM_INITIATED


def test_the_same_yes_again_is_the_same_preference() -> None:
    first, second = (talk(begin(name, "u", NOW, pending=pending()), "yes").preference for name in ("l", "m"))
    assert first is not None
    assert second is not None
    assert first.event_id == second.event_id


def test_a_no_to_what_waited_is_kept_as_declined() -> None:
    one = talk(begin("l", "u", NOW, pending=pending()), "no").preference
    assert one is not None
    assert (one.status, one.supersedes) == (PreferenceStatus.REVOKED, "p")


def test_what_was_inferred_is_confirmed() -> None:
    shown = pending(source="inferred", explicitness="shown", confidence=0.9)
    said = begin("l", "u", NOW, pending=shown)
    assert said.say == "You like jazz. Shall I remember that?"


def test_what_waits_for_its_meaning_asks_for_it() -> None:
    said = begin("l", "u", NOW, pending=pending(value="hey hop", confidence=0.95))
    assert (said.dialogue.state, said.say) == (TeachingState.CLARIFYING, "I don't know hey hop yet. What is it?")


def test_what_a_phrase_should_do_is_learned_as_a_name_for_it() -> None:
    said = begin("l", "u", NOW, question="What should I do when you say moon song?", phrase="moon song")
    one = talk(said, "play clair de lune", "yes").preference
    assert one is not None
    assert (one.attribute, one.value, one.stands_for) == ("own-name", "moon song", "play clair de lune")


def test_two_answers_that_are_not_understood_end_it() -> None:
    said = talk(begin("l", "u", NOW), "mumble", "mumble")
    assert (said.dialogue.state, said.preference) == (TeachingState.ENDED, None)


def test_silence_ends_it() -> None:
    said = begin("l", "u", NOW)
    late = answer(said.dialogue, "I like jazz", understand, NOW + TIMES_OUT + timedelta(seconds=1))
    assert late.dialogue.state is TeachingState.ENDED


def test_after_its_end_nothing_is_stored() -> None:
    done = talk(begin("l", "u", NOW), "I like jazz", "yes")
    assert talk(done, "yes").preference is None


def test_who_and_when_are_said_back() -> None:
    assert "don't like opera for dinner" in talk(begin("l", "u", NOW), "my wife hates opera for dinner").say

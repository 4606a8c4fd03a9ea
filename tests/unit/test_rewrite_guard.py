"""What is never rewritten."""

import pytest

from processors.interpretation import parts_of
from processors.rewrite_guard import Denied, denied, flips, is_personal


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("shopping|order_item|item:milk", Denied.PURCHASE),
        ("smart_home|unlock|device:front", Denied.LOCK),
        ("smart_home|set-door_lock|", Denied.LOCK),
        ("calls|hang_up|", Denied.CALL),
        ("communication|send_message|", Denied.MESSAGE),
        ("music|negate|", Denied.NEGATION),
        ("timers|cancel_timer|", Denied.NEGATION),
        ("||words:no don't do that", Denied.NEGATION),
        ("music|affirm|", Denied.CONSENT),
        ("kids|play_story|", Denied.CHILD),
    ],
)
def test_what_could_do_harm_is_denied_with_its_reason(state: str, reason: Denied) -> None:
    assert denied(parts_of(state)) is reason


@pytest.mark.parametrize(
    "state", ["music|play_song|song:no surprises", "weather|forecast|", "||words:play maj and dragons", "clocks|set|"]
)
def test_all_else_may_be_rewritten(state: str) -> None:
    assert denied(parts_of(state)) is None


def test_names_are_read_in_whole_words() -> None:
    assert denied(parts_of("music|blockbuster|")) is None
    assert denied(parts_of("sports|recall_score|")) is None


def test_contacts_and_texts_are_nobody_elses_business() -> None:
    assert is_personal(parts_of("calls|call_contact|contact:gina ames"))
    assert not is_personal(parts_of("music|play_song|artist:gina ames"))


def test_a_rewrite_that_gains_or_loses_a_no_flips() -> None:
    assert flips("play this song", "don't play this song")
    assert not flips("don't play this", "do not play this song")

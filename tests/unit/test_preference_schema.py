"""What a stored preference promises."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.preference import Explicitness, Preference, PreferenceSource, PreferenceStatus

AT = datetime(2026, 3, 2, 18, tzinfo=UTC)
PLAIN: dict[str, Any] = {
    "event_id": "p-1",
    "occurred_at": AT,
    "user_id": "user-1",
    "attribute": "music",
    "value": "jazz",
    "valid_from": AT,
    "status": PreferenceStatus.ACTIVE,
    "confidence": 0.9,
    "source": PreferenceSource.STATEMENT,
    "explicitness": Explicitness.STATED,
    "consent_version": "1",
    "detector": "preference/1.0.0",
}


def test_the_key_is_of_the_user_and_the_preference() -> None:
    assert Preference(**PLAIN).key == "user-1/p-1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"scope": "person"}, "person is set exactly"),
        ({"person": "daughter"}, "person is set exactly"),
        ({"valid_to": AT}, "after valid_from"),
        ({"explicitness": Explicitness.SHOWN}, "after a yes"),
        ({"canonical_stands_for": "device:lamp"}, "needs stands_for"),
    ],
)
def test_a_record_that_contradicts_itself_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Preference(**PLAIN | change)


def test_what_was_shown_may_wait_for_a_yes() -> None:
    shown = PLAIN | {"explicitness": Explicitness.SHOWN, "status": PreferenceStatus.PENDING}
    assert Preference(**shown).status is PreferenceStatus.PENDING


def test_a_preference_may_end() -> None:
    assert Preference(**PLAIN | {"valid_to": AT + timedelta(days=1)}).valid_to is not None

"""The closed loop of teaching: what is counted, why something was not obeyed, and a small life from end to end."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.settings import Settings
from models.correction.words import split
from models.preference.catalogue import Catalogue
from processors.teachable import Heard, StatementCase
from schemas.failure_point import FailurePoint
from schemas.preference import (
    Explicitness,
    Polarity,
    Preference,
    PreferenceSource,
    PreferenceStatus,
)
from streams.evaluate import preference_loop
from streams.evaluate.preference_loop import Loss, Relied, live, loss_of, relied_on
from streams.evaluate.preference_loop_earshot import LookedUp, TaughtEarshot
from streams.simulator.pack import load_pack
from streams.simulator.simulation import Simulation
from streams.simulator.truth import ObedienceTruth, PreferenceTruth, TurnTruth

NOW = datetime(2026, 3, 2, 18, tzinfo=UTC)


def taught(**more: Any) -> PreferenceTruth:
    given: dict[str, Any] = {
        "kind": "taste",
        "domain": "music",
        "attribute": "music_genre",
        "value": "genre:jazz",
        "words": "jazz",
        "stated": True,
        "number": 0,
    }
    return PreferenceTruth(**given | more)


def truth(turn: str, dialogue: str, preference: PreferenceTruth | None = None, obeyed: bool | None = None) -> TurnTruth:
    obedience = ObedienceTruth(
        number=0,
        domain="music",
        attribute="music_genre",
        slot="genre",
        value="genre:jazz",
        polarity=1,
        obeyed=bool(obeyed),
    )
    return TurnTruth(
        turn_id=turn,
        event_id=turn,
        dialogue_id=dialogue,
        user_id="u",
        device_id="dev",
        number=0,
        said="x",
        meaning=None,
        failure_point=FailurePoint.CORRECT,
        right=True,
        satisfied=True,
        preference=preference,
        obedience=obedience if obeyed is not None else None,
    )


def kept(**more: Any) -> Preference:
    given: dict[str, Any] = {
        "event_id": "p",
        "occurred_at": NOW,
        "user_id": "u",
        "attribute": "music",
        "value": "jazz",
        "canonical_value": "genre:jazz",
        "valid_from": NOW,
        "status": PreferenceStatus.ACTIVE,
        "confidence": 0.9,
        "source": PreferenceSource.STATEMENT,
        "explicitness": Explicitness.STATED,
        "consent_version": "1",
        "detector": "test/1",
    }
    return Preference(**given | more)


def test_only_what_was_stated_before_is_relied_on_and_sessions_are_counted() -> None:
    turns = [
        truth("a", "d1", obeyed=True),  # nothing was stated yet
        truth("b", "d1", taught()),
        truth("c", "d2", obeyed=True),
        truth("d", "d3", obeyed=False),
    ]
    found = relied_on(turns)
    assert [(one.turn_id, one.sessions, one.first, one.obeyed) for one in found] == [
        ("c", 1, True, True),
        ("d", 2, False, False),
    ]


@pytest.mark.parametrize(("polarity", "given"), [(1, False), (-1, True)])
def test_who_gets_another_result_than_was_looked_for_did_not_get_what_they_like(polarity: int, given: bool) -> None:
    asked = truth("b", "d2", obeyed=True)
    assert asked.obedience is not None
    obedience = asked.obedience.model_copy(update={"polarity": polarity})
    wrong = asked.model_copy(update={"failure_point": FailurePoint.RESULT, "obedience": obedience})
    (found,) = relied_on([truth("a", "d1", taught()), wrong])
    assert found.obeyed
    assert found.given is given


@pytest.mark.parametrize(
    ("stored", "looked_up", "text", "loss"),
    [
        (None, None, "I like chess", Loss.MISHEARD),
        (None, None, "I like jazz", Loss.NOT_HEARD),
        (kept(status=PreferenceStatus.PENDING), None, "I like jazz", Loss.WAITS),
        (kept(canonical_value="genre:rock"), None, "I like jazz", Loss.WRONG_VALUE),
        (kept(canonical_value="genre:rock"), None, "I like rock", Loss.MISHEARD),
        (kept(polarity=Polarity.DISLIKE), None, "I like jazz", Loss.WRONG_VALUE),
        (kept(condition="for dinner"), None, "I like jazz", Loss.WRONG_SCOPE),
        (kept(), None, "I like jazz", Loss.NOT_LOOKED_UP),
        (kept(), LookedUp(kept(), (), "genre:jazz"), "I like jazz", Loss.FAILED_ELSEWHERE),
        (kept(), LookedUp(kept(event_id="q"), (), "genre:rock"), "I like jazz", Loss.ANOTHER_FIRST),
    ],
)
def test_a_loss_has_a_cause(stored: Preference | None, looked_up: LookedUp | None, text: str, loss: Loss) -> None:
    relied = Relied("u", "c", truth("b", "d1", taught()), 1, first=True, obeyed=False, given=False)
    assert loss_of(relied, text, stored, looked_up) is loss


class Listener:
    """Hears `I like ...` and `I don't like ...` of what a catalogue knows."""

    version = "test"

    def __init__(self, _model: object, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def passes(self, text: str) -> bool:
        return "like" in text.lower()

    def offers(self, _text: str) -> bool:
        return False

    def sensitive(self, _text: str) -> bool:
        return False

    def find(self, cases: Sequence[StatementCase]) -> list[Heard | None]:
        return [self._heard(case.text) for case in cases]

    def _heard(self, text: str) -> Heard | None:
        places = [one for one in self._catalogue.places(split(text)) if one.entry.topic != "thing"]
        if not places:
            return None
        entry = places[0].entry
        polarity = Polarity.DISLIKE if "n't" in text else Polarity.LIKE
        return Heard(entry.topic, entry.name, 0.95, polarity, canonical_value=entry.entity)


def test_what_is_taught_is_obeyed_in_a_small_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preference_loop, "LearnedPreferences", Listener)
    monkeypatch.setattr(preference_loop.PreferenceModel, "load", classmethod(lambda _cls: None))
    earshot, truths = live(Simulation(users=60, dialogues=250, seed=3, rate=0.03))
    found = relied_on(truths)
    right = [one for one in found if one.stated.turn_id in earshot.stored]
    assert len(earshot.book) > 5
    assert right
    assert sum(one.obeyed for one in right) >= 0.7 * len(right)


def test_what_is_read_back_is_put_right_in_a_small_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preference_loop, "LearnedPreferences", Listener)
    monkeypatch.setattr(preference_loop.PreferenceModel, "load", classmethod(lambda _cls: None))
    simulation = Simulation(users=60, dialogues=250, seed=3, rate=0.03)
    (plain, truths), (earshot, corrected) = live(simulation), live(simulation, reads_back=True)
    stated = [sum(one.preference is not None for one in turns) for turns in (truths, corrected)]
    assert stated[0] < stated[1]
    assert any(one.supersedes for one in earshot.stored.values())
    assert not any(one.supersedes for one in plain.stored.values())


def test_nothing_is_known_before_it_was_sent() -> None:
    earshot = TaughtEarshot(Settings(), load_pack("home_a"), Listener(None, Catalogue()))
    earshot.parcels.append((2_000, "e", b"u", b"{}"))
    earshot.hear(1_000)
    assert earshot._offset == 0
    earshot.hear(2_000)
    assert earshot._offset == 1

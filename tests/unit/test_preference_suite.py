"""Conflict, negation, scope, expiry, decay: what of everything that a person ever said holds, and what a request gets.

Each case is a life in a few lines: what was said when, and what a request takes for granted afterwards.
"""

import itertools
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from processors.holding import active, applied, applying, standing, strength_at
from processors.validity import ends_at
from schemas.preference import (
    Explicitness,
    Polarity,
    Preference,
    PreferenceScope,
    PreferenceSource,
    PreferenceStatus,
)

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = 1.0
LATER = 10.0


def said(day: float, words: str, **more: Any) -> Preference:
    """`+jazz` or `-jazz`, said so many days after Monday morning; `device` is where it holds."""
    at = MONDAY + timedelta(days=day)
    device = more.pop("device", None)
    time = more.get("time")
    given: dict[str, Any] = {
        "event_id": f"{day:g} {words} {sorted(map(str, more.values()))}",
        "occurred_at": at,
        "user_id": "u",
        "attribute": "music",
        "value": words[1:],
        "polarity": Polarity.LIKE if words[0] == "+" else Polarity.DISLIKE,
        "valid_from": at,
        "valid_to": ends_at(time, at) if time else None,
        "status": PreferenceStatus.ACTIVE,
        "confidence": 0.95,
        "source": PreferenceSource.STATEMENT,
        "explicitness": Explicitness.STATED,
        "consent_version": "1",
        "detector": "test/1",
        "device_id": device,
    }
    if "person" in more:
        given["scope"] = PreferenceScope.PERSON
    if device:
        given["scope"] = PreferenceScope.DEVICE
    return Preference(**given | more)


def house(day: float, words: str, **more: Any) -> Preference:
    return said(day, words, scope=PreferenceScope.HOUSEHOLD, **more)


def shown(day: float, words: str, **more: Any) -> Preference:
    return said(
        day,
        words,
        source=PreferenceSource.INFERRED,
        explicitness=Explicitness.SHOWN,
        status=PreferenceStatus.PENDING,
        **more,
    )


def answered(day: float, pending: Preference, yes: bool) -> Preference:
    """The person's answer to a question about it."""
    return said(
        day,
        f"{'+' if pending.polarity is Polarity.LIKE else '-'}{pending.value}",
        attribute=pending.attribute,
        event_id=f"answer to {pending.event_id}",
        supersedes=pending.event_id,
        explicitness=Explicitness.CONFIRMED,
        status=PreferenceStatus.ACTIVE if yes else PreferenceStatus.REVOKED,
    )


def pending(day: float, words: str, **more: Any) -> Preference:
    return said(day, words, status=PreferenceStatus.PENDING, **more)


@dataclass(frozen=True)
class Case:
    """`gets`: what a request takes for granted at `day`, None where nothing; `not_`: what it keeps away from."""

    name: str
    life: tuple[Preference, ...]
    gets: str | None
    request: str = "play some music"
    day: float = LATER
    not_: tuple[str, ...] = ()
    attribute: str = "music"
    device: str | None = None


_JAZZ = pending(0, "+jazz")
_SHOWN = shown(0, "+jazz")
_OLD = shown(0, "+jazz")

CASES = (
    # conflict: the later word counts
    Case("one like", (said(0, "+jazz"),), "jazz"),
    Case("nothing was said", (), None),
    Case("the later of two likes comes first", (said(0, "+jazz"), said(1, "+rock")), "rock"),
    Case("the earlier like stays behind the later", (said(0, "+jazz"), said(1, "+rock"), said(2, "-rock")), "jazz"),
    Case("the same again", (said(0, "+jazz"), said(1, "+jazz")), "jazz"),
    Case("capital letters are no other value", (said(0, "-Jazz"), said(1, "+jazz")), "jazz"),
    Case(
        "other words for the same entity",
        (said(0, "-drum and bass", canonical_value="g:dnb"), said(1, "+dnb", canonical_value="g:dnb")),
        "dnb",
    ),
    Case(
        "of units there is one",
        (
            said(0, "+miles", attribute="units"),
            said(1, "+metric", attribute="units"),
            said(2, "-metric", attribute="units"),
        ),
        None,
        attribute="units",
        not_=("metric",),
    ),
    Case(
        "of a service there is one",
        (said(0, "+Acme", attribute="weather-service"), said(1, "+Skies", attribute="weather-service")),
        "Skies",
        attribute="weather-service",
    ),
    Case("another attribute is another matter", (said(0, "+jazz"), said(1, "+noir", attribute="film")), "jazz"),
    Case("other things are not in the way", (said(0, "+jazz"), said(1, "-rock")), "jazz", not_=("rock",)),
    Case("three words, the last counts", (said(0, "+jazz"), said(1, "-jazz"), said(2, "+jazz")), "jazz"),
    Case("said late, told early", (said(2, "+rock"), said(0, "+jazz")), "rock"),
    # negation
    Case("one dislike", (said(0, "-jazz"),), None, not_=("jazz",)),
    Case("turned around to no", (said(0, "+jazz"), said(1, "-jazz")), None, not_=("jazz",)),
    Case("turned around to yes", (said(0, "-jazz"), said(1, "+jazz")), "jazz"),
    Case("two dislikes", (said(0, "-jazz"), said(1, "-rock")), None, not_=("rock", "jazz")),
    Case("a dislike and then a like", (said(0, "-jazz"), said(1, "+rock")), "rock"),
    Case("no to one of two likes", (said(0, "+jazz"), said(1, "+rock"), said(2, "-rock")), "jazz", not_=("rock",)),
    Case("no to the other", (said(0, "+jazz"), said(1, "+rock"), said(2, "-jazz")), "rock", not_=("jazz",)),
    Case(
        "no in other words",
        (said(0, "+country", canonical_value="g:c"), said(1, "-country music", canonical_value="g:c")),
        None,
        not_=("g:c",),
    ),
    Case("no is not for the daughter", (said(0, "-jazz"), said(1, "+jazz", person="daughter")), None, not_=("jazz",)),
    # scope: whose it is
    Case("my daughter's is not mine", (said(0, "+pop", person="daughter"),), None),
    Case("my daughter's for her", (said(0, "+pop", person="daughter"),), "pop", "play something for my daughter"),
    Case("mine for my daughter, where she has none", (said(0, "+jazz"),), "jazz", "play something for my daughter"),
    Case(
        "hers before mine, for her",
        (said(0, "+pop", person="daughter"), said(1, "+jazz")),
        "pop",
        "play something for my daughter",
    ),
    Case("mine before hers, for me", (said(0, "+jazz"), said(1, "+pop", person="daughter")), "jazz"),
    Case(
        "my son's is not my daughter's",
        (said(0, "+pop", person="daughter"), said(1, "+rap", person="son")),
        "rap",
        "play something for my son",
    ),
    Case("her no is not mine", (said(0, "+jazz"), said(1, "-jazz", person="wife")), "jazz"),
    Case(
        "her no, for her",
        (said(0, "+jazz"), said(1, "-jazz", person="wife")),
        None,
        "play music for my wife",
        not_=("jazz",),
    ),
    Case("a name that was nearly heard", (said(0, "+pop", person="grandpa"),), "pop", "music for my granpa"),
    Case("the household's", (house(0, "+folk"),), "folk"),
    Case("mine before the household's", (said(0, "+jazz"), house(1, "+folk")), "jazz"),
    Case("the household's after my no", (said(0, "-jazz"), house(1, "+folk")), "folk", not_=("jazz",)),
    Case("the household's does not undo mine", (said(0, "+jazz"), house(1, "-jazz")), "jazz"),
    Case("of this device", (said(0, "+jazz", device="kitchen"),), "jazz", device="kitchen"),
    Case("of another device", (said(0, "+jazz", device="kitchen"),), None, device="bedroom"),
    Case("this device before everywhere", (said(0, "+talk", device="car"), said(1, "+jazz")), "talk", device="car"),
    Case("everywhere else", (said(0, "+talk", device="car"), said(1, "+jazz")), "jazz", device="kitchen"),
    # scope: for which case
    Case("for dinner, without dinner", (said(0, "+jazz", condition="for dinner"),), None),
    Case("for dinner, at dinner", (said(0, "+jazz", condition="for dinner"),), "jazz", "play music for dinner"),
    Case(
        "for dinner before always, at dinner",
        (said(0, "+jazz", condition="for dinner"), said(1, "+rock")),
        "jazz",
        "some music for dinner please",
    ),
    Case("always, without dinner", (said(0, "+jazz", condition="for dinner"), said(1, "+rock")), "rock"),
    Case("always, at dinner, where dinner has none", (said(1, "+rock"),), "rock", "music for dinner"),
    Case("for lunch is not for dinner", (said(0, "+jazz", condition="for lunch"),), None, "music for dinner"),
    Case(
        "a new one for dinner leaves the other first",
        (said(0, "+jazz", condition="for dinner"), said(1, "+folk", condition="for dinner")),
        "folk",
        "music for dinner",
    ),
    Case("no for dinner is no only then", (said(0, "+jazz"), said(1, "-jazz", condition="for dinner")), "jazz"),
    Case(
        "no for dinner, at dinner",
        (said(0, "+jazz"), said(1, "-jazz", condition="for dinner")),
        None,
        "music for dinner",
        not_=("jazz",),
    ),
    Case("when I work out", (said(0, "+techno", condition="when I work out"),), "techno", "music when I work out"),
    Case("while I work out", (said(0, "+techno", condition="when I work out"),), "techno", "I work out, play music"),
    Case("her dinner", (said(0, "+pop", person="daughter", condition="for dinner"),), None, "music for my daughter"),
    # expiry
    Case("today, today", (said(0, "+jazz", time="today"),), "jazz", day=0.2),
    Case("today, tomorrow", (said(0, "+jazz", time="today"),), None, day=1),
    Case("today covers always", (said(0, "+rock"), said(1, "+jazz", time="today")), "jazz", day=1.2),
    Case("always is back tomorrow", (said(0, "+rock"), said(1, "+jazz", time="today")), "rock", day=2.2),
    Case("no for today", (said(0, "+jazz"), said(1, "-jazz", time="today")), None, day=1.2, not_=("jazz",)),
    Case("yes again after today", (said(0, "+jazz"), said(1, "-jazz", time="today")), "jazz", day=2.2),
    Case("this week, on Sunday", (said(0, "+jazz", time="this week"),), "jazz", day=6.2),
    Case("this week, next week", (said(0, "+jazz", time="this week"),), None, day=7.2),
    Case("until Friday, on Thursday", (said(0, "+jazz", time="until Friday"),), "jazz", day=3.5),
    Case("until Friday, on Friday", (said(0, "+jazz", time="until Friday"),), None, day=4),
    Case("for now, the next day", (said(0, "+jazz", time="for now"),), None, day=1.1),
    Case(
        "an always after a today counts at once", (said(0, "+jazz", time="today"), said(0.1, "+rock")), "rock", day=0.2
    ),
    Case(
        "a today after a today",
        (said(0, "+jazz", time="today"), said(0.1, "-jazz", time="today")),
        None,
        day=0.2,
        not_=("jazz",),
    ),
    # what waits for a yes
    Case("unclear waits", (_JAZZ,), None),
    Case("unclear, then yes", (_JAZZ, answered(1, _JAZZ, yes=True)), "jazz"),
    Case("unclear, then no", (_JAZZ, answered(1, _JAZZ, yes=False)), None),
    Case("shown waits", (_SHOWN,), None),
    Case("shown, then yes", (_SHOWN, answered(1, _SHOWN, yes=True)), "jazz"),
    Case("shown, then no", (_SHOWN, answered(1, _SHOWN, yes=False)), None),
    Case("shown does not undo what was said", (said(0, "+rock"), shown(1, "+jazz")), "rock"),
    Case("a yes from long ago still holds", (_OLD, answered(1, _OLD, yes=True)), "jazz", day=400),
    Case("a yes and later a no", (_JAZZ, answered(1, _JAZZ, yes=True), said(2, "-jazz")), None, not_=("jazz",)),
    # taken back
    Case("taken back", (said(0, "+jazz", status=PreferenceStatus.REVOKED),), None),
    Case("another stays", (said(0, "+jazz"), said(1, "+rock", status=PreferenceStatus.REVOKED)), "jazz"),
)


def _holding(case: Case) -> list[Preference]:
    return active(case.life, MONDAY + timedelta(days=case.day))


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_request_takes_for_granted(case: Case) -> None:
    found = applied(applying(_holding(case), case.request, case.device, case.attribute))
    assert (found.wanted.value if found.wanted is not None else None) == case.gets
    assert set(case.not_) <= set(found.unwanted)


def test_the_suite_has_at_least_sixty_cases_of_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_order_and_repetition_change_nothing(case: Case) -> None:
    once = _holding(case)
    shuffled = list(case.life)
    random.Random(7).shuffle(shuffled)
    assert active(shuffled, MONDAY + timedelta(days=case.day)) == once
    assert [one.event_id for one in active(case.life[::-1], MONDAY + timedelta(days=case.day))] == [
        one.event_id for one in once
    ]


def test_all_orders_of_a_longer_life_agree() -> None:
    life = (said(0, "+jazz"), said(1, "-jazz"), said(2, "+rock", time="today"), house(3, "+folk"))
    now = MONDAY + timedelta(days=2.5)
    lists = [standing(order, now) for order in itertools.permutations(life)]
    assert all(one == lists[0] for one in lists)


class TestWhatIsTold:
    def test_what_was_superseded_says_so_and_by_what(self) -> None:
        old, new = said(0, "+jazz"), said(1, "-jazz")
        listed = {one.event_id: one for one in standing([old, new], MONDAY + timedelta(days=2))}
        assert listed[old.event_id].status is PreferenceStatus.SUPERSEDED
        assert listed[new.event_id].supersedes == old.event_id

    def test_what_ran_out_says_so(self) -> None:
        (one,) = standing([said(0, "+jazz", time="today")], MONDAY + timedelta(days=2))
        assert one.status is PreferenceStatus.EXPIRED

    def test_a_declined_question_is_kept_as_declined(self) -> None:
        answer = answered(1, _JAZZ, yes=False)
        told = {one.event_id: one.status for one in standing([_JAZZ, answer], MONDAY + timedelta(days=2))}
        assert told == {_JAZZ.event_id: PreferenceStatus.SUPERSEDED, answer.event_id: PreferenceStatus.REVOKED}

    def test_the_newest_comes_first(self) -> None:
        listed = standing([said(0, "+a"), said(2, "+c"), said(1, "+b")], MONDAY + timedelta(days=3))
        assert [one.value for one in listed] == ["c", "b", "a"]


class TestDecay:
    @pytest.mark.parametrize(("days", "strength"), [(0, 1.0), (60, 0.5), (120, 0.25)])
    def test_what_was_shown_halves_in_sixty_days(self, days: int, strength: float) -> None:
        assert strength_at(shown(0, "+jazz"), MONDAY + timedelta(days=days)) == pytest.approx(strength)

    def test_what_was_said_does_not(self) -> None:
        assert strength_at(said(0, "+jazz"), MONDAY + timedelta(days=900)) == 1.0

    def test_what_was_shown_long_ago_is_asked_about_no_more(self) -> None:
        (one,) = standing([shown(0, "+jazz")], MONDAY + timedelta(days=180))
        assert one.status is PreferenceStatus.EXPIRED

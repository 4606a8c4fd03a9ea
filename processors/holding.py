"""Which of what a person ever taught holds now, and which of it a request goes by.

Conflicts are decided by recency and explicitness, expiry and decay by the clock. Everything is a pure function of the
records and the time: their order, their batches and records that come twice change nothing.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from rapidfuzz import fuzz

from schemas.preference import Explicitness, Polarity, Preference, PreferenceScope, PreferenceSource, PreferenceStatus

HALF_LIFE: Final = timedelta(days=60)
"""After which what was only shown counts half, unless it is shown again."""
FORGOTTEN_BELOW: Final = 0.2
"""Strength from which on what was shown counts for nothing."""

_ONE_AT_A_TIME: Final = frozenset({"units", "news"})
_ONE_AT_A_TIME_ENDS: Final = ("-service", "-provider", "-source")
_OPEN: Final = frozenset({PreferenceStatus.ACTIVE, PreferenceStatus.PENDING})
_SAID: Final = {Explicitness.SHOWN: 0, Explicitness.STATED: 1, Explicitness.CONFIRMED: 1}
_FILLERS: Final = frozenset(
    "a an the my our i i'm im am we are is it for in on at to of when while with during before after me us".split()
)
_ALIKE: Final = 80.0
_WORD: Final = re.compile(r"[\w']+")

Subject = tuple[str, PreferenceScope, str, str, str]


class Applied(NamedTuple):
    """What a request goes by: the preference that fits it best, and the values to keep away from."""

    wanted: Preference | None
    unwanted: tuple[str, ...]


def value_of(preference: Preference) -> str:
    """What it is about, by which two are the same: the entity, or the words."""
    return preference.canonical_value or plain(preference.value)


def plain(words: str | None) -> str:
    """Lower case, without marks."""
    return " ".join(_WORD.findall((words or "").lower()))


def standing(preferences: Iterable[Preference], now: datetime) -> list[Preference]:
    """All of a person's preferences, the newest first, each with the status and the strength that it has at `now`.

    What another one supersedes says so in its status, and that one in `supersedes`. Among what was said the later word
    counts; what was only shown never counts against what was said.
    """
    ordered = sorted(preferences, key=_weight)
    taken_back = {one.supersedes for one in ordered if one.supersedes is not None}
    holding: dict[str, Preference] = {}
    done: list[Preference] = []
    for one in ordered:
        aged = _aged(one, now)
        if aged.event_id in taken_back and aged.status in _OPEN:
            done.append(_with(aged, status=PreferenceStatus.SUPERSEDED))
        elif aged.status is not PreferenceStatus.ACTIVE:
            done.append(aged)
        else:
            for old in [old for old in holding.values() if _contradicts(aged, old)]:
                del holding[old.event_id]
                done.append(_with(old, status=PreferenceStatus.SUPERSEDED))
                aged = aged if aged.supersedes is not None else _with(aged, supersedes=old.event_id)
            holding[aged.event_id] = aged
    return sorted([*holding.values(), *done], key=lambda one: (one.occurred_at, one.event_id), reverse=True)


def active(preferences: Iterable[Preference], now: datetime) -> list[Preference]:
    """Those that hold now, the newest first."""
    return [one for one in standing(preferences, now) if one.status is PreferenceStatus.ACTIVE]


def applying(
    holding: Sequence[Preference], request: str, device_id: str | None = None, attribute: str | None = None
) -> list[Preference]:
    """Of what holds, what a request goes by, the most particular first, then the newest.

    A preference of somebody else, or for a case, goes only with a request that names the person or the case; one of a
    device only with that device.
    """
    said = _words(request)
    fitting: list[tuple[int, int, Preference]] = []
    for age, one in enumerate(holding):
        if attribute is not None and one.attribute != attribute:
            continue
        fit = _fit(one, said, device_id)
        if fit is not None:
            fitting.append((-fit, age, one))
    return [one for _, _, one in sorted(fitting, key=lambda item: item[:2])]


def applied(fitting: Sequence[Preference]) -> Applied:
    """What to take for granted, of the preferences that a request goes by (of one attribute, the best first)."""
    unwanted: list[str] = []
    for one in fitting:
        if one.polarity is Polarity.LIKE and value_of(one) not in unwanted:
            return Applied(one, tuple(unwanted))
        if one.polarity is Polarity.DISLIKE:
            unwanted.append(value_of(one))
    return Applied(None, tuple(unwanted))


def strength_at(preference: Preference, now: datetime) -> float:
    """What was said counts in full until it is taken back; what was shown halves every `HALF_LIFE`."""
    if preference.source is not PreferenceSource.INFERRED or preference.explicitness is not Explicitness.SHOWN:
        return preference.strength
    age = max((now - preference.occurred_at) / HALF_LIFE, 0.0)
    return float(preference.strength * 0.5**age)


def _weight(preference: Preference) -> tuple[int, datetime, bool, str]:
    confirmed = preference.explicitness is Explicitness.CONFIRMED
    return _SAID[preference.explicitness], preference.occurred_at, confirmed, preference.event_id


def _aged(preference: Preference, now: datetime) -> Preference:
    if preference.status not in _OPEN:
        return preference
    if preference.valid_to is not None and preference.valid_to <= now:
        return _with(preference, status=PreferenceStatus.EXPIRED)
    strength = round(strength_at(preference, now), 4)
    if strength < FORGOTTEN_BELOW:
        return _with(preference, status=PreferenceStatus.EXPIRED, strength=strength)
    return preference if strength == preference.strength else _with(preference, strength=strength)


def _contradicts(new: Preference, old: Preference) -> bool:
    """Whether a later one takes the place of an earlier one: about the same, of the same person, for the same case.

    What holds for a time covers what holds for good, and ends; it takes the place of nothing but its like.
    """
    if _subject(new) != _subject(old) or (new.valid_to is not None and old.valid_to is None):
        return False
    if value_of(new) == value_of(old):
        return True
    both_liked = new.polarity is old.polarity is Polarity.LIKE
    return both_liked and _only_one(new.attribute)


def _only_one(attribute: str) -> bool:
    """Whether a person can have but one of these at a time, such as a weather service."""
    return attribute in _ONE_AT_A_TIME or attribute.endswith(_ONE_AT_A_TIME_ENDS)


def _subject(one: Preference) -> Subject:
    device = (one.device_id or "") if one.scope is PreferenceScope.DEVICE else ""
    return one.attribute, one.scope, plain(one.person), " ".join(_words(one.condition or "")), device


def _fit(one: Preference, said: Sequence[str], device_id: str | None) -> int | None:
    """How particular to the request it is; None where it does not go with it."""
    if one.scope is PreferenceScope.DEVICE and one.device_id != device_id:
        return None
    if one.scope is PreferenceScope.PERSON and not _named(one.person or "", said):
        return None
    if one.condition is not None and not _named(one.condition, said):
        return None
    fit = 4 * (one.scope is PreferenceScope.PERSON) + 2 * (one.condition is not None)
    return fit + (one.scope is PreferenceScope.DEVICE) - (one.scope is PreferenceScope.HOUSEHOLD)


def _named(words: str, said: Sequence[str]) -> bool:
    """Whether a request names somebody, or a case, in nearly these words."""
    wanted = _words(words)
    return bool(wanted) and all(any(fuzz.ratio(word, other) >= _ALIKE for other in said) for word in wanted)


def _words(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if word not in _FILLERS]


def _with(preference: Preference, **changes: object) -> Preference:
    return preference.model_copy(update=changes)

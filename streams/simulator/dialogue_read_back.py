"""What people do who hear what the assistant made of a statement: nod, say yes, put it right, or say it again.

A person knows nothing of what is stored: only what is said. Most notice a wrong read-back and correct it at once, in
the same words or in others; fewer say again what was answered with nothing but a kind word. The shares are assumed;
nobody corrects for ever. Without a listener nothing of this happens.
"""

from enum import StrEnum, auto
from random import Random
from typing import Final

from streams.simulator.closed_loop import ReadBack
from streams.simulator.preferences import Preference, PreferenceSampler

NOTICES: Final = 0.9
"""Share of the wrong read-backs that are corrected."""
REPEATS: Final = 0.6
"""Share of the statements without a read-back that are said again."""
MOST_TRIES: Final = 2
"""Times that a person says something again."""
_SAYS_YES: Final = 0.95
_OTHER_WORDS: Final = 0.5
_ARTICLES: Final = ("the ", "a ", "an ")
_LEADS: Final = ("no ", "no I said ", "no I mean ", "that's wrong ")


class Reply(StrEnum):
    """What the person does."""

    CONTENT = auto()
    CONFIRMS = auto()
    CORRECTS = auto()
    REPEATS = auto()


def reply_to(preference: Preference, back: ReadBack | None, rng: Random) -> Reply:
    """What a person who stated `preference` does; `back` None: nothing was read back."""
    drawn = rng.random()
    if back is None:
        return Reply.REPEATS if drawn < REPEATS else Reply.CONTENT
    if not is_as_meant(preference, back):
        return Reply.CORRECTS if drawn < NOTICES else Reply.CONTENT
    return Reply.CONFIRMS if back.asks and drawn < _SAYS_YES else Reply.CONTENT


def again(sampler: PreferenceSampler, preference: Preference, reply: Reply, rng: Random) -> tuple[Preference, str]:
    """(the preference as it is stated now, what the person says)."""
    if rng.random() < _OTHER_WORDS:
        preference = sampler.reworded(preference, rng)
    lead = _LEADS[int(rng.random() * len(_LEADS))] if reply is Reply.CORRECTS else ""
    return preference, lead + preference.statement


def is_as_meant(preference: Preference, back: ReadBack) -> bool:
    """Whether what a person hears is what they meant."""
    heard = (back.value, back.polarity, back.stands_for, back.scope, back.person, back.condition, back.time)
    meant = (
        preference.words,
        preference.polarity,
        preference.named,
        preference.scope.value,
        preference.person,
        preference.condition,
        preference.time,
    )
    return all(_plain(one) == _plain(other) for one, other in zip(heard, meant, strict=True))


def _plain(said: str | int | None) -> str | int:
    if not isinstance(said, str):
        return said or ""
    words = " ".join(said.lower().replace("-", " ").split())
    return next((words.removeprefix(article) for article in _ARTICLES if words.startswith(article)), words)

"""Whether a phrasing is among those that were written for training, whatever the value in it."""

import re
from functools import cache
from itertools import chain
from typing import Final

from streams.training.preference_phrases import (
    HOUSEHOLD_DISLIKE,
    HOUSEHOLD_LIKE,
    OWN_NAMES,
    PERSON_DISLIKE,
    PERSON_LIKE,
    USER_DISLIKE,
    USER_LIKE,
)
from streams.training.preference_topic_phrases import MORE_OWN_NAMES, OF_TOPIC, SHORT_DISLIKE, SHORT_LIKE
from streams.training.preference_values import OBJECTS
from streams.training.preference_voices import of_household, of_person

_ELSE: Final = re.compile(r"[^a-z0-9{} ]")
_ALL: Final = (
    *(USER_LIKE, USER_DISLIKE, SHORT_LIKE, SHORT_DISLIKE, PERSON_LIKE, PERSON_DISLIKE, HOUSEHOLD_LIKE),
    *(HOUSEHOLD_DISLIKE, OWN_NAMES, MORE_OWN_NAMES, *chain.from_iterable(OF_TOPIC.values())),
)


def is_written(template: str) -> bool:
    """`template`: as in the voice packs, with `{value}`, `{who}` and `{named}`."""
    return _plain(template.replace("{value}", "{v}").replace("{who}", "{w}").replace("{named}", "{n}")) in _written()


@cache
def _written() -> frozenset[str]:
    objects = sorted({thing for things in OBJECTS.values() for thing in things})
    own = list(chain.from_iterable(_ALL))
    frames = {*own, *map(of_household, own), *(said for said in map(of_person, own) if said is not None)}
    return frozenset(
        _plain(frame.replace("{o}", thing).replace("{w}", "my {w}")) for frame in frames for thing in objects
    )


def _plain(text: str) -> str:
    return _ELSE.sub("", text.lower()).strip()

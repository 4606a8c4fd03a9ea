"""Set phrases by which people steer an assistant: stop, go on, yes, "no, I said ..."."""

import re
from functools import lru_cache

from processors.similarity import Words, spaced

_STOP = frozenset(
    re.split(
        r",\s+",
        """abort, be quiet, cancel, cancel it, cancel that, end, enough, exit, forget it, forget that, hush, mute,
        never mind, nevermind, no stop, off, ok stop, okay stop, quiet, quit, shut up, silence, stop, thats enough,
        turn it off, turn off, turn that off""",
    )
)
_STOP_FIRST_WORDS = frozenset({"stop", "cancel", "nevermind"})
_STOP_MAX_WORDS = 4

_BACKCHANNEL_WORDS = spaced(
    """ah aha alright cool exactly fine good got great huh i it mhm mm mmhm nice oh ok okay really right see so sure
    thank thanks uhhuh understood well wow yeah yep yes you yup"""
)
_BACKCHANNEL_MAX_WORDS = 3

_STEERING_WORDS = spaced(
    """again ahead all alternate another anything back bye cancel continue correct different done down else exactly
    fine finished first good goodbye great help helping hello hi last lot louder lovely more much nah next nice no nope
    ok okay on other over pause perfect previous proceed quieter ready repeat restart resume right second skip softer
    something sounds start stop sure thank thanks third turn up very volume well work works yeah yep yes yup"""
)
_STEERING_MAX_WORDS = 8

_CORRECTION_STARTS = re.compile(
    r"(?:no (?:i (?:said|meant|mean|want|wanted|asked|need)|im|id|not|thats (?:not|wrong)|the|to|from|its)"
    r"|not (?:that|this|the)|wrong|actually|i said|i meant|i mean|i asked|i didnt (?:say|mean|ask)"
    r"|thats (?:not|wrong)|that is (?:not|wrong)|you (?:misunderstood|got it wrong|dont listen)|wait no)\b"
)
_CORRECTION_INSIDE = ("i said ", "i meant ", "i asked for ", "didnt say", "didnt ask for")


def asks_to_stop(words: Words) -> bool:
    """`stop`, `never mind`, `cancel that`: the person wants it to end."""
    if not 0 < words.count <= _STOP_MAX_WORDS:
        return False
    return words.text in _STOP or words.text.split(" ", 1)[0] in _STOP_FIRST_WORDS


def is_backchannel(words: Words) -> bool:
    """`mhm`, `I see`, `okay`: the person listens and takes no turn."""
    return 0 < words.count <= _BACKCHANNEL_MAX_WORDS and words.vocabulary <= _BACKCHANNEL_WORDS


def is_steering(words: Words) -> bool:
    """`yes`, `next`, `louder`, `that's fine, thanks`: said again and again without meaning that anything failed."""
    return 0 < words.count <= _STEERING_MAX_WORDS and words.content <= _STEERING_WORDS


def is_correction(words: Words) -> bool:
    """`no, I said ...`, `not that one`: the person says that it went wrong."""
    return corrects(words.text)


@lru_cache(maxsize=65_536)
def corrects(text: str) -> bool:
    """`is_correction`, of plain words."""
    return _CORRECTION_STARTS.match(text) is not None or any(phrase in text for phrase in _CORRECTION_INSIDE)

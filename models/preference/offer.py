"""An offer to teach: the person asks to be asked what they like, and says nothing to be kept yet.

Rules, as there are few ways to say it, and as what follows is a dialogue that the person did or did not ask for.
"""

import re
from typing import Final

_TASTE: Final = (
    r"(?:my|our) (?:\w+ ){0,2}?(?:preferences?|tastes?|likes(?: and dislikes)?|favou?rites?|favou?rite \w+|interests)"
)
_LIKING: Final = (
    r"(?:what|which|how)(?: (?:kinds?|sorts?|types?|style) of)? ?(?:\w+ )?(?:i|we) (?:\w+ )?"
    r"(?:like|love|prefer|enjoy|want|hate)"
)
_WHAT: Final = rf"(?:{_TASTE}|{_LIKING})"
_OFFERS: Final = re.compile(
    rf"\b(?:learn(?:ing)?|get to know|find out|memorize|remember|store|save|set ?up|set|configure|update|record"
    rf"|note) (?:about )?{_WHAT}\b"
    rf"|\b(?:teach|tell|explain|show) you (?:about )?(?:{_WHAT}|something(?: (?:new|about (?:me|my taste)))?$"
    r"|some things? about me)"
    rf"|\bask (?:me|us) (?:some questions )?(?:about )?{_WHAT}"
    r"|\b(?:get to know|learn about|learn more about|find out more about) (?:me|us)\b"
    r"|\b(?:let'?s|let me|i want to|i'd like to|can i|could i) (?:start )?(?:teach(?:ing)? you|a teaching session)$",
    re.IGNORECASE,
)
_NOT: Final = re.compile(
    r"\b(?:don'?t|do not|stop|never|no longer|quit|forget|delete|clear|erase|what have you|what did you|who|did you"
    r"|do you|have you|how (?:do|did|can) you)\b",
    re.IGNORECASE,
)


def offers_to_teach(text: str) -> bool:
    """Whether somebody offers to tell the assistant what they like, such as "learn my preferences"."""
    plain = text.replace("\u2019", "'").strip().rstrip(".!?")
    return _OFFERS.search(plain) is not None and _NOT.search(plain) is None

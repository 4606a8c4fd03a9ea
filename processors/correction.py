"""Which turns may correct something: what the correction model is asked about, decided from a few words."""

import re
from typing import Final

_CUES: Final = re.compile(
    r"\b(?:nope|nah|wrong|incorrect|sorry|pardon|apolog\w+|w?h?oops|actually|rather|instead|wait|scratch|meant?"
    r"|(?:i|you) said|ask(?:ed|ing)|change[ds]?|changing|um+|uh+|erm?|hmm+|ugh|bah|doh|correction"
    r"|mis(?:under|heard?)\w*|muddled|clarify|clarified|specified|specifically|referring|referencing|looking for"
    r"|(?:make|strike) (?:it|that)|(?:what|how) about|second thought|come to think"
    r"|tell a lie|(?:hang|hold) on|what am i saying|what i said"
    r"|though|prefer|interested in|let me say|no|not (?:the|that|this|what|when|who|where|it|a|in|for|on|quite)"
    r"|that (?:isn'?t|wasn'?t|is not)|different idea|mind"
    r"|or (?:wh\w+|how|like|better|let|no|uh|um|sorry))\b"
    r"|^(?:but|and|not|i (?:just )?(?:wanted|needed))\b"
)


def may_correct(text: str) -> bool:
    """Whether a turn has a word by which people take something back, in the turn itself or of what they said before."""
    return _CUES.search(text.lower()) is not None

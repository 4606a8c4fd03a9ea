"""The same frame in the voice of a household or of another person."""

import re
from typing import Final

_PLURAL: Final = (
    (r"\bI'm a\b", "we're all"),
    (r"\bI'm\b", "we're"),
    (r"\bI was\b", "we were"),
    (r"\bI\b", "we"),
    (r"\bmyself\b", "ourselves"),
    (r"\bmy\b", "our"),
    (r"\bme\b", "us"),
)
_ADVERB: Final = r"(?:only|always|mostly|mainly|never|usually|really|absolutely|just|also|tend to|try to)"
_STARTS: Final = (
    (r"^I'm\b", "{w} is"),
    (r"^I've\b", "{w} has"),
    (r"^I'd\b", "{w} would"),
    (r"^I'll\b", "{w} will"),
    (r"^I don't\b", "{w} doesn't"),
    (r"^I do not\b", "{w} does not"),
    (r"^I (can|can't|cannot|could|would|was|never liked)\b", r"{w} \1"),
    (r"^I have\b", "{w} has"),
)
_VERB: Final = re.compile(rf"^I ((?:{_ADVERB} )*)(\w+)\b")
_OWN: Final = ((r"\bmy\b", "their"), (r"\bme\b", "them"))


def of_household(frame: str) -> str:
    """A person's own frame, as somebody says it for all at home."""
    for pattern, words in _PLURAL:
        frame = re.sub(pattern, words, frame)
    return frame


def of_person(frame: str) -> str | None:
    """A person's own frame, as it is said of another; None where it does not begin with the person."""
    if frame.startswith("my favorite"):
        return "{w}'s" + _owned(frame.removeprefix("my"))
    if not frame.startswith(("I ", "I'")):
        return None
    for pattern, words in _STARTS:
        said, changed = re.subn(pattern, words, frame)
        if changed:
            return _owned(said)
    return _owned(_VERB.sub(lambda found: f"{{w}} {found[1]}{_third(found[2])}", frame))


def _third(verb: str) -> str:
    """What a person does."""
    if verb.endswith(("s", "x", "ch", "sh", "o")):
        return f"{verb}es"
    return f"{verb[:-1]}ies" if re.search(r"[^aeiou]y$", verb) else f"{verb}s"


def _owned(frame: str) -> str:
    for pattern, words in _OWN:
        frame = re.sub(pattern, words, frame)
    return frame

"""A rewrite that loses most of what was asked is worse than none: the request is kept and the value added to it."""

from typing import Final

from models.correction.words import Word, join, split

KEPT: Final = 2 / 3
"""Share of the words with a meaning of their own that a rewrite keeps at least."""
FEWEST: Final = 3
"""Such words in a request from which on this is asked; short requests are often replaced as a whole."""

FUNCTION_WORDS: Final = frozenset(
    """a about an and are at be but by can could did do does for from had has have how i in is it me my not of on or
    please that the this to was were what when where which who whom whose why will with would you""".split()
)


def faithful(request: str, rewrite: str, value: str | None) -> str:
    """The rewrite if it keeps enough of the request, else the request with the value at its end."""
    words = split(request)
    content = [word.plain for word in words if not word.is_mark and word.plain not in FUNCTION_WORDS]
    kept = {word.plain for word in split(rewrite)}
    if len(content) < FEWEST or sum(word in kept for word in content) >= KEPT * len(content):
        return rewrite
    return with_value(words, value) if value else request


def with_value(words: list[Word], value: str) -> str:
    """A request with words added before its last mark."""
    texts = [word.text for word in words]
    end = len(texts) - 1 if texts and words[-1].is_mark else len(texts)
    return join([*texts[:end], *(word.text for word in split(value)), *texts[end:]])

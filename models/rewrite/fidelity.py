"""Whether two requests say the same: the check on a rewrite that was found by likeness, and on one that changes what
kind of thing is asked for."""

from typing import Final

from models.rewrite.encoder import RequestEncoder
from models.rewrite.lexical import letters_alike
from models.rewrite.phonetic import sounds_alike

MOST_GROWTH: Final = 2.0
"""Words that a rewrite may have for each word that was said."""

_LETTERS, _SOUNDS, _COSINE = 0.7, 0.7, 0.75


def faithful(text: str, other: str, encoder: RequestEncoder, cosine: float | None = None) -> bool:
    """Of plain texts: alike in letters, in sounds or in meaning, and the other not much longer. `cosine` if it is
    known."""
    if len(other.split()) > MOST_GROWTH * max(1, len(text.split())):
        return False
    if letters_alike(text, other) >= _LETTERS or sounds_alike(text, other) >= _SOUNDS:
        return True
    if cosine is None:
        asked, held = encoder.encode([text, other])
        cosine = float(asked @ held)
    return cosine >= _COSINE

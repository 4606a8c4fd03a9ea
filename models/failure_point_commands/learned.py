"""Which sentences a model learned from, kept as fingerprints so that it is never tested on them unnoticed."""

from collections.abc import Iterable
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from models.failure_point_commands.command import words_of


def fingerprint(text: str) -> int:
    """32 bits of a text's words: the same for texts that differ in marks and case alone."""
    return crc32(" ".join(words_of(text)).encode())


def fingerprints(texts: Iterable[str]) -> NDArray[np.uint32]:
    """Of different texts, in order of size."""
    return np.array(sorted({fingerprint(text) for text in texts}), dtype=np.uint32)

"""Why a request had to be made again: misheard, or worded anew."""

from typing import Final

from models.rephrase.candidate import Candidate
from models.rephrase.gate_features import changed, sounds_alike
from models.rephrase.wording import says_not_understood, without_function_words, wording_of
from schemas.feedback import RetryCause

_SOUNDS_ALIKE: Final = 0.6
"""Changed words that are so alike in sound were one word for the recogniser."""
_UNSURE: Final = 0.5
_NOT_UNDERSTOOD: Final = "not-understood"


def cause_of(candidate: Candidate) -> RetryCause | None:
    """Of a retry. None when the same words came again and nothing says that they were misheard.

    Misheard: the content words in which the two differ sound alike, or the second is among the recogniser's other
    hypotheses of the first, or it was unsure of the first, or the person insists on the same ones ("no, I said ...").
    Otherwise other words were chosen.
    """
    first, second = wording_of(candidate.first), wording_of(candidate.second)
    if any(wording_of(text).text == second.text for text in candidate.n_best if text != candidate.first):
        return RetryCause.MISHEARD
    if candidate.confidence is not None and candidate.confidence < _UNSURE:
        return RetryCause.MISHEARD
    ours, theirs = (without_function_words(words) for words in changed(first, second))
    if ours and sounds_alike(ours, theirs) >= _SOUNDS_ALIKE:
        return RetryCause.MISHEARD
    if ours or theirs:
        return RetryCause.COMMAND_CHANGED
    insists = second.marked or second.refusing
    unheard = candidate.status == _NOT_UNDERSTOOD or says_not_understood(candidate.response or "")
    return RetryCause.MISHEARD if insists or unheard else None

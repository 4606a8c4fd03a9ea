"""When a person and the assistant spoke, as bars: where they overlap, one interrupted the other."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.page.figures import TurnRow
from infra.page.text import duration

_SOON_MS = 3000
_LONGEST_MS = 10 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of time; `left` and `width` are percent of the whole."""

    what: str
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """Bars of a turn, from its first sound on, and the same in words."""

    length_label: str
    bars: Sequence[Bar]
    words: str


def timeline(turn: TurnRow, following: TurnRow | None) -> Timeline | None:
    """Bars for a turn's speech, its answer, and the next turn's speech when that comes into or right after the answer.

    None when the turn has no time of an answer or of speech.
    """
    spoken = _span(turn.speech_start_ms, turn.speech_end_ms)
    answered = _span(turn.response_start_ms, turn.response_end_ms)
    if not spoken or not answered:
        return None
    after = _span(following.speech_start_ms, following.speech_end_ms) if following else None
    if after and not spoken[0] < after[0] <= answered[1] + _SOON_MS:
        after = None
    start = min(spoken[0], answered[0])
    end = max(spoken[1], answered[1], after[1] if after else 0)
    if not 0 < end - start <= _LONGEST_MS:
        return None

    def bar(what: str, span: tuple[int, int]) -> Bar:
        return Bar(what, 100 * (span[0] - start) / (end - start), max(0.4, 100 * (span[1] - span[0]) / (end - start)))

    bars = [bar("speech", spoken), bar("answer", answered)]
    words = [
        f"The person spoke for {_words(spoken)}",
        f"the answer began {_gap(answered[0] - spoken[1])} and took {_words(answered)}",
    ]
    if after:
        bars.append(bar("by-next", after))
        overlap = max(after[0], answered[0]), min(after[1], answered[1])
        if overlap[0] < overlap[1]:
            bars.append(bar("both", overlap))
            words.append(f"the person spoke again {_words((answered[0], after[0]))} into it, while it was still heard")
        else:
            words.append(f"the person spoke again {_words((answered[1], after[0]))} after it")
    return Timeline(duration((end - start) / 1000), bars, "; ".join(words) + ".")


def _span(start_ms: int, end_ms: int) -> tuple[int, int] | None:
    return (start_ms, end_ms) if 0 < start_ms <= end_ms else None


def _words(span: tuple[int, int]) -> str:
    return duration((span[1] - span[0]) / 1000)


def _gap(gap_ms: int) -> str:
    return f"{duration(gap_ms / 1000)} later" if gap_ms >= 0 else f"{duration(-gap_ms / 1000)} before the person ended"

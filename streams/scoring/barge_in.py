"""`earshot score barge-in`: starts over other speakers in meetings of no known origin, each with a score.

In: JSON lines in the format of the MRDA set; of its fields `meeting, id, start, end, speaker, text, word_end_cs` are
needed and annotations are not looked at. Out: a line for every act that starts while somebody else speaks, after 1 and
after 3 words: `id, words_heard, score, kind`. `score` is the probability that the start takes the floor.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import orjson

from models.barge_in.floor import FloorModel, FloorScore
from processors.phrases import asks_to_stop, is_backchannel, is_correction
from processors.similarity import words_of
from schemas.feedback import BargeInKind
from streams.errors import StreamError
from streams.evaluate.barge_in_meetings import read_meetings

Progress = Callable[[str], None]


class ScoresNotWritten(StreamError):
    """The output cannot be written; the text says why."""


def score(source: Path, target: Path, progress: Progress) -> int:
    """Write the scores of the meetings in `source` to `target`; returns the lines written.

    `target` appears only when it is complete. Raises `MeetingFormatError`, `ScoresNotWritten` and `ModelFolderError`.
    """
    model = FloorModel.load()
    meetings = read_meetings([source]).meetings
    part = target.with_name(f".{target.name}.part")
    written = 0
    try:
        with part.open("wb") as lines:
            for name, meeting in meetings.items():
                scores = model.score(meeting)
                lines.writelines(_lines(scores))
                written += len(scores)
                progress(f"{name}: {len(scores):,} scores")
        part.replace(target)
    except OSError as error:
        raise ScoresNotWritten(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
    return written


def _lines(scores: Sequence[FloorScore]) -> Iterator[bytes]:
    for one in scores:
        told = {
            "id": one.overlap.act.id,
            "words_heard": one.words_heard,
            "score": round(one.score, 6),
            "kind": kind_of(one).value,
        }
        yield orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def kind_of(scored: FloorScore) -> BargeInKind:
    """What the words heard so far say the start is for. Speech to others cannot be told in a meeting."""
    words = words_of(" ".join(scored.words))
    if not words.count or scored.only_listens or is_backchannel(words):
        return BargeInKind.BACKCHANNEL
    if asks_to_stop(words):
        return BargeInKind.STOP
    return BargeInKind.CORRECTION if is_correction(words) else BargeInKind.CONTINUATION

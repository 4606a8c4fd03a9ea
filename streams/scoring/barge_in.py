"""`earshot score barge-in`: starts over other speakers in meetings of no known origin, each with a score.

In: JSON lines in the format of the MRDA set; of its fields `meeting, id, start, end, speaker, text, word_end_cs` are
needed and annotations are not looked at. Out: a line for every act that starts while somebody else speaks, after 1 and
after 3 words: `id, words_heard, score, kind`. `score` is the probability that the start takes the floor.
"""

from collections.abc import Callable
from pathlib import Path

from models.barge_in.floor import FloorModel, FloorScore
from processors.phrases import asks_to_stop, is_backchannel, is_correction
from processors.similarity import words_of
from schemas.feedback import BargeInKind
from streams.evaluate.barge_in_meetings import read_meetings
from streams.scoring.rows import rows_to

Progress = Callable[[str], None]


def score(source: Path, target: Path, progress: Progress) -> int:
    """Write the scores of the meetings in `source` to `target`; returns the lines written.

    `target` appears only when it is complete. Raises `MeetingFormatError`, `ScoresNotWritten` and `ModelFolderError`.
    """
    model = FloorModel.load()
    meetings = read_meetings([source]).meetings
    written = 0
    with rows_to(target) as rows:
        for name, meeting in meetings.items():
            scores = model.score(meeting)
            for one in scores:
                rows.write(
                    {
                        "id": one.overlap.act.id,
                        "words_heard": one.words_heard,
                        "score": round(one.score, 6),
                        "kind": kind_of(one).value,
                    }
                )
            written += len(scores)
            progress(f"{name}: {len(scores):,} scores")
    return written


def kind_of(scored: FloorScore) -> BargeInKind:
    """What the words heard so far say the start is for. Speech to others cannot be told in a meeting."""
    words = words_of(" ".join(scored.words))
    if not words.count or scored.only_listens or is_backchannel(words):
        return BargeInKind.BACKCHANNEL
    if asks_to_stop(words):
        return BargeInKind.STOP
    return BargeInKind.CORRECTION if is_correction(words) else BargeInKind.CONTINUATION

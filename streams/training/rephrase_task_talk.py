"""What is no retry, from dialogues whose licences let weights ship: CCPE, Taskmaster and DSTC10.

Nobody labelled retries there. They are rare in talk that people arranged, so each next request counts as none: as a
refinement where it answers a question. The n-best lists of DSTC10 stay out: as long as no other real set has any, they
would only tell the set.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pydantic import AliasChoices, Field

from models.rephrase.candidate import Candidate, Label
from models.rephrase.wording import asks_back
from streams.adapters.source import Row, rows_of
from streams.training.rephrase_examples import Example

TALKS: Final = ("ccpe", "taskmaster_rewards", "dstc10_nbest")
_EXPECTS: Final = "dialogues as JSON lines with the fields id and turns or context"
_USER: Final = "user"


class Line(Row):
    """What a side said; a call of an API has no text."""

    speaker: str = Field(validation_alias=AliasChoices("speaker", "role"))
    text: str = ""


class Talk(Row):
    id: str
    turns: tuple[Line, ...] = Field(validation_alias=AliasChoices("turns", "context"))


def talk_examples(folder: Path) -> Iterator[Example]:
    """Each request with the one before; where rows are ever longer beginnings of one dialogue, of the longest."""
    longest: dict[tuple[str, ...], Talk] = {}
    for talk in rows_of(folder, Talk, _EXPECTS):
        opening = tuple(line.text for line in talk.turns[:4])
        if opening not in longest or len(longest[opening].turns) < len(talk.turns):
            longest[opening] = talk
    for talk in longest.values():
        yield from _examples(talk, folder.name)


def _examples(talk: Talk, source: str) -> Iterator[Example]:
    before: tuple[int, Line] | None = None
    for at, line in enumerate(talk.turns):
        if line.speaker != _USER or not line.text:
            continue
        if before is not None:
            place, earlier = before
            response = _response(talk.turns[place + 1 : at])
            if response:
                label = Label.REFINEMENT if asks_back(response) else Label.NONE
                yield Example(Candidate(earlier.text, line.text, response), label, source, talk.id)
        before = at, line


def _response(between: Sequence[Line]) -> str:
    return " ".join(line.text for line in between if line.text)

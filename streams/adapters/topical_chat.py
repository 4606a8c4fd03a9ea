"""Topical-Chat: open-domain conversations between two people, who rated each other's messages.

The first speaker, agent 1, stands for the person and agent 2 for the assistant. The corpus has no times: they are made
up, and conversations follow one another. Ratings of the assistant's messages are the person's explicit feedback;
sentiments and knowledge sources stay out.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import Field

from schemas.contract import derived_id
from schemas.turn import Answer, Channel, Device, ExplicitFeedback, Response, Span, Turn, TurnEvent
from streams.adapters.pack import end_of
from streams.adapters.source import RecordedDialogue, Row, rows_of
from streams.adapters.timing import (
    ASSISTANT_PAUSE_S,
    FIRST_DIALOGUE,
    PERSON_PAUSE_S,
    REST,
    Utterance,
    duration_s,
    lay_out,
    pause_s,
)

NAME = "topical_chat"
EXPECTS = "conversations as JSON lines with the fields id, turns (speaker, text, turn_rating) and conversation_rating"
QUESTION = "How good was this message?"


class Speaker(StrEnum):
    PERSON = "agent_1"
    ASSISTANT = "agent_2"


class Rating(StrEnum):
    """A partner's rating of a message; some last messages have none."""

    NONE = ""
    POOR = "Poor"
    NOT_GOOD = "Not Good"
    PASSABLE = "Passable"
    GOOD = "Good"
    EXCELLENT = "Excellent"


_ANSWERS = {
    Rating.POOR: (1, Answer.NO),
    Rating.NOT_GOOD: (2, Answer.NO),
    Rating.PASSABLE: (3, Answer.UNCLEAR),
    Rating.GOOD: (4, Answer.YES),
    Rating.EXCELLENT: (5, Answer.YES),
}


class Said(Row):
    speaker: Speaker
    text: str
    turn_rating: Rating = Rating.NONE


class Conversation(Row):
    id: str = Field(min_length=1)
    turns: tuple[Said, ...]


def dialogue_of(conversation: Conversation, start: datetime, skipped: Counter[str]) -> RecordedDialogue:
    """The events of one conversation that begins at `start`."""
    spans = lay_out(
        [
            Utterance(
                pause_s(
                    PERSON_PAUSE_S if said.speaker is Speaker.PERSON else ASSISTANT_PAUSE_S,
                    NAME,
                    conversation.id,
                    str(at),
                ),
                duration_s(said.text),
            )
            for at, said in enumerate(conversation.turns)
        ],
        start,
    )
    dialogue_id = f"{NAME}-{conversation.id}"
    user_id = derived_id("topical-chat-user", conversation.id)
    device = Device(id=derived_id("topical-chat-device", conversation.id), type="chat", screen=True, locale="en-US")
    events: list[TurnEvent] = []
    for place, replies in _parts(conversation):
        said = conversation.turns[place]
        asked = said.speaker is Speaker.PERSON
        identity = f"{dialogue_id}-{place:03d}"
        turn = Turn(
            event_id=derived_id(NAME, identity),
            occurred_at=spans[place].ended_at if asked else spans[place].started_at,
            turn_id=identity,
            dialogue_id=dialogue_id,
            user_id=user_id,
            device=device,
            channel=Channel.CHAT,
            text=said.text if asked else None,
            response=_response(conversation, replies, spans),
            synthetic_timing=True,
        )
        events.append(turn)
        for reply in replies:
            rating = conversation.turns[reply].turn_rating
            if rating is Rating.NONE:
                skipped["message without a rating"] += 1
            else:
                events.append(_feedback(turn, rating, spans[reply], reply))
    return RecordedDialogue(dialogue_id, tuple(sorted(events, key=lambda event: (event.occurred_at, event.event_id))))


def _parts(conversation: Conversation) -> Iterator[tuple[int, list[int]]]:
    """(place of a request, places of the replies to it); an opening by the assistant is a reply to nothing."""
    place: int | None = None
    replies: list[int] = []
    for at, said in enumerate(conversation.turns):
        if said.speaker is Speaker.ASSISTANT:
            if place is None:
                place = at
            replies.append(at)
            continue
        if place is not None:
            yield place, replies
        place, replies = at, []
    if place is not None:
        yield place, replies


def _response(conversation: Conversation, replies: list[int], spans: list[Span]) -> Response | None:
    if not replies:
        return None
    return Response(
        text=" ".join(conversation.turns[reply].text for reply in replies),
        span=Span(started_at=spans[replies[0]].started_at, ended_at=spans[replies[-1]].ended_at),
    )


def _feedback(turn: Turn, rating: Rating, span: Span, reply: int) -> ExplicitFeedback:
    stars, answer = _ANSWERS[rating]
    return ExplicitFeedback(
        event_id=derived_id(f"{NAME}-rating", turn.turn_id, str(reply)),
        occurred_at=span.ended_at,
        turn_id=turn.turn_id,
        dialogue_id=turn.dialogue_id,
        user_id=turn.user_id,
        device=turn.device,
        question=QUESTION,
        answer=answer,
        rating=stars,
        propensity=1.0,
    )


class TopicalChat:
    """The adapter of Topical-Chat."""

    name = NAME
    expects = EXPECTS

    def recognises(self, fields: frozenset[str]) -> bool:
        return {"turns", "conversation_rating"} <= fields

    def dialogues(self, folder: Path, skipped: Counter[str]) -> Iterator[RecordedDialogue]:
        start = FIRST_DIALOGUE
        for row in rows_of(folder, Conversation, EXPECTS):
            if not row.turns:
                skipped["conversation without a message"] += 1
                continue
            dialogue = dialogue_of(row, start, skipped)
            yield dialogue
            start = end_of(dialogue) + REST

"""CMU GetGoing: real phone calls to a spoken travel assistant, with what its recogniser heard.

A call is a dialogue. What the assistant says belongs to the answer of the request before it; its greeting is the answer
of a first turn in which nobody has spoken yet. The log has times for the call only, so the times of turns are made up
between its start and its end. It gives no time zone (they are local to Pittsburgh): they are taken as UTC, and
`context.local_time` keeps the time of day as it stands.

Labels made by rules after the fact (robocall, retry, directions given) stay out of the events. The caller's answer to
"were the directions useful?" becomes explicit feedback on the turn that gave them; the one to "would you use it again?"
judges the service and not an answer, and stays the turn that it is.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from schemas.contract import derived_id
from schemas.turn import (
    Answer,
    Asr,
    Context,
    Device,
    ExplicitFeedback,
    Nlu,
    Response,
    ResponseStatus,
    Span,
    Turn,
    TurnEvent,
)
from streams.adapters.source import RecordedDialogue, Row, rows_of
from streams.adapters.timing import ASSISTANT_PAUSE_S, PERSON_PAUSE_S, Utterance, duration_s, lay_out, pause_s

NAME = "getgoing"
EXPECTS = "calls as JSON lines with the fields id, start, end, turns (speaker, text, ...) and labels"
DOMAIN = "travel"
OTHER_INTENT = "other"
SURVEY = "survey_useful"
DIFFICULTY = "difficulty"

_COLOUR = re.compile(r"speaking to the (\w+) system", re.IGNORECASE)


def _local_time(value: object) -> object:
    if isinstance(value, str):
        return datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return value


LocalTime = Annotated[datetime, BeforeValidator(_local_time)]


class Speaker(StrEnum):
    SYSTEM = "system"
    USER = "user"


class Said(Row):
    """One line of a call. `prompt`: what the assistant asks; `answers`: the prompt that the caller answers."""

    speaker: Speaker
    text: str
    prompt: str | None = None
    answers: str | None = None
    reprompted: bool | None = None
    retry_of: int | None = None


class Labels(Row):
    """What rules say of a call, and the caller's own words on it."""

    directions_given: bool | None = None
    robocall: bool | None = None
    survey_useful: str | None = None
    survey_useful_yes: bool | None = None


class Call(Row):
    id: str = Field(min_length=1)
    start: LocalTime
    end: LocalTime
    turns: tuple[Said, ...]
    labels: Labels = Labels()


@dataclass(frozen=True, slots=True)
class _Part:
    """A request (None before the caller has spoken) with its place in the call, and all that was answered to it."""

    place: int
    request: Said | None
    answers: tuple[tuple[int, Said], ...]


def calls_of(folder: Path) -> Iterator[Call]:
    """The calls as they stand in the files. Raises `AdapterError` at the first that cannot be read."""
    return rows_of(folder, Call, EXPECTS)


def turn_id(call: Call, place: int) -> str:
    """The id of the turn whose request is at `place` among the call's lines; that of the greeting has place 0."""
    return f"{NAME}-{call.id}-{place:03d}"


def dialogue_of(call: Call) -> RecordedDialogue:
    """The events of one call."""
    parts = _parts(call)
    spans = _spans(call)
    dialogue_id = f"{NAME}-{call.id}"
    device = Device(
        id=derived_id("getgoing-device", call.id), type="phone", screen=False, locale="en-US", versions=_versions(call)
    )
    caller = derived_id("getgoing-caller", call.id)
    context = Context(local_time=call.start.strftime("%H:%M"))
    turns = [_turn(call, part, spans, dialogue_id, caller, device, context) for part in parts]
    events: list[TurnEvent] = [*turns, *_survey(call, parts, turns)]
    return RecordedDialogue(dialogue_id, tuple(sorted(events, key=lambda event: (event.occurred_at, event.event_id))))


def _parts(call: Call) -> list[_Part]:
    parts: list[_Part] = []
    place, request, answers = 0, None, []
    for at, said in enumerate(call.turns):
        if said.speaker is Speaker.SYSTEM:
            answers.append((at, said))
            continue
        if request is not None or answers:
            parts.append(_Part(place, request, tuple(answers)))
        place, request, answers = at, said, []
    if request is not None or answers:
        parts.append(_Part(place, request, tuple(answers)))
    return parts


def _spans(call: Call) -> list[Span]:
    """When each line of the call was said, in its order."""
    utterances = []
    before: Speaker | None = None
    for at, said in enumerate(call.turns):
        median_s = PERSON_PAUSE_S if said.speaker is Speaker.USER else ASSISTANT_PAUSE_S
        if before is said.speaker is Speaker.SYSTEM:
            median_s = ASSISTANT_PAUSE_S / 2
        before = said.speaker
        utterances.append(Utterance(pause_s(median_s, NAME, call.id, str(at)), duration_s(said.text)))
    return lay_out(utterances, call.start, max(call.start, call.end))


def _turn(
    call: Call, part: _Part, spans: list[Span], dialogue_id: str, caller: str, device: Device, context: Context
) -> Turn:
    request = part.request
    speech = spans[part.place] if request is not None else None
    identity = turn_id(call, part.place)
    return Turn(
        event_id=derived_id(NAME, identity),
        occurred_at=(speech or spans[part.answers[0][0]]).started_at,
        turn_id=identity,
        dialogue_id=dialogue_id,
        user_id=caller,
        device=device,
        asr=Asr(text=request.text) if request is not None else None,
        speech=speech,
        nlu=Nlu(domain=DOMAIN, intent=request.answers or OTHER_INTENT) if request is not None else None,
        response=_response(part, spans),
        context=context,
        synthetic_timing=True,
    )


def _response(part: _Part, spans: list[Span]) -> Response | None:
    if not part.answers:
        return None
    prompts = [said.prompt for _, said in part.answers if said.prompt]
    if (part.request is not None and part.request.reprompted) or DIFFICULTY in prompts:
        status = ResponseStatus.NOT_UNDERSTOOD
    else:
        status = ResponseStatus.ASKED if prompts else ResponseStatus.ANSWERED
    return Response(
        text=" ".join(said.text for _, said in part.answers),
        status=status,
        action=f"ask-{prompts[-1]}" if prompts else None,
        span=Span(started_at=spans[part.answers[0][0]].started_at, ended_at=spans[part.answers[-1][0]].ended_at),
    )


def _versions(call: Call) -> dict[str, str]:
    """The greeting names the variant of the assistant in some calls: "you are speaking to the ORANGE system"."""
    for said in call.turns:
        if said.speaker is Speaker.SYSTEM and (match := _COLOUR.search(said.text)):
            return {"dialogue": match.group(1).lower()}
    return {}


def _survey(call: Call, parts: list[_Part], turns: list[Turn]) -> Iterator[ExplicitFeedback]:
    """The caller's answer to whether the directions were useful, about the turn whose answer ends on that question."""
    words, yes = call.labels.survey_useful, call.labels.survey_useful_yes
    if words is None:
        return
    answered = [at for at, part in enumerate(parts) if part.request is not None and part.request.answers == SURVEY]
    answered = [at for at in answered if _same(parts[at], words)] or answered
    if not answered or answered[0] == 0:
        return
    about, by = turns[answered[0] - 1], turns[answered[0]]
    yield ExplicitFeedback(
        event_id=derived_id(f"{NAME}-survey", about.turn_id, by.turn_id),
        occurred_at=by.speech.ended_at if by.speech is not None else by.occurred_at,
        turn_id=about.turn_id,
        dialogue_id=about.dialogue_id,
        user_id=about.user_id,
        device=about.device,
        question=next((said.text for _, said in parts[answered[0] - 1].answers if said.prompt == SURVEY), None),
        answer=Answer.UNCLEAR if yes is None else Answer.YES if yes else Answer.NO,
        text=words,
    )


def _same(part: _Part, words: str) -> bool:
    return part.request is not None and part.request.text == words


class GetGoing:
    """The adapter of GetGoing's calls."""

    name = NAME
    expects = EXPECTS

    def recognises(self, fields: frozenset[str]) -> bool:
        return {"start", "end", "turns"} <= fields

    def dialogues(self, folder: Path, skipped: Counter[str]) -> Iterator[RecordedDialogue]:
        for call in calls_of(folder):
            if call.turns:
                yield dialogue_of(call)
            else:
                skipped["call without a turn"] += 1

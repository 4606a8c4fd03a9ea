"""Dialogues made by hand, in seconds from an arbitrary start."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from processors.exchange import Exchange
from schemas.turn import (
    Answer,
    Asr,
    Context,
    Device,
    ExplicitFeedback,
    Nlu,
    Playback,
    PlaybackKind,
    PlaybackState,
    Response,
    ResponseStatus,
    Span,
    StoppedBy,
    Turn,
    Wake,
)

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def exchange(
    request: str,
    speech: tuple[float, float],
    response: tuple[float, float] | None = None,
    *,
    status: ResponseStatus = ResponseStatus.ANSWERED,
    answer: str | None = None,
    domain: str | None = None,
    intent: str = "any",
    device_type: str = "speaker",
    device_state: str | None = None,
    wake_confidence: float | None = None,
) -> Exchange:
    """A turn that was spoken from `speech[0]` to `speech[1]` and answered from `response[0]` to `response[1]`."""
    name = f"{request or 'silence'}@{speech[0]:g}"
    return Exchange.of(
        Turn(
            event_id=f"event of {name}",
            occurred_at=at(speech[0]),
            turn_id=name,
            dialogue_id="dialogue",
            user_id="user",
            device=Device(id="device", type=device_type),
            wake=None if wake_confidence is None else Wake(word="computer", confidence=wake_confidence),
            asr=Asr(text=request) if request else None,
            speech=Span(started_at=at(speech[0]), ended_at=at(speech[1])),
            nlu=None if domain is None else Nlu(domain=domain, intent=intent),
            response=None
            if response is None
            else Response(text=answer, status=status, span=Span(started_at=at(response[0]), ended_at=at(response[1]))),
            context=None if device_state is None else Context(device_state=device_state),
        )
    )


def talk(
    requests: Sequence[str], status: ResponseStatus = ResponseStatus.ANSWERED, step: float = 10.0
) -> list[Exchange]:
    """One request every `step` seconds, each answered long before the next."""
    return [
        exchange(request, (step * place, step * place + 1.5), (step * place + 2, step * place + 4), status=status)
        for place, request in enumerate(requests)
    ]


def playback(
    about: Exchange,
    state: PlaybackState,
    seconds: float,
    *,
    kind: PlaybackKind = PlaybackKind.MEDIA,
    position_s: float | None = None,
    stopped_by: StoppedBy | None = None,
) -> Playback:
    report = Playback(
        event_id=f"{state.value} {about.turn_id} {seconds:g}",
        occurred_at=at(seconds),
        turn_id=about.turn_id,
        dialogue_id="dialogue",
        user_id="user",
        device=Device(id="device"),
        kind=kind,
        state=state,
        position_ms=None if position_s is None else round(position_s * 1000),
        stopped_by=stopped_by,
    )
    about.playbacks = (*about.playbacks, report)
    return report


def answered(about: Exchange, answer: Answer, rating: int | None = None) -> ExplicitFeedback:
    feedback = ExplicitFeedback(
        event_id=f"{answer.value} to {about.turn_id} {len(about.answers)}",
        occurred_at=about.occurred_at + timedelta(seconds=20),
        turn_id=about.turn_id,
        dialogue_id="dialogue",
        user_id="user",
        device=Device(id="device"),
        question="Did I get that right?",
        answer=answer,
        rating=rating,
    )
    about.answers = (*about.answers, feedback)
    return feedback

"""From a written scenario to the events of one dialogue: words filled in, times laid out."""

import random
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from schemas.contract import derived_id
from schemas.turn import (
    Asr,
    AsrHypothesis,
    Channel,
    Context,
    ExplicitFeedback,
    Nlu,
    Playback,
    PlaybackKind,
    PlaybackState,
    Response,
    Slot,
    Span,
    StoppedBy,
    Turn,
    TurnEvent,
    Wake,
)
from streams.scenarios.library import Play, Scenario, ScriptedTurn
from streams.scenarios.people import Person

_SPOKEN_WORD_S: Final = 0.36
_ANSWERED_WORD_S: Final = 0.38
_CUT_AFTER_S: Final = 0.35
_PLACEHOLDER: Final = re.compile(r"\{([a-z]+)(?:_(\d))?\}")


@dataclass(frozen=True, slots=True)
class Sent:
    """An event and when its device sent it, in seconds of the real clock after the recording's beginning."""

    at_s: float
    event: TurnEvent


class Stage:
    """One dialogue of one person, from `start_s` on. `beginning` is the recording's first instant."""

    def __init__(
        self,
        scenario: Scenario,
        person: Person,
        values: dict[str, tuple[str, ...]],
        beginning: datetime,
        start_s: float,
        incident: bool,
        seed: str,
    ) -> None:
        self._scenario = scenario
        self._person = person
        self._beginning = beginning
        self._incident = incident
        self._chance = random.Random(f"{seed}/dialogue/{person.user_id}/{start_s:.3f}")
        self._values = {name: self._chance.sample(options, len(options)) for name, options in values.items()}
        self._dialogue_id = derived_id("scenario-dialogue", seed, person.user_id, f"{start_s:.3f}")
        self._now_s = start_s
        self._sent: list[Sent] = []

    def perform(self) -> list[Sent]:
        """The events of the dialogue, in the order in which they were sent."""
        turns = self._scenario.turns
        answer_s: tuple[float, float] | None = None
        for number, scripted in enumerate(turns):
            if answer_s is not None:
                begins, ends = answer_s
                wait_s = scripted.wait * self._chance.uniform(0.8, 1.25)
                part = scripted.interrupts
                self._now_s = ends + wait_s if part is None else begins + part * (ends - begins)
            following = turns[number + 1] if number + 1 < len(turns) else None
            answer_s = self._turn(number, scripted, following)
        return sorted(self._sent, key=lambda sent: sent.at_s)

    @property
    def ends_s(self) -> float:
        """When the last event was sent."""
        return max(sent.at_s for sent in self._sent)

    def _turn(self, number: int, scripted: ScriptedTurn, following: ScriptedTurn | None) -> tuple[float, float]:
        """Send a turn and what belongs to it; when its answer began and, unless interrupted, would have ended."""
        said, heard = self._fill(scripted.say), self._fill(scripted.heard or scripted.say)
        answer = self._fill(scripted.answer)
        voice = self._scenario.channel is Channel.VOICE
        speech_s = (self._now_s, self._now_s + self._speaking_s(said, _SPOKEN_WORD_S))
        begins = speech_s[1] + self._chance.uniform(0.5, 1.1)
        whole = begins + (self._speaking_s(answer, _ANSWERED_WORD_S) if voice else 0.0)
        ends = whole
        if following is not None and following.interrupts is not None:
            ends = begins + following.interrupts * (whole - begins) + _CUT_AFTER_S
        turn_id = derived_id("scenario-turn", self._dialogue_id, str(number))
        about = {"turn_id": turn_id, "dialogue_id": self._dialogue_id, "user_id": self._person.user_id}
        device = self._person.device_at(self._incident)
        turn = Turn(
            **about,
            event_id=derived_id("scenario-event", turn_id, "turn"),
            occurred_at=self._clock(speech_s[0]),
            device=device,
            channel=self._scenario.channel,
            wake=Wake(word="computer", confidence=self._near(scripted.wake)) if voice else None,
            asr=self._asr(heard, said, scripted.confidence) if voice else None,
            text=None if voice else said,
            speech=self._span(speech_s) if voice else None,
            nlu=Nlu(
                domain=scripted.domain or self._scenario.domain,
                intent=scripted.intent,
                slots=tuple(
                    Slot(type=kind, value=self._fill(value).lower(), entity=self._fill(value), score=self._near(0.9))
                    for kind, value in scripted.slots.items()
                ),
                confidence=self._near(0.55 + 0.4 * scripted.confidence),
            ),
            response=Response(
                text=answer or None,
                status=scripted.status,
                action=scripted.action,
                entity=self._fill(scripted.entity) if scripted.entity else None,
                span=self._span((begins, ends)) if answer else None,
            ),
            context=Context(
                device_state=scripted.state or ("idle" if number == 0 else "in-dialogue"),
                activity="driving" if device.type == "car" else None,
                local_time=f"{self._clock(speech_s[0]):%H:%M}",
                place=self._person.place,
            ),
        )
        self._send(ends, turn)
        if scripted.play is not None:
            self._play(scripted.play, turn, ends, following)
        if scripted.ask is not None:
            asked_at = ends + self._chance.uniform(2.0, 4.0)
            answered = ExplicitFeedback(
                **about,
                event_id=derived_id("scenario-event", turn_id, "answer"),
                occurred_at=self._clock(asked_at),
                device=device,
                question=scripted.ask.question,
                answer=scripted.ask.answer,
                rating=scripted.ask.rating,
                propensity=0.1,
            )
            self._send(asked_at, answered)
        return begins, whole

    def _play(self, play: Play, turn: Turn, from_s: float, following: ScriptedTurn | None) -> None:
        if play.kind is PlaybackKind.MEDIA:
            self._player(turn, play.kind, PlaybackState.STARTED, from_s, 0.0, None)
        length_s = play.seconds if following is None or play.ends == "stopped" else min(play.seconds, 35.0)
        state = PlaybackState.FINISHED if play.ends == "finished" else PlaybackState.STOPPED
        self._player(turn, play.kind, state, from_s + length_s, length_s, play.by)

    def _player(
        self,
        turn: Turn,
        kind: PlaybackKind,
        state: PlaybackState,
        at_s: float,
        position_s: float,
        by: StoppedBy | None,
    ) -> None:
        event = Playback(
            event_id=derived_id("scenario-event", turn.turn_id, state.value),
            occurred_at=self._clock(at_s),
            turn_id=turn.turn_id,
            dialogue_id=turn.dialogue_id,
            user_id=turn.user_id,
            device=turn.device,
            kind=kind,
            state=state,
            position_ms=round(position_s * 1000),
            stopped_by=by,
            domain=self._scenario.domain,
        )
        self._send(at_s, event)

    def _asr(self, heard: str, said: str, confidence: float) -> Asr:
        best = self._near(confidence)
        other = () if heard == said else (AsrHypothesis(text=said.lower(), confidence=round(best * 0.8, 3)),)
        first = AsrHypothesis(text=heard.lower(), confidence=best)
        return Asr(text=heard.lower(), confidence=best, n_best=(first, *other))

    def _fill(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: self._values[found[1]][int(found[2] or 1) - 1], text)

    def _near(self, score: float) -> float:
        return round(min(0.999, max(0.01, score + self._chance.uniform(-0.04, 0.04))), 3)

    def _speaking_s(self, text: str, word_s: float) -> float:
        return 0.3 + word_s * len(text.split()) * self._chance.uniform(0.9, 1.1) if text else 0.0

    def _span(self, times_s: tuple[float, float]) -> Span:
        return Span(started_at=self._clock(times_s[0]), ended_at=self._clock(times_s[1]))

    def _clock(self, at_s: float) -> datetime:
        """The device's clock at `at_s`, to the millisecond."""
        return self._beginning + timedelta(milliseconds=round((at_s + self._person.clock_s) * 1000))

    def _send(self, happened_s: float, event: TurnEvent) -> None:
        self._sent.append(Sent(happened_s + self._chance.uniform(0.08, 0.4), event))

"""People talking to an assistant, made up but plausible: what the page shows in the browser tests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from infra.clickhouse.record import Record, StoredEvent
from infra.clickhouse.store import Store
from infra.clickhouse.writer import Writer
from schemas.contract import derived_id
from schemas.dead_letter import DeadLetter, DeadLetterCause
from schemas.dialogue import ClosedBy, Dialogue, TurnVerdict, VerdictTier
from schemas.feedback import BargeIn, BargeInKind, Facets, Feedback, Repeat, Rephrase, Termination, TerminationKind
from schemas.turn import Asr, AsrHypothesis, Device, Nlu, Response, ResponseStatus, Slot, Span, Turn, Wake

REQUESTS = {
    "music": [
        ("play the weekend playlist", "PlayPlaylist", 0.03),
        ("play frozen soundtrack", "PlayAlbum", 0.3),
        ("volume up", "Volume", 0.01),
    ],
    "weather": [
        ("what's the weather tomorrow", "GetForecast", 0.02),
        ("will it rain in springfield", "GetForecast", 0.12),
    ],
    "alarms": [("set an alarm for six thirty", "SetAlarm", 0.05), ("cancel my alarm", "CancelAlarm", 0.08)],
    "smart-home": [("turn on the den lights", "TurnOn", 0.42), ("set the heating to twenty", "SetTemperature", 0.06)],
    "knowledge": [("how tall is mount everest", "Ask", 0.04), ("who sang purple rain", "Ask", 0.1)],
}
DEVICES = (("speaker", "en-US", False), ("display", "en-US", True), ("phone", "en-GB", True), ("car", "de-DE", False))
VERSIONS = ({"asr": "4.2", "nlu": "17"}, {"asr": "4.3", "nlu": "17"})


@dataclass
class Scene:
    """Events of one dialogue, ready to be stored."""

    dialogue: Dialogue
    turns: list[Turn]
    feedback: list[Feedback] = field(default_factory=list)

    @property
    def events(self) -> list[StoredEvent]:
        """Everything of it."""
        return [*self.turns, *self.feedback, self.dialogue]


class Stage:
    """Writes scenes into a store as the sink does."""

    def __init__(self, store: Store) -> None:
        self._writer = Writer(store)
        self._offset = 0

    def store(self, events: list[StoredEvent], delay: timedelta = timedelta(milliseconds=400)) -> None:
        """Stores events as if the broker had got them `delay` ago, and brings the rollups up to date."""
        appended_ms = int((datetime.now(UTC) - delay).timestamp() * 1000)
        first, self._offset = self._offset, self._offset + len(events)
        batch = [
            Record(event, 0, first + i, appended_ms, b"k", b'{"type": "turn", "turn_id": ')
            for i, event in enumerate(events)
        ]
        written = self._writer.write(batch)
        assert not written.refused, written.refused
        self._writer.refresh(written.minutes)


def turn(
    key: str,
    at: datetime,
    text: str = "turn on the den lights",
    *,
    domain: str = "smart-home",
    intent: str = "TurnOn",
    device: int = 0,
    version: int = 0,
    answer: str = "OK.",
    answer_s: float = 3.0,
) -> Turn:
    """One turn; its dialogue is named by what stands before the slash of `key`."""
    dialogue_id = key.split("/")[0]
    kind, locale, screen = DEVICES[device]
    heard = Span(started_at=at, ended_at=at + timedelta(seconds=1.3))
    start = heard.ended_at + timedelta(milliseconds=600)
    return Turn(
        event_id=f"event-{key}",
        occurred_at=at,
        turn_id=f"turn-{key}",
        dialogue_id=dialogue_id,
        user_id=f"user-{dialogue_id}",
        device=Device(id=f"device-{dialogue_id}", type=kind, screen=screen, locale=locale, versions=VERSIONS[version]),
        wake=Wake(word="computer", confidence=0.97),
        asr=Asr(
            text=text,
            confidence=0.91,
            n_best=(AsrHypothesis(text=text, confidence=0.91), AsrHypothesis(text=f"{text} please", confidence=0.4)),
        ),
        speech=heard,
        nlu=Nlu(domain=domain, intent=intent, slots=(Slot(type="wish", value=text.split()[-1]),), confidence=0.84),
        response=Response(
            text=answer,
            status=ResponseStatus.ANSWERED,
            action=f"{domain}.{intent}",
            span=Span(started_at=start, ended_at=start + timedelta(seconds=answer_s)),
        ),
    )


def facets(about: Turn) -> Facets:
    """Dimensions of a turn."""
    assert about.nlu
    return Facets(
        domain=about.nlu.domain,
        intent=about.nlu.intent,
        device_type=about.device.type,
        locale=about.device.locale,
        versions=about.device.versions,
    )


def scene(turns: list[Turn], feedback: list[Feedback], *, revision: int = 3) -> Scene:
    """A closed dialogue; a turn with feedback about it is a defect."""
    about = {signal.turn_id: signal for signal in feedback}
    verdicts = tuple(
        TurnVerdict(
            turn_id=one.turn_id,
            occurred_at=one.occurred_at,
            request=one.request,
            facets=facets(one),
            defect=one.turn_id in about,
            score=about[one.turn_id].score if one.turn_id in about else 0.08,
            tier=VerdictTier.IMPLICIT if one.turn_id in about else VerdictTier.NONE,
            evidence=(about[one.turn_id].type,) if one.turn_id in about else (),
        )
        for one in turns
    )
    first, last = turns[0], turns[-1]
    defects = sum(verdict.defect for verdict in verdicts)
    dialogue = Dialogue(
        event_id=derived_id("dialogue", first.dialogue_id),
        occurred_at=last.occurred_at,
        dialogue_id=first.dialogue_id,
        user_id=first.user_id,
        device_id=first.device.id,
        facets=facets(first),
        started_at=first.occurred_at,
        ended_at=last.occurred_at + timedelta(seconds=6),
        closed=True,
        closed_by=ClosedBy.GAP,
        turns=verdicts,
        defects=defects,
        satisfaction=1 - defects / len(turns),
        revision=revision,
    )
    return Scene(dialogue, turns, feedback)


def signal(kind: str, about: Turn, by: Turn | None, gap_s: float = 7.0) -> Feedback:
    """A signal about a turn, shown by another."""
    common = {
        "event_id": derived_id(kind, about.turn_id),
        "occurred_at": (by or about).occurred_at,
        "turn_id": about.turn_id,
        "by_turn_id": by.turn_id if by else None,
        "dialogue_id": about.dialogue_id,
        "user_id": about.user_id,
        "device_id": about.device.id,
        "facets": facets(about),
        "detector": f"{kind}/1",
        "score": 0.86,
    }
    match kind:
        case "barge-in":
            return BargeIn(
                **common,
                reason="spoke 1.1 s into an answer of 4.0 s and said it again",
                evidence={"offset_ms": 1100.0, "share_heard": 0.28},
                kind=BargeInKind.CORRECTION,
                offset_ms=1100,
                share_heard=0.28,
            )
        case "repeat":
            return Repeat(
                **common, reason="the same words again after 7.0 s", evidence={"similarity": 1.0}, gap_s=gap_s
            )
        case "rephrase":
            return Rephrase(**common, reason="other words, alike in sound", evidence={"similarity": 0.74}, gap_s=gap_s)
        case _:
            return Termination(**common, reason="asked to stop", kind=TerminationKind.STOP_REQUEST)


def frustrated(name: str, at: datetime, text: str = "turn on the den lights", **more: object) -> Scene:
    """A request that fails, is interrupted by itself again, then works."""
    first = turn(f"{name}/1", at, text, answer="Sorry, I can't find “then lights”.", answer_s=4.0, **more)  # type: ignore[arg-type]
    again = turn(f"{name}/2", at + timedelta(seconds=3), text, answer="OK, the lights are on.", **more)  # type: ignore[arg-type]
    return scene([first, again], [signal("barge-in", first, again), signal("repeat", first, again)])


def content(name: str, at: datetime, text: str = "what's the weather tomorrow", **more: object) -> Scene:
    """A request that works."""
    return scene([turn(f"{name}/1", at, text, **({"domain": "weather", "intent": "GetForecast"} | more))], [])  # type: ignore[arg-type]


def evening(end: datetime, minutes: int, per_minute: float = 5.0, seed: int = 7) -> Iterator[Scene]:
    """Dialogues over the minutes before `end`; a bad release of the last third makes people repeat themselves."""
    random = Random(seed)
    for minute in range(minutes):
        bad = minute > 0.7 * minutes
        for n in range(max(0, round(random.gauss(per_minute, per_minute / 3)))):
            at = end - timedelta(minutes=minutes - minute) + timedelta(seconds=random.uniform(0, 50))
            domain = random.choices(list(REQUESTS), weights=(40, 25, 15, 12, 8))[0]
            text, intent, defect_rate = random.choice(REQUESTS[domain])
            version = int(bad and random.random() < 0.7)
            rate = min(0.9, defect_rate * (2.5 if version else 1))
            more = {"domain": domain, "intent": intent, "device": random.choice(range(4)), "version": version}
            name = f"evening{seed}-{minute}-{n}"
            if random.random() >= rate:
                yield content(name, at, text, **more)
                continue
            first = turn(f"{name}/1", at, text, answer="Sorry, I did not find that.", answer_s=4.0, **more)  # type: ignore[arg-type]
            by = turn(f"{name}/2", at + timedelta(seconds=3), text, answer="Here you are.", **more)  # type: ignore[arg-type]
            kinds = random.choice(
                (["barge-in", "repeat"], ["rephrase"], ["repeat"], ["barge-in", "rephrase"], ["stop"])
            )
            yield scene([first, by], [signal(kind, first, by) for kind in kinds])


def dead_letter(offset: int, at: datetime, cause: DeadLetterCause, reason: str) -> DeadLetter:
    """A record that nobody could use."""
    return DeadLetter(
        event_id=derived_id("dead-letter", str(offset)),
        occurred_at=at,
        role="detect",
        topic="earshot.turn-events.v1",
        partition=1,
        offset=offset,
        cause=cause,
        reason=reason,
        size_bytes=311,
    )

"""A fleet's turn events, as many as asked for: real and written dialogues, laid over one another in time.

Dialogues are those of the recording that ships with the project and, where the data sets are there, of Schema-Guided
Dialogue and Topical-Chat, told as a voice assistant would: spoken, with alternatives of the recogniser and of the
understanding, versions and context, so that a turn has about 1 kB. About one turn in ten is a retry, one in twenty cuts
the answer off, a few records come twice. The same arguments give the same stream, to the byte.
"""

import heapq
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from infra.settings import settings
from schemas.turn import (
    TURN_EVENT,
    Asr,
    AsrHypothesis,
    Channel,
    Context,
    Device,
    Interpretation,
    Nlu,
    Response,
    ResponseStatus,
    Slot,
    Span,
    Turn,
    TurnEvent,
    Wake,
)
from streams.adapters import AdapterError, open_source
from streams.decoding import Limits, Undecodable, decode
from streams.recording import Record
from streams.recording_reader import RecordingReader
from streams.simulator.demo import RECORDING as DEMO

SEED: Final = "spine-1"

_SHARES: Final = {"demo": 0.5, "sgd": 0.4, "topical_chat": 0.1}
_RETRIES: Final = 0.12
"""Of the turns of the data sets, which have none of their own; the demo's people make their own."""
_CUT_OFF: Final = 0.05
_TWICE: Final = 0.003
_NETWORK_MS: Final = (20, 400)
_REST_S: Final = 600
_LONGEST_MS: Final = 300_000.0

_TIME: Final = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)")
_START: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Sent(NamedTuple):
    """A record as a device sends it, `at_ms` after the stream began."""

    at_ms: int
    key: bytes
    value: bytes
    is_turn: bool


@dataclass(frozen=True, slots=True)
class _Sketch:
    """An event as text with gaps: `literals[0] gap[0] literals[1] ...`. A gap is a time in ms after the dialogue's
    begin, or the name and number of an id."""

    literals: tuple[bytes, ...]
    gaps: tuple[int | tuple[str, int], ...]
    sent_ms: int
    is_turn: bool


@dataclass(frozen=True, slots=True)
class _Script:
    """A dialogue to be played by anybody at any time."""

    sketches: tuple[_Sketch, ...]
    turns: int


class NaturalStream:
    """Plays dialogues of a fleet that says `turns_per_s`, begun so that all overlap as those of many users do."""

    def __init__(self, turns_per_s: float, seed: str = SEED) -> None:
        self._chance = random.Random(seed)
        pools = {name: scripts for name in _SHARES if (scripts := _scripts(name, seed))}
        self.sources = tuple(pools)
        self._pools = list(pools.values())
        self._weights = [_SHARES[name] for name in pools]
        mean = sum(
            weight * sum(script.turns for script in pool) / len(pool)
            for weight, pool in zip(self._weights, self._pools, strict=True)
        ) / sum(self._weights)
        self._starts_per_s = turns_per_s / mean
        self._users = max(64, int(self._starts_per_s * _REST_S))

    def records(self, begins: datetime, turns: int | None = None) -> Iterator[Sent]:
        """Records in the order in which the broker gets them, until `turns` of them are turns (without end if None).

        `begins`: the time of the first dialogue's first sound.
        """
        chance = self._chance
        began_ms = round((begins - _EPOCH) / timedelta(milliseconds=1))
        on_the_way: list[tuple[int, int, Sent]] = []
        serial = sent_turns = 0
        next_ms = -_LONGEST_MS
        dialogue = 0
        while turns is None or sent_turns < turns:
            while not on_the_way or next_ms <= on_the_way[0][0]:  # whose first sound was before `begins` are halfway
                (pool,) = chance.choices(self._pools, self._weights)
                script = chance.choice(pool)
                if next_ms + script.sketches[-1].sent_ms >= 0:
                    for sent in self._play(script, dialogue, began_ms, round(next_ms)):
                        heapq.heappush(on_the_way, (sent.at_ms, serial, sent))
                        serial += 1
                dialogue += 1
                next_ms += chance.expovariate(self._starts_per_s) * 1000
            sent = heapq.heappop(on_the_way)[2]
            sent_turns += sent.is_turn
            yield sent

    def _play(self, script: _Script, number: int, began_ms: int, at_ms: int) -> Iterator[Sent]:
        chance = self._chance
        user = number * 7919 % self._users
        names = {
            "dialogue": f"{number:08x}-d1a1-5e00-8000-{chance.getrandbits(48):012x}",
            "user": f"{user * 2654435761 % (1 << 32):08x}-05e7-5e00-8000-{user:012x}",
            "device": f"{user * 2246822519 % (1 << 32):08x}-de71-5e00-8000-{user:012x}",
        }
        key = names["user"].encode()
        rest = names["dialogue"][8:32]
        for sketch in script.sketches:
            if at_ms + sketch.sent_ms < 0:
                continue
            parts = [sketch.literals[0]]
            for gap, literal in zip(sketch.gaps, sketch.literals[1:], strict=True):
                if isinstance(gap, int):
                    parts.append(_iso(began_ms + at_ms + gap))
                else:
                    kind, place = gap
                    name = names.get(kind) or f"{number:08x}{rest}{'e' if kind == 'event' else '7'}{place:03x}"
                    parts.append(name.encode())
                parts.append(literal)
            sent = Sent(at_ms + sketch.sent_ms + chance.randint(*_NETWORK_MS), key, b"".join(parts), sketch.is_turn)
            yield sent
            if chance.random() < _TWICE:
                yield sent._replace(at_ms=sent.at_ms + 500, is_turn=False)


def _iso(epoch_ms: int) -> bytes:
    second, ms = divmod(epoch_ms, 1000)
    return b"%b.%03d000Z" % (_second(second), ms)


_seconds: dict[int, bytes] = {}


def _second(second: int) -> bytes:
    text = _seconds.get(second)
    if text is None:
        if len(_seconds) > 10_000:
            _seconds.clear()
        text = _seconds[second] = f"{_EPOCH + timedelta(seconds=second):%Y-%m-%dT%H:%M:%S}".encode()
    return text


def _scripts(source: str, seed: str) -> list[_Script]:
    """The dialogues of a source as scripts; none when the data set is not there."""
    if source == "demo":
        return [_script(events) for events in _demo_dialogues()]
    try:
        recorded = list(open_source(settings().data_dir / source).dialogues())
    except AdapterError:
        return []
    chance = random.Random(f"{seed}/{source}")
    return [_script(_as_voice(dialogue.events, chance)) for dialogue in recorded]


def _demo_dialogues() -> list[list[TurnEvent]]:
    dialogues: dict[str, dict[str, TurnEvent]] = {}
    with RecordingReader(DEMO) as lines:
        for line in lines:
            if isinstance(line, Record):
                try:
                    event = decode(line.key, line.value, line.timestamp_ms, Limits())
                except Undecodable:
                    continue
                dialogues.setdefault(event.dialogue_id, {})[event.event_id] = event
    return [sorted(events.values(), key=_sent_at) for events in dialogues.values()]


def _sent_at(event: TurnEvent) -> datetime:
    if isinstance(event, Turn) and event.response is not None and event.response.span is not None:
        return event.response.span.ended_at
    return event.occurred_at


def _script(events: list[TurnEvent]) -> _Script:
    begins = min(event.occurred_at for event in events)
    ids: dict[bytes, tuple[str, int]] = {
        events[0].dialogue_id.encode(): ("dialogue", 0),
        events[0].user_id.encode(): ("user", 0),
        events[0].device.id.encode(): ("device", 0),
    }
    for event in events:
        ids.setdefault(event.turn_id.encode(), ("turn", len(ids)))
        ids.setdefault(event.event_id.encode(), ("event", len(ids)))
    quoted = {b'"' + name + b'"': gap for name, gap in ids.items()}
    pattern = re.compile(b"(" + b"|".join(map(re.escape, quoted)) + b"|" + _TIME.pattern[1:-1] + b")")
    sketches = []
    for event in events:
        pieces = pattern.split(event.to_bytes())
        literals, gaps = [pieces[0]], []
        for found, literal in zip(pieces[1::2], pieces[2::2], strict=True):
            gap: int | tuple[str, int] | None = quoted.get(found)
            if gap is None:
                gap = round((datetime.fromisoformat(found.decode()) - begins) / timedelta(milliseconds=1))
                literals.append(literal)
            else:
                literals[-1] += b'"'
                literals.append(b'"' + literal)
            gaps.append(gap)
        sent_ms = round((_sent_at(event) - begins) / timedelta(milliseconds=1))
        sketches.append(_Sketch(tuple(literals), tuple(gaps), sent_ms, isinstance(event, Turn)))
    sketches.sort(key=lambda sketch: sketch.sent_ms)
    return _Script(tuple(sketches), sum(sketch.is_turn for sketch in sketches))


_LONG: Final = 80
_DEVICES: Final = ("speaker", "speaker", "display", "phone", "car")
_DELETED: Final = ["the", "a", "to", "in", "for", "of", "please", "i", "is", "on", "at", "and"]


def _as_voice(events: tuple[TurnEvent, ...], chance: random.Random) -> list[TurnEvent]:
    """A written dialogue as it would have been spoken, with retries and interruptions."""
    kind = chance.choice(_DEVICES)
    device = Device(
        id=events[0].device.id,
        type=kind,
        screen=kind != "speaker",
        locale=chance.choice(("en-US", "en-US", "en-GB")),
        versions={"asr": "4.1.3", "nlu": chance.choice(("2.8.0", "2.8.1")), "entity": "1.9.2", "dialogue": "3.0.5"},
    )
    place = chance.choice(("kitchen", "living-room", "bedroom", "office"))
    spoken: list[TurnEvent] = []
    now = _START
    for turn in events:
        if not isinstance(turn, Turn) or not turn.request:
            continue
        answer = turn.response
        misheard = chance.random() < _RETRIES
        if misheard:
            failed = chance.random() < 0.5
            heard = _heard_as(turn.request, chance)
            response = (
                Response(text="Sorry, I did not get that.", status=ResponseStatus.NOT_UNDERSTOOD)
                if failed or answer is None
                else answer
            )
            first = _spoken(turn, heard, response, device, place, now, chance, "-first")
            spoken.append(first)
            now = _next_begins(first, chance)
        again = _spoken(turn, turn.request, answer, device, place, now, chance, "")
        spoken.append(again)
        now = _next_begins(again, chance)
    checked = [TURN_EVENT.validate_json(event.to_bytes()) for event in spoken]
    return checked or [TURN_EVENT.validate_json(events[0].to_bytes())]


def _spoken(
    turn: Turn,
    heard: str,
    answer: Response | None,
    device: Device,
    place: str,
    begins: datetime,
    chance: random.Random,
    suffix: str,
) -> Turn:
    said_s = 0.4 + 0.36 * len(heard.split())
    answered_s = 0.4 + 0.3 * len((answer.text or "").split()) if answer is not None else 0.0
    speech = Span(started_at=begins, ended_at=begins + timedelta(milliseconds=round(said_s * 1000)))
    from_at = speech.ended_at + timedelta(milliseconds=chance.randint(400, 1100))
    sure = round(chance.uniform(0.6, 0.99), 3)
    text = heard.lower().rstrip(".?! ") or heard
    nlu = turn.nlu or Nlu(domain="chat", intent="tell")
    return turn.model_copy(
        update={
            "event_id": turn.event_id + suffix,
            "turn_id": turn.turn_id + suffix,
            "occurred_at": begins,
            "channel": Channel.VOICE,
            "device": device,
            "text": None,
            "wake": Wake(word="computer", confidence=round(chance.uniform(0.8, 0.99), 3)),
            "asr": Asr(
                text=text,
                confidence=sure,
                n_best=tuple(
                    AsrHypothesis(text=other, confidence=round(sure * part, 3))
                    for other, part in ((text, 1.0), (_heard_as(text, chance), 0.7))[: 1 if len(text) > _LONG else 2]
                ),
            ),
            "speech": speech,
            "nlu": nlu.model_copy(
                update={
                    "confidence": round(chance.uniform(0.6, 0.99), 3),
                    "slots": tuple(
                        Slot(
                            type=slot.type,
                            value=slot.value,
                            entity=slot.value,
                            score=round(chance.uniform(0.6, 1), 3),
                        )
                        for slot in nlu.slots
                    ),
                    "n_best": (
                        Interpretation(domain=nlu.domain, intent=nlu.intent, confidence=0.7),
                        Interpretation(domain="chat", intent="other", confidence=0.1),
                    ),
                }
            ),
            "response": answer
            and answer.model_copy(
                update={
                    "span": Span(
                        started_at=from_at, ended_at=from_at + timedelta(milliseconds=round(answered_s * 1000))
                    )
                }
            ),
            "context": Context(device_state="in-dialogue", local_time=f"{begins:%H:%M}", place=place),
        }
    )


def _next_begins(turn: Turn, chance: random.Random) -> datetime:
    span = turn.response.span if turn.response is not None else None
    if span is None:
        return _sent_at(turn) + timedelta(seconds=4)
    if chance.random() < _CUT_OFF:
        return span.started_at + timedelta(milliseconds=round((span.ended_at - span.started_at).total_seconds() * 600))
    return span.ended_at + timedelta(milliseconds=chance.randint(900, 4000))


def _heard_as(text: str, chance: random.Random) -> str:
    """Words as a recogniser may hear them: one that is lost, or one that is doubled."""
    words = text.split()
    small = [place for place, word in enumerate(words) if word.lower() in _DELETED]
    if small and len(words) > 2:
        del words[chance.choice(small)]
    elif len(words) > 3:
        del words[chance.randrange(len(words))]
    else:
        words.append(words[-1])
    return " ".join(words)

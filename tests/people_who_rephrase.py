"""Dialogues of people who rephrase, and what `learn` must have made of them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from infra.kafka.topics import DIALOGUES, REWRITES, SOURCE_MOVES
from infra.settings import Settings
from processors.source_moves import Kept, SourceState
from processors.standing import APART
from processors.transition import transitions_of
from schemas.dialogue import ClosedBy, Dialogue, TurnVerdict, VerdictTier
from schemas.feedback import Facets
from schemas.phrase import phrase_of
from schemas.rewrite import REWRITE, Rewrite
from schemas.transition import SOURCE_MOVES as SOURCE_MOVES_EVENT
from schemas.transition import KeptMove
from schemas.turn import Slot
from streams.sending import RecordSender
from streams.topic_reader import TopicReader

START = datetime.now(UTC) - timedelta(hours=3)


def source(pair: int) -> str:
    """The state that a pair's first request is understood as."""
    return f"music|play|song:maj {pair}"


def target(pair: int) -> str:
    """The state that works."""
    return f"music|play|song:imagine {pair}"


def dialogues_of(people: Iterable[int], pairs: int) -> list[Dialogue]:
    """Everybody asks for every pair's song, is misheard, asks again and is content. Told open, closed, and closed anew
    with a higher revision. Pairs are asked for one after the other, so that people come to be known."""
    told: list[Dialogue] = []
    for person in people:
        for pair in range(pairs):
            told += [
                _dialogue(person, pair, closed, revision) for closed, revision in ((False, 4), (True, 5), (True, 7))
            ]
    return told


def _dialogue(person: int, pair: int, closed: bool, revision: int) -> Dialogue:
    began = START + timedelta(seconds=person) + pair * APART
    turns = (
        _turn(person, pair, "maj", began, "rephrase"),
        _turn(person, pair, "imagine", began + timedelta(seconds=9)),
    )
    return Dialogue(
        event_id=f"segment {person} {pair}",
        occurred_at=began,
        dialogue_id=f"dialogue {person} {pair}",
        user_id=f"user {person}",
        device_id=f"device {person}",
        facets=turns[0].facets,
        started_at=began,
        ended_at=turns[-1].occurred_at,
        closed=closed,
        closed_by=ClosedBy.GAP if closed else None,
        turns=turns,
        defects=1,
        revision=revision,
    )


def _turn(person: int, pair: int, song: str, at: datetime, *evidence: str) -> TurnVerdict:
    return TurnVerdict(
        turn_id=f"turn {person} {pair} {song}",
        occurred_at=at,
        request=f"play {song} {pair}",
        facets=Facets(domain="music", intent="play"),
        defect=bool(evidence),
        score=0.9 if evidence else 0.05,
        tier=VerdictTier.IMPLICIT,
        evidence=evidence,
        slots=(Slot(type="song", value=f"{song} {pair}"),),
    )


def send(settings: Settings, dialogues: Iterable[Dialogue]) -> None:
    """Put them on their topic, as `detect` does."""
    with RecordSender(settings) as sender:
        topic = DIALOGUES.full_name(settings)
        for one in dialogues:
            sender.send(topic, one.user_id.encode(), one.to_bytes(), name="a dialogue")


def wanted(dialogues: Iterable[Dialogue]) -> dict[str, list[KeptMove]]:
    """What must be kept of each source state."""
    states: dict[str, SourceState] = {}
    for dialogue in dialogues:
        for one in transitions_of(dialogue):
            states.setdefault(one.source, SourceState(one.source)).add(Kept.of(one))
    return {state.source: list(SOURCE_MOVES_EVENT.validate_json(state.to_bytes()).moves) for state in states.values()}


def kept(settings: Settings) -> dict[str, list[KeptMove]]:
    """What stands on the compacted topic."""
    found: dict[str, list[KeptMove]] = {}
    with TopicReader(settings, [SOURCE_MOVES.full_name(settings)]) as reader:
        for record in reader.rest():
            one = SOURCE_MOVES_EVENT.validate_json(record.value or b"")
            found[one.source] = list(one.moves)
    return found


def table(settings: Settings) -> dict[str, Rewrite]:
    """Everybody's rewrites of states that stand on their topic, by source."""
    found = records(settings).values()
    return {one.source: one for one in found if one.user_id is None and phrase_of(one.source) is None}


def own(settings: Settings) -> dict[tuple[str, str], str]:
    """Single people's rewrites that stand on their topic: (person, source) -> target."""
    return {(one.user_id, one.source): one.target for one in records(settings).values() if one.user_id is not None}


def records(settings: Settings) -> dict[str, Rewrite]:
    """All rewrites that stand on their topic, by key."""
    found: dict[str, Rewrite] = {}
    with TopicReader(settings, [REWRITES.full_name(settings)]) as reader:
        for record in reader.rest():
            key = (record.key or b"").decode()
            found.pop(key, None)
            if record.value is not None:
                found[key] = REWRITE.validate_json(record.value)
    return found

"""`learn` without a broker: dialogues into moves, moves into kept moves, with crashes in between."""

from collections.abc import Sequence
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.settings import Settings
from processors.source_moves import SourceState
from schemas.dead_letter import DEAD_LETTER_HEADER
from schemas.dialogue import Dialogue
from schemas.feedback import Facets
from schemas.transition import SOURCE_MOVES, TRANSITION, Outcome, Transition
from streams.learn_partition import DialogueMoves, SourceCounting, partition_of
from tests.streams_in_memory import Arrival, LogRecord, log_of
from tests.unit.test_transition import dialogue, turn

SETTINGS = Settings()


def records(*values: bytes | None, key: bytes = b"user") -> list[LogRecord]:
    return log_of(Arrival(1000, key, value) for value in values)


def test_a_closed_dialogue_becomes_moves_at_the_partition_of_their_source() -> None:
    told = dialogue(turn("maj", "rephrase"), turn("imagine", at_s=9))
    messages = DialogueMoves(SETTINGS, 1).process(records(told.to_bytes()))
    moves = [TRANSITION.validate_json(message.value or b"") for message in messages]
    assert [move.outcome for move in moves] == [Outcome.AGAIN, Outcome.SUCCESS]
    for message, move in zip(messages, moves, strict=True):
        assert message.key == move.source.encode()
        assert message.partition == partition_of(message.key, SETTINGS.kafka_partitions)
        assert message.topic == "earshot.transitions.v1"


def test_open_dialogues_are_passed_over() -> None:
    told = dialogue(turn("maj", "rephrase"), closed=False)
    assert DialogueMoves(SETTINGS, 0).process(records(told.to_bytes())) == []


def test_what_cannot_be_read_is_a_dead_letter_and_the_rest_goes_on() -> None:
    whole = dialogue(turn("maj")).to_bytes()
    work = DialogueMoves(SETTINGS, 2)
    letter, move = work.process(records(b"{}", whole))
    assert (letter.topic, letter.partition, letter.headers[0][0]) == ("earshot.dead-letters.v1", 2, DEAD_LETTER_HEADER)
    assert move.topic == "earshot.transitions.v1"
    assert sum(work.rejected.values()) == 1
    counting = SourceCounting(SETTINGS, 0)
    assert [one.topic for one in counting.process(records(b"{}"))] == ["earshot.dead-letters.v1"]


def test_a_key_that_is_not_the_source_is_refused() -> None:
    work = SourceCounting(SETTINGS, 0)
    (letter,) = work.process(records(transition(0).to_bytes(), key=b"elsewhere"))
    assert b"they must be equal, or a state's moves lose their order" in dict(letter.headers)[DEAD_LETTER_HEADER]


def test_rewritten_turns_and_keys_of_another_normaliser_are_not_counted() -> None:
    work = SourceCounting(SETTINGS, 0)
    work.process(
        [
            *as_log([transition(0).model_copy(update={"rewritten": True})]),
            *as_log([transition(1).model_copy(update={"normaliser": "0"})]),
        ]
    )
    assert work.tell() == []
    assert work.dropped == {"rewritten": 1, "other normaliser": 1}


def test_a_state_is_told_when_it_changed_and_only_then() -> None:
    work = SourceCounting(SETTINGS, 3)
    work.process(as_log([transition(0)]))
    (told,) = work.tell()
    assert (told.partition, told.topic) == (3, "earshot.source-moves.v1")
    assert len(SOURCE_MOVES.validate_json(told.value or b"").moves) == 1
    work.process(as_log([transition(0)]))
    assert work.tell() == []


def transition(number: int, revision: int = 0) -> Transition:
    return Transition(
        event_id=f"e{number}",
        occurred_at=datetime.fromtimestamp(1_772_474_400 + number, UTC),
        source=f"music|play|song:{number % 3}",
        words="play it",
        outcome=Outcome.SUCCESS if (number + revision) % 2 else Outcome.FAILURE,
        user_id=f"u{number % 5}",
        device_id=f"d{number % 5}",
        dialogue_id="d",
        turn_id=f"t{number}",
        normaliser="1",
        revision=revision,
    )


def as_log(transitions: Sequence[Transition]) -> list[LogRecord]:
    return log_of(Arrival(1000, one.source.encode(), one.to_bytes()) for one in transitions)


class _Crash:
    """One partition's worker after another, each begun from what is on the compacted topic and what was committed."""

    def __init__(self, log: list[LogRecord]) -> None:
        self.log = log
        self.compacted: dict[bytes, bytes] = {}
        self.committed = 0
        self.begin()

    def begin(self) -> None:
        states = [SourceState.of_bytes(value) for value in self.compacted.values()]
        self.work = SourceCounting(SETTINGS, 0, [state for state in states if state is not None])
        self.position = self.committed

    def read(self, most: int) -> None:
        batch = self.log[self.position : self.position + most]
        self.work.process(batch)
        self.position += len(batch)

    def tell(self, reach: int, commit: bool) -> None:
        """All that changed is sent; the first `reach` arrive, and when all did the position is committed, perhaps."""
        messages = self.work.tell()
        for message in messages[:reach]:
            self.compacted[message.key or b""] = message.value or b""
        if reach < len(messages):
            self.begin()  # killed while it sent
        elif commit:
            self.committed = self.position

    def finish(self) -> dict[bytes, object]:
        self.read(len(self.log))
        self.tell(1000, commit=True)
        return {key: SOURCE_MOVES.validate_json(value).moves for key, value in self.compacted.items()}


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.builds(transition, st.integers(0, 30), st.integers(0, 2)), max_size=40),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3), st.booleans(), st.booleans()), max_size=12),
)
def test_a_crash_at_any_point_loses_nothing_and_counts_nothing_twice(
    moves: list[Transition], steps: list[tuple[int, int, bool, bool]]
) -> None:
    log = as_log(moves)
    wanted = _Crash(log).finish()
    worker = _Crash(log)
    for most, reach, commit, killed in steps:
        worker.read(most)
        worker.tell(reach, commit)
        if killed:
            worker.begin()
    assert worker.finish() == wanted


def test_dialogues_need_their_key() -> None:
    one = Dialogue(
        event_id="e", occurred_at=datetime(2026, 1, 1, tzinfo=UTC), dialogue_id="d", user_id="u", device_id="v",
        facets=Facets(), started_at=datetime(2026, 1, 1, tzinfo=UTC), ended_at=datetime(2026, 1, 1, tzinfo=UTC),
        closed=True, turns=(), defects=0,
    )  # fmt: skip
    assert DialogueMoves(SETTINGS, 0).process(records(one.to_bytes(), key=b"u")) == []

"""`learn` for one partition's people, without a broker: what they teach and what became of decided turns."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from infra.settings import Settings
from processors.interpretation import plain_words
from processors.phrases import corrects
from processors.similarity import sound_of, words_of
from schemas.contract import Event, hashed
from schemas.dead_letter import DEAD_LETTER_HEADER
from schemas.dialogue import Dialogue
from schemas.feedback import Facets
from schemas.forgotten_person import ForgottenPerson
from schemas.rewrite import REWRITE, Rewrite
from schemas.rewrite_outcome import REWRITE_OUTCOME
from schemas.rewrite_trial import REWRITE_TRIAL
from schemas.transition import TRANSITION, Outcome
from streams.delivery import Message
from streams.learn_partition import DialogueMoves, partition_of
from streams.learn_people import BY_US, PeopleLearning
from streams.learn_trials import TrialCounting
from tests.streams_in_memory import Arrival, LogRecord, log_of
from tests.unit.test_personal_rewrites import dialogues, essence, rephrased, told
from tests.unit.test_rewrite_trials import START, decision, judged, outcome
from tests.unit.test_transition import turn

SETTINGS = Settings()


def log(*events: Event, keys: Sequence[str] = ()) -> list[LogRecord]:
    named = keys or [event.user_id for event in events]  # type: ignore[attr-defined]
    return log_of(Arrival(1000, key.encode(), event.to_bytes()) for key, event in zip(named, events, strict=True))


def rewrites(messages: Sequence[Message]) -> dict[str, Rewrite | None]:
    return {
        (one.key or b"").decode(): REWRITE.validate_json(one.value) if one.value is not None else None
        for one in messages
        if one.topic == "earshot.rewrites.v1"
    }


def test_an_open_dialogue_teaches_at_once_and_stands_where_all_of_this_person_does() -> None:
    people = PeopleLearning(SETTINGS, 1)
    messages = DialogueMoves(SETTINGS, 1, people).process(log(told(*rephrased())))
    (own,) = (one for one in messages if one.topic == "earshot.rewrites.v1")
    assert own.key == b"personal/ann/music|play|song:maj"
    assert own.partition == partition_of(b"ann", SETTINGS.kafka_partitions)
    assert own.headers == (BY_US,)


def test_of_an_open_dialogue_moves_are_told_that_were_come_back_to_and_no_others() -> None:
    moves = DialogueMoves(SETTINGS, 1, PeopleLearning(SETTINGS, 1))
    messages = moves.process(log(told(*rephrased(), revision=4)))
    (move,) = (TRANSITION.validate_json(one.value or b"") for one in messages if one.topic == "earshot.transitions.v1")
    assert (move.outcome, move.revision) == (Outcome.AGAIN, 4)


def test_open_dialogues_that_can_teach_nothing_are_not_read() -> None:
    people = PeopleLearning(SETTINGS, 1)
    (plain,) = log(told(turn("jazz")))
    assert not people.may_learn_of(plain)
    people.dialogue(told(*rephrased()))
    assert people.may_learn_of(plain), "what this person taught may have to be taken back"


def test_decisions_and_dialogues_meet_and_go_to_the_partition_of_the_rewrite() -> None:
    people = PeopleLearning(SETTINGS, 1)
    assert people.decisions(log(decision(1))) == []
    (message,) = DialogueMoves(SETTINGS, 1, people).process(log(judged(1, rewritten=True)))
    found = REWRITE_OUTCOME.validate_json(message.value or b"")
    assert (message.topic, message.key) == ("earshot.rewrite-outcomes.v1", b"r")
    assert message.partition == partition_of(b"r", SETTINGS.kafka_partitions)
    assert (found.turn_id, found.good) == (hashed("u1/t1"), True)


def test_decisions_that_were_made_before_a_restart_are_known() -> None:
    people = PeopleLearning(SETTINGS, 1, decisions=[decision(1)])
    assert len(people.dialogue(judged(1))) == 1


def test_a_block_by_somebody_else_is_heard_and_its_own_records_are_not() -> None:
    people = PeopleLearning(SETTINGS, 1)
    (rewrite,) = filter(None, rewrites(people.dialogue(told(*rephrased(), name="1"))).values())
    blocked = rewrite.model_copy(update={"blocked": True, "blocked_because": "it is wrong"})
    theirs = log_of([Arrival(1000, rewrite.key.encode(), blocked.to_bytes())])
    people.rewrites([replace(theirs[0], headers=(BY_US,))])
    (still,) = filter(None, rewrites(people.dialogue(told(*rephrased(100), name="2"))).values())
    assert not still.blocked
    people.rewrites(theirs)
    (now,) = filter(None, rewrites(people.dialogue(told(*rephrased(200), name="3"))).values())
    assert now.blocked


def test_a_tombstone_by_somebody_else_makes_it_forget_also_with_slashes_in_the_names() -> None:
    people = PeopleLearning(SETTINGS, 1)
    slashed = turn("x", "rephrase").model_copy(update={"facets": Facets(domain="music/radio", intent="play")})
    (key,) = rewrites(people.dialogue(told(slashed, rephrased()[1], user="home/ann")))
    assert key == "personal/home/ann/music/radio|play|song:x"
    people.rewrites(log_of([Arrival(1000, key.encode(), None)]))
    assert len(people) == 0


def test_who_wants_to_be_forgotten_is_and_their_rewrites_are_taken_back() -> None:
    people = PeopleLearning(SETTINGS, 1)
    people.dialogue(told(*rephrased()))
    wish = ForgottenPerson(event_id="f", occurred_at=START, user_id="ann")
    assert rewrites(people.forgotten(log(wish))) == {"personal/ann/music|play|song:maj": None}
    assert people.forgotten(log(wish)) == []


def test_words_of_who_is_forgotten_are_not_kept_beside_their_rewrites() -> None:
    wish = ForgottenPerson(event_id="f", occurred_at=START, user_id="ann")
    for forget in (
        lambda people: people.forgotten(log(wish)),
        lambda people: people.rewrites(log_of([Arrival(1000, b"personal/ann/music|play|song:maj", None)])),
    ):
        people = PeopleLearning(SETTINGS, 1)
        people.dialogue(told(*rephrased()))
        assert plain_words.cache_info().currsize > 0
        forget(people)
        assert {one.cache_info().currsize for one in (plain_words, corrects, sound_of, words_of)} == {0}


def test_what_is_read_late_teaches_nothing_of_who_was_forgotten_after_it() -> None:
    people = PeopleLearning(SETTINGS, 1)
    wish = ForgottenPerson(event_id="f", occurred_at=START, user_id="ann")
    late = told(*rephrased())
    (heard,) = log(wish)
    people.forgotten([replace(heard, timestamp=int(late.occurred_at.timestamp() * 1000) + 60_000)])
    assert people.dialogue(late) == []
    begun_later = {"occurred_at": late.occurred_at + timedelta(hours=1)}
    assert rewrites(people.dialogue(told(*rephrased(3600), name="2").model_copy(update=begun_later)))


def test_decisions_that_are_read_late_are_not_kept_of_who_was_forgotten_after_them() -> None:
    people = PeopleLearning(SETTINGS, 1)
    made = decision(1)
    wish = ForgottenPerson(event_id="f", occurred_at=START, user_id=made.user_id)
    people.forgotten([replace(log(wish)[0], timestamp=2000)])
    people.decisions(log(made))  # taken by the broker before the wish
    assert people.dialogue(judged(1)) == []


def test_an_open_dialogue_with_a_question_back_teaches_at_once() -> None:
    people = PeopleLearning(SETTINGS, 1)
    asked = turn("maj").model_copy(update={"asked_back": True})
    messages = DialogueMoves(SETTINGS, 1, people).process(log(told(asked, turn("imagine", at_s=9))))
    assert list(rewrites(messages)) == ["personal/ann/music|play|song:maj"]


def test_what_cannot_be_read_is_a_dead_letter() -> None:
    people = PeopleLearning(SETTINGS, 2)
    bad = log_of([Arrival(1000, b"personal/ann/x", b"{}")])
    for read in (people.decisions, people.rewrites, people.forgotten, TrialCounting(SETTINGS, 2).process):
        (letter,) = read(bad)
        assert (letter.topic, letter.partition) == ("earshot.dead-letters.v1", 2)
        assert letter.headers[0][0] == DEAD_LETTER_HEADER
    assert sum(people.rejected.values()) == 3


def test_a_trial_is_told_when_it_changed_and_only_then() -> None:
    work = TrialCounting(SETTINGS, 3)
    one = outcome(1, False)
    assert work.process(log(one, keys=["r"])) == []
    (message,) = work.tell()
    assert (message.topic, message.partition, message.key) == ("earshot.rewrite-trials.v1", 3, b"r")
    assert REWRITE_TRIAL.validate_json(message.value or b"").uses == 1
    work.process(log(one, keys=["r"]))
    assert work.tell() == []
    assert work.dropped == {"changes nothing": 1}


@settings(deadline=None, max_examples=50)
@given(
    dialogues(),
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4), st.booleans(), st.booleans()), max_size=8),
)
def test_a_crash_at_any_point_of_the_delivery_ends_with_the_same_table(
    events: list[Dialogue], steps: list[tuple[int, int, bool, bool]]
) -> None:
    records = log(*events)
    steady = _Worker(records)
    steady.read(len(records), len(records) * 10, commit=True)
    worker = _Worker(records)
    for most, reach, commit, killed in steps:
        worker.read(most, reach, commit)
        if killed:
            worker.begin()
    worker.begin()
    worker.read(len(records), len(records) * 10, commit=True)
    assert essence(worker.rewrites) == essence(steady.rewrites)


class _Worker:
    """One partition's worker after another, each begun from what stands on the topic and what was committed."""

    def __init__(self, records: list[LogRecord]) -> None:
        self.records = records
        self.table: dict[str, bytes] = {}
        self.committed = 0
        self.begin()

    @property
    def rewrites(self) -> dict[str, Rewrite]:
        return {key: REWRITE.validate_json(value) for key, value in self.table.items()}

    def begin(self) -> None:
        people = PeopleLearning(SETTINGS, 0, self.rewrites.values())
        self.work = DialogueMoves(SETTINGS, 0, people)
        self.position = self.committed

    def read(self, most: int, reach: int, commit: bool) -> None:
        """Process a batch; the first `reach` records of rewrites arrive, and a worker that told not all was killed."""
        batch = self.records[self.position : self.position + most]
        messages = [one for one in self.work.process(batch) if one.topic == "earshot.rewrites.v1"]
        for message in messages[:reach]:
            self.table.pop((message.key or b"").decode(), None)
            if message.value is not None:
                self.table[(message.key or b"").decode()] = message.value
        if reach < len(messages):
            self.begin()
            return
        self.position += len(batch)
        self.committed = self.position if commit else self.committed

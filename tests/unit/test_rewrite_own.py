"""How surely a person's own lessons hold: learned from what other people meant after they had taught as much."""

from datetime import timedelta

import numpy as np
from msgspec import structs

from models.logistic import Logistic
from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.context import ContextPrior
from models.rewrite.entry import Success
from models.rewrite.features import NAMES
from models.rewrite.own_lessons import Lessons, OwnLessons, lessons_of
from models.rewrite.query import Query
from models.rewrite.ranker import Ranker
from schemas.dialogue import Dialogue
from schemas.failure_point import FailurePoint
from schemas.turn import Asr, Context, Device, Nlu, Slot, Turn
from streams.simulator.truth import MeaningTruth, SlotTruth, TurnTruth
from streams.training.rewrite_own import OwnExample, OwnWorld, world_of
from streams.training.rewrite_own_fit import counted, judged, own_lessons
from tests.unit.rewrites_to_order import LettersEncoder, entry, ranker
from tests.unit.test_personal_rewrites import rephrased, told
from tests.unit.test_transition import START

ONCE, TWICE = Lessons(1, 0, 0), Lessons(2, 0, 0)


def taught(agree: float, others: float = 0.0, as_it_is: float = 0.0, by_hand: float = 0.0) -> Candidate:
    held = entry("play maj", "play imagine", user="ann")
    of_target = Success(agree + by_hand + 0.5, others + as_it_is + 0.5)
    of_source = Success(as_it_is + 0.5, agree + others + 0.5)
    return Candidate(
        structs.replace(held, target_success=of_target, source_success=of_source),
        Via.SOURCE,
        "play maj",
        Channel.EXACT,
    )


def asked(user: str, lessons: Lessons, meant: bool, right: bool = False) -> OwnExample:
    return OwnExample(user, (lessons,), (meant,), right)


def people(count: int = 60) -> list[OwnExample]:
    """Who taught twice means it; who taught once, or meant it as it is since, was misunderstood by chance."""
    return [
        asked(f"user {number}", lessons, meant, right=not meant)
        for number in range(count)
        for lessons, meant in ((TWICE, True), (ONCE, False), (Lessons(2, 0, 1), False))
    ]


def test_an_entry_says_how_many_lessons_agree_and_how_many_do_not() -> None:
    assert lessons_of(taught(3, others=1, as_it_is=1).entry) == Lessons(3, 1, 1)


def test_lessons_that_are_borne_out_are_served_and_those_that_are_not_are_refused() -> None:
    own, served = own_lessons(OwnWorld(people(), clean=20_000))
    assert [one for one, sure in own.sure.items() if sure >= own.threshold] == [TWICE]
    assert (served.won, served.lost) == (60, 0)
    assert judged(own, OwnWorld(people(10), clean=100)) == (10, 0, 0, 100)


def test_what_would_spoil_too_many_requests_is_served_to_nobody() -> None:
    spoiled = [asked(f"user {number}", TWICE, meant=False, right=True) for number in range(60)]
    own, served = own_lessons(OwnWorld(people() + spoiled, clean=20_000))
    assert (served.won, served.lost) == (0, 0)
    assert own.threshold == 1.0


def test_a_persons_own_lessons_are_judged_by_themselves_and_by_their_own_threshold() -> None:
    none = np.zeros(len(NAMES))
    surely = Logistic(none, none + 1.0, none[None], np.full(1, 9.0))
    own = OwnLessons(counted(people()), 0.6)
    judge = Ranker(surely, ContextPrior({}), 0.9, "t", own)
    once, twice, by_hand = taught(1), taught(2), taught(1, by_hand=40)
    scores = {id(one): score for one, score in judge.rank(Query("play maj"), [once, twice, by_hand])}
    assert scores[id(once)] < 0.6 <= scores[id(twice)] < scores[id(by_hand)]
    assert [judge.threshold_of(one) for one in (once, by_hand)] == [0.6, 0.9]


def test_what_a_person_taught_for_another_request_is_not_served_however_alike_it_is() -> None:
    none = np.zeros(len(NAMES))
    surely = Logistic(none, none + 1.0, none[None], np.full(1, 9.0))
    judge = Ranker(surely, ContextPrior({}), 0.9, "t", OwnLessons(counted(people()), 0.6))
    alike = Candidate(taught(2).entry, Via.SOURCE, "play maj", Channel.DENSE, 0.99)
    others = Candidate(entry("play maj", "play imagine"), Via.SOURCE, "play maj", Channel.DENSE, 0.99)
    scores = {one.entry.personal: score for one, score in judge.rank(Query("play may"), [alike, others])}
    assert scores[True] == 0.0
    assert scores[False] > 0.9


def test_what_reaches_its_threshold_comes_before_what_scores_higher_and_does_not() -> None:
    none = np.zeros(len(NAMES))
    likely = Logistic(none, none + 1.0, none[None], np.full(1, 2.0))
    judge = Ranker(likely, ContextPrior({}), 0.95, "t", OwnLessons({ONCE: 0.5}, 0.4))
    others = Candidate(entry("play mat", "play magic"), Via.SOURCE, "play mat", Channel.DENSE, 0.9)
    (first, _), _ = judge.rank(Query("play maj"), [others, taught(1)])
    assert first.entry.personal


def _asked_for(song: str, meant: str, at_s: int) -> tuple[Turn, TurnTruth]:
    name = f"turn {at_s}"
    event = Turn(
        event_id=name,
        occurred_at=START + timedelta(seconds=at_s),
        turn_id=name,
        dialogue_id="d",
        user_id="ann",
        device=Device(id="device", type="speaker"),
        asr=Asr(text=f"play {song}"),
        nlu=Nlu(domain="music", intent="play", slots=(Slot(type="song", value=song),)),
        context=Context(device_state="playing", local_time="18:00"),
    )
    truth = TurnTruth(
        turn_id=name,
        event_id=name,
        dialogue_id="d",
        user_id="ann",
        device_id="device",
        number=0,
        said=f"play {meant}",
        meaning=MeaningTruth(domain="music", intent="play", slots=(SlotTruth(slot="song", value=meant),)),
        failure_point=FailurePoint.CORRECT,
        right=song == meant,
        satisfied=song == meant,
    )
    return event, truth


def test_a_request_knows_what_earlier_dialogues_taught_and_not_its_own() -> None:
    first, second = told(*rephrased(0), name="1", closed=True), told(*rephrased(100), name="2", closed=True)
    said = [
        _asked_for(song, "imagine", at) for song, at in (("maj", 0), ("imagine", 9), ("maj", 100), ("imagine", 109))
    ]
    world = _world([first, second], said)
    assert world.clean == 2
    (example,) = [one for one in world.examples if not one.right]
    assert example.meant == (True,)
    assert example.lessons == (ONCE,)


def _world(dialogues: list[Dialogue], said: list[tuple[Turn, TurnTruth]]) -> OwnWorld:
    turns = {turn.turn_id: turn for turn, _ in said}
    truths = {truth.turn_id: truth for _, truth in said}
    return world_of(dialogues, turns, truths, LettersEncoder(), ranker())

"""How the ranker's examples come about: from what people did, without looking at the truth."""

from datetime import timedelta

import numpy as np
import pytest

from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.context import ContextPrior, Situation
from models.rewrite.entry import state_of
from models.rewrite.features import CONTEXT, NAMES
from models.rewrite.query import Query
from models.rewrite.ranker import Ranker, evidence
from schemas.turn import Asr, Context, Device, Nlu, Slot, Turn
from streams.training.rewrite import _fitted, _threshold
from streams.training.rewrite_examples import Example, examples_of
from streams.training.rewrite_history import Request
from streams.training.rewrite_table import StateCounts, moves, share_of, table_of, worked_of
from tests.unit.rewrites_to_order import NOW, entry, index_of, ranker


def said(
    text: str, song: str | None, user: str = "u", at_s: int = 0, defect: bool = False, became: Request | None = None
) -> Request:
    """A request for a song, or one that was not understood."""
    understood = (
        Nlu(domain="music", intent="play_song", slots=(Slot(type="song", value=song),))
        if song is not None
        else Nlu(domain="music", intent="")
    )
    turn = Turn(
        event_id=f"{user} {at_s}",
        occurred_at=NOW + timedelta(seconds=at_s),
        turn_id=f"turn {user} {at_s}",
        dialogue_id="d",
        user_id=user,
        device=Device(id="device", type="speaker"),
        asr=Asr(text=text),
        nlu=understood,
        context=Context(device_state="playing", local_time="18:00"),
    )
    state = f"music|play_song|song:{song}" if song is not None else f"music||words:{text}"
    return Request(turn, text, state, defect, became)


def retried(user: str, at_s: int = 0) -> list[Request]:
    good = said("play imagine dragons", "imagine dragons", user, at_s + 5)
    return [said("play maj and dragons", None, user, at_s, defect=True, became=good), good]


def _counts(requests: list[Request]) -> StateCounts:
    counts = StateCounts()
    for one in requests:
        counts.count(one)
    return counts


def test_what_people_came_to_makes_the_table() -> None:
    requests = [one for user in ("ann", "bob", "cy") for one in retried(user)]
    (made,) = table_of(requests, _counts(requests))
    assert (made.sources, made.target, made.users) == (("play maj and dragons",), "play imagine dragons", 3)
    assert made.source_success.mean == pytest.approx(0.5 / 4)
    assert made.target_success.mean == pytest.approx(3.5 / 4)


def test_what_most_people_came_to_is_the_target() -> None:
    other = said("play the dragons", "the dragons", "dee", 5)
    requests = [*retried("ann"), *retried("bob"), said("play maj and dragons", None, "dee", 0, True, other), other]
    (made,) = table_of(requests, _counts(requests))
    assert made.target == "play imagine dragons"


def test_what_is_never_rewritten_is_in_no_table() -> None:
    good = said("play imagine dragons", "imagine dragons", at_s=5)
    assert not moves(said("no not that one", None, defect=True, became=good))
    assert not moves(said("play it", "imagine dragons", defect=True, became=good))
    assert moves(retried("ann")[0])


def test_what_several_said_with_success_can_be_found() -> None:
    requests = [said("play thunder", "thunder", user) for user in ("ann", "bob", "cy")] + [said("play rain", "rain")]
    (made,) = worked_of(_counts(requests))
    assert (made.sources, made.target, made.users) == ((), "play thunder", 3)


def test_what_a_person_came_to_is_wanted_and_nothing_where_all_went_well() -> None:
    index = index_of(entry("play maj and draggins", "play imagine dragons"))
    asked = [*retried("ann"), said("play imaginary dragons", "imaginary dragons", "bob")]
    made = list(examples_of(asked, index, ranker(), StateCounts(), kept=1.0, seed=1))
    by_user = {one.request.turn.user_id: any(one.wanted) for one in made}
    assert by_user == {"ann": True, "bob": False}


def test_what_a_person_taught_counts_from_then_on_and_for_nobody_else() -> None:
    counts = _counts(retried("ann"))
    again = said(
        "play maj and dragons", None, "ann", 60, True, said("play imagine dragons", "imagine dragons", "ann", 65)
    )
    asked = [*retried("ann"), again, *retried("bob")]
    made = list(examples_of(asked, index_of(), ranker(), counts, kept=1.0, seed=1))
    assert [(one.request.turn.user_id, one.candidates[0].entry.personal) for one in made] == [("ann", True)]


def test_weights_and_threshold_follow_what_was_wanted() -> None:
    wanted = Candidate(entry("play maj", "play magic"), Via.SOURCE, "play maj", Channel.LEXICAL, 0.9)
    other = Candidate(entry("pay mat", "pay mat"), Via.SOURCE, "pay mat", Channel.DENSE, 0.2)
    failed, fine = said("play maj", None, defect=True), said("play mat", "mat")
    examples = [Example(failed, Query("play maj"), (wanted, other), (True, False), 1.0) for _ in range(20)]
    examples += [Example(fine, Query("sing a song"), (other,), (False,), 1.0) for _ in range(20)]
    logistic = _fitted(examples, ContextPrior({}))
    judge = Ranker(logistic, ContextPrior({}), 0.0, "t")
    assert judge.rank(Query("play maj"), [other, wanted])[0][0] is wanted
    threshold = _threshold(judge, examples, clean=20)
    scores = [judge.rank(one.query, one.candidates)[0][1] for one in examples]
    assert min(scores[:20]) >= threshold > max(scores[20:])


def test_what_training_knows_nothing_of_counts_for_nothing() -> None:
    wanted = Candidate(entry("play maj", "play magic"), Via.SOURCE, "play maj", Channel.LEXICAL, 0.9)
    other = Candidate(entry("pay mat", "pay mat"), Via.SOURCE, "pay mat", Channel.DENSE, 0.2)
    asked = Query("play maj", device_type="speaker", hour=18, place="kitchen")
    failed = said("play maj", None, defect=True)
    logistic = _fitted([Example(failed, asked, (wanted, other), (True, False), 1.0)] * 20, ContextPrior({}))
    assert not logistic.weights[0, [NAMES.index(name) for name in CONTEXT]].any()


def test_one_lucky_rewrite_opens_no_door() -> None:
    wanted = Candidate(entry("play maj", "play magic"), Via.SOURCE, "play maj", Channel.LEXICAL, 0.9)
    other = Candidate(entry("pay mat", "pay mat"), Via.SOURCE, "pay mat", Channel.DENSE, 0.2)
    failed, fine = said("play maj", None, defect=True), said("play mat", "mat")
    lucky = Example(failed, Query("play maj"), (wanted,), (True,), 1.0)
    unwanted = [Example(fine, Query("sing a song"), (other,), (False,), 1.0) for _ in range(20)]
    judge = Ranker(_fitted([lucky, *unwanted], ContextPrior({})), ContextPrior({}), 0.0, "t")
    assert _threshold(judge, [lucky, *unwanted], clean=20) > judge.rank(lucky.query, lucky.candidates)[0][1]


def test_the_table_speaks_for_itself_where_it_holds_these_very_words() -> None:
    held = entry("play maj", "play magic")
    assert evidence(Candidate(held, Via.SOURCE, "play maj", Channel.EXACT)) == pytest.approx(0.7 * 0.8 * 0.9)
    assert evidence(Candidate(held, Via.SOURCE, "play maj", Channel.DENSE, 1.0)) == 0.0
    assert evidence(Candidate(held, Via.TARGET, "play magic", Channel.EXACT)) == 0.0


def test_what_is_asked_for_in_a_situation_fits_there() -> None:
    situation = Query("x", device_state="playing", device_type="speaker", hour=18)
    assert ContextPrior({}).fits(situation, "weather") == (0.0, 0.0, 0.0, 0.0)
    mixed = ContextPrior.of(
        [
            *[(Situation("speaker", "playing", "4", None), "music")] * 50,
            *[(Situation("tv", "idle", "4", None), "video")] * 50,
        ]
    )
    assert mixed.fits(situation, "music")[0] > 0.3
    assert mixed.fits(situation, "video")[0] < -0.3
    assert mixed.fits(situation, None) == (0.0, 0.0, 0.0, 0.0)


def test_people_are_split_evenly_and_always_alike() -> None:
    shares = [share_of(f"user {n}") for n in range(2_000)]
    assert 0.55 < np.mean(np.array(shares) < 0.6) < 0.65
    assert shares[7] == share_of("user 7")


def test_a_state_is_taken_apart() -> None:
    state = state_of("music|play_song|artist:imagine dragons;room:kitchen")
    assert state is not None
    assert (state.domain, state.intent, state.kinds) == ("music", "play_song", frozenset({"artist", "room"}))
    assert state_of("music||words:play maj") is None


def test_every_feature_has_one_name() -> None:
    assert len(set(NAMES)) == len(NAMES)

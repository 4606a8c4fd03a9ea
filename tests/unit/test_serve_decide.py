"""Whether to rewrite: guards, layers, holdout, and what is told of it."""

import numpy as np
import pytest

from models.rewrite.entry import Entry
from models.rewrite.features import NAMES, features
from models.rewrite.query import Query
from schemas.rewrite_decision import DecisionArm, DecisionLayer, DecisionReason
from schemas.turn import Asr, AsrHypothesis, Interpretation, Slot
from streams.serve.asked import DeviceContext, RewriteRequest
from streams.serve.decide import Considered, Decider, held_out
from streams.serve.table import entry_of, rewrite_of
from tests.unit.rewrites_to_order import entry, index_of, ranker, record

MAJ = entry("play maj and dragons", "play imagine dragons")


def _decider(*entries: Entry, holdout: float = 0.0, threshold: float = 0.5, likes: str = "") -> Decider:
    return Decider(index_of(*entries), ranker(threshold), lambda _user: {likes: 1} if likes else {}, holdout)


def _ask(text: str, user: str | None = None, **more: object) -> RewriteRequest:
    return RewriteRequest.model_validate({"text": text, "user_id": user, **more})


def _reason(decider: Decider, asked: RewriteRequest) -> DecisionReason:
    return decider.decide(asked).reason


def test_words_that_failed_for_many_are_replaced() -> None:
    verdict = _decider(MAJ).decide(_ask("Play maj and dragons"))
    assert (verdict.arm, verdict.reason, verdict.layer) == (
        DecisionArm.SERVED,
        DecisionReason.REWRITTEN,
        DecisionLayer.PRECOMPUTED,
    )
    assert verdict.entry is not None
    assert verdict.entry.said == "play imagine dragons"


def test_words_like_these_are_replaced_from_the_global_layer() -> None:
    assert _decider(MAJ, threshold=0.2).decide(_ask("play maj and dragon")).layer is DecisionLayer.GLOBAL


def test_what_worked_for_this_person_comes_first() -> None:
    own = entry("play maj and dragons", "play the dragons podcast", user="ann")
    decider = _decider(MAJ, own)
    verdict = decider.decide(_ask("play maj and dragons", "ann"))
    assert (verdict.layer, verdict.entry and verdict.entry.said) == (DecisionLayer.PERSONAL, "play the dragons podcast")
    others = decider.decide(_ask("play maj and dragons", "bob")).entry
    assert others is not None
    assert others.said == "play imagine dragons"


def test_the_same_words_are_understood_as_this_person_means_them() -> None:
    lamp = entry("turn on sunshine", "turn on sunshine", "ann", None, "home|on|device:sunshine", "home|on|device:lamp")

    def asked(device: str, user: str) -> RewriteRequest:
        understood = Interpretation(domain="home", intent="on", slots=(Slot(type="device", value=device),))
        return _ask("turn on sunshine", user, interpretation=understood)

    assert _reason(_decider(lamp), asked("sunshine", "ann")) is DecisionReason.REWRITTEN
    assert _reason(_decider(lamp), asked("lamp", "ann")) is DecisionReason.NOTHING_FOUND
    assert _reason(_decider(lamp), asked("sunshine", "bob")) is DecisionReason.NOTHING_FOUND


def test_words_that_work_stay() -> None:
    assert _reason(_decider(MAJ), _ask("play imagine dragons")) is DecisionReason.WORKS_AS_IT_IS


def test_words_that_work_for_this_person_stay_even_if_they_fail_for_others() -> None:
    own = entry("put on my band", "play maj and dragons", user="ann")
    assert _reason(_decider(MAJ, own), _ask("play maj and dragons", "ann")) is DecisionReason.WORKS_AS_IT_IS
    assert _reason(_decider(MAJ, own), _ask("play maj and dragons", "bob")) is DecisionReason.REWRITTEN


def test_a_rewrite_is_never_rewritten() -> None:
    asked = _ask("play maj and dragons", already_rewritten=True)
    assert _reason(_decider(MAJ), asked) is DecisionReason.ALREADY_REWRITTEN


def test_a_child_is_never_rewritten() -> None:
    asked = _ask("play maj and dragons", device=DeviceContext(child_profile=True))
    assert _reason(_decider(MAJ), asked) is DecisionReason.DENIED


@pytest.mark.parametrize(
    ("domain", "intent"),
    [("shopping", "order_item"), ("home", "unlock_door"), ("phone", "call_contact"), ("messages", "send_message")],
)
def test_what_acts_on_the_world_is_never_rewritten(domain: str, intent: str) -> None:
    asked = _ask("play maj and dragons", interpretation=Interpretation(domain=domain, intent=intent))
    assert _reason(_decider(MAJ), asked) is DecisionReason.DENIED


@pytest.mark.parametrize("text", ["unlock the front door", "call mum", "no not that one", "buy more milk"])
def test_without_an_interpretation_the_words_are_looked_at(text: str) -> None:
    assert _reason(_decider(entry(text, "play imagine dragons")), _ask(text)) is DecisionReason.DENIED


def test_nothing_is_rewritten_to_a_purchase() -> None:
    bad = entry("play maj", "get me milk", target_state="shopping|buy_item|item:milk")
    assert _reason(_decider(bad), _ask("play maj")) is DecisionReason.DENIED


def test_a_rewrite_that_drops_a_no_is_refused() -> None:
    bad = entry("don't play maj", "play imagine dragons")
    understood = Interpretation(domain="music", intent="play_song", slots=(Slot(type="song", value="maj"),))
    assert _reason(_decider(bad), _ask("don't play maj", interpretation=understood)) is DecisionReason.DENIED


def test_what_is_blocked_is_not_served() -> None:
    blocked = entry("play maj and dragons", "play imagine dragons", blocked_because="worse than without")
    said = Considered()
    assert _decider(blocked).decide(_ask("play maj and dragons"), said).reason is DecisionReason.BLOCKED
    assert "worse than without" in said.notes[0]


def test_what_a_person_rejected_is_not_offered_again_by_anybody() -> None:
    rejected = entry("play maj and dragons", "play imagine dragons", user="ann", blocked_because="rejected")
    decider = _decider(MAJ, rejected)
    assert _reason(decider, _ask("play maj and dragons", "ann")) is DecisionReason.REJECTED
    assert _reason(decider, _ask("play maj and dragons", "bob")) is DecisionReason.REWRITTEN


def test_too_little_is_not_enough() -> None:
    assert _reason(_decider(MAJ, threshold=0.999), _ask("play maj and dragons")) is DecisionReason.TOO_UNSURE


def test_nothing_known_is_nothing_found() -> None:
    assert _reason(_decider(), _ask("play maj and dragons")) is DecisionReason.NOTHING_FOUND


def test_another_intent_needs_words_that_say_the_same() -> None:
    other = entry("play the weather", "what is the forecast", target_state="weather|forecast|")
    understood = Interpretation(domain="music", intent="play_song", slots=(Slot(type="song", value="the weather"),))
    asked = _ask("play the weather", interpretation=understood)
    assert _reason(_decider(other), asked) is DecisionReason.INTENT_CHANGED
    near = entry("play the wether", "play the weather", target_state="weather|forecast|")
    asked = _ask("play the wether", interpretation=understood)
    assert _reason(_decider(near), asked) is DecisionReason.REWRITTEN


def test_a_declared_taste_decides_between_two() -> None:
    one = entry(
        "weather", "weather by skyline", source_state="a||words:x", target_state="weather|forecast|service:skyline"
    )
    two = entry(
        "weather", "weather by cloudly", source_state="b||words:x", target_state="weather|forecast|service:cloudly"
    )
    for liked in ("skyline", "cloudly"):
        chosen = _decider(one, two, likes=liked).decide(_ask("weather", "ann")).entry
        assert chosen is not None
        assert liked in chosen.said


def test_a_fixed_share_of_the_turns_is_held_out_and_always_the_same() -> None:
    asked = [_ask("play maj", turn_id=f"turn {n}") for n in range(4_000)]
    drawn = [held_out("r", one, 0.05) for one in asked]
    assert 0.035 < sum(drawn) / len(drawn) < 0.065
    assert drawn == [held_out("r", one, 0.05) for one in asked]
    assert drawn != [held_out("other", one, 0.05) for one in asked]


def test_both_arms_say_how_probable_they_were() -> None:
    decider = _decider(MAJ, holdout=0.3)
    verdicts = [decider.decide(_ask("play maj and dragons", turn_id=f"t{n}")) for n in range(40)]
    assert {(one.arm, one.propensity) for one in verdicts} == {(DecisionArm.SERVED, 0.7), (DecisionArm.HOLDOUT, 0.3)}
    assert all(one.entry is not None and one.score is not None for one in verdicts)


def test_of_the_others_nothing_counts_but_that_they_are_more_alike() -> None:
    index = index_of(MAJ, entry("play maj and draggers", "play the draggers"), entry("maj dragon", "dragon maj"))
    query = Query("play maj and dragonss")
    found = index.search(query.text)
    assert len(found) > 2
    alone = {id(one): ranker().rank(query, [one])[0][1] for one in found}
    assert all(score <= alone[id(one)] for one, score in ranker().rank(query, found))
    assert max(score for _, score in ranker().rank(query, found)) in alone.values()
    for one in found:
        one.alike = None
    assert all(score == alone[id(one)] for one, score in ranker().rank(query, found))


def test_what_is_explained_adds_up_to_the_score() -> None:
    judge, query = ranker(), Query("play maj and dragon")
    for one in judge.explain(query, index_of(MAJ).search(query.text)):
        odds = sum(one.parts.values()) + float(judge.logistic.bias[0])
        assert 1 / (1 + np.exp(-odds)) == pytest.approx(one.score, abs=1e-4)


def test_alternatives_of_the_recogniser_count() -> None:
    heard = Asr(text="play maj", n_best=(AsrHypothesis(text="play maj"), AsrHypothesis(text="play imagine dragons")))
    decider = _decider(MAJ)
    query = decider.query(_ask("play maj", asr=heard))
    assert query.n_best == ("play imagine dragons",)
    row = features(query, decider.index.search("play maj and dragons"), ranker().context)[0]
    assert row[NAMES.index("n-best-has-it")] == 1.0


def test_a_record_survives_the_index() -> None:
    for one in (record(), record(user="ann"), record().model_copy(update={"blocked": True, "blocked_because": "so"})):
        assert rewrite_of(entry_of(one)) == one


def test_what_is_only_ranked_high_and_says_something_else_is_not_served() -> None:
    verdict = _decider(MAJ, threshold=0.0).decide(_ask("weather in wilkerson"))
    assert (verdict.arm, verdict.reason) in (
        (DecisionArm.NONE, DecisionReason.NOT_ALIKE),
        (DecisionArm.NONE, DecisionReason.NOTHING_FOUND),
    )

"""Verdicts: the strongest source decides."""

import pytest

from processors.defect import PRIOR, verdict
from processors.signals import signals_of
from schemas.dialogue import TurnVerdict, VerdictTier
from schemas.turn import Answer, PlaybackState, ResponseStatus, StoppedBy
from tests.unit.exchanges import answered, exchange, playback, talk


def judged(exchanges):
    shown = [signal for i in range(len(exchanges)) for signal in signals_of(exchanges, i, 1)]
    return [verdict(one, [signal for signal in shown if signal.turn_id == one.turn_id]) for one in exchanges]


def test_silence_is_no_defect_and_no_proof_of_success():
    (only,) = judged(talk(["play jazz"]))
    assert (only.defect, only.tier, only.score, only.evidence) == (False, VerdictTier.NONE, PRIOR, ())


def test_the_persons_no_wins_over_a_happy_player():
    asked = exchange("play jazz", (0, 1), (2, 3))
    playback(asked, PlaybackState.FINISHED, 200)
    answered(asked, Answer.NO)
    (only,) = judged([asked])
    assert (only.defect, only.tier) == (True, VerdictTier.EXPLICIT)


def test_the_persons_yes_wins_over_a_repeat():
    exchanges = talk(["play imagine dragons", "play imagine dragons"])
    answered(exchanges[0], Answer.YES)
    first, _ = judged(exchanges)
    assert (first.defect, first.tier) == (False, VerdictTier.EXPLICIT)
    assert first.evidence == ("explicit-answer:yes", "repeat") or set(first.evidence) == {
        "explicit-answer:yes",
        "repeat",
    }


def test_the_last_clear_answer_counts():
    asked = talk(["play jazz"])
    answered(asked[0], Answer.NO)
    answered(asked[0], Answer.YES)
    answered(asked[0], Answer.UNCLEAR)
    (only,) = judged(asked)
    assert (only.defect, only.tier) == (False, VerdictTier.EXPLICIT)


@pytest.mark.parametrize(
    ("rating", "defect", "tier"), [(1, True, "explicit"), (3, False, "none"), (5, False, "explicit")]
)
def test_a_rating_decides_where_the_answer_is_unclear(rating, defect, tier):
    asked = talk(["play jazz"])
    answered(asked[0], Answer.UNCLEAR, rating)
    (only,) = judged(asked)
    assert (only.defect, only.tier.value) == (defect, tier)


def test_a_repeat_makes_the_answer_before_it_a_defect():
    first, second = judged(talk(["play imagine dragons", "play imagine dragons"]))
    assert (first.defect, first.tier, first.evidence) == (True, VerdictTier.IMPLICIT, ("repeat",))
    assert not second.defect


def test_a_refinement_is_no_complaint():
    first, _ = judged(talk(["show me italian restaurants", "show me italian restaurants in the old town"]))
    assert (first.defect, first.evidence) == (False, ("refinement",))


def test_two_signals_of_one_act_count_once_and_two_acts_count_twice():
    stopped = [exchange("tell me about rome", (0, 1), (2, 12)), exchange("stop", (5, 5.5))]
    interrupted_and_ended, _ = judged(stopped)
    playback(stopped[0], PlaybackState.STOPPED, 5.6, position_s=3, stopped_by=StoppedBy.BUTTON)
    and_player_stopped, _ = judged(stopped)
    assert interrupted_and_ended.score == pytest.approx(1 - (1 - PRIOR) * (1 - 0.7))
    assert and_player_stopped.score > interrupted_and_ended.score


@pytest.mark.parametrize(
    ("status", "defect"),
    [
        (ResponseStatus.NOT_UNDERSTOOD, True),
        (ResponseStatus.FAILED, True),
        (ResponseStatus.UNSUPPORTED, True),
        (ResponseStatus.ASKED, False),
        (ResponseStatus.ANSWERED, False),
    ],
)
def test_without_any_signal_the_answers_own_status_decides(status, defect):
    (only,) = judged(talk(["play jazz"], status))
    assert only.defect is defect
    assert only.tier is (VerdictTier.STATUS if defect else VerdictTier.NONE)


def test_music_that_plays_on_was_wanted():
    music = exchange("play jazz", (0, 1), (2, 3))
    playback(music, PlaybackState.STOPPED, 60, position_s=55, stopped_by=StoppedBy.BUTTON)
    (only,) = judged([music])
    assert (only.defect, only.tier, only.evidence) == (False, VerdictTier.IMPLICIT, ("playback:played-on",))
    assert only.score < PRIOR


def test_a_retracted_signal_does_not_count():
    exchanges = talk(["play imagine dragons", "play imagine dragons"])
    (signal,) = signals_of(exchanges, 1, 1)
    taken_back = verdict(exchanges[0], [signal.model_copy(update={"retracted": True})])
    assert taken_back == verdict(exchanges[0], [])


def test_a_verdict_travels_as_json():
    for one in judged(talk(["play imagine dragons", "play imagine dragons"])):
        assert TurnVerdict.model_validate_json(one.model_dump_json()) == one

"""Barge-in: whether, where and what for."""

import pytest

from models.barge_in.candidate import Judgement
from processors.barge_in import find_barge_in
from processors.rephrase import find_retry
from schemas.feedback import BargeInKind
from schemas.turn import ResponseStatus
from tests.unit.exchanges import exchange


def interrupted(
    request, began, ended, status=ResponseStatus.ANSWERED, answer=None, wake_confidence=None, passed=False, judge=None
):
    """`passed`: the device let it pass without an answer."""
    exchanges = [
        exchange("what's the weather in rome", (0, 2), (3, 13), status=status, answer=answer),
        exchange(request, (began, ended), None if passed else (ended + 1, ended + 2), wake_confidence=wake_confidence),
    ]
    return find_barge_in(exchanges[0], exchanges[1], find_retry(exchanges, 1), judge=judge)


@pytest.mark.parametrize(
    ("began", "found"),
    [(2.9, False), (3.1, False), (3.2, True), (12.99, True), (13.05, True), (13.1, False), (20.0, False)],
)
def test_speech_interrupts_from_a_moment_after_the_answer_begins_until_it_ends_as_far_as_clocks_can_tell(began, found):
    assert (interrupted("stop", began, began + 0.5) is not None) is found


def test_speech_that_only_a_wrong_clock_puts_after_the_end_stopped_nothing():
    overlap = interrupted("stop it", 13.05, 13.5)
    assert overlap is not None
    assert (overlap.stop_latency_ms, overlap.score) == (0, 0.6)


def test_where_it_was_interrupted_is_measured_from_the_devices_times():
    overlap = interrupted("stop it", 8.0, 8.6)
    assert overlap is not None
    assert (overlap.offset_ms, overlap.stop_latency_ms, overlap.speech_ms) == (5000, 5000, 600)
    assert overlap.share_heard == pytest.approx(0.5)


def test_the_share_heard_of_an_answer_that_was_cut_is_of_its_words():
    overlap = interrupted("stop it", 12.0, 12.6, answer=" ".join(["word"] * 60))
    assert overlap is not None
    assert overlap.share_heard == pytest.approx(9 / 20)


def test_an_overlap_at_the_very_edge_is_less_certain():
    edge, middle = interrupted("stop it", 12.9, 13.4), interrupted("stop it", 8.0, 8.5)
    assert edge is not None
    assert middle is not None
    assert edge.score < middle.score == 1.0


@pytest.mark.parametrize("missing", ["speech", "response"])
def test_without_times_there_is_no_interruption(missing):
    earlier = exchange("what's the weather", (0, 2), None if missing == "response" else (3, 13))
    later = exchange("stop", (5, 6))
    if missing == "speech":
        later.speech = None
    assert find_barge_in(earlier, later, None) is None


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ("stop", BargeInKind.STOP),
        ("never mind", BargeInKind.STOP),
        ("no I said Nome", BargeInKind.CORRECTION),
        ("what's the weather in nome", BargeInKind.CORRECTION),
        ("uh-huh", BargeInKind.BACKCHANNEL),
        ("okay", BargeInKind.BACKCHANNEL),
        ("mallard", BargeInKind.BACKCHANNEL),
        ("next", BargeInKind.CONTINUATION),
        ("set a timer for ten minutes", BargeInKind.CONTINUATION),
        ("", BargeInKind.OTHER_DIRECTED),
    ],
)
def test_the_words_say_what_an_interruption_is_for(request_, kind):
    overlap = interrupted(request_, 8.0, 9.0)
    assert overlap is not None
    assert overlap.kind is kind


def test_an_answer_before_the_question_ends_goes_on():
    overlap = interrupted("yes", 8.0, 8.4, status=ResponseStatus.ASKED)
    assert overlap is not None
    assert overlap.kind is BargeInKind.CONTINUATION


def test_too_short_a_sound_does_not_take_the_turn():
    overlap = interrupted("set timer", 8.0, 8.2)
    assert overlap is not None
    assert overlap.kind is BargeInKind.BACKCHANNEL


def test_speech_that_hardly_woke_the_device_was_for_somebody_else():
    overlap = interrupted("pass me the salt", 8.0, 9.0, wake_confidence=0.2)
    assert overlap is not None
    assert overlap.kind is BargeInKind.OTHER_DIRECTED


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        ("okay", BargeInKind.BACKCHANNEL),
        ("did you feed the cat", BargeInKind.OTHER_DIRECTED),
        ("stop", BargeInKind.STOP),
        ("no I said nome", BargeInKind.CORRECTION),
    ],
)
def test_what_the_device_let_pass_was_not_for_it_unless_the_words_say_so(request_, kind):
    overlap = interrupted(request_, 8.0, 9.0, status=ResponseStatus.ASKED, passed=True)
    assert overlap is not None
    assert overlap.kind is kind


def test_what_the_assistant_understood_as_stop_is_one():
    earlier = exchange("play jazz", (0, 1), (2, 9))
    later = exchange("put a sock in it", (5, 6), (7, 8), domain="music", intent="stop")
    overlap = find_barge_in(earlier, later, None)
    assert overlap is not None
    assert overlap.kind is BargeInKind.STOP


class Sure:
    """Calls everything a correction."""

    def __init__(self):
        self.seen = []

    def judge(self, candidates):
        self.seen += candidates
        return [Judgement(BargeInKind.CORRECTION, 0.9) for _ in candidates]


def test_a_judge_overrules_the_rules_and_sees_what_they_said():
    judge = Sure()
    overlap = interrupted("what is the weather in paris", 8.0, 9.0, judge=judge)
    assert overlap is not None
    assert (overlap.kind, overlap.kind_score) == (BargeInKind.CORRECTION, 0.9)
    (seen,) = judge.seen
    assert seen.text == "what is the weather in paris"
    assert (seen.answered, seen.asked, seen.offset_ms, seen.new_words, seen.lost_words) == (True, False, 5000, 1, 1)


def test_without_an_interruption_no_judge_is_asked():
    judge = Sure()
    assert interrupted("stop", 20.0, 21.0, judge=judge) is None
    assert not judge.seen


def test_what_a_judge_sees_does_not_depend_on_who_tells_retries():
    judge = Sure()
    exchanges = [
        exchange("what's the weather in rome", (0, 2), (3, 13)),
        exchange("what's the weather in nome", (8, 9), (10, 11)),
    ]
    for retry in (None, find_retry(exchanges, 1)):
        find_barge_in(exchanges[0], exchanges[1], retry, judge=judge)
    assert judge.seen[0] == judge.seen[1]
    assert judge.seen[0].retry_score > 0.5

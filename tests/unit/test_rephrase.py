"""Repeat, rephrase, refinement."""

import pytest

from processors.rephrase import find_retry, retry_score
from processors.retry import RetryKind
from processors.thresholds import THRESHOLDS
from schemas.turn import ResponseStatus
from tests.unit.exchanges import exchange, talk


def test_the_same_words_again_are_a_repeat():
    retry = find_retry(talk(["play imagine dragons", "Play Imagine Dragons!"]), 1)
    assert retry is not None
    assert (retry.kind, retry.distance, retry.gap_s) == (RetryKind.REPEAT, 1, 6.0)


def test_the_same_wish_in_other_words_is_a_rephrase():
    retry = find_retry(talk(["play maj and dragons", "play imagine dragons"]), 1)
    assert retry is not None
    assert retry.kind is RetryKind.REPHRASE


def test_a_correction_of_like_words_is_a_rephrase_even_when_it_adds_some():
    retry = find_retry(talk(["turn on the light", "no I said turn on the kitchen light"]), 1)
    assert retry is not None
    assert (retry.kind, retry.correction) == (RetryKind.REPHRASE, True)


def test_a_wish_with_something_added_after_a_good_answer_is_a_refinement():
    retry = find_retry(talk(["show me italian restaurants", "show me italian restaurants in the old town"]), 1)
    assert retry is not None
    assert retry.kind is RetryKind.REFINEMENT


def test_the_answer_to_a_question_that_shares_its_words_is_a_refinement():
    asked = talk(["book a table at luigi's", "book a table at luigi's at eight"], ResponseStatus.ASKED)
    retry = find_retry(asked, 1)
    assert retry is not None
    assert retry.kind is RetryKind.REFINEMENT


def test_a_wish_with_something_added_after_a_failure_is_a_rephrase():
    failed = talk(["waterfront", "the waterfront mall"], ResponseStatus.NOT_UNDERSTOOD)
    retry = find_retry(failed, 1)
    assert retry is not None
    assert retry.kind is RetryKind.REPHRASE


def test_an_unlike_request_right_after_one_that_was_not_understood_is_a_rephrase():
    failed = talk(["darragh", "public transit"], ResponseStatus.NOT_UNDERSTOOD)
    retry = find_retry(failed, 1)
    assert retry is not None
    assert retry.kind is RetryKind.REPHRASE


@pytest.mark.parametrize("status", list(ResponseStatus))
def test_giving_up_is_no_retry(status):
    assert find_retry(talk(["oakland avenue", "never mind"], status), 1) is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("what's the weather", "set a timer for ten minutes"),
        ("next", "next"),
        ("turn it up", "turn it up"),
        ("yes", "yes"),
        ("", "play jazz"),
        ("play jazz", ""),
    ],
)
def test_an_unrelated_request_or_a_steering_word_again_is_none(first, second):
    assert find_retry(talk([first, second]), 1) is None


def test_the_first_request_comes_back_to_nothing():
    exchanges = talk(["play jazz"])
    assert find_retry(exchanges, 0) is None
    assert retry_score(exchanges, 0) == 0.0


@pytest.mark.parametrize(("later_s", "found"), [(45.0, True), (45.1, False)])
def test_a_retry_counts_until_45_seconds_after_the_end_of_the_answer(later_s, found):
    exchanges = [
        exchange("play imagine dragons", (0, 2), (3, 10), status=ResponseStatus.FAILED),
        exchange("play imagine dragons", (10 + later_s, 12 + later_s)),
    ]
    assert (find_retry(exchanges, 1) is not None) is found


@pytest.mark.parametrize(("between", "found"), [(4, True), (5, False)])
def test_a_retry_reaches_five_requests_back(between, found):
    fillers = ["call anna", "what time is it", "remind me of lunch", "open the door", "how old is rome"][:between]
    requests = ["play imagine dragons", *fillers, "play imagine dragons"]
    exchanges = talk(requests, ResponseStatus.FAILED, step=6.0)
    retry = find_retry(exchanges, len(requests) - 1)
    assert (retry is not None and retry.kind is RetryKind.REPEAT) is found
    if found:
        assert retry.distance == THRESHOLDS.window_turns


def test_an_unlike_request_after_a_failure_is_another_wish():
    assert find_retry(talk(["open the door", "play imagine dragons"], ResponseStatus.FAILED), 1) is None


def test_of_several_earlier_requests_the_likeliest_is_meant():
    exchanges = talk(["play imagine dragons", "play the dragon song", "play imagine dragons"])
    retry = find_retry(exchanges, 2)
    assert retry is not None
    assert (retry.kind, retry.distance) == (RetryKind.REPEAT, 2)


def test_scores_rank_repeats_over_rephrases_over_unrelated_requests():
    def score(second):
        return retry_score(talk(["play imagine dragons", second]), 1)

    assert score("play imagine dragons") > score("play the magic dragons") > score("what time is it") > 0.0

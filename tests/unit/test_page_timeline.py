"""Speech and response as bars."""

import pytest

from infra.page.figures import TurnRow
from infra.page.timeline import timeline

START = 1_700_000_000_000


def turn(speech: tuple[int, int] = (0, 0), response: tuple[int, int] = (0, 0)) -> TurnRow:
    names = (
        "turn_id user_id device_id device_type locale channel domain intent request"
        " wake_word response_text response_status action entity"
    )
    texts = dict.fromkeys(names.split(), "")
    return TurnRow(
        **texts,
        occurred_ms=START,
        slots=(),
        asr_confidence=None,
        asr_n_best=(),
        nlu_confidence=None,
        speech_start_ms=speech[0],
        speech_end_ms=speech[1],
        response_start_ms=response[0],
        response_end_ms=response[1],
        synthetic_timing=False,
        versions=(),
    )


def test_an_interruption_is_drawn_where_both_are_heard() -> None:
    first = turn((START, START + 1000), (START + 2000, START + 6000))
    told = timeline(first, turn((START + 4000, START + 8000), (START + 9000, START + 9500)))
    assert told
    bars = {bar.what: (bar.left, bar.width) for bar in told.bars}
    assert bars["answer"] == pytest.approx((25, 50))
    assert bars["by-next"] == pytest.approx((50, 50))
    assert bars["both"] == pytest.approx((50, 25))
    assert "spoke again 2.0 s into it" in told.words


def test_the_next_request_after_the_answer_does_not_overlap() -> None:
    first = turn((START, START + 1000), (START + 2000, START + 6000))
    told = timeline(first, turn((START + 7000, START + 8000)))
    assert told
    assert "both" not in {bar.what for bar in told.bars}
    assert "spoke again 1.0 s after it" in told.words


def test_a_request_long_after_is_left_out() -> None:
    told = timeline(turn((START, START + 1000), (START + 2000, START + 6000)), turn((START + 60_000, START + 61_000)))
    assert told
    assert [bar.what for bar in told.bars] == ["speech", "answer"]


@pytest.mark.parametrize(
    "lacking",
    [
        turn(),
        turn((START, START + 1000)),
        turn((0, 0), (START, START + 1000)),
        turn((START + 1000, START), (START, START + 1)),
    ],
)
def test_without_times_there_is_no_timeline(lacking: TurnRow) -> None:
    assert timeline(lacking, None) is None

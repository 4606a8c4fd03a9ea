import time

import pytest

from processors.correction import may_correct


@pytest.mark.parametrize(
    "text",
    [
        "No, I meant Exeter",
        "play rock sorry jazz",
        "what about in 2015?",
        "set it for five uh six",
        "actually make it four",
        "some bluegrass what am I saying indie pop",
        "Where did or no when did it begin",
    ],
)
def test_turns_with_a_word_of_correction_pass(text: str) -> None:
    assert may_correct(text)


@pytest.mark.parametrize("text", ["play some jazz", "what's the weather in Paris", "yes", "", "turn the lights off"])
def test_plain_requests_do_not_pass(text: str) -> None:
    assert not may_correct(text)


def test_the_gate_takes_a_few_microseconds() -> None:
    texts = ["what is the weather going to be like in paris tomorrow", "no i meant the other one"] * 500
    best = min(_seconds(texts) for _ in range(5))
    assert best / len(texts) < 5e-6


def _seconds(texts: list[str]) -> float:
    start = time.process_time()
    for text in texts:
        may_correct(text)
    return time.process_time() - start

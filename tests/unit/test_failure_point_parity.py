"""The judge of failure points says the same whatever its encoder runs on, to rounding, and however it is asked."""

from collections.abc import Sequence
from itertools import chain

import numpy as np
import pytest

from models.encoder import SentenceEncoder
from models.failure_point.case import Judgement
from models.failure_point.model import FailurePointModel
from models.minilm import MOST_TOKENS, TorchEngine, minilm_tokenizer
from processors.failure_case import FailureCase
from streams.simulator.simulation import Simulation
from streams.training.failure_point_sets import simulated_examples

LAST_DIGIT = 1.01e-4
"""Probabilities have four decimals. Matrices of another height are added up in another order, which shows in the
seventh digit; once in some hundred answers that decides how the fourth is rounded."""


@pytest.fixture(scope="module")
def cases() -> list[FailureCase]:
    """Both questions about some turns of simulated people."""
    examples = simulated_examples(Simulation(pack="home_b", users=2_000, dialogues=60, seed=41))
    return list(chain.from_iterable((one.first, one.last) for one in examples))


@pytest.fixture(scope="module")
def served(cases: list[FailureCase]) -> list[Judgement]:
    """As a CPU says it: in CTranslate2, 8-bit."""
    encoder = SentenceEncoder.load("cpu")
    assert encoder.engine.startswith("ctranslate2")
    return FailurePointModel.load(encoder=encoder).judge(cases)


def in_torch(device: str, cases: Sequence[FailureCase]) -> list[Judgement]:
    tokenizer = minilm_tokenizer()
    tokenizer.enable_truncation(MOST_TOKENS)
    return FailurePointModel.load(encoder=SentenceEncoder(TorchEngine(device, 1), tokenizer)).judge(cases)


def agreement(one: Sequence[Judgement], other: Sequence[Judgement]) -> tuple[float, float]:
    """(share of the same answers, largest difference of a probability)."""
    same = np.mean([a.failure_point is b.failure_point for a, b in zip(one, other, strict=True)])
    apart = np.abs(np.array([a.probabilities for a in one]) - np.array([b.probabilities for b in other]))
    return float(same), float(apart.max())


def test_eight_bits_on_a_cpu_answer_as_torch_does(cases: list[FailureCase], served: list[Judgement]) -> None:
    same, apart = agreement(served, in_torch("cpu", cases))
    assert len(cases) > 300
    assert same >= 0.98, f"{same:.3f} of the answers are the same, probabilities differ by up to {apart:.3f}"


@pytest.mark.gpu
def test_a_gpu_answers_as_a_cpu_does(cases: list[FailureCase], served: list[Judgement]) -> None:
    exact = in_torch("cpu", cases)
    same, apart = agreement(in_torch("cuda", cases), exact)
    assert same >= agreement(served, exact)[0] - 0.01, f"{same:.3f} are the same, up to {apart:.3f} apart"


def test_an_answer_depends_on_its_case_alone(cases: list[FailureCase], served: list[Judgement]) -> None:
    judge = FailurePointModel.load(encoder=SentenceEncoder.load("cpu"))
    few = cases[:100]
    for size in (1, 3, 64):
        asked = [answer for at in range(0, len(few), size) for answer in judge.judge(few[at : at + size])]
        assert [one.failure_point for one in asked] == [one.failure_point for one in served[:100]]
        assert agreement(asked, served[:100])[1] <= LAST_DIGIT

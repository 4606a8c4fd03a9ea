"""Times of the simulator: log-normal, each person's own."""

from math import exp, log
from random import Random
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.simulator.chance import normal
from streams.simulator.profile import Spread, load_profile
from streams.simulator.timing import Tempo, log_normal

TIMING = load_profile("A").timing
ALIKE = TIMING.model_copy(update={"spread": 0.0})


def test_normal_draws_have_mean_zero_and_deviation_one() -> None:
    rng = Random(1)
    drawn = [normal(rng) for _ in range(40_000)]
    assert fmean(drawn) == pytest.approx(0, abs=0.03)
    assert stdev(drawn) == pytest.approx(1, abs=0.03)


def test_a_log_normal_has_its_median_and_its_sigma() -> None:
    rng = Random(2)
    logs = [log(log_normal(rng, Spread(median=3.0, sigma=0.5))) for _ in range(20_000)]
    assert exp(fmean(logs)) == pytest.approx(3.0, rel=0.02)
    assert stdev(logs) == pytest.approx(0.5, rel=0.03)


@pytest.mark.parametrize(
    ("of", "spread"),
    [
        (lambda tempo, rng: tempo.pause_ms(rng), TIMING.pause),
        (lambda tempo, rng: tempo.pause_ms(rng, True), TIMING.answer_pause),
        (lambda tempo, rng: tempo.reaction_ms(rng), TIMING.reaction),
        (lambda tempo, rng: tempo.latency_ms(rng), TIMING.latency),
        (lambda tempo, rng: tempo.stop_latency_ms(rng), TIMING.stop_latency),
    ],
)
def test_a_person_s_times_scatter_as_the_profile_says(of, spread: Spread) -> None:
    rng = Random(3)
    tempo = Tempo(ALIKE, rng)
    logs = [log(of(tempo, rng)) for _ in range(8_000)]
    assert exp(fmean(logs)) == pytest.approx(spread.median * 1000, rel=0.04)
    assert stdev(logs) == pytest.approx(spread.sigma, rel=0.05)


def test_persons_differ_as_much_as_the_profile_says() -> None:
    rng = Random(4)
    means = []
    for _ in range(600):
        tempo = Tempo(TIMING, rng)
        means.append(fmean(log(tempo.pause_ms(rng)) for _ in range(60)))
    within = TIMING.pause.sigma / 60**0.5
    assert stdev(means) == pytest.approx((TIMING.spread**2 + within**2) ** 0.5, rel=0.12)


@given(st.integers(0, 10**6), st.integers(1, 30))
def test_longer_texts_take_longer_and_speech_is_as_fast_as_people_speak(seed: int, words: int) -> None:
    rng = Random(seed)
    tempo = Tempo(TIMING, rng)
    text = " ".join(["word"] * words)
    assert tempo.answer_ms(text) < tempo.answer_ms(f"{text} more")
    assert 0.7 < words / (tempo.speech_ms(text, rng) / 1000) * (1 + 0.22 * 2.7 / words) < 14

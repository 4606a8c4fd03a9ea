"""Figures and their intervals."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evaluate.figures import (
    Figure,
    Report,
    auc,
    best_threshold,
    decide,
    f1,
    precision,
    recall,
    with_interval,
)

cases = st.lists(st.tuples(st.booleans(), st.floats(0, 1), st.integers(0, 6)), min_size=2, max_size=60)


def arrays(drawn):
    truth, scores, groups = zip(*drawn, strict=True)
    return np.array(truth, dtype=bool), np.array(scores, dtype=float), np.array(groups, dtype=np.int64)


def test_f1_precision_and_recall_of_a_small_case():
    truth = np.array([True, True, False, False])
    decisions = np.array([1.0, 0.0, 1.0, 0.0])
    assert (f1(truth, decisions), precision(truth, decisions), recall(truth, decisions)) == (0.5, 0.5, 0.5)


def test_always_no_has_an_f1_of_zero():
    assert f1(np.array([True, False]), np.zeros(2)) == 0.0


def test_the_auc_of_one_kind_of_case_is_not_a_number():
    assert np.isnan(auc(np.array([True, True]), np.array([0.1, 0.2])))


@given(cases)
def test_no_threshold_beats_the_best_one(drawn):
    truth, scores, _ = arrays(drawn)
    best = f1(truth, (scores >= best_threshold(truth, scores)).astype(float))
    for threshold in scores:
        assert f1(truth, (scores >= threshold).astype(float)) <= best + 1e-12


@given(cases)
def test_an_interval_is_the_same_every_time_and_holds_sensible_numbers(drawn):
    truth, scores, groups = arrays(drawn)
    decisions = (scores > 0.5).astype(float)
    one, other = (with_interval(f1, truth, decisions, groups, resamples=50) for _ in range(2))
    assert one == other
    assert 0.0 <= one.low <= one.high <= 1.0


def test_the_decision_on_a_group_does_not_look_at_its_own_labels():
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(20), 5)
    scores, truth = rng.random(100), rng.random(100) < 0.3
    before = decide(truth, scores, groups)
    for fold in range(10):
        # The groups of a fold are judged by the other folds' threshold: their own labels may be anything.
        own = groups % 10 == fold
        assert (decide(np.where(own, ~truth, truth), scores, groups)[own] == before[own]).all()


def test_a_report_prints_one_json_object_without_what_a_figure_lacks():
    report = Report("calls", {"a": Figure(0.5, 0.4, 0.6, 10), "b": Figure(1.0)}, ("A note.",))
    assert json.loads(report.to_json()) == {
        "name": "calls",
        "figures": {"a": {"value": 0.5, "low": 0.4, "high": 0.6, "n": 10}, "b": {"value": 1.0}},
    }
    assert "a  0.500  [0.400, 0.600]  n=10" in report.to_text()
    assert "A note." in report.to_text()


def test_a_perfect_ranking_has_an_auc_of_one():
    truth = np.array([False, False, True, True] * 5)
    figure = with_interval(auc, truth, truth.astype(float), np.arange(20))
    assert figure == Figure(1.0, pytest.approx(1.0), pytest.approx(1.0), 20)

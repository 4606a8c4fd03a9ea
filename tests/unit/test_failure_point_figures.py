"""Figures of distributions over failure points."""

from pathlib import Path

import numpy as np
import pytest

from streams.evaluate.failure_point_figures import (
    CLASSES,
    Told,
    calibration_figure,
    decided_figures,
    f1_figures,
    gain_figures,
    risk_curve,
    risk_figures,
)
from streams.evaluate.failure_point_picture import PictureNotWritten, risk_picture, write_picture

PRIOR = np.full(len(CLASSES), 1 / len(CLASSES))


def told(truth: list[int], said: list[int], sure: float = 0.9, prior: np.ndarray = PRIOR) -> Told:
    """Every turn is another user's."""
    rest = (1 - sure) / (len(CLASSES) - 1)
    probabilities = np.full((len(said), len(CLASSES)), rest)
    probabilities[np.arange(len(said)), said] = sure
    return Told(np.array(truth), probabilities, np.arange(len(truth)), prior)


def test_f1_is_of_the_class_that_is_most_probable() -> None:
    figures = f1_figures("x", told([0, 0, 2, 2], [0, 2, 2, 2]))
    assert figures["x_natural_asr_f1"].value == pytest.approx(0.8)
    assert figures["x_natural_correct_f1"].value == pytest.approx(2 / 3)
    assert figures["x_natural_macro_f1"].value == pytest.approx((0.8 + 2 / 3) / 2)


def test_at_balanced_prevalence_a_rare_class_weighs_as_much_as_a_common_one() -> None:
    truth, said = [0] * 90 + [2] * 10, [0] * 81 + [2] * 9 + [2] * 10
    figures = f1_figures("x", told(truth, said))
    assert figures["x_natural_asr_f1"].value == pytest.approx(20 / 29)
    assert figures["x_balanced_asr_f1"].value == pytest.approx(2 / (2 + 0.1))


def test_balanced_odds_are_rid_of_what_is_taken_for_natural() -> None:
    prior = np.array([0.9, 0.02, 0.02, 0.02, 0.02, 0.02])
    one = told([2], [0], sure=0.6, prior=prior)
    assert one.at("balanced")[0].argmax() != 0
    assert one.at("balanced").sum() == pytest.approx(1.0)


def test_who_is_as_good_as_the_bound_reaches_all_of_it() -> None:
    one = told([0, 0, 2, 2], [0, 2, 2, 2])
    figure = f1_figures("x", one, bound=one)["x_natural_asr_of_bound"]
    assert (figure.value, figure.low, figure.high) == (1.0, 1.0, 1.0)


def test_classes_that_do_not_happen_have_no_figure() -> None:
    assert "x_natural_result_f1" not in f1_figures("x", told([0, 2], [0, 2]))


def test_who_is_right_as_often_as_it_says_is_calibrated() -> None:
    assert calibration_figure(told([0] * 9 + [2], [0] * 10)).value == pytest.approx(0.0, abs=1e-9)
    assert calibration_figure(told([2] * 10, [0] * 10)).value == pytest.approx(0.9)


def test_the_surest_turns_are_covered_first() -> None:
    sure = told([0, 2], [0, 2], sure=0.99)
    unsure = told([0, 2], [2, 0], sure=0.5)
    both = Told(
        np.concatenate((unsure.truth, sure.truth)),
        np.concatenate((unsure.probabilities, sure.probabilities)),
        np.arange(4),
        PRIOR,
    )
    coverage, risk = risk_curve(both)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0.0, 0.0, 1 / 3, 0.5])
    assert risk_figures("x", both)["x_risk_at_50"].value == 0.0


def test_a_gain_is_what_macro_f1_is_higher_by() -> None:
    good, bad = told([0, 2], [0, 2]), told([0, 2], [2, 0])
    assert gain_figures("x", good, bad)["x_natural"].value == pytest.approx(2 / len(CLASSES))


def test_decisions_without_probabilities_have_figures_as_well() -> None:
    truth = np.array([0, 2])
    figures = decided_figures("x", truth, {"natural": truth}, np.arange(2))
    assert figures["x_natural_macro_f1"].value == pytest.approx(2 / len(CLASSES))


def test_the_picture_has_a_line_for_each_curve(tmp_path: Path) -> None:
    curve = risk_curve(told([0, 2, 0, 2], [0, 2, 2, 2]))
    drawn = risk_picture({"a": curve, "b < c": curve})
    assert drawn.count("<polyline") == 2
    assert "b &lt; c" in drawn
    write_picture(tmp_path / "deep" / "risk.svg", {"a": curve})
    assert (tmp_path / "deep" / "risk.svg").read_text().startswith("<svg")


def test_a_picture_that_cannot_be_written_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PictureNotWritten, match=r"risk\.svg"):
        write_picture(tmp_path / "file" / "risk.svg", {})

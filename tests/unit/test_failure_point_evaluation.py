"""`earshot evaluate failure-point`: which folder is which, and baselines that are what they say."""

from pathlib import Path

import numpy as np
import orjson
import pytest

from models.failure_point.numbers import NAMES
from schemas.failure_point import FailurePoint, IsolationPass
from streams.adapters.source import AdapterError
from streams.evaluate.failure_point import evaluate
from streams.evaluate.failure_point_baselines import Boosted, RuleCascade, bound_numbers, metadata_columns
from streams.evaluate.failure_point_figures import CLASSES
from streams.simulator.profile import load_profile
from streams.simulator.simulation import Simulation
from streams.training.failure_point_rows import Rows
from streams.training.failure_point_sets import simulated_examples

LAST = IsolationPass.DIALOGUE


@pytest.fixture(scope="module")
def rows() -> Rows:
    simulation = Simulation(pack="home_a", users=200, dialogues=120, seed=3, rate=0.1)
    return Rows.of(simulated_examples(simulation), None)


def test_a_folder_in_no_known_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "anything.jsonl").write_bytes(orjson.dumps({"what": "is this"}))
    with pytest.raises(AdapterError, match="recordings"):
        evaluate(tmp_path, lambda _: None)


def test_metadata_has_nothing_of_what_was_said() -> None:
    named = {NAMES[at] for at in metadata_columns()}
    assert {"recogniser", "wake", "status_failed", "repeat"} <= named
    assert not named & {"later_likeness", "request~interpretation", "name_likeness"}


def test_the_bound_knows_how_much_likelier_a_confidence_is_when_its_stage_is_right(rows: Rows) -> None:
    ratio = bound_numbers(rows, LAST, load_profile("A"))[:, len(NAMES)]
    sure = rows.last[:, NAMES.index("recogniser")]
    order = np.argsort(sure)
    assert np.all(np.diff(ratio[order]) > -1e-3)
    assert ratio[order[0]] < 0 < ratio[order[-1]]


def test_boosted_trees_give_distributions(rows: Rows) -> None:
    trees = Boosted.fit(rows.last, rows.truth, np.ones(len(rows), dtype=bool), 1, metadata_columns())
    told = trees.told(rows.last, rows.truth, rows.user)
    np.testing.assert_allclose(told.probabilities.sum(1), 1.0)
    assert (told.probabilities.argmax(1) == rows.truth).mean() > 0.9


def test_the_first_stage_below_its_threshold_is_blamed(rows: Rows) -> None:
    rules = RuleCascade(wake=-9.0, recogniser=50.0, interpreter=50.0, entity=50.0)
    said = rules.decide(rows, LAST)
    heard = ~np.isnan(rows.last[:, NAMES.index("recogniser")])
    assert set(said[heard].tolist()) <= {CLASSES.index(FailurePoint.ASR), CLASSES.index(FailurePoint.FALSE_WAKE)}


def test_thresholds_of_the_rules_are_fitted(rows: Rows) -> None:
    fitted = RuleCascade.fit(rows, LAST, balanced=False)
    assert (fitted.decide(rows, LAST) == rows.truth).mean() > 0.8

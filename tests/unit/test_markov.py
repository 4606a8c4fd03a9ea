"""The chain's series against its exact fundamental matrix, and what is solved again."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rewrite.markov import Chains, NotAbsorbed, Row, solve, transition_matrix

NAMES = "abcdefg"
weights = st.floats(0.0, 50.0)
rows = st.dictionaries(
    st.sampled_from(NAMES),
    st.builds(Row, weights, weights, st.dictionaries(st.sampled_from(NAMES), weights, max_size=4)),
    min_size=1,
    max_size=len(NAMES),
)


@settings(deadline=None, max_examples=150)
@given(rows)
def test_the_series_is_the_fundamental_matrix_to_within_its_residual(chain: dict[str, Row]) -> None:
    names, moves, success = transition_matrix(chain)
    exact = np.linalg.inv(np.eye(len(names)) - moves.toarray()) * success[None, :]
    endings = solve(chain)
    for i, name in enumerate(names):
        ending = endings[name]
        found = np.array([ending.success_at.get(other, 0.0) for other in names])
        assert ending.residual <= 1e-6
        assert np.all(found <= exact[i] + 1e-9)
        assert np.all(exact[i] - found <= ending.residual + 1e-9)
        assert exact[i].sum() <= 1.0 + 1e-9


@settings(deadline=None, max_examples=50)
@given(rows)
def test_components_solved_one_by_one_are_the_whole_chain(chain: dict[str, Row]) -> None:
    chains = Chains()
    for name, row in chain.items():
        chains.update(name, row)
    apart = {name: one for part in chains.changed_components() for name, one in chains.solve(part).items()}
    whole = solve(chain)
    assert apart.keys() == whole.keys()
    for name, ending in whole.items():
        for other in NAMES:
            assert apart[name].success_at.get(other, 0.0) == pytest.approx(ending.success_at.get(other, 0.0), abs=2e-6)


def test_a_retry_that_works_ends_where_it_worked() -> None:
    ending = solve({"maj": Row(1, 1, {"imagine": 18}), "imagine": Row(95, 5)}, doubt=0.0)["maj"]
    assert ending.success_at == pytest.approx({"maj": 0.05, "imagine": 0.9 * 0.95})


def test_two_states_that_lead_only_to_each_other_are_absorbed_by_doubt() -> None:
    circle = {"a": Row(0, 0, {"b": 9}), "b": Row(0, 0, {"a": 9})}
    assert solve(circle)["a"].residual <= 1e-6
    with pytest.raises(NotAbsorbed, match="lead almost only to each other"):
        solve(circle, doubt=0.0, most_steps=50)


def test_a_target_that_nobody_has_counted_fails() -> None:
    assert solve({"a": Row(1, 0, {"elsewhere": 9})}, doubt=0.0)["a"].success_at == {"a": pytest.approx(0.1)}


def test_only_components_that_changed_are_solved_again() -> None:
    chains = Chains()
    for name in ("a", "x", "lone"):
        chains.update(name, Row(1, 1, {f"{name}2": 1}))
        chains.update(f"{name}2", Row(1, 0))
    assert [sorted(part) for part in chains.changed_components()] == [["a", "a2"], ["lone", "lone2"], ["x", "x2"]]
    assert chains.changed_components() == []
    chains.update("x2", Row(2, 0))
    chains.update("a2", Row(1, 0))  # the same as before
    assert [sorted(part) for part in chains.changed_components()] == [["x", "x2"]]
    chains.update("x", Row(1, 1, {"a2": 1}))  # leaves its old target alone and joins another component
    assert [sorted(part) for part in chains.changed_components()] == [["a", "a2", "x"], ["x2"]]
    chains.update("x", None)
    assert [sorted(part) for part in chains.changed_components()] == [["a", "a2"]]
    chains.touch(["lone"])
    assert [sorted(part) for part in chains.changed_components()] == [["lone", "lone2"]]
    assert len(chains) == 5

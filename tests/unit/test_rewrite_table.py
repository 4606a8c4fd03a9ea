"""The rewrite table follows what is kept of moves."""

from datetime import timedelta

from processors.source_moves import Kept, SourceState
from processors.standing import APART, REQUESTS
from processors.state_counts import HALF_LIFE
from schemas.contract import hashed
from schemas.transition import Outcome
from streams.rewrite_table import RewriteTable

MAJ, IMAGINE, OTHER = "music|play|song:maj", "music|play|song:imagine", "weather|forecast|"


def state(
    source: str, outcome: Outcome, people: int, target: str | None = None, *, first: int = 0, at_ms: int = 0
) -> SourceState:
    return SourceState(
        source,
        [
            Kept(f"{source}{n}", at_ms, hashed(str(n)), f"d{n}", f"play {source[-3:]}", outcome, target)
            for n in range(first, first + people)
        ],
    )


def taught(at_ms: int = 0) -> RewriteTable:
    """A table that knows everybody from other requests."""
    table = RewriteTable()
    for number in range(REQUESTS):
        earlier_ms = at_ms - number * APART // timedelta(milliseconds=1)
        table.take(state(f"timers|set|number:{number}", Outcome.SUCCESS, 90, at_ms=earlier_ms))
    table.take(state(MAJ, Outcome.AGAIN, 40, IMAGINE, at_ms=at_ms))
    table.take(state(IMAGINE, Outcome.SUCCESS, 90, at_ms=at_ms))
    return table


def test_a_rewrite_is_told_once() -> None:
    table = taught()
    ((source, rewrite),) = table.refresh()
    assert (source, rewrite.target if rewrite else None) == (MAJ, IMAGINE)
    assert table.refresh() == []


def test_only_what_changed_is_solved_again() -> None:
    table = taught()
    table.take(state(OTHER, Outcome.SUCCESS, 5))
    table.refresh()
    before = table.components_solved
    table.take(state(OTHER, Outcome.SUCCESS, 6))
    assert table.refresh() == []
    assert table.components_solved == before + 1


def test_a_rewrite_that_is_supported_no_more_is_withdrawn() -> None:
    table = taught()
    table.refresh()
    table.take(state(MAJ, Outcome.SUCCESS, 40))
    assert table.refresh() == [(MAJ, None)]
    assert table.rewrites == {}


def test_a_rewrite_that_nobody_needs_any_more_fades() -> None:
    table = taught()
    table.refresh()
    later_ms = 4 * HALF_LIFE // timedelta(milliseconds=1)
    table.take(state(OTHER, Outcome.SUCCESS, 1, at_ms=later_ms))
    assert (MAJ, None) in table.refresh()


def test_differences_that_nobody_would_notice_are_not_told() -> None:
    table = taught()
    table.refresh()
    table.take(state(MAJ, Outcome.AGAIN, 41, IMAGINE))
    assert table.refresh() == []
    table.take(state(MAJ, Outcome.AGAIN, 80, IMAGINE))
    assert [change.source for change in table.refresh()] == [MAJ]


def test_a_block_outlives_what_it_rests_on() -> None:
    table = taught()
    ((_, rewrite),) = table.refresh()
    assert rewrite is not None
    table.hear(MAJ, rewrite.model_copy(update={"blocked": True, "blocked_because": "worse"}))
    table.take(state(MAJ, Outcome.SUCCESS, 40))
    assert table.refresh() == []
    table.take(state(MAJ, Outcome.AGAIN, 80, IMAGINE))
    assert table.refresh() == []
    assert table.rewrites[MAJ].blocked


def test_what_was_put_there_by_hand_is_left_alone() -> None:
    table = taught()
    ((_, rewrite),) = table.refresh()
    assert rewrite is not None
    other = RewriteTable(known={MAJ: rewrite.model_copy(update={"solver": "operator"})})
    other.take(state(MAJ, Outcome.SUCCESS, 40))
    assert other.refresh() == []


def test_what_was_told_before_a_start_and_rests_on_nothing_is_withdrawn() -> None:
    ((_, rewrite),) = taught().refresh()
    assert rewrite is not None
    table = RewriteTable(known={MAJ: rewrite})
    table.take(state(OTHER, Outcome.SUCCESS, 5, at_ms=1_772_474_400_000))
    assert table.refresh() == [(MAJ, None)]


def test_what_strangers_did_counts_once_they_are_known() -> None:
    table = RewriteTable()
    table.take(state(MAJ, Outcome.AGAIN, 40, IMAGINE))
    table.take(state(IMAGINE, Outcome.SUCCESS, 90))
    assert table.refresh() == []
    for number in range(1, REQUESTS):
        assert table.refresh() == []
        later_ms = number * APART // timedelta(milliseconds=1)
        table.take(state(f"timers|set|number:{number}", Outcome.SUCCESS, 90, at_ms=later_ms))
    assert [change.source for change in table.refresh()] == [MAJ]

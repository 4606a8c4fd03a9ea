"""Stacked bars as the server draws them."""

from infra.page.rewrite_figures import Arms
from infra.page.stacked import HEIGHT, WIDTH, stacked
from infra.page.teaching import Changes


def test_the_highest_bar_fills_the_height_and_the_others_are_to_scale() -> None:
    chart = stacked(("a", "b"), [("first", (1.0, 3.0)), ("second", (2.0, 0.0))])
    assert chart.top == 4.0
    assert [(p.hue, p.y, p.height) for p in chart.pieces] == [
        ("a", 0.75 * HEIGHT, 0.25 * HEIGHT),
        ("b", 0.0, 0.75 * HEIGHT),
        ("a", 0.5 * HEIGHT, 0.5 * HEIGHT),
    ]
    assert chart.titles == [(0.0, WIDTH / 2, "first"), (WIDTH / 2, WIDTH / 2, "second")]


def test_nothing_is_drawn_where_nothing_was_counted() -> None:
    assert stacked(("a",), [("one", (0.0,))]).pieces == []
    assert stacked(("a",), []).top == 0.0


def test_coverage_is_what_was_served_of_what_was_asked_and_counts_layers_of_what_was_served() -> None:
    arms = Arms()
    for arm, layer, n in (("served", "global", 3), ("holdout", "global", 1), ("none", "", 6)):
        arms.count(arm, layer, n)
    assert (arms.decisions, arms.coverage.value, arms.by_layer) == (10, 0.3, {"global": 3})
    assert Arms().coverage.value == 0.0


def test_a_change_counts_by_its_status_and_a_yes_counts_as_confirmed_too() -> None:
    changes = Changes()
    for status, explicitness in (
        ("active", "stated"), ("active", "confirmed"), ("pending", "shown"), ("revoked", "stated"),
        ("superseded", "stated"), ("expired", "stated"), ("something new", "stated"),
    ):  # fmt: skip
        changes.count(status, explicitness, 2)
    assert changes == Changes(taught=4, confirmed=2, waiting=2, declined=2, replaced=2, expired=2)
    assert changes.all == 12

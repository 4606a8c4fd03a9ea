"""The banner of open alarms: what it says, where it leads, when it is a new one."""

from datetime import timedelta

import pytest

from infra.page.alarms import banner, narrowed_to
from infra.page.figures import Counts, Tables
from infra.page.view import Facet, View
from infra.page.window import Extent, Range
from schemas.alarm import AlarmScope
from tests.failures_to_order import AT, alarm

NEWEST = int((AT + timedelta(minutes=6)).timestamp())


@pytest.mark.parametrize(
    ("later", "kind"),
    [(0, Range.QUARTER), (20, Range.HOUR), (100, Range.SIX_HOURS), (600, Range.DAY), (3000, Range.ALL)],
)
def test_an_alarm_leads_to_the_shortest_range_that_holds_its_beginning(later: int, kind: Range) -> None:
    extent = Extent(0, NEWEST + 60 * later)
    view = narrowed_to(alarm(), extent)
    assert view.range.kind is kind
    assert view.chosen == {Facet.DOMAIN: "music", Facet.DEVICE: "speaker"}


def test_an_alarm_of_everything_narrows_nothing() -> None:
    assert narrowed_to(alarm(scope=AlarmScope()), None) == View()


def test_a_domain_that_was_not_understood_can_be_looked_at() -> None:
    assert narrowed_to(alarm(scope=AlarmScope(domain="")), None).url("/") == "/?domain=%28not+known%29"


def test_the_mark_changes_with_every_revision_and_only_then() -> None:
    first = banner(View(), [alarm()], None)
    assert banner(View(), [alarm()], Extent(0, NEWEST)).mark == first.mark
    assert banner(View(), [alarm(revision=1)], None).mark != first.mark
    assert banner(View(), [], None).mark != first.mark
    assert first.address == f"/fragments/alarms?seen={first.mark}"


def test_only_open_alarms_are_in_the_banner() -> None:
    over = alarm(2, ended_at=AT, revision=1)
    assert Tables((), (), True, (), (alarm(1), over)).open_alarms == [alarm(1)]


def test_shares_are_of_judged_turns_and_abstained_ones_are_among_them() -> None:
    counts = Counts(turns=20, correct=6, asr=3, abstained=1)
    assert counts.judged == 10
    assert counts.failure_share("asr").value == 0.3
    assert counts.failure_share("abstained").value == 0.1
    assert Counts(turns=5).failure_share("asr").value == 0

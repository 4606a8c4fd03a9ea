"""What the demo shows in the terminal: the page's summary, a line a minute."""

from dataclasses import dataclass
from datetime import datetime

import httpx
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from infra.page.summary import MinuteSummary, Summary

MINUTES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class State:
    """Where the demo stands."""

    doing: str
    sent: int
    total: int
    page_url: str
    serve_url: str
    asked: int
    rewritten: int


class SummaryReader:
    """Asks the page for its summary; None while it does not answer."""

    def __init__(self, page_url: str) -> None:
        self._client = httpx.Client(base_url=page_url, timeout=5.0)

    def read(self) -> Summary | None:
        try:
            answer = self._client.get("/v1/summary", params={"range": "1h"})
        except httpx.HTTPError:
            return None
        return Summary.model_validate_json(answer.content) if answer.is_success else None

    def close(self) -> None:
        self._client.close()


def screen(state: State, summary: Summary | None) -> RenderableType:
    """The whole terminal picture."""
    head = Text.assemble(
        (f"{state.doing}  ", "bold"),
        f"{state.sent:,} of {state.total:,} records sent   live page: ",
        (state.page_url, "bold cyan"),
        f"\nthe assistant asked {state.asked:,} times, {state.rewritten:,} with a rewrite, at ",
        (f"{state.serve_url}/docs", "cyan"),
        '; so does `earshot rewrite "play imagine dragons" --user U`',
    )
    if summary is None:
        return Group(head, Text("waiting for the first rows ...", "dim"))
    return Group(head, _totals(summary), _minutes(summary), _domains(summary), _requests(summary, state.page_url))


def _totals(summary: Summary) -> Text:
    rate = 1000 * summary.defects / summary.turns if summary.turns else 0.0
    late = f"   rows are {summary.behind_s:.0f} s behind" if summary.behind_s >= 5 else ""
    return Text(
        f"{summary.turns:,} turns   {summary.barge_ins:,} barge-ins   {summary.repeats:,} repeats   "
        f"{summary.rephrases:,} rephrases   {summary.defects:,} defects ({rate:.0f} per 1,000 turns){late}"
    )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _minutes(summary: Summary) -> Table:
    table = _table("Per minute", "minute", "turns", "barge-ins", "repeats", "rephrases", "defects", "per 1,000")
    busy = [minute for minute in summary.minutes if minute.turns]
    for row in busy[-MINUTES_SHOWN:]:
        table.add_row(
            datetime.fromtimestamp(row.at).astimezone().strftime("%H:%M"),
            *map(str, (row.turns, row.barge_ins, row.repeats, row.rephrases, row.defects)),
            _per_thousand(row),
        )
    return table


def _per_thousand(row: MinuteSummary) -> str:
    return f"{1000 * row.defects / row.turns:.0f}" if row.turns else ""


def _domains(summary: Summary) -> Table:
    table = _table("By domain", "domain", "turns", "barge-ins", "repeats", "rephrases", "defects")
    for row in summary.domains[:8]:
        counts = (row.turns, row.barge_ins, row.repeats, row.rephrases, row.defects)
        table.add_row(Text(row.value or "(not known)"), *map(str, counts))
    return table


def _requests(summary: Summary, page_url: str) -> Table:
    table = Table(title="Most defective requests", title_justify="left", box=None, pad_edge=False)
    for column in ("request", "defects", "a dialogue behind it"):
        table.add_column(column, overflow="fold")
    for row in summary.requests:
        link = f"{page_url}/dialogues/{row.dialogue_id}" if row.dialogue_id else ""
        table.add_row(Text(row.request or "(nothing heard)"), f"{row.defects} of {row.turns}", Text(link, "cyan"))
    return table

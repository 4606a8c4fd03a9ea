"""What the live stream says: one small JSON a second, with what changed since the last one."""

from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from infra.page.figures import COUNT_NAMES, Counts, Mark
from infra.page.health import Health, newest_label
from infra.page.live import Figures
from infra.page.reader import StoreState
from infra.page.text import moment
from infra.page.tiles import tiles
from infra.page.window import Window

_NOTHING = Counts()


def series_payload(window: Window, rows: dict[int, Counts], *, full: bool) -> dict[str, object]:
    """Buckets by column, as the charts read them. `full`: what is not among them is zero."""
    found: dict[str, object] = {
        "full": full,
        "from": window.start,
        "to": window.end,
        "step": window.step_s,
        "t": list(rows),
    }
    return found | {name: [getattr(row, name) for row in rows.values()] for name in COUNT_NAMES}


def first_payload(figures: Figures) -> dict[str, object]:
    """The whole series, every bucket of the window."""
    held = figures.series.rows
    return series_payload(figures.window, {at: held.get(at, _NOTHING) for at in figures.window.buckets}, full=True)


def span(window: Window) -> str:
    """From when to when, for a person."""
    return f"{moment(window.start)} – {moment(window.end)} UTC"


def mark_text(mark: Mark) -> str:
    """A mark as an opaque text that changes when the mark does."""
    return "-".join(map(str, mark.versions))


@dataclass(slots=True)
class Teller:
    """Knows what one client was told last."""

    sent: Figures | None = None

    def tell(self, state: StoreState, health: Health, mark: Mark, figures: Figures | None) -> bytes:
        """The next message. `figures` is None for a page without figures."""
        said: dict[str, object] = {
            "store": {"ok": state.ok, "reason": state.reason, "label": _away(state)},
            "state": "behind" if health.behind else "live",
            "label": health.label,
            "mark": mark_text(mark),
            "health": {
                "newest": newest_label(mark.extent),
                "staleness": health.staleness_label,
                "lag": health.lag_label,
            },
        }
        if state.ok and figures is not None and figures != self.sent and figures.extent is not None:
            said["figures"] = self._changed(figures)
            self.sent = figures
        return orjson.dumps(said)

    def _changed(self, figures: Figures) -> dict[str, object]:
        shown = tiles(figures.view, figures.window, figures.totals)
        before = self.sent
        full = before is None or before.window.step_s != figures.window.step_s
        held = before.series.rows if before and not full else {}
        now = figures.series.rows
        changed = {at: now.get(at, _NOTHING) for at in sorted(held.keys() | now.keys()) if held.get(at) != now.get(at)}
        return {
            "numbers": {t.key: {"value": t.value, "change": t.change, "sense": t.sense} for t in shown},
            "span": span(figures.window),
            "moved": figures.window.moved_to_data,
            "judged": figures.totals.now.judged > 0,
            "series": series_payload(figures.window, changed, full=full),
        }


def _away(state: StoreState) -> str:
    if state.ok:
        return ""
    since = (state.since or datetime.now(UTC)).strftime("%H:%M:%S")
    return f"store cut off – retrying since {since} UTC"

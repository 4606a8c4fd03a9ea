"""What the page asks about rewrites: what was decided over time, from the rollup; which do well, from the table and the
trials. Nothing of a single person's: of the personal layer only counts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, cast

import orjson

from infra.clickhouse.store import Store
from infra.page.narrowing import minutes_of
from infra.page.rewrite_figures import (
    Arms,
    Chain,
    Decisions,
    Posterior,
    RewriteLists,
    RewriteRow,
    TableSizes,
    Trial,
)
from infra.page.window import Window

Row = dict[str, object]

LISTED: Final = 10
MOST_DOMAINS: Final = 12
SURE: Final = 0.95
"""From this probability on a rewrite counts as better, or as worse, than none."""

_GLOBAL: Final = "layer = 'global' AND removed = 0"
_COLUMNS: Final = (
    "event_id, layer, source, source_text, target, target_text, users, support, reason, chains, blocked,"
    " blocked_because, toInt64(toUnixTimestamp(first_seen_at)) AS first_seen,"
    " toInt64(toUnixTimestamp(last_seen_at)) AS last_seen, source_good, source_bad, source_low, source_high,"
    " target_good, target_bad, target_low, target_high, solver"
)


class Rewrites:
    """Reads a store. Methods block; all of them raise StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def decisions(self, window: Window, domain: str | None) -> Decisions:
        """What was decided in the window, by bucket and layer, by reason, and by domain."""
        within, parameters = minutes_of(window)
        narrowed = " AND domain = %(domain)s" if domain is not None else ""
        of_domain = {**parameters, "domain": domain or "", "step": window.step_s}
        opened = (
            "FROM rewrite_decision_minutes FINAL ARRAY JOIN `groups.domain` AS domain, `groups.layer` AS layer,"
            " `groups.arm` AS arm, `groups.reason` AS reason, `groups.decisions` AS counted,"
            " `groups.latency_ms_sum` AS latency"
        )
        rows = self._store.query(
            "SELECT intDiv(toInt64(toUnixTimestamp(minute)), %(step)s) * %(step)s AS bucket, layer, arm, reason,"
            f" toUInt64(sum(counted)) AS n, sum(latency) AS ms {opened} WHERE {within}{narrowed}"
            " GROUP BY bucket, layer, arm, reason",
            of_domain,
        )
        by_domain = self._store.query(
            f"SELECT domain, arm, toUInt64(sum(counted)) AS n {opened} WHERE {within}{narrowed} GROUP BY domain, arm",
            of_domain,
        )
        return _decisions(rows, by_domain)

    def lists(self) -> RewriteLists:
        """Those that are used most, newest, blocked, clearly better and clearly worse than none, and how many."""
        used = self._ids("rewrite_id", "rewrite_trials", "uses > 0", "uses DESC, rewrite_id")
        by_use = bool(self._rows(set(used)))  # what was used may have been taken back since
        top = used if by_use else self._ids("event_id", "rewrites", "blocked = 0", "support DESC, event_id")
        newest = self._ids("event_id", "rewrites", "1", "first_seen_at DESC, event_id")
        blocked = self._ids("event_id", "rewrites", "blocked = 1", "last_seen_at DESC, event_id")
        wins = self._ids("rewrite_id", "rewrite_trials", f"worse <= {1 - SURE}", "uses DESC, rewrite_id")
        losses = self._ids("rewrite_id", "rewrite_trials", f"worse >= {SURE}", "worse DESC, uses DESC, rewrite_id")
        rows = self._rows({*top, *newest, *blocked, *wins, *losses})

        def listed(ids: Sequence[str]) -> list[RewriteRow]:
            return [rows[one] for one in ids if one in rows]

        return RewriteLists(
            top=listed(top),
            by_use=by_use,
            newest=listed(newest),
            blocked=listed(blocked),
            wins=listed(wins),
            losses=listed(losses),
            sizes=self._sizes(),
        )

    def one(self, rewrite_id: str) -> RewriteRow | None:
        """A rewrite of either layer; None when the table has none of this id."""
        return self._rows({rewrite_id}, everybody_only=False).get(rewrite_id)

    def _ids(self, name: str, table: str, condition: str, order: str) -> list[str]:
        rows = self._store.query(
            f"SELECT {name} AS id FROM {table} FINAL WHERE {_GLOBAL} AND {condition} ORDER BY {order} LIMIT {LISTED}"
        )
        return [str(row["id"]) for row in rows]

    def _rows(self, ids: set[str], *, everybody_only: bool = True) -> dict[str, RewriteRow]:
        if not ids:
            return {}
        wanted = {"ids": tuple(sorted(ids))}
        trials = {
            str(row["rewrite_id"]): _trial(row)
            for row in self._store.query(
                "SELECT rewrite_id, served_good, served_bad, served_low, served_high, held_out_good, held_out_bad,"
                " held_out_low, held_out_high, worse, uses FROM rewrite_trials FINAL"
                " WHERE removed = 0 AND rewrite_id IN %(ids)s",
                wanted,
            )
        }
        # Keys first, from a single column: whole rows are then read by the sorting key alone.
        keys = self._store.query("SELECT DISTINCT key FROM rewrites WHERE event_id IN %(ids)s", wanted)
        if not keys:
            return {}
        rows = self._store.query(
            f"SELECT {_COLUMNS} FROM rewrites FINAL WHERE layer IN %(layers)s AND removed = 0 AND key IN %(keys)s"
            " AND event_id IN %(ids)s",
            wanted
            | {
                "layers": ("global",) if everybody_only else ("global", "personal"),
                "keys": tuple(str(row["key"]) for row in keys),
            },
        )
        return {str(row["event_id"]): _rewrite(row, trials.get(str(row["event_id"]))) for row in rows}

    def _sizes(self) -> TableSizes:
        layers: dict[str, int] = defaultdict(int)
        blocked = 0
        for row in self._store.query(
            "SELECT layer, blocked, toUInt64(count()) AS n FROM rewrites FINAL WHERE removed = 0"
            " GROUP BY layer, blocked"
        ):
            layers[str(row["layer"])] += _int(row["n"])
            blocked += _int(row["n"]) if _int(row["blocked"]) else 0
        (row,) = self._store.query(
            f"SELECT toUInt64(countIf(worse <= {1 - SURE})) AS wins, toUInt64(countIf(worse >= {SURE})) AS losses,"
            f" toUInt64(count()) AS n FROM rewrite_trials FINAL WHERE {_GLOBAL}"
        )
        return TableSizes(
            layers["global"], layers["personal"], blocked, _int(row["wins"]), _int(row["losses"]), _int(row["n"])
        )


def _decisions(rows: Iterable[Row], by_domain: Iterable[Row]) -> Decisions:
    buckets: dict[int, Arms] = defaultdict(Arms)
    layers: dict[str, Arms] = defaultdict(Arms)
    reasons: dict[str, int] = defaultdict(int)
    domains: dict[str, Arms] = defaultdict(Arms)
    total, latency = Arms(), 0.0
    for row in rows:
        arm, layer, n = str(row["arm"]), str(row["layer"]), _int(row["n"])
        for arms in (buckets[_int(row["bucket"])], total, *([layers[layer]] if layer else [])):
            arms.count(arm, layer, n)
        if arm == "none":
            reasons[str(row["reason"])] += n
        latency += _float(row["ms"])
    for row in by_domain:
        domains[str(row["domain"])].count(str(row["arm"]), "", _int(row["n"]))
    return Decisions(
        total=total,
        mean_latency_ms=latency / total.decisions if total.decisions else 0.0,
        buckets=dict(sorted(buckets.items())),
        layers=dict(sorted(layers.items())),
        reasons=sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0])),
        domains=sorted(domains.items(), key=lambda pair: (-pair[1].decisions, pair[0]))[:MOST_DOMAINS],
    )


def _rewrite(row: Row, trial: Trial | None) -> RewriteRow:
    return RewriteRow(
        rewrite_id=str(row["event_id"]),
        layer=str(row["layer"]),
        source=str(row["source"]),
        source_text=str(row["source_text"]),
        target=str(row["target"]),
        target_text=str(row["target_text"]),
        users=_int(row["users"]),
        support=_float(row["support"]),
        reason=str(row["reason"]),
        chains=[
            Chain([str(state) for state in chain["states"]], int(chain["people"]))
            for chain in orjson.loads(str(row["chains"]) or "[]")
        ],
        blocked_because=str(row["blocked_because"]) if _int(row["blocked"]) else None,
        first_seen=_int(row["first_seen"]),
        last_seen=_int(row["last_seen"]),
        source_success=_posterior(row, "source"),
        target_success=_posterior(row, "target"),
        solver=str(row["solver"]),
        trial=trial,
    )


def _trial(row: Row) -> Trial:
    return Trial(_posterior(row, "served"), _posterior(row, "held_out"), _float(row["worse"]), _int(row["uses"]))


def _posterior(row: Row, name: str) -> Posterior:
    return Posterior(*(_float(row[f"{name}_{part}"]) for part in ("good", "bad", "low", "high")))


def _int(value: object) -> int:
    return int(cast(int, value))


def _float(value: object) -> float:
    return float(cast(float, value))

"""Drill-down to raw rows, bounded by time or id: dialogues behind a figure, one dialogue turn by turn, dead letters."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from infra.clickhouse.store import Store
from infra.page.figures import (
    DialogueRow,
    DialogueStory,
    LetterRow,
    SignalRow,
    SlotValue,
    TurnRow,
    VerdictRow,
)
from infra.page.narrowing import Parameters, facets_match, moments_of
from infra.page.view import PAGE_ROWS, Listing, Signal
from infra.page.window import MINUTE_S, Window

Row = dict[str, object]

_LONGEST_DIALOGUE_S = 31 * MINUTE_S
_MOST_TURNS = 1000
_EPOCH_MS = "toInt64(toUnixTimestamp(occurred_at)) * 1000 + occurred_ms AS at_ms"
_NEAR = (
    "occurred_at >= toDateTime(%(since)s) AND occurred_at <= toDateTime(%(until)s)"
    " AND toStartOfMinute(occurred_at) >= toDateTime(%(since)s)"
    " AND toStartOfMinute(occurred_at) <= toDateTime(%(until)s)"
)


class Records:
    """Reads single dialogues, turns and dead letters. Methods block; all of them raise StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def dialogues(self, listing: Listing, window: Window) -> Sequence[DialogueRow]:
        """One page of dialogues with a match in the window, latest first; one row more when there is a next page."""
        source, condition, own = _matches(listing)
        within, parameters = moments_of(window)
        matching, values = facets_match(listing.view.chosen)
        found = self._store.query(
            "SELECT dialogue_id, toUInt64(count()) AS matches, toInt64(toUnixTimestamp(min(occurred_at))) AS first,"
            " toInt64(toUnixTimestamp(max(occurred_at))) AS latest"
            f" FROM {source} FINAL WHERE {within}{matching}{condition} GROUP BY dialogue_id"
            " ORDER BY latest DESC, dialogue_id LIMIT %(skipped)s, %(rows)s",
            {**parameters, **values, **own, "skipped": listing.page * PAGE_ROWS, "rows": PAGE_ROWS + 1},
        )
        if not found:
            return []
        ids = tuple(str(row["dialogue_id"]) for row in found)
        near: Parameters = {
            "ids": ids,
            "since": _minute(min(_int(row["first"]) for row in found) - _LONGEST_DIALOGUE_S),
            "until": max(_int(row["latest"]) for row in found) + _LONGEST_DIALOGUE_S,
        }
        turns = self._summaries(near)
        signals = self._signal_counts(near)
        defects = self._defect_counts(near)
        return [
            DialogueRow(
                dialogue_id=key,
                started_at=_int(turns[key]["started"]) if key in turns else _int(row["first"]),
                turns=_int(turns[key]["n"]) if key in turns else 0,
                defects=defects.get(key, 0),
                domain=str(turns[key]["first_domain"]) if key in turns else "",
                first_request=str(turns[key]["first_request"]) if key in turns else "",
                signals=signals.get(key, {}),
                matches=_int(row["matches"]),
            )
            for key, row in zip(ids, found, strict=True)
        ]

    def dialogue(self, dialogue_id: str) -> DialogueStory | None:
        """A dialogue with everything that is known of its turns; None when the store has no turn of it."""
        known = self._store.query(
            "SELECT toInt64(toUnixTimestamp(started_at)) AS since, toInt64(toUnixTimestamp(ended_at)) AS until,"
            " closed, closed_by, goal_reached, satisfaction"
            " FROM dialogues WHERE dialogue_id = %(id)s ORDER BY revision DESC LIMIT 1",
            {"id": dialogue_id},
        )
        row = known[0] if known else None
        near = _near(row, dialogue_id)
        turns = self._turns(near)
        if not turns and row is not None:
            near = _near(None, dialogue_id)
            turns = self._turns(near)
        if not turns:
            return None
        near |= {
            "since": _minute(turns[0].occurred_ms // 1000 - _LONGEST_DIALOGUE_S),
            "until": turns[-1].occurred_ms // 1000 + _LONGEST_DIALOGUE_S,
        }
        signals, verdicts = self._signals(near), self._verdicts(near)
        told = [
            replace(turn, signals=signals.get(turn.turn_id, ()), verdict=verdicts.get(turn.turn_id)) for turn in turns
        ]
        if row is None:
            return DialogueStory(dialogue_id, told)
        return DialogueStory(
            dialogue_id,
            told,
            closed=bool(row["closed"]),
            closed_by=str(row["closed_by"]),
            goal_reached=str(row["goal_reached"]),
            satisfaction=cast(float | None, row["satisfaction"]),
        )

    def dead_letters(self, cause: str | None, page: int) -> Sequence[LetterRow]:
        """One page of dead letters, newest first; one row more when there is a next page."""
        rows = self._store.query(
            "SELECT event_id, toInt64(toUnixTimestamp(occurred_at)) AS at, cause, reason, role, topic,"
            " `partition` AS part, `offset` AS position, size_bytes, replay_count, value_preview"
            " FROM dead_letters FINAL"
            f" {'WHERE cause = %(cause)s' if cause else ''}"
            " ORDER BY occurred_at DESC, event_id LIMIT %(skipped)s, %(rows)s",
            {"cause": cause or "", "skipped": page * PAGE_ROWS, "rows": PAGE_ROWS + 1},
        )
        return [
            LetterRow(
                event_id=str(row["event_id"]),
                occurred_at=_int(row["at"]),
                cause=str(row["cause"]),
                reason=str(row["reason"]),
                role=str(row["role"]),
                topic=str(row["topic"]),
                partition=_int(row["part"]),
                offset=_int(row["position"]),
                size_bytes=_int(row["size_bytes"]),
                replay_count=_int(row["replay_count"]),
                preview=str(row["value_preview"]),
            )
            for row in rows
        ]

    def _summaries(self, near: Parameters) -> dict[str, Row]:
        rows = self._store.query(
            "SELECT dialogue_id, toUInt64(count()) AS n, toInt64(toUnixTimestamp(min(occurred_at))) AS started,"
            " argMin(request, at_ms) AS first_request, argMin(domain, at_ms) AS first_domain"
            f" FROM (SELECT dialogue_id, occurred_at, request, domain, {_EPOCH_MS} FROM turns FINAL"
            f" WHERE {_NEAR} AND dialogue_id IN %(ids)s) GROUP BY dialogue_id",
            near,
        )
        return {str(row["dialogue_id"]): row for row in rows}

    def _signal_counts(self, near: Parameters) -> dict[str, dict[str, int]]:
        rows = self._store.query(
            "SELECT dialogue_id, type, toUInt64(count()) AS n FROM feedback FINAL"
            f" WHERE {_NEAR} AND dialogue_id IN %(ids)s AND retracted = 0 GROUP BY dialogue_id, type ORDER BY type",
            near,
        )
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for row in rows:
            found[str(row["dialogue_id"])][str(row["type"])] = _int(row["n"])
        return found

    def _defect_counts(self, near: Parameters) -> dict[str, int]:
        rows = self._store.query(
            "SELECT dialogue_id, toUInt64(sum(defect)) AS n FROM verdicts FINAL"
            f" WHERE {_NEAR} AND dialogue_id IN %(ids)s GROUP BY dialogue_id",
            near,
        )
        return {str(row["dialogue_id"]): _int(row["n"]) for row in rows}

    def _turns(self, near: Parameters) -> list[TurnRow]:
        rows = self._store.query(
            f"SELECT turn_id, {_EPOCH_MS}, user_id, device_id, device_type, locale, channel, domain, intent,"
            " `slots.type` AS slot_types, `slots.value` AS slot_values, request, wake_word, asr_confidence,"
            " asr_n_best, nlu_confidence, response_text, response_status, action, entity, speech_start_ms,"
            " speech_end_ms, response_start_ms, response_end_ms, synthetic_timing,"
            " `versions.component` AS components, `versions.version` AS component_versions FROM turns FINAL"
            f" WHERE {_NEAR} AND dialogue_id IN %(ids)s ORDER BY at_ms, turn_id LIMIT {_MOST_TURNS}",
            near,
        )
        return [_turn(row) for row in rows]

    def _signals(self, near: Parameters) -> Mapping[str, Sequence[SignalRow]]:
        rows = self._store.query(
            "SELECT event_id, type, kind, turn_id, by_turn_id, detector, score, reason, retracted,"
            f" `evidence.name` AS names, `evidence.value` AS amounts, {_EPOCH_MS} FROM feedback FINAL"
            f" WHERE {_NEAR} AND dialogue_id IN %(ids)s ORDER BY at_ms, event_id",
            near,
        )
        found: dict[str, list[SignalRow]] = defaultdict(list)
        for row in rows:
            found[str(row["turn_id"])].append(
                SignalRow(
                    event_id=str(row["event_id"]),
                    type=str(row["type"]),
                    kind=str(row["kind"]),
                    by_turn_id=str(row["by_turn_id"]),
                    detector=str(row["detector"]),
                    score=_float(row["score"]),
                    reason=str(row["reason"]),
                    evidence=list(zip(_texts(row["names"]), cast(list[float], row["amounts"]), strict=True)),
                    retracted=bool(row["retracted"]),
                )
            )
        return found

    def _verdicts(self, near: Parameters) -> Mapping[str, VerdictRow]:
        rows = self._store.query(
            "SELECT turn_id, defect, score, tier, evidence FROM verdicts FINAL"
            f" WHERE {_NEAR} AND dialogue_id IN %(ids)s",
            near,
        )
        return {
            str(row["turn_id"]): VerdictRow(
                bool(row["defect"]), _float(row["score"]), str(row["tier"]), _texts(row["evidence"])
            )
            for row in rows
        }


def _matches(listing: Listing) -> tuple[str, str, Parameters]:
    """The table that holds what the list is narrowed to, a condition that starts with AND, its parameters."""
    signal, request = listing.signal, listing.request
    of_request, wanted = (" AND request = %(request)s", {"request": request}) if request is not None else ("", {})
    if signal is None:
        return "turns", of_request, dict(wanted)
    if signal is Signal.DEFECT:
        return "verdicts", f" AND defect = 1{of_request}", dict(wanted)
    return "feedback", " AND type = %(type)s AND retracted = 0", {"type": signal.value}


def _near(row: Row | None, dialogue_id: str) -> Parameters:
    """Where to look for a dialogue's turns: around its known times, or everywhere."""
    if row is None:
        return {"ids": (dialogue_id,), "since": 0, "until": 2**32 - 1}
    return {
        "ids": (dialogue_id,),
        "since": _minute(_int(row["since"]) - MINUTE_S),
        "until": _int(row["until"]) + MINUTE_S,
    }


def _turn(row: Row) -> TurnRow:
    slots = zip(_texts(row["slot_types"]), _texts(row["slot_values"]), strict=True)
    return TurnRow(
        turn_id=str(row["turn_id"]),
        occurred_ms=_int(row["at_ms"]),
        user_id=str(row["user_id"]),
        device_id=str(row["device_id"]),
        device_type=str(row["device_type"]),
        locale=str(row["locale"]),
        channel=str(row["channel"]),
        domain=str(row["domain"]),
        intent=str(row["intent"]),
        slots=[SlotValue(kind, value) for kind, value in slots],
        request=str(row["request"]),
        wake_word=str(row["wake_word"]),
        asr_confidence=cast(float | None, row["asr_confidence"]),
        asr_n_best=_texts(row["asr_n_best"]),
        nlu_confidence=cast(float | None, row["nlu_confidence"]),
        response_text=str(row["response_text"]),
        response_status=str(row["response_status"]),
        action=str(row["action"]),
        entity=str(row["entity"]),
        speech_start_ms=_int(row["speech_start_ms"]),
        speech_end_ms=_int(row["speech_end_ms"]),
        response_start_ms=_int(row["response_start_ms"]),
        response_end_ms=_int(row["response_end_ms"]),
        synthetic_timing=bool(row["synthetic_timing"]),
        versions=list(zip(_texts(row["components"]), _texts(row["component_versions"]), strict=True)),
    )


def _minute(epoch_s: int) -> int:
    return max(0, epoch_s - epoch_s % MINUTE_S)


def _texts(value: object) -> list[str]:
    return [str(one) for one in cast(Sequence[object], value)]


def _int(value: object) -> int:
    return int(cast(int, value))


def _float(value: object) -> float:
    return float(cast(float, value))

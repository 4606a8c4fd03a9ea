"""Rewrites for what real people said: chains in calls, ways to find rewrites, and figures on them."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from streams.adapters.getgoing import Call, Said, Speaker
from streams.adapters.source import AdapterError
from streams.evaluate.rewrites_real import calls_figures, cast_figures, cqr_figures, evaluate
from streams.evaluate.rewrites_real_chains import Chain, chains_of, table_of
from streams.evaluate.rewrites_real_rankings import (
    Learned,
    Ranking,
    Table,
    by_bm25,
    by_edit_distance,
    by_exact_words,
    by_index,
    by_meaning,
)
from streams.evaluate.rewrites_real_slots import carried_over
from tests.unit.rewrites_to_order import LettersEncoder

TABLE = {
    "directions to the airport": Learned(["directions to the air bored"], 1),
    "the bus": Learned(["the buzz", "the boss"], 2),
    "by car": Learned(worked=1),
}


def _said(text: str, reprompted: bool = False, retry_of: int | None = None) -> Said:
    return Said(speaker=Speaker.USER, text=text, reprompted=reprompted, retry_of=retry_of)


def _call(*turns: Said, name: str = "c") -> Call:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    return Call(id=name, start=now, end=now, turns=turns)


def test_a_chain_leads_to_what_was_accepted_in_the_end() -> None:
    call = _call(
        _said("The buzz", reprompted=True),
        Said(speaker=Speaker.SYSTEM, text="Sorry?"),
        _said("the boss", reprompted=True, retry_of=0),
        _said("the bus", retry_of=2),
    )
    assert chains_of(call) == [Chain("the buzz", "the bus"), Chain("the boss", "the bus")]


def test_what_was_never_accepted_and_what_was_said_again_are_no_chains() -> None:
    assert chains_of(_call(_said("x", reprompted=True), _said("y", reprompted=True, retry_of=0))) == []
    assert chains_of(_call(_said("the bus", reprompted=True), _said("The bus.", retry_of=0))) == []


def test_a_table_holds_what_was_accepted_at_once_too() -> None:
    call = _call(_said("by car"), _said("the buzz", reprompted=True), _said("the bus", retry_of=1))
    assert dict(table_of([call])) == {"by car": Learned((), 1), "the bus": Learned(("the buzz",), 1)}


@pytest.mark.parametrize(
    "make",
    [
        by_edit_distance,
        by_bm25,
        lambda table: by_index(table, LettersEncoder()),
        lambda table: by_meaning(table, LettersEncoder()),
    ],
)
def test_what_is_alike_is_found_first(make: Callable[[Table], Ranking]) -> None:
    rank = make(TABLE)
    assert rank("the buzz")[0] == "the bus"
    assert rank("directions to the air board please")[0] == "directions to the airport"


def test_exact_words_find_what_they_came_to_and_nothing_else() -> None:
    rank = by_exact_words(TABLE)
    assert (rank("The boss"), rank("by car"), rank("the bos")) == (["the bus"], ["by car"], [])


def _letters(table: Table) -> Mapping[str, Ranking]:
    return {"": by_index(table, LettersEncoder()), "_exact": by_exact_words(table)}


def _write(folder: Path, rows: Sequence[object]) -> Path:
    folder.mkdir(parents=True)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_calls_are_asked_of_a_table_of_other_calls_only(tmp_path: Path) -> None:
    calls = [
        _call(_said(heard, reprompted=True), _said("the bus", retry_of=0), name=f"c{at}")
        for at, heard in enumerate(["the buzz", "the bussy", *(f"only{n}" for n in range(9))])
    ]
    folder = _write(tmp_path / "getgoing", [call.model_dump(mode="json") for call in calls])
    for row in (lines := [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]):
        row["start"] = row["end"] = "2026-03-01 10:00:00"
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))
    figures = calls_figures(folder, _letters)
    assert figures["getgoing_reachable"].value == 1.0
    assert figures["getgoing_recall_at_1_exact"].value == 0.0
    assert figures["getgoing_recall_at_5"].value > 0.5
    assert figures["getgoing_recall_at_5"].n == 11


def test_slots_count_in_the_first_text_found(tmp_path: Path) -> None:
    rows = [
        {"id": f"d-{at}-1", "query": query, "rewrite": rewrite, "gold_slots": slots}
        for at, (query, rewrite, slots) in enumerate(
            [
                ("give me the address", "give me the address of Ravenswood", ["ravenswood", "mall"]),
                ("what about the weather", "what about the weather in Boston", ["Boston"]),
            ]
        )
    ]
    figures = cqr_figures(_write(tmp_path / "cqr", rows), _letters)
    assert figures["cqr_recall_at_1"].value == 1.0
    assert figures["cqr_slot_recall"].value == pytest.approx(2 / 3)
    assert figures["cqr_slot_recall_copied"].value == 0.0
    assert figures["cqr_recall_at_1_exact"].value == 0.0


def test_a_question_that_stands_on_its_own_is_found_by_its_words(tmp_path: Path) -> None:
    rows = [
        {"id": "81_1", "query": "How do doors fail?", "rewrite": "How do doors fail?"},
        {"id": "81_2", "query": "Why did it stop?", "rewrite": "Why did my door stop?"},
    ]
    figures = cast_figures(_write(tmp_path / "cast", rows), _letters)
    assert figures["cast_recall_at_1_exact"].value == 0.5
    assert figures["cast_recall_at_1"].value == 1.0


def test_a_folder_without_any_of_the_sets_is_told(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="holds none of getgoing, cqr, cast"):
        evaluate(tmp_path, lambda _: None)


def test_a_line_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    folder = _write(tmp_path / "cqr", [{"id": "a", "query": "x"}])
    with pytest.raises(AdapterError, match=r"rows\.jsonl, line 1: rewrite"):
        cqr_figures(folder, _letters)


@pytest.mark.parametrize(
    ("query", "rewrite", "carried"),
    [
        ("Now it stopped working. Why?", "Now my garage door opener stopped working. Why?", ["garage door opener"]),
        ("What about the one in Boston?", "What about the one in Boston?", []),
        ("How much is it there?", "How much is a ticket in the city of Rome?", ["ticket in the city of rome"]),
    ],
)
def test_what_is_carried_over_is_what_the_query_leaves_out(query: str, rewrite: str, carried: list[str]) -> None:
    assert carried_over(query, rewrite) == carried


def test_what_is_served_is_compared_with_plain_ways_pair_by_pair(tmp_path: Path) -> None:
    rows = [{"id": f"81_{at}", "query": text, "rewrite": text} for at, text in enumerate(["how so", "why not"])]

    def rankings(table: Table) -> Mapping[str, Ranking]:
        return {"_ranked": by_exact_words(table), "_bm25": lambda _: ["how so"]}

    figures = cast_figures(_write(tmp_path / "cast", rows), rankings)
    assert figures["cast_recall_at_1_gain_over_bm25"].value == pytest.approx(0.5)

"""`earshot score barge-in` and the evaluation, on meetings of no known origin."""

import gzip

import orjson
import pytest

from streams.evaluate.barge_in import NothingToEvaluate, evaluate
from streams.evaluate.barge_in_meetings import MeetingFormatError, read_meetings
from streams.scoring.barge_in import score


def row(name, speaker, start, text, word_cs=30, **more):
    ends = [word_cs * (at + 1) for at in range(len(text.split()))]
    end = start + (ends[-1] if ends else 0) / 100
    return {
        "meeting": "M1", "id": name, "start": start, "end": end, "speaker": speaker, "text": text, "word_end_cs": ends,
    } | more  # fmt: skip


ROWS = [
    row("long", "ann", 0.0, "so what i wanted to say about the second part of the plan is this"),
    row("mm", "bob", 1.0, "mm-hmm"),
    row("no", "cem", 2.0, "no i said the first part"),
    row("stop", "bob", 3.0, "stop"),
    row("alone", "bob", 20.0, "okay next"),
]


def write(path, rows):
    lines = b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in rows)
    path.write_bytes(gzip.compress(lines) if path.suffix == ".gz" else lines)
    return path


def scored(tmp_path, rows, name="any.jsonl"):
    target = tmp_path / "scores.jsonl"
    count = score(write(tmp_path / name, rows), target, lambda _: None)
    lines = [orjson.loads(line) for line in target.read_bytes().splitlines()]
    assert len(lines) == count
    return lines


@pytest.mark.parametrize("name", ["any.jsonl", "any.jsonl.gz"])
def test_every_start_over_somebody_is_scored_after_one_word_and_after_three(tmp_path, name):
    lines = scored(tmp_path, ROWS, name)
    assert [(line["id"], line["words_heard"]) for line in lines] == [
        (act, heard) for act in ("mm", "no", "stop") for heard in (1, 3)
    ]
    assert all(0.0 <= line["score"] <= 1.0 for line in lines)


def test_the_kind_is_told_by_the_words_heard_so_far(tmp_path):
    kinds = {(line["id"], line["words_heard"]): line["kind"] for line in scored(tmp_path, ROWS)}
    assert kinds["mm", 1] == kinds["mm", 3] == "backchannel"
    assert kinds["no", 1] != "correction"
    assert kinds["no", 3] == "correction"
    assert kinds["stop", 1] == "stop"


def test_annotations_change_no_score(tmp_path):
    labels = {
        "kind": "floor_grab",
        "da": "fg",
        "interrupted": True,
        "abandoned": True,
        "over": ["x"],
        "cuts_off": ["x"],
    }
    assert scored(tmp_path, [one | labels for one in ROWS]) == scored(tmp_path, ROWS)


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (b"{", "line 2"),
        (orjson.dumps({"meeting": "M1"}), "line 2: id: Field required"),
        (orjson.dumps(row("x", "bob", 1.0, "two words") | {"word_end_cs": [30]}), "2 words but word_end_cs has 1"),
        (orjson.dumps(row("x", "bob", 1.0, "two words") | {"end": 0.5}), "before start"),
    ],
)
def test_a_bad_line_is_named_and_leaves_no_output(tmp_path, bad, what):
    source = write(tmp_path / "bad.jsonl", ROWS[:1])
    source.write_bytes(source.read_bytes() + bad + b"\n")
    with pytest.raises(MeetingFormatError, match=what):
        score(source, tmp_path / "scores.jsonl", lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["bad.jsonl"]


def test_meetings_without_labels_are_read_but_cannot_be_evaluated(tmp_path):
    write(tmp_path / "whatever.jsonl", ROWS)
    assert read_meetings([tmp_path / "whatever.jsonl"]).takes is None
    with pytest.raises(NothingToEvaluate, match="cuts_off"):
        evaluate(tmp_path, lambda _: None)


def test_labelled_meetings_are_evaluated_whatever_their_files_are_called(tmp_path):
    rows = [one | {"cuts_off": ["long"] if one["id"] == "no" else []} for one in ROWS]
    write(tmp_path / "unheard.jsonl.gz", rows)
    figures = evaluate(tmp_path, lambda _: None).figures
    assert {"mrda_auc_1", "mrda_auc_3", "mrda_auc_3_lexicon"} <= set(figures)
    assert figures["mrda_auc_3"].value == 1.0

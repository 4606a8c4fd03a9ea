"""Learned models in the stream: asked in batches, remembered, and the same whatever the batches."""

import logging
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from infra.settings import Settings
from models.minilm import ModelsNotInstalled
from processors.dialogue import DialogueProcessor
from processors.hearing import CorrectionCase, CorrectionOpinion, Hearing
from processors.result import Emit
from processors.retry import RetryCase, RetryKind, RetryOpinion
from processors.signals import RULES
from schemas.feedback import FEEDBACK, Correction, CorrectionKind, Rephrase, RetryCause
from streams import hearing as loading
from streams.delivery import Committed, Message
from streams.detect_partition import DetectPartition
from streams.hearing import hearing_of
from tests.fleet_of_few import fleet_events
from tests.streams_in_memory import LogRecord

START = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)


class Judge:
    """Says of every pair that it is a rephrase, and keeps what it was asked."""

    version = "test"

    def __init__(self) -> None:
        self.batches: list[list[RetryCase]] = []

    def judge(self, cases: Sequence[RetryCase]) -> list[RetryOpinion]:
        self.batches.append(list(cases))
        return [RetryOpinion(RetryKind.REPHRASE, 0.9, RetryCause.MISHEARD) for _ in cases]


class Finder:
    """Takes every turn that it is asked about for a correction."""

    version = "test"
    read = 0

    def find(self, cases: Sequence[CorrectionCase]) -> list[CorrectionOpinion]:
        return [CorrectionOpinion(CorrectionKind.THIRD_POSITION, 0.8, "jazz", "play jazz") for _ in cases]


def records(dialogues: int) -> list[LogRecord]:
    """A small fleet's events on a log."""
    return [
        LogRecord(offset, int(event.occurred_at.timestamp() * 1000), event.user_id.encode(), event.to_bytes(), ())
        for offset, event in enumerate(fleet_events(dialogues, START, timedelta(seconds=90)))
    ]


def said(hearing: Hearing, dialogues: int) -> list[object]:
    """Feedback that a processor with these models sends about the fleet, in one batch."""
    events = fleet_events(dialogues, START, timedelta(seconds=90))
    processor = DialogueProcessor(hearing=hearing)
    results = processor.process(
        [(at, int(event.occurred_at.timestamp() * 1000), event) for at, event in enumerate(events)]
    )
    return [
        FEEDBACK.validate_json(result.value)
        for result in results
        if isinstance(result, Emit) and result.topic_suffix.startswith("feedback")
    ]


def test_a_batch_is_asked_about_at_once() -> None:
    judge = Judge()
    said(Hearing(judge), 40)
    assert len(judge.batches) == 1
    assert len(judge.batches[0]) == len(set(judge.batches[0])) > 10


def test_what_was_asked_before_is_remembered_and_the_oldest_forgotten_first() -> None:
    judge = Judge()
    hearing = Hearing(judge, remembered=2)
    one, two, three = (RetryCase(text, text, None, None, 1.0, 1, False) for text in ("a", "b", "c"))
    hearing.prepare([one, two], [])
    hearing.retry(one)
    hearing.prepare([one, three], [])
    assert judge.batches == [[one, two], [three]]
    hearing.retry(one)
    assert len(judge.batches) == 2
    hearing.retry(two)
    assert judge.batches[2:] == [[two]]
    assert hearing.asked == 4


def test_the_judge_decides_about_what_passes_the_gate_and_its_version_and_cause_are_told() -> None:
    heard = [signal for signal in said(Hearing(Judge()), 40) if isinstance(signal, Rephrase)]
    assert heard
    assert {(signal.detector, signal.score, signal.cause) for signal in heard} == {
        ("rephrase/test", 0.9, RetryCause.MISHEARD)
    }


def test_a_correction_is_about_the_turn_that_was_misunderstood() -> None:
    heard = [signal for signal in said(Hearing(corrections=Finder()), 40) if isinstance(signal, Correction)]
    assert heard
    assert all(signal.by_turn_id not in (None, signal.turn_id) for signal in heard)
    assert {(signal.value, signal.rewrite, signal.reason) for signal in heard} == {
        ("jazz", "play jazz", "corrects what was understood: jazz")
    }


@pytest.mark.parametrize("size", [1, 7, 100])
def test_models_say_the_same_however_batches_are_cut(size: int) -> None:
    log = records(60)

    def told(batch: int) -> list[Message]:
        partition = DetectPartition(Settings(hearing="models"), 0, Committed(-1))
        return [
            message
            for first in range(0, len(log), batch)
            for message in partition.process(log[first : first + batch]).messages
        ]

    assert told(size) == told(len(log))


def test_without_its_packages_hearing_goes_by_rules_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def missing() -> None:
        raise ModelsNotInstalled("safetensors is not installed")

    monkeypatch.setattr(loading, "LearnedRetries", missing)
    monkeypatch.setattr(loading, "_hearing", loading._hearing.__wrapped__)
    with caplog.at_level(logging.WARNING):
        assert hearing_of(Settings(hearing="auto")) is RULES
    assert "safetensors is not installed" in caplog.text
    with pytest.raises(ModelsNotInstalled):
        hearing_of(Settings(hearing="models"))


def test_the_stream_can_be_imported_where_no_model_is_installed() -> None:
    """Also what only models need must not be asked for before a model is loaded."""
    blocked = "('tokenizers', 'torch', 'transformers', 'ctranslate2', 'safetensors', 'sklearn')"
    program = f"import sys; sys.modules.update(dict.fromkeys({blocked})); import streams.hearing"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

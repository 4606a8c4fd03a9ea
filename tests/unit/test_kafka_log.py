"""What is quoted from the broker's log when it died."""

from pathlib import Path

from infra.kafka.log import BrokerLog


def _write(folder: Path, *lines: str) -> None:
    with (folder / "kafka.log").open("a", encoding="utf-8") as log:
        log.writelines(f"{line}\n" for line in lines)


def test_complaints_are_quoted_rather_than_the_shutdown_that_follows_them(tmp_path: Path) -> None:
    log = BrokerLog.beginning_now(tmp_path)
    _write(tmp_path, "12:00 ERROR no luck (kafka.Kafka)", "java.io.IOException: disk", "\tat x.y", "12:01 INFO bye (x)")
    assert log.last_words() == ("12:00 ERROR no luck (kafka.Kafka)", "java.io.IOException: disk")


def test_without_complaints_the_last_lines_are_quoted(tmp_path: Path) -> None:
    log = BrokerLog.beginning_now(tmp_path)
    _write(tmp_path, *(f"12:00 INFO step {step} (x)" for step in range(20)))
    assert log.last_words(2) == ("12:00 INFO step 18 (x)", "12:00 INFO step 19 (x)")


def test_earlier_runs_are_not_quoted(tmp_path: Path) -> None:
    _write(tmp_path, "11:00 ERROR of yesterday (x)")
    log = BrokerLog.beginning_now(tmp_path)
    _write(tmp_path, "12:00 INFO of today (x)")
    assert log.last_words() == ("12:00 INFO of today (x)",)


def test_a_log_that_was_rotated_is_quoted_from_its_beginning(tmp_path: Path) -> None:
    _write(tmp_path, "11:00 INFO a long line of an earlier run (x)")
    log = BrokerLog.beginning_now(tmp_path)
    (tmp_path / "kafka.log").rename(tmp_path / "kafka.log.1")
    _write(tmp_path, "12:00 INFO new (x)")
    assert log.last_words() == ("12:00 INFO new (x)",)


def test_what_java_says_before_there_is_a_log_is_quoted(tmp_path: Path) -> None:
    log = BrokerLog.beginning_now(tmp_path)
    log.console.write_text("Error: Could not find or load main class kafka.Kafka\n", "utf-8")
    assert log.last_words() == ("Error: Could not find or load main class kafka.Kafka",)

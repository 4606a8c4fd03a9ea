"""What the broker wrote about itself since it was started."""

import re
from dataclasses import dataclass
from pathlib import Path

_COMPLAINT = re.compile(
    r" (?:WARN|ERROR|FATAL) |^Caused by: |^Error|^Exception|^java\.|^org\.apache\.kafka\.\S*Exception"
)
_TAIL_BYTES = 1 << 18
_LONGEST_LINE = 300


@dataclass(frozen=True)
class BrokerLog:
    """The rotated log of the broker, and the console that catches what Java says before there is a log."""

    file: Path
    console: Path
    start: int = 0
    """Size of the log when the broker was started; what stands before is of an earlier run."""

    @classmethod
    def beginning_now(cls, folder: Path) -> "BrokerLog":
        """The log below `folder`, from here on."""
        log = cls.below(folder)
        return cls(log.file, log.console, log.file.stat().st_size if log.file.exists() else 0)

    @classmethod
    def below(cls, folder: Path) -> "BrokerLog":
        """The whole log below `folder`."""
        return cls(folder / "kafka.log", folder / "kafka-console.log")

    def last_words(self, count: int = 8) -> tuple[str, ...]:
        """The last `count` lines that complain, or simply the last ones when none does."""
        lines = [*_lines(self.file, self.start), *_lines(self.console, 0)]
        complaints = [line for line in lines if _COMPLAINT.search(line)]
        return tuple((complaints or lines)[-count:])


def _lines(file: Path, start: int) -> list[str]:
    try:
        with file.open("rb") as log:
            size = log.seek(0, 2)
            begin = start if start <= size else 0  # it was rotated
            log.seek(max(begin, size - _TAIL_BYTES))
            return [line[:_LONGEST_LINE] for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
    except FileNotFoundError:
        return []

"""What is wrong with a scenario pack, where, and what to do about it."""

from dataclasses import dataclass
from pathlib import Path

from streams.errors import StreamError


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong. `line` counts from 1; 0 where it is of the file as a whole."""

    file: str
    line: int
    wrong: str
    advice: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.wrong}. {self.advice}."


class PackError(StreamError):
    """A pack cannot be used. `faults` holds everything that was found, in the order of the files."""

    def __init__(self, pack: Path | str, faults: tuple[Fault, ...]) -> None:
        self.pack = str(pack)
        self.faults = faults
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        super().__init__("\n".join([f"the scenario pack {self.pack} has {count}", *map(str, faults)]))

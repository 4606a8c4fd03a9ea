"""Kafka's classes as the JVM wants them in memory (class data sharing): the broker is ready in half the time.

A broker that finds no archive records a draft when it exits; `adopt_archive` then puts it where every later broker of
this machine finds it. What goes wrong here costs half a second at the next start and nothing else: Java itself refuses
an archive of another Java or of other jars, and a damaged one, which would crash Java, is found by the SHA-256 in its
name and thrown away.
"""

import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from infra.kafka.java import Java

_log = logging.getLogger(__name__)


class ClassArchive:
    """The archives of one Java and one set of jars, in a folder of `cache`."""

    def __init__(self, cache: Path, java: Java, jvm_flags: tuple[str, ...], jars: list[Path]) -> None:
        self._folder = cache / f"classes-{_key(java, jars)}"
        self._java = java
        self._jvm_flags = jvm_flags

    def flags(self, draft: Path) -> tuple[list[str], Path | None]:
        """What tells Java to use the archive; without one, to record it as `draft`, and where to `adopt_archive` it.

        No flags when the machine's archive of Java itself can be neither found nor made.
        """
        draft.unlink(missing_ok=True)
        try:
            of_java = _find_intact(self._folder / "java") or self._dump_java_classes()
            place = self._folder / f"kafka-on-{of_java.stem[-12:]}"
            of_kafka = _find_intact(place)
        except (OSError, subprocess.SubprocessError) as error:
            _log.info("no class archive is used: %s", error)
            return [], None
        if of_kafka is not None:
            return [f"-XX:SharedArchiveFile={of_java}{os.pathsep}{of_kafka}"], None
        return [f"-XX:SharedArchiveFile={of_java}", f"-XX:ArchiveClassesAtExit={draft}"], place

    def _dump_java_classes(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=self._folder) as staging:
            draft = Path(staging) / "java.jsa"
            subprocess.run(
                [self._java.executable, *self._jvm_flags, "-Xshare:dump", f"-XX:SharedArchiveFile={draft}"],
                check=True,
                capture_output=True,
                timeout=60,
            )
            return _keep(draft, self._folder / "java")


def adopt_archive(draft: Path, place: Path) -> None:
    """Keep what a broker recorded, if it did, at `place`. Only for a broker that was not killed."""
    try:
        if not _is_complete(draft):
            draft.unlink(missing_ok=True)
            return
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=place.parent) as staging:
            _keep(Path(shutil.move(draft, Path(staging) / "kafka.jsa")), place)
    except OSError as error:
        _log.info("the class archive is not kept: %s", error)
        draft.unlink(missing_ok=True)


def _is_complete(draft: Path) -> bool:
    """Java writes the first bytes last: they are missing when it was killed or the disk was full."""
    if not draft.exists():
        return False
    with draft.open("rb") as content:
        return any(content.read(4))


def _keep(file: Path, place: Path) -> Path:
    return file.replace(place.with_name(f"{place.name}-{_digest(file)}.jsa"))


def _find_intact(place: Path) -> Path | None:
    for file in sorted(place.parent.glob(f"{place.name}-*.jsa")):
        if file.stem.endswith(_digest(file)):
            return file
        _log.warning("%s is damaged and is made again", file)
        file.unlink(missing_ok=True)
    return None


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _key(java: Java, jars: list[Path]) -> str:
    """Names one Java and these very files: Java refuses an archive that was made from a jar of another time."""
    times = (f"{jar}:{jar.stat().st_mtime_ns}" for jar in jars)
    parts = [java.version, str(java.executable.resolve()), *times]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

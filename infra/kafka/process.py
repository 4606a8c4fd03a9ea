"""What is on record of a broker that was started on a folder."""

from dataclasses import dataclass

from infra.process import ServerProcess


@dataclass(frozen=True)
class BrokerProcess(ServerProcess):
    """A broker. `class_archive` is where its draft of a class archive goes, None when it makes none."""

    controller_port: int
    class_archive: str | None

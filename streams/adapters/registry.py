"""Which adapter reads a folder: the one that knows the fields of its first line."""

from collections import Counter
from pathlib import Path

from pydantic_core import from_json

from infra.settings import settings
from streams.adapters.getgoing import GetGoing
from streams.adapters.sgd import Sgd
from streams.adapters.source import Adapter, AdapterError, Source, files_of, lines_of
from streams.adapters.topical_chat import TopicalChat

ADAPTERS: dict[str, Adapter] = {adapter.name: adapter for adapter in (GetGoing(), Sgd(), TopicalChat())}


def open_source(name_or_folder: str | Path) -> Source:
    """A data set by its name (in the folder of the settings' `data_dir`), or any folder in one of the known formats.

    Raises `AdapterError` when there is no such folder or no adapter knows what is in it.
    """
    adapter = ADAPTERS.get(str(name_or_folder))
    if adapter is not None:
        folder = settings().data_dir / adapter.name
        if not folder.is_dir():
            raise AdapterError(
                f"the data set {adapter.name} is not at {folder}; put it there or set EARSHOT_DATA_DIR to the folder "
                f"that holds {adapter.name}/ (expected: {adapter.expects})"
            )
        return Source(adapter, folder, Counter())
    folder = Path(name_or_folder)
    if not folder.is_dir():
        raise AdapterError(
            f"there is no data set and no folder {folder}; known data sets: {', '.join(sorted(ADAPTERS))}"
        )
    return Source(_adapter_of(folder), folder, Counter())


def _adapter_of(folder: Path) -> Adapter:
    known = "; or ".join(f"{adapter.name}: {adapter.expects}" for adapter in ADAPTERS.values())
    for path in files_of(folder, known):
        for number, line in lines_of(path):
            try:
                row = from_json(line)
            except ValueError as error:
                raise AdapterError(f"{path}, line {number}: not JSON ({error}); expected {known}") from error
            fields = frozenset(row) if isinstance(row, dict) else frozenset()
            for adapter in ADAPTERS.values():
                if adapter.recognises(fields):
                    return adapter
            raise AdapterError(f"{path}, line {number}: no adapter knows these fields; expected {known}")
    raise AdapterError(f"the files of {folder} are empty; expected {known}")

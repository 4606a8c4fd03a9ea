"""Checks what a pack says of preferences: their catalogues, slots and words."""

from collections.abc import Iterator

from streams.simulator.pack_errors import Fault
from streams.simulator.pack_files import PackFiles
from streams.simulator.pack_positions import Path as KeyPath
from streams.simulator.pack_template_checks import named_faults
from streams.simulator.pack_written import PackWritten, PreferenceWritten
from streams.simulator.preferences import LASTING


def preference_faults(files: PackFiles, written: PackWritten) -> Iterator[Fault]:
    """Everything that is wrong with the tables `[preference.*]` and `[background]`."""
    domains = {name.split(".", 1)[0] for name in written.api}
    for name, one in written.preference.items():
        key: KeyPath = ("preference", name)
        if one.catalogue not in written.catalogue:
            advice = f"Write a table [catalogue.{one.catalogue}], or name one of {', '.join(sorted(written.catalogue))}"
            yield files.fault((*key, "catalogue"), f"there is no catalogue {one.catalogue}", advice)
        if one.domain not in domains:
            advice = f"Name one of {', '.join(sorted(domains))}"
            yield files.fault((*key, "domain"), f"no API belongs to the domain {one.domain}", advice)
        for field in ("slot", "names"):
            slot = getattr(one, field)
            if slot is not None and slot not in written.slot:
                advice = f"Write a table [slot.{slot}], or take {field} out"
                yield files.fault((*key, field), f"preference {name} is of the slot {slot}, which is missing", advice)
        yield from _word_faults(files, key, one)
    for index, time in enumerate(written.preferences.times):
        if time not in LASTING:
            advice = f"Use one of {', '.join(LASTING)}"
            yield files.fault(("preferences", "times", index), f"nobody knows how long {time!r} lasts", advice)
    for field in ("starts", "middles"):
        if not getattr(written.background, field):
            yield files.fault(("background", field), f"the background has no {field}", "Write at least two")


def _word_faults(files: PackFiles, key: KeyPath, one: PreferenceWritten) -> Iterator[Fault]:
    needed = {"value", "named"} if one.names is not None else {"value"}
    of_persons = {"value", "who"}
    for field, names in (
        ("like", needed),
        ("dislike", needed),
        ("person_like", of_persons),
        ("person_dislike", of_persons),
        ("household_like", needed),
        ("household_dislike", needed),
        ("conditions", set[str]()),
    ):
        for index, text in enumerate(getattr(one, field)):
            yield from named_faults(files, (*key, field, index), text, names, must=True)
    if not one.like:
        yield files.fault((*key, "like"), f"preference {key[1]} has no words for like", "Write some")

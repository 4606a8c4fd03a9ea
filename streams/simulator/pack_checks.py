"""Finds everything that is wrong with a pack before it is used: first the tables, then what they say of each other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from streams.simulator.catalogue import Catalogue
from streams.simulator.catalogue_compose import TooFewNames, compose, in_order
from streams.simulator.goals import reachable
from streams.simulator.pack_api import api
from streams.simulator.pack_api_checks import api_faults
from streams.simulator.pack_errors import Fault, PackError
from streams.simulator.pack_files import PackFiles
from streams.simulator.pack_positions import Path as KeyPath
from streams.simulator.pack_preference_checks import preference_faults
from streams.simulator.pack_sample_checks import sample_faults
from streams.simulator.pack_template_checks import named_faults
from streams.simulator.pack_written import PackWritten


def checked(files: PackFiles) -> tuple[PackWritten, dict[str, Catalogue]]:
    """The pack and its catalogues. Raises `PackError` with all faults that can be found at once."""
    written = _written(files)
    _raise(files, [*_reference_faults(files, written), *_word_faults(files, written), *api_faults(files, written)])
    _raise(files, [*preference_faults(files, written)])
    catalogues = _composed(files, written)
    _raise(files, [*_unreachable(files, written), *sample_faults(files, written, catalogues)])
    return written, catalogues


def _written(files: PackFiles) -> PackWritten:
    try:
        return PackWritten.model_validate(files.document)
    except ValidationError as error:
        faults = [_invalid(files, details) for details in error.errors()]
    raise PackError(files.path, tuple(sorted(set(faults))))


def _composed(files: PackFiles, written: PackWritten) -> dict[str, Catalogue]:
    try:
        return compose(written.pack.name, written.catalogue)
    except TooFewNames as error:
        wrong = f"the patterns and parts of catalogue {error.catalogue} give {error.made} names, not {error.wanted}"
        advice = f"Add parts or patterns, or lower count to {error.made}"
        fault = files.fault(("catalogue", error.catalogue, "composed", "count"), wrong, advice)
    raise PackError(files.path, (fault,))


def _raise(files: PackFiles, faults: Sequence[Fault]) -> None:
    if faults:
        raise PackError(files.path, tuple(sorted(set(faults))))


def _invalid(files: PackFiles, details: Mapping[str, Any]) -> Fault:
    key: KeyPath = tuple(part for part in details["loc"] if part != "[key]")
    name = ".".join(map(str, key))
    match details["type"]:
        case "missing":
            where = ".".join(map(str, key[:-1])) or "the pack"
            return files.fault(key, f"{key[-1]} is missing in {where}", f"Write {name}")
        case "extra_forbidden":
            return files.fault(key, f"{name} means nothing here", "Correct its spelling, or take it out")
        case "string_pattern_mismatch":
            pattern = details["ctx"]["pattern"]
            return files.fault(key, f"{name} is not spelled as such names are", f"Spell it to match {pattern}")
        case _:
            message = details["msg"][0].lower() + details["msg"][1:]
            return files.fault(key, f"{name} is {details['input']!r:.60}: {message}", "Correct the value")


def _reference_faults(files: PackFiles, written: PackWritten) -> Iterator[Fault]:
    known = written.catalogue
    for name, catalogue in known.items():
        key: KeyPath = ("catalogue", name)
        if not catalogue.names and catalogue.composed is None and not catalogue.same_as:
            yield files.fault(key, f"catalogue {name} is empty", "Give it names, or composed names, or same_as")
        for attribute, other in catalogue.attributes.items():
            yield from _unknown_catalogue(files, (*key, "attributes", attribute), other, known)
        for other in catalogue.same_as:
            yield from _unknown_catalogue(files, (*key, "same_as", other), other, known)
        for other in catalogue.also.keys() - set(catalogue.names):
            yield files.fault((*key, "also", other), f"{other} is not among the names of {name}", "Add it to names")
        if catalogue.full_name is not None:
            allowed = {"name", *catalogue.attributes}
            yield from named_faults(files, (*key, "full_name"), catalogue.full_name, allowed)
        elif catalogue.doubled:
            wrong = f"names of catalogue {name} are doubled, but nothing tells their bearers apart"
            yield files.fault((*key, "doubled"), wrong, 'Write full_name, such as "{name} in {region}"')
        if catalogue.composed is not None:
            parts = set(catalogue.composed.parts)
            for index, pattern in enumerate(catalogue.composed.patterns):
                yield from named_faults(files, (*key, "composed", "patterns", index), pattern, parts)
            for part, words in catalogue.composed.parts.items():
                if not words:
                    yield files.fault((*key, "composed", "parts", part), f"the part {part} is empty", "Give it words")
    if all(other in known for one in known.values() for other in one.attributes.values()):
        try:
            in_order(known)
        except ValueError as cycle:
            wrong = f"attributes go in a circle: {cycle}"
            yield files.fault(("catalogue", str(cycle).split(" ")[0]), wrong, "Take one of these attributes out")
    for name, slot in written.slot.items():
        yield from _unknown_catalogue(files, ("slot", name, "catalogue"), slot.catalogue, known)
    for name, detail in written.detail.items():
        yield from _unknown_catalogue(files, ("detail", name, "catalogue"), detail.catalogue, known)


def _unknown_catalogue(files: PackFiles, key: KeyPath, name: str, known: Mapping[str, object]) -> Iterator[Fault]:
    if name not in known:
        advice = f"Write a table [catalogue.{name}], or name one of {', '.join(sorted(known))}"
        yield files.fault(key, f"there is no catalogue {name}", advice)


def _word_faults(files: PackFiles, written: PackWritten) -> Iterator[Fault]:
    for side in ("customer", "assistant"):
        for name, texts in getattr(written.phrases, side).model_dump().items():
            key: KeyPath = ("phrases", side, name)
            if not texts:
                yield files.fault(key, f"there is no phrase for {name}", "Write at least one")
            for index, text in enumerate(texts):
                yield from named_faults(files, (*key, index), text, {"count"} if name == "count" else set())
    for name, texts in written.carriers.model_dump(exclude={"not_before"}).items():
        for index, text in enumerate(texts):
            if text.count("{}") != 1 or text.replace("{}", "").count("{") or "%" in text:
                advice = "Write {} once where the request goes, no other braces and no %"
                yield files.fault(("carriers", name, index), f"the carrier {text!r} has no single place", advice)
    for table, described in (("slot", written.slot), ("detail", written.detail)):
        for name, one in described.items():
            for field, texts in one.model_dump(exclude={"catalogue"}).items():
                if not texts and field != "pronouns":
                    yield files.fault((table, name, field), f"{table} {name} has no words for {field}", "Write some")
                for index, text in enumerate(texts):
                    given = {name} if field in ("inform", "part") else set()
                    place = (table, name, field, index)
                    yield from named_faults(files, place, text, given, must=table == "slot" and bool(given))


def _unreachable(files: PackFiles, written: PackWritten) -> Iterator[Fault]:
    apis = {name: api(name, one, written.api) for name, one in written.api.items()}
    reached = reachable(apis, written.world)
    for name in apis.keys() - reached:
        needs = " and ".join(f"{key} = {value}" for key, value in written.api[name].needs.items())
        wrong = f"the goal {name} is unreachable: nothing makes {needs} true"
        advice = "Give an API that is reachable a `sets` with just this fact and value, or let it hold in [world]"
        yield files.fault(("api", name, "needs"), wrong, advice)
    if not any(one.weight for one in written.api.values()):
        yield files.fault(("api",), "no API is a goal: all weights are 0", "Give at least one API a weight above 0")

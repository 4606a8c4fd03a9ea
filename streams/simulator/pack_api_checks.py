"""Checks what the APIs of a pack say: their slots, conditions and words."""

from collections.abc import Iterator

from streams.simulator.pack_errors import Fault
from streams.simulator.pack_files import PackFiles
from streams.simulator.pack_positions import Path as KeyPath
from streams.simulator.pack_template_checks import named_faults
from streams.simulator.pack_written import ApiKind, ApiWritten, PackWritten
from streams.simulator.wording_templates import template


def api_faults(files: PackFiles, written: PackWritten) -> Iterator[Fault]:
    """Everything that is wrong with the tables `[api.*]`."""
    intents: dict[tuple[str, str], str] = {}
    for name, api in written.api.items():
        key: KeyPath = ("api", name)
        missing = list(_missing_slots(files, written, key, api))
        yield from missing
        yield from _reference_faults(files, written, name, api)
        if not missing:
            yield from _search_faults(files, written, key, api)
            yield from _word_faults(files, written, key, api)
        domain = name.split(".", 1)[0]
        other = intents.setdefault((domain, api.intent), name)
        if other != name:
            wrong = f"{name} and {other} have the same intent {api.intent}"
            yield files.fault((*key, "intent"), wrong, "Give one of them an intent of its own")


def _missing_slots(files: PackFiles, written: PackWritten, key: KeyPath, api: ApiWritten) -> Iterator[Fault]:
    for field in ("required", "optional"):
        for index, slot in enumerate(getattr(api, field)):
            if slot not in written.slot:
                wrong = f"{key[1]} takes the slot {slot}, which is missing"
                advice = f"Write a table [slot.{slot}], or take one of {', '.join(sorted(written.slot))}"
                yield files.fault((*key, field, index), wrong, advice)


def _reference_faults(files: PackFiles, written: PackWritten, name: str, api: ApiWritten) -> Iterator[Fault]:
    key: KeyPath = ("api", name)
    if api.leads_to is not None and api.leads_to not in written.api:
        advice = f'Write a table [api."{api.leads_to}"], or name one of {", ".join(sorted(written.api))}'
        yield files.fault((*key, "leads_to"), f"{name} leads to the unknown API {api.leads_to}", advice)
    for index, detail in enumerate(api.details):
        if detail not in written.detail:
            advice = f"Write a table [detail.{detail}], or take it out"
            yield files.fault((*key, "details", index), f"{name} has the unknown detail {detail}", advice)
    if api.result is not None and api.result not in (*api.required, *api.optional) and api.kind is not ApiKind.SEARCH:
        advice = f"Name one of {', '.join((*api.required, *api.optional)) or 'its slots; it has none'}"
        yield files.fault((*key, "result"), f"the result of {name} is {api.result}, which it does not take", advice)
    for table in ("needs", "sets"):
        for fact, value in getattr(api, table).items():
            for text in (fact, value):
                yield from named_faults(files, (*key, table, fact), text, api.required)


def _search_faults(files: PackFiles, written: PackWritten, key: KeyPath, api: ApiWritten) -> Iterator[Fault]:
    if api.kind is not ApiKind.SEARCH:
        if api.kind is ApiKind.ANSWER and not api.details:
            yield files.fault(key, f"{key[1]} answers, but has no details", "Write details: what it tells")
        return
    if api.result not in written.slot:
        wrong = f"{key[1]} searches, but its result is {api.result or 'missing'}"
        yield files.fault((*key, "result"), wrong, f"Name the slot to offer: one of {', '.join(sorted(written.slot))}")
        return
    found = written.slot[api.result].catalogue
    attributes = written.catalogue[found].attributes if found in written.catalogue else {}
    places = {slot: (field, at) for field in ("required", "optional") for at, slot in enumerate(getattr(api, field))}
    for slot, place in places.items():
        if attributes.get(slot) != written.slot[slot].catalogue:
            wrong = f"{key[1]} searches by {slot}, which is no attribute of the catalogue {found}"
            advice = f'Write {slot} = "{written.slot[slot].catalogue}" into [catalogue.{found}.attributes], or drop it'
            yield files.fault((*key, *place), wrong, advice)


def _word_faults(files: PackFiles, written: PackWritten, key: KeyPath, api: ApiWritten) -> Iterator[Fault]:
    slots = {*api.required, *api.optional}
    told = slots | set(api.details) | ({api.result} if api.result else set())
    for field, texts in api.customer.model_dump().items():
        for index, text in enumerate(texts):
            yield from named_faults(files, (*key, "customer", field, index), text, slots)
    for field, texts in api.assistant.model_dump().items():
        known = {"done": told, "offer": told, "confirm": slots}.get(field, set())
        for index, text in enumerate(texts):
            yield from named_faults(files, (*key, "assistant", field, index), text, known)
    always = set(api.required) | set(api.details) | ({api.result or ""} if api.kind is ApiKind.SEARCH else set())
    needed: dict[tuple[str, str], set[str]] = {
        ("customer", "plain"): set(api.required),
        ("assistant", "offer" if api.kind is ApiKind.SEARCH else "done"): always,
    }
    if api.required and api.kind is not ApiKind.SEARCH:
        needed["assistant", "confirm"] = set(api.required)
    if any(other.leads_to == key[1] for other in written.api.values()):
        needed["assistant", "propose"] = set()
    for (side, field), names in needed.items():
        texts = getattr(getattr(api, side), field)
        if not any(_takes_only(text, names) for text in texts):
            what = f"no more than {', '.join(sorted(names - {''}))}" if names else "no slot"
            wrong = f"{key[1]} has no {side} sentence `{field}` that can be said with {what}"
            yield files.fault((*key, side, field), wrong, "Write one: the other names are not always known")


def _takes_only(text: str, names: set[str]) -> bool:
    try:
        return set(template(text).names) <= names
    except ValueError:
        return True

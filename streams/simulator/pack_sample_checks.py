"""Checks the annotated sample dialogues of a pack."""

from collections.abc import Iterator, Mapping

from streams.simulator.catalogue import Catalogue
from streams.simulator.meaning import Act
from streams.simulator.pack_errors import Fault
from streams.simulator.pack_files import PackFiles
from streams.simulator.pack_positions import Path as KeyPath
from streams.simulator.pack_written import ASSISTANT_ACTS, CUSTOMER_ACTS, PackWritten, SampleTurn, SampleWritten


def sample_faults(files: PackFiles, written: PackWritten, catalogues: Mapping[str, Catalogue]) -> Iterator[Fault]:
    """Everything that is wrong with the tables `[[sample]]`."""
    for number, sample in enumerate(written.sample):
        key: KeyPath = ("sample", number)
        if sample.api not in written.api:
            yield _unknown_api(files, (*key, "api"), sample.api, written)
            continue
        yield from _goal_faults(files, key, sample, written, catalogues)
        for index, turn in enumerate(sample.turns):
            yield from _turn_faults(files, (*key, "turns", index), turn, written, catalogues)
        if all(turn.call != sample.api for turn in sample.turns):
            wrong = f"the sample {sample.about!r} never calls {sample.api}"
            yield files.fault((*key, "api"), wrong, f'Add call = "{sample.api}" to the turn in which it is called')


def _goal_faults(
    files: PackFiles,
    key: KeyPath,
    sample: SampleWritten,
    written: PackWritten,
    catalogues: Mapping[str, Catalogue],
) -> Iterator[Fault]:
    api = written.api[sample.api]
    for slot, name in sample.arguments.items():
        place = (*key, "arguments", slot)
        if slot not in (*api.required, *api.optional):
            wrong = f"{sample.api} does not take {slot}"
            yield files.fault(place, wrong, f"Take one of {', '.join((*api.required, *api.optional))}")
        elif not catalogues[written.slot[slot].catalogue].named(name):
            yield _unknown_entity(files, place, slot, name, written)
    for slot in api.required:
        if slot not in sample.arguments:
            wrong = f"the goal of the sample {sample.about!r} lacks {slot}, which {sample.api} requires"
            yield files.fault((*key, "arguments"), wrong, f"Write {slot}")


def _turn_faults(
    files: PackFiles, key: KeyPath, turn: SampleTurn, written: PackWritten, catalogues: Mapping[str, Catalogue]
) -> Iterator[Fault]:
    if (turn.customer is None) == (turn.assistant is None):
        yield files.fault(key, "a turn is of one side", "Write either customer or assistant")
        return
    allowed = CUSTOMER_ACTS if turn.customer is not None else ASSISTANT_ACTS
    if turn.call is not None and turn.call not in written.api:
        yield _unknown_api(files, (*key, "call"), turn.call, written)
    for index, text in enumerate(turn.acts):
        place = (*key, "acts", index)
        act, _, said = text.partition(" ")
        slot, _, value = said.partition("=")
        if act not in {one.value for one in allowed}:
            side = "customer" if turn.customer is not None else "assistant"
            advice = f"Take one of {', '.join(sorted(allowed))}"
            yield files.fault(place, f"{act} is no act of the {side}", advice)
        elif act in (Act.INFORM_INTENT, Act.OFFER_INTENT):
            if said not in written.api:
                yield _unknown_api(files, place, said, written)
        elif value and turn.customer is not None:
            if slot not in written.slot:
                wrong = f"the act {text!r} names the slot {slot}, which is missing"
                yield files.fault(place, wrong, f"Take one of {', '.join(sorted(written.slot))}")
            elif not catalogues[written.slot[slot].catalogue].named(value):
                yield _unknown_entity(files, place, slot, value, written)
            elif value not in turn.customer:
                wrong = f"the act {text!r} is not in what the customer says: {turn.customer!r}"
                yield files.fault(place, wrong, "Write the value as it is said")


def _unknown_api(files: PackFiles, key: KeyPath, name: str, written: PackWritten) -> Fault:
    advice = f'Write a table [api."{name}"], or name one of {", ".join(sorted(written.api))}'
    return files.fault(key, f"there is no API {name}", advice)


def _unknown_entity(files: PackFiles, key: KeyPath, slot: str, name: str, written: PackWritten) -> Fault:
    catalogue = written.slot[slot].catalogue
    return files.fault(key, f"the catalogue {catalogue} has no {name!r}", f"Add it to [catalogue.{catalogue}] names")

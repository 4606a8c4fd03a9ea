"""Checks the names in one template."""

from collections.abc import Collection, Iterator

from streams.simulator.pack_errors import Fault
from streams.simulator.pack_files import PackFiles
from streams.simulator.pack_positions import Path as KeyPath
from streams.simulator.wording_templates import template


def named_faults(
    files: PackFiles, key: KeyPath, text: str, known: Collection[str], *, must: bool = False
) -> Iterator[Fault]:
    """Faults of the template at `key`: broken braces, names that are not `known`; with `must` it has to name all."""
    try:
        names = template(text).names
    except ValueError as error:
        advice = "Write a name between { and }, and close every brace"
        yield files.fault(key, f"the template {text!r} cannot be read: {error}", advice)
        return
    allowed = ", ".join(sorted(known)) or "no name at all"
    for name in dict.fromkeys(names):
        if name not in known:
            wrong = f"the template {text!r} has an unknown name {{{name}}}"
            yield files.fault(key, wrong, f"Correct it; here it can have {allowed}")
    for name in known if must else ():
        if name not in names:
            yield files.fault(key, f"the template {text!r} does not say {{{name}}}", f"Put {{{name}}} into it")

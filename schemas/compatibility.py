"""Is a new contract one that old producers can still meet? Inside a major version it has to be.

The rule: every message that was valid stays valid, and no field that consumers may rely on goes away.
"""

import json
from collections.abc import Iterator, Mapping
from operator import gt, lt
from pathlib import Path
from typing import Any, Final

from schemas.export import SNAPSHOT, JsonSchema, json_schemas

_LOWER_LIMITS: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER_LIMITS: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_FORMS: Final = ("pattern", "format")


def breaking_changes(before: Mapping[str, JsonSchema], after: Mapping[str, JsonSchema]) -> list[str]:
    """In words, what of `after` refuses or drops something that `before` allowed; empty when it is compatible.

    Both are JSON Schemas by event type, as `json_schemas` gives them.
    """
    problems = [f"{name}: the event was removed" for name in before if name not in after]
    for name in before:
        if name in after:
            comparison = _Comparison(before[name].get("$defs", {}), after[name].get("$defs", {}))
            problems.extend(comparison.of(before[name], after[name], name))
    return problems


def changes_since_snapshot(path: Path = SNAPSHOT) -> list[str]:
    """Breaking changes of the code against the schemas that were agreed on."""
    return breaking_changes(json.loads(path.read_text()), json_schemas())


class _Comparison:
    """Compares two schemas that have definitions of their own."""

    def __init__(self, before: Mapping[str, JsonSchema], after: Mapping[str, JsonSchema]) -> None:
        self._before = before
        self._after = after

    def of(self, before: JsonSchema, after: JsonSchema, path: str) -> Iterator[str]:
        before, after = _resolved(before, self._before), _resolved(after, self._after)
        if "anyOf" in before or "anyOf" in after:
            yield from self._alternatives(before, after, path)
            return
        if not after or after == before:
            return
        if gone := _types(before) - _types(after):
            yield f"{path}: {' and '.join(sorted(gone))} is no longer allowed"
            return
        yield from _values(before, after, path)
        yield from _limits(before, after, path)
        yield from self._fields(before, after, path)
        for part in ("items", "additionalProperties"):
            if isinstance(after.get(part), dict):
                old = before.get(part)
                yield from self.of(old if isinstance(old, dict) else {}, after[part], f"{path}[]")

    def _alternatives(self, before: JsonSchema, after: JsonSchema, path: str) -> Iterator[str]:
        """Each alternative of before needs one after that takes it; the nearest tells what is wrong."""
        offered = after.get("anyOf", [after])
        for alternative in before.get("anyOf", [before]):
            attempts = [list(self.of(alternative, offer, path)) for offer in offered]
            nearest = min(attempts, key=lambda problems: (len(problems), _is_about_type(problems)))
            same_kind = [
                problems
                for problems, offer in zip(attempts, offered, strict=True)
                if _types(_resolved(alternative, self._before)) & _types(_resolved(offer, self._after))
            ]
            if nearest:
                yield from (min(same_kind, key=len) if same_kind else nearest)

    def _fields(self, before: JsonSchema, after: JsonSchema, path: str) -> Iterator[str]:
        old, new = before.get("properties", {}), after.get("properties", {})
        for name in old:
            if name not in new:
                yield f"{path}.{name}: the field was removed"
            else:
                yield from self.of(old[name], new[name], f"{path}.{name}")
        for name in after.get("required", ()):
            if name not in before.get("required", ()):
                what = "the field is required now" if name in old else "a new field is required"
                yield f"{path}.{name}: {what}"
        if after.get("additionalProperties") is False and before.get("additionalProperties") is not False:
            yield f"{path}: unknown fields are refused now"


def _resolved(schema: JsonSchema, definitions: Mapping[str, JsonSchema]) -> JsonSchema:
    while "$ref" in schema:
        target = definitions[str(schema["$ref"]).rpartition("/")[2]]
        schema = {**target, **{name: value for name, value in schema.items() if name != "$ref"}}
    return schema


_EVERY_TYPE: Final = frozenset({"string", "number", "integer", "boolean", "object", "array", "null"})


def _types(schema: JsonSchema) -> set[str]:
    if "type" in schema:
        named = schema["type"]
        types = set(named) if isinstance(named, list) else {named}
    elif (values := _allowed(schema)) is not None:
        types = {_type_of(value) for value in values}
    else:
        types = set(_EVERY_TYPE)
    return types | {"integer"} if "number" in types else types


def _type_of(value: Any) -> str:
    names = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null", list: "array"}
    return names.get(type(value), "object")


def _allowed(schema: JsonSchema) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values: list[Any] | None = schema.get("enum")
    return values


def _values(before: JsonSchema, after: JsonSchema, path: str) -> Iterator[str]:
    old, new = _allowed(before), _allowed(after)
    if new is None:
        return
    if old is None:
        yield f"{path}: only {_listed(new)} are allowed now"
    elif gone := [value for value in old if value not in new]:
        yield f"{path}: {_listed(gone)} is no longer allowed"


def _limits(before: JsonSchema, after: JsonSchema, path: str) -> Iterator[str]:
    for names, narrower in ((_LOWER_LIMITS, gt), (_UPPER_LIMITS, lt)):
        for name in names:
            if name in after and (name not in before or narrower(after[name], before[name])):
                yield f"{path}: {name} was {before.get(name, 'not limited')}, it is {after[name]} now"
    for name in _FORMS:
        if name in after and before.get(name) != after[name]:
            yield f"{path}: {name} was {before.get(name, 'free')}, it is {after[name]} now"


def _listed(values: list[Any]) -> str:
    return ", ".join(json.dumps(value) for value in values)


def _is_about_type(problems: list[str]) -> bool:
    return any(problem.endswith("is no longer allowed") for problem in problems)

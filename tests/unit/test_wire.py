"""The structs that turns are read into off the wire are the contract's models, field by field."""

import typing
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
import pytest
from annotated_types import Ge, Le
from pydantic import AwareDatetime, BaseModel, StringConstraints
from pydantic.fields import FieldInfo

from schemas import turn as models
from schemas import wire
from schemas.contract import Contract

PAIRS: list[tuple[type[Contract], type[msgspec.Struct]]] = [
    (getattr(models, name.removesuffix("OnWire")), struct)
    for name, struct in vars(wire).items()
    if name.endswith("OnWire") and not name.startswith("_")
]
STRUCTS = dict(PAIRS)

PROVEN_ELSEWHERE = {
    (models.Turn, "schema_version"),
    (models.Context, "local_time"),
    (models.Device, "versions"),
}
"""Fields whose values `streams.proof` checks, as it does all times."""

CHECKED_ELSEWHERE: dict[type[Contract], set[str]] = {models.Span: {"_in_order"}}
"""Validators of models that `streams.proof` stands in for."""


def shape(annotation: Any, limits: tuple[Any, ...] = ()) -> Any:
    """A type of either library, in one notation: lengths and ranges included, times as text."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return shape(inner[0], (*limits, *inner[1:]))
    if origin in (Union, UnionType):
        return frozenset(shape(one, limits) for one in inner)
    if origin is tuple:
        return ("many", shape(inner[0]))
    if origin is Literal:
        return ("only", inner)
    if annotation is AwareDatetime:
        return ("text", None, None)
    if annotation is str:
        return ("text", limit(limits, "min_length"), limit(limits, "max_length"))
    if annotation in (int, float):
        return (annotation.__name__, limit(limits, "ge"), limit(limits, "le"))
    if annotation in (bool, NoneType):
        return annotation.__name__
    if issubclass(annotation, StrEnum):
        return annotation
    return STRUCTS[annotation] if issubclass(annotation, BaseModel) else annotation


def limit(limits: tuple[Any, ...], name: str) -> Any:
    known = Ge | Le | StringConstraints | msgspec.Meta | FieldInfo
    found = []
    for one in limits:
        if isinstance(one, FieldInfo):
            found += [limit(tuple(one.metadata), name)]
        else:
            assert isinstance(one, known) or type(one).__name__ in ("MinLen", "MaxLen", "AwareDatetime"), one
            found += [getattr(one, name, None)]
    found = [one for one in found if one is not None]
    return found[0] if found else None


def test_every_model_in_a_turn_has_a_struct() -> None:
    reached: set[type[BaseModel]] = set()

    def reach(annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in reached:
            reached.add(annotation)
            for field in annotation.model_fields.values():
                reach(field.annotation)
        for inner in get_args(annotation):
            reach(inner)

    reach(models.Turn)
    assert reached == set(STRUCTS)


@pytest.mark.parametrize(("model", "struct"), PAIRS, ids=[model.__name__ for model, _ in PAIRS])
def test_a_struct_has_the_fields_of_its_model(model: type[Contract], struct: type[msgspec.Struct]) -> None:
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    hints = typing.get_type_hints(struct, include_extras=True)
    assert set(fields) == set(model.model_fields)
    assert struct.__struct_config__.forbid_unknown_fields
    for name, wanted in model.model_fields.items():
        field = fields[name]
        assert field.encode_name == name
        if (model, name) == (models.Turn, "type"):
            assert field.required  # the union of events asks for it
        elif name == "versions":
            assert (bytes(field.default), wanted.get_default(call_default_factory=True)) == (b"{}", {})
        else:
            assert field.required is wanted.is_required(), name
            assert field.required or field.default == wanted.default, name
        if (model, name) not in PROVEN_ELSEWHERE:
            assert shape(hints[name]) == shape(wanted.annotation, tuple(wanted.metadata)), name


@pytest.mark.parametrize("model", STRUCTS)
def test_a_model_checks_nothing_that_is_not_checked_fast(model: type[Contract]) -> None:
    decorators = model.__pydantic_decorators__
    assert set(decorators.model_validators) == CHECKED_ELSEWHERE.get(model, set())
    assert not decorators.field_validators
    assert not decorators.validators
    assert not decorators.root_validators
    assert model.model_config == {"frozen": True, "extra": "ignore"}

"""The examples of every event are what the models, the JSON Schemas and the wire agree on."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

import schemas.examples as package
from schemas.contract import MAJOR
from schemas.export import EVENTS, asyncapi, export, json_schemas

EXAMPLES = Path(package.__path__[0])
FILES = sorted(EXAMPLES.glob(f"*/v{MAJOR}/*.json"))


@pytest.mark.parametrize("name", EVENTS)
def test_every_event_has_a_minimal_a_full_and_an_odd_example(name: str) -> None:
    assert {"minimal", "full", "unicode"} <= {path.stem for path in FILES if path.parts[-3] == name}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_an_example_is_valid_by_model_and_by_schema_and_survives_the_wire(path: Path) -> None:
    name = path.parts[-3]
    adapter = TypeAdapter(EVENTS[name])
    event = adapter.validate_json(path.read_bytes())
    Draft202012Validator(json_schemas()[name]).validate(json.loads(path.read_bytes()))
    assert adapter.validate_json(event.to_bytes()) == event
    Draft202012Validator(json_schemas()[name]).validate(json.loads(event.to_bytes()))


@pytest.mark.parametrize("name", EVENTS)
def test_a_full_example_sets_every_field(name: str) -> None:
    files = [path for path in FILES if path.parts[-3] == name]
    present = {field for path in files for field in json.loads(path.read_bytes())}
    assert set(EVENTS[name].model_fields) <= present


@pytest.mark.parametrize("name", EVENTS)
def test_a_minimal_example_can_lose_no_field_but_its_version(name: str) -> None:
    content = json.loads((EXAMPLES / name / f"v{MAJOR}" / "minimal.json").read_bytes())
    for field in set(content) - {"schema_version", "type"}:
        with pytest.raises(ValidationError):
            TypeAdapter(EVENTS[name]).validate_python({k: v for k, v in content.items() if k != field})


def test_the_exported_files_are_the_schemas_and_the_document(tmp_path: Path) -> None:
    written = {path.name for path in export(tmp_path / "new")}
    assert written == {f"{name}.v{MAJOR}.json" for name in EVENTS} | {"asyncapi.json"}
    for name in EVENTS:
        Draft202012Validator.check_schema(json.loads((tmp_path / "new" / f"{name}.v{MAJOR}.json").read_text()))


def test_every_event_is_on_a_channel_of_the_asyncapi_document_and_references_resolve() -> None:
    document = asyncapi("acme")
    assert document["asyncapi"] == "3.0.0"
    named = {name for channel in document["channels"].values() for name in channel["messages"]}
    assert named == set(EVENTS) == set(document["components"]["messages"])
    assert document["channels"]["turn-events.v1"]["address"] == "acme.turn-events.v1"
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in document["channels"]
    assert "#/$defs" not in json.dumps(document)
    for message in document["components"]["messages"].values():
        schema = message.get("payload", {}).get("schema") or message["headers"]
        Draft202012Validator.check_schema(schema)

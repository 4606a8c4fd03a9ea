"""What `detect` learns with: settings, the catalogue, the model as a finder, and crashes in memory."""

import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from infra.settings import Settings
from models.correction.encoder import WordEncoder
from models.minilm import ModelsNotInstalled
from models.preference.attributes import Attribute, SpanType
from models.preference.catalogue import THING
from models.preference.model import Statement
from models.preference.sensitive import Category
from models.preference.tagging import Part
from processors.lessons import Lessons
from processors.teachable import Heard
from schemas.preference import PREFERENCE, Polarity, Preference, PreferenceScope
from schemas.teachable_moment import TEACHABLE_MOMENT, TeachableMoment
from schemas.turn import Turn
from streams import teaching
from streams.delivery import Committed, Message
from streams.detect_partition import DetectPartition
from streams.teaching import CatalogueUnreadable, heard_of, lessons_of, read_catalogue
from tests.streams_in_memory import LogRecord
from tests.unit.teaching_to_order import JAZZ, Finder, turn

SETTINGS = Settings(hearing="rules", teaching="off")


def part(kind: SpanType, text: str) -> Part:
    return Part(kind, text, 0, len(text))


def statement(**more: object) -> Statement:
    given: dict[str, object] = {
        "score": 0.95,
        "states": True,
        "polarity": Polarity.DISLIKE,
        "attribute": Attribute.MUSIC,
        "value": part(SpanType.VALUE, "jazz"),
        "scope": PreferenceScope.USER,
    }
    return Statement(**given | more)  # type: ignore[arg-type]


class TestFinding:
    def test_a_statement_becomes_what_is_kept(self) -> None:
        heard = heard_of(statement(condition=part(SpanType.CONDITION, "for dinner")), looks_up=False)
        assert heard == Heard("music", "jazz", 0.95, Polarity.DISLIKE, condition="for dinner")

    @pytest.mark.parametrize("change", [{"states": False}, {"value": None}, {"attribute": None}])
    def test_what_states_nothing_with_words_is_nothing(self, change: dict[str, object]) -> None:
        assert heard_of(statement(**change), looks_up=False) is None

    def test_what_a_catalogue_does_not_know_is_not_clear(self) -> None:
        assert [heard_of(statement(), looks_up=one).clear for one in (False, True)] == [True, False]  # type: ignore[union-attr]

    def test_an_own_name_is_clear_once_its_thing_is_named(self) -> None:
        named = statement(attribute=Attribute.OWN_NAME, stands_for=part(SpanType.STANDS_FOR, "lamp"))
        found = [heard_of(one, looks_up=False) for one in (statement(attribute=Attribute.OWN_NAME), named)]
        assert [one.clear for one in found if one is not None] == [False, True]

    def test_what_is_sensitive_says_so(self) -> None:
        heard = heard_of(statement(sensitive=Category.HEALTH), looks_up=False)
        assert heard is not None
        assert heard.sensitive


class TestSettings:
    def test_off_learns_nothing(self) -> None:
        assert lessons_of(Settings(teaching="off", hearing="models")) is None

    def test_where_hearing_goes_by_rules_so_does_this(self) -> None:
        assert lessons_of(Settings(teaching="auto", hearing="rules")) is None

    def test_without_its_packages_auto_says_so_and_models_fails(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def missing(*_: object) -> WordEncoder:
            raise ModelsNotInstalled("no encoder here")

        monkeypatch.setattr("streams.teaching.PreferenceModel.load", missing)
        teaching._finder.cache_clear()
        assert lessons_of(Settings(teaching="auto", hearing="auto")) is None
        assert "no encoder here" in caplog.text
        with pytest.raises(ModelsNotInstalled):
            lessons_of(Settings(teaching="models"))
        teaching._finder.cache_clear()

    def test_torch_is_not_needed(self) -> None:
        code = (
            "import sys; sys.modules['torch'] = None; sys.modules['transformers'] = None;"
            "from infra.settings import Settings; from streams.teaching import lessons_of;"
            "from processors.teachable import StatementCase;"
            "found = lessons_of(Settings(teaching='models'))._finder.find([StatementCase('I hate horror movies', '')]);"
            "print(found[0].attribute, found[0].polarity)"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
        assert done.stdout.split() == ["film", "dislike"], done.stderr


class TestCatalogue:
    def test_names_are_read_from_lines(self, tmp_path: Path) -> None:
        file = tmp_path / "names.jsonl"
        file.write_text('{"topic": "music", "name": "hip hop", "entity": "g:hh"}\n')
        found = read_catalogue(file)[0].canonical("hip hop", ["music"])
        assert found is not None
        assert found.entity == "g:hh"
        assert read_catalogue(file)[0].canonical("hip hop", [THING]) is None

    def test_a_wrong_line_is_named(self, tmp_path: Path) -> None:
        file = tmp_path / "names.jsonl"
        file.write_text('{"topic": "music", "name": "a", "entity": "b"}\n{"topic": "music"}\n')
        with pytest.raises(CatalogueUnreadable, match=r"names.jsonl:2: expected topic, name and entity"):
            read_catalogue(file)

    def test_a_missing_file_names_the_setting(self, tmp_path: Path) -> None:
        with pytest.raises(CatalogueUnreadable, match="EARSHOT_TEACHING_CATALOGUE"):
            read_catalogue(tmp_path / "none")


HEARD = {"a": JAZZ, "b": Heard("film", "noir", 0.6), "c": Heard("cuisine", "Thai", 0.9)}


def log() -> list[LogRecord]:
    """Forty people, each teaching something in two dialogues, some turns late or twice."""
    turns: list[Turn] = []
    for person in range(40):
        for dialogue in range(2):
            name = f"{person}-{dialogue}"
            at = 400.0 * dialogue + person
            said = [
                turn(at + 3 * place, text, name, f"u{person}")
                for place, text in enumerate("xab" if person % 2 else "cxa")
            ]
            turns += said if person % 5 else [said[2], *said[:2], said[0]]
    turns.sort(key=lambda one: (one.occurred_at.timestamp() // 20, one.event_id))
    return [
        LogRecord(offset, int(one.occurred_at.timestamp() * 1000), one.user_id.encode(), one.to_bytes())
        for offset, one in enumerate(turns)
    ]


def kept(messages: list[Message]) -> tuple[dict[bytes, bytes], set[str]]:
    """What stands on the compacted topic in the end, and the ids of the questions that were asked."""
    standing: dict[bytes, bytes] = {}
    asked: set[str] = set()
    for one in messages:
        if one.topic.endswith(Preference.topic_suffix):
            assert one.key is not None
            if one.value is None:
                standing.pop(one.key, None)
            else:
                standing[one.key] = one.value
        elif one.topic.endswith(TeachableMoment.topic_suffix):
            asked.add(TEACHABLE_MOMENT.validate_json(one.value or b"").event_id)
    return standing, asked


def told_moments(messages: list[Message]) -> list[TeachableMoment]:
    return [
        TEACHABLE_MOMENT.validate_json(one.value or b"")
        for one in messages
        if one.topic.endswith(TeachableMoment.topic_suffix)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_crashes_lose_and_double_nothing(seed: int) -> None:
    records, dice = log(), Random(seed)
    whole = DetectPartition(SETTINGS, 0, Committed(-1), lessons=Lessons(Finder(HEARD)))
    expected = kept(whole.process(records).messages)
    sent: list[Message] = []
    committed, at = Committed(-1), 0
    worker = DetectPartition(SETTINGS, 0, committed, lessons=Lessons(Finder(HEARD)))
    while at < len(records):
        batch = records[at : at + dice.randint(1, 12)]
        outcome = worker.process(batch)
        sent += outcome.messages
        at += len(batch)
        if dice.random() < 0.5:
            committed = outcome.position
        if dice.random() < 0.15:  # what was sent since the last commit is sent again
            worker = DetectPartition(SETTINGS, 0, committed, (), told_moments(sent), lessons=Lessons(Finder(HEARD)))
            at = max(committed.offset, 0)
    assert kept(sent) == expected
    assert len(expected[0]) > 60
    assert len(expected[1]) == len({PREFERENCE.validate_json(one).user_id for one in expected[0].values()}) // 2

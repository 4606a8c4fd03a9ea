"""The packs that ship are good, large and ambiguous; a bad one is told where it is bad and what to do."""

from pathlib import Path

import pytest

from schemas.turn import Channel
from streams.simulator.pack import Pack, load_pack, shipped_packs
from streams.simulator.pack_errors import Fault, PackError

LAMPS = Path(__file__).parents[1] / "fixtures" / "packs" / "lamps.toml"
VOICE_DOMAINS = {
    "music",
    "video",
    "audiobooks",
    "weather",
    "timers",
    "smart_home",
    "shopping",
    "navigation",
    "calls",
}


def faults_of(pack: Path) -> tuple[Fault, ...]:
    with pytest.raises(PackError) as caught:
        load_pack(pack)
    for fault in caught.value.faults:
        assert str(fault) in str(caught.value)
    return caught.value.faults


def broken(folder: Path, good: str, bad: str) -> tuple[Path, int]:
    """The small pack with `good` replaced, and the line where that stands."""
    text = LAMPS.read_text()
    assert text.count(good) == 1, good
    path = folder / "broken.toml"
    path.write_text(text.replace(good, bad))
    return path, text.count("\n", 0, text.index(good)) + 1


def test_three_packs_ship() -> None:
    assert shipped_packs() == ("home_a", "home_b", "shop_chat")


@pytest.mark.parametrize("name", ["home_a", "home_b"])
def test_a_home_pack_has_nine_voice_domains_and_large_catalogues(name: str) -> None:
    pack = load_pack(name)
    assert set(pack.domains) == VOICE_DOMAINS
    assert pack.channel is Channel.VOICE
    assert len(pack.entries) > 4500
    assert sum(len(catalogue.entries) >= 200 for catalogue in pack.catalogues.values()) >= 8


def test_the_chat_pack_is_small_and_has_no_speech() -> None:
    pack = load_pack("shop_chat")
    assert pack.channel is Channel.CHAT
    assert set(pack.domains) == {"products", "orders", "stores"}


def test_the_home_packs_share_no_template() -> None:
    one, other = (set(map(str.lower, load_pack(name).texts())) for name in ("home_a", "home_b"))
    assert not one & other
    assert len(one) > 500
    assert len(other) > 500


def test_the_home_packs_share_no_entity_and_no_name() -> None:
    one, other = load_pack("home_a"), load_pack("home_b")
    assert not one.entries.keys() & other.entries.keys()
    assert not names(one) & names(other)
    assert not one.anaphora & other.anaphora


def names(pack: Pack) -> set[str]:
    return {name.lower() for entry in pack.entries.values() for name in entry.names}


@pytest.mark.parametrize(("name", "slot", "others"), [("home_a", "song", 2), ("home_b", "track", 2)])
def test_titles_are_songs_films_and_books_at_once(name: str, slot: str, others: int) -> None:
    pack = load_pack(name)
    threefold = [
        entry for entry in pack.catalogue_of[slot].entries if len(pack.resolver.elsewhere(slot, entry.name)) >= others
    ]
    assert len(threefold) > 50


def test_a_town_of_that_name_is_in_several_regions() -> None:
    named = load_pack("home_a").catalogue_of["town"].named("wilkerson")
    assert len(named) > 1
    assert len({entry.attributes["region"] for entry in named}) == len(named)


@pytest.mark.parametrize("name", ["home_a", "home_b", "shop_chat"])
def test_every_domain_has_an_annotated_sample_or_shares_a_file_with_one(name: str) -> None:
    assert len(load_pack(name).written.sample) >= (1 if name == "shop_chat" else 6)


def test_the_digest_changes_with_the_text(tmp_path: Path) -> None:
    same, other = tmp_path / "lamps.toml", tmp_path / "other" / "lamps.toml"
    other.parent.mkdir()
    same.write_text(LAMPS.read_text())
    other.write_text(LAMPS.read_text().replace('"Lamps."', '"More lamps."'))
    assert load_pack(same).digest == load_pack(LAMPS).digest
    assert load_pack(other).digest != load_pack(LAMPS).digest


@pytest.mark.parametrize(
    ("good", "bad", "wrong", "advice"),
    [
        (
            'optional = ["room"]\nresult',
            'optional = ["chamber"]\nresult',
            "lights.switch_on takes the slot chamber, which is missing",
            "Write a table [slot.chamber]",
        ),
        (
            'needs = { mains = "on" }',
            'needs = { mains = "off" }',
            "the goal lights.switch_on is unreachable: nothing makes mains = off true",
            "Give an API that is reachable a `sets`",
        ),
        (
            '  "switch on the {lamp}",',
            '  "switch on the {lmp}",',
            "has an unknown name {lmp}",
            "Correct it; here it can have lamp, room",
        ),
        (
            'names = ["kitchen", "bedroom"]',
            "names = []",
            "catalogue room is empty",
            "Give it names, or composed names, or same_as",
        ),
        (
            'leads_to = "lights.switch_off"',
            'leads_to = "lights.dim"',
            "lights.switch_on leads to the unknown API lights.dim",
            "Write a table [api.",
        ),
        (
            '["INFORM_INTENT lights.switch_on", "INFORM lamp=desk lamp"]',
            '["INFORM_INTENT lights.ignite", "INFORM lamp=desk lamp"]',
            "there is no API lights.ignite",
            "Write a table [api.",
        ),
        (
            '["INFORM_INTENT lights.switch_on", "INFORM lamp=desk lamp"]',
            '["INFORM_INTENT lights.switch_on", "INFORM lamp=lava lamp"]',
            "the catalogue lamp has no 'lava lamp'",
            "Add it to [catalogue.lamp] names",
        ),
        (
            'names = ["desk lamp", "floor lamp"]',
            'names = ["desk lamp", "floor lamp"',
            "this is not TOML",
            "Correct the line, or the one above it",
        ),
        ("count = 4", "count = 9", "give 4 names, not 9", "lower count to 4"),
        ("confirm = 0.3", "confirm = 3", "api.lights.switch_on.confirm is 3", "Correct the value"),
        ('intent = "switch_off"', 'intnt = "switch_off"', "intnt means nothing here", "Correct its spelling"),
        ('intent = "switch_off"', 'intent = "switch_on"', "have the same intent switch_on", "an intent of its own"),
        (
            'ask = ["Which lamp?"]',
            'asks = ["Which lamp?"]',
            "slot.lamp.asks means nothing here",
            "Correct its spelling",
        ),
        (
            'part = ["namely {lamp}"]',
            'part = ["namely that"]',
            "does not say {lamp}",
            "Put {lamp} into it",
        ),
        (
            'required = ["room"]\nresult = "lamp"',
            'required = ["lamp"]\nresult = "lamp"',
            "searches by lamp, which is no attribute of the catalogue lamp",
            "or drop it",
        ),
        (
            'assistant = { done = ["{lamp} off."]',
            'assistant = { done = ["{room} off."]',
            "has an unknown name {room}",
            "here it can have lamp",
        ),
    ],
)
def test_a_bad_pack_is_told_where_what_and_what_to_do(
    tmp_path: Path, good: str, bad: str, wrong: str, advice: str
) -> None:
    path, line = broken(tmp_path, good, bad)
    found = [fault for fault in faults_of(path) if wrong in fault.wrong]
    assert found, faults_of(path)
    assert found[0].file == str(path)
    assert advice in found[0].advice
    assert abs(found[0].line - line) <= 2  # the key itself, or the header of its small table


def test_the_line_is_the_one_of_the_template_in_the_middle_of_a_list(tmp_path: Path) -> None:
    path, line = broken(tmp_path, '  "switch on the {lamp}",', '  "switch on the {lmp}",')
    assert [fault.line for fault in faults_of(path)] == [line]


def test_words_of_time_of_which_nobody_knows_the_end_are_told(tmp_path: Path) -> None:
    path = tmp_path / "lamps.toml"
    path.write_text(LAMPS.read_text() + '\n[preferences]\ntimes = ["today", "some day"]\n')
    (fault,) = faults_of(path)
    assert fault.wrong == "nobody knows how long 'some day' lasts"
    assert "Use one of today," in fault.advice


def test_a_missing_table_is_told_of_the_table_above_it(tmp_path: Path) -> None:
    path, _ = broken(tmp_path, 'ask = ["Which lamp?"]\n', "")
    (fault,) = faults_of(path)
    assert fault.wrong == "ask is missing in slot.lamp"
    assert path.read_text().splitlines()[fault.line - 1] == "[slot.lamp]"


def test_all_faults_are_told_at_once_in_their_order(tmp_path: Path) -> None:
    text = LAMPS.read_text().replace("{count}", "{counts}").replace("the {lamp}", "the {lamb}")
    path = tmp_path / "broken.toml"
    path.write_text(text)
    faults = faults_of(path)
    assert len(faults) > 3
    assert list(faults) == sorted(faults)


def test_a_pack_in_several_files_names_the_file_that_is_wrong(tmp_path: Path) -> None:
    head, _, tail = LAMPS.read_text().partition("[api.")
    (tmp_path / "one.toml").write_text(head)
    (tmp_path / "two.toml").write_text("[api." + tail.replace("desk lamp on", "desk lamp off"))
    assert load_pack(tmp_path).name == "lamps"
    (tmp_path / "two.toml").write_text("[api." + tail.replace("INFORM lamp=desk lamp", "INFORM lamp=lava lamp"))
    (fault,) = faults_of(tmp_path)
    assert fault.file == str(tmp_path / "two.toml")
    line = (tmp_path / "two.toml").read_text().splitlines()[fault.line - 1]
    assert "lava lamp" in line


def test_what_is_written_in_two_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(LAMPS.read_text())
    (tmp_path / "two.toml").write_text('[slot.lamp]\ncatalogue = "lamp"\n')
    (fault,) = faults_of(tmp_path)
    assert (fault.file, fault.line) == (str(tmp_path / "two.toml"), 1)
    assert "slot.lamp is written in an earlier file" in fault.wrong


def test_a_pack_that_is_not_there_is_told(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path / "nowhere")
    assert fault.wrong == "there is no such pack"
    (fault,) = faults_of(tmp_path)
    assert fault.wrong == "the folder has no .toml file"


def test_text_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(b'[pack]\nname = "caf\xe9"\n')
    (fault,) = faults_of(path)
    assert (fault.line, fault.wrong) == (2, "the text is not UTF-8")

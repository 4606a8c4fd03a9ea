"""The quality report: its measures on cases that can be reckoned by hand, and all of it on a small simulation."""

import gzip
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import orjson
import pytest

from streams.adapters.source import AdapterError
from streams.simulator.pack import load_pack
from streams.simulator.report import Quality, draw, is_valid, measure
from streams.simulator.report_acts import ASSISTANT, USER, Flow, bigrams, distances, js_distance
from streams.simulator.report_flows import clean_flows
from streams.simulator.simulation import Simulation

SMALL = Simulation(users=2_000, dialogues=250, seed=3, rate=1.0)


def flow(*acts: Sequence[str]) -> Flow:
    return tuple((ASSISTANT if at % 2 else USER, frozenset(one)) for at, one in enumerate(acts))


def test_equal_distributions_have_no_distance_and_disjoint_ones_have_one() -> None:
    assert js_distance(np.array([1.0, 3.0]), np.array([2.0, 6.0])) == pytest.approx(0.0, abs=1e-9)
    assert js_distance(np.array([1.0, 0.0]), np.array([0.0, 5.0])) == pytest.approx(1.0)


def test_the_distance_of_a_coin_to_a_certainty_is_as_reckoned_by_hand() -> None:
    # divergence = H(3/4, 1/4) - (H(1/2) + H(1)) / 2 = 0.8113 - 0.5
    assert js_distance(np.array([1.0, 1.0]), np.array([1.0, 0.0])) == pytest.approx(0.3113**0.5, abs=1e-3)


def test_a_pair_of_turns_counts_once_however_many_acts_it_has() -> None:
    found = bigrams(flow(["INFORM", "REQUEST"], ["OFFER"], ["SELECT"]))
    assert found[f"{USER} INFORM", f"{ASSISTANT} OFFER"] == 0.5
    assert found[f"{ASSISTANT} OFFER", f"{USER} SELECT"] == 1.0
    assert sum(found.values()) == 2.0


def test_the_nearer_of_two_variants_is_told_with_an_interval() -> None:
    reference = [flow(["INFORM"], ["OFFER"]), flow(["INFORM"], ["REQUEST"])] * 50
    far = [flow(["INFORM"], ["GOODBYE"])] * 100
    (near, distant), nearer = distances(reference, (reference, far))
    assert (near.value, distant.value) == (pytest.approx(0.0, abs=1e-9), pytest.approx(1.0))
    assert nearer.low is not None
    assert nearer.low > 0.8


def test_without_flow_variation_dialogues_take_the_same_turns() -> None:
    pack = load_pack("home_a")
    fixed, varied = (clean_flows(pack, 300, 1, varied=varied) for varied in (False, True))
    assert len(set(fixed)) <= 2 * len(pack.apis)
    assert len(set(varied)) > 2 * len(set(fixed))


def test_an_event_with_a_field_too_many_is_not_valid() -> None:
    assert not is_valid(b'{"type":"turn","truth":1}')


@pytest.fixture(scope="module")
def quality(tmp_path_factory: pytest.TempPathFactory) -> Quality:
    folder = tmp_path_factory.mktemp("sgd")
    turns = [
        {"speaker": "user", "text": "a song", "acts": [["INFORM_INTENT", "intent", ["x"], "M"]]},
        {"speaker": "system", "text": "which?", "acts": [["REQUEST", "song", [], "M"]]},
        {"speaker": "user", "text": "this", "acts": [["INFORM", "song", ["this"], "M"]]},
        {"speaker": "system", "text": "done", "acts": [["NOTIFY_SUCCESS", "", [], "M"]]},
    ]
    lines = [orjson.dumps({"id": str(at), "services": ["M"], "turns": turns}) for at in range(20)]
    (folder / "dev.jsonl.gz").write_bytes(gzip.compress(b"\n".join(lines)))
    return measure(SMALL, folder, workers=1, progress=lambda _: None)


def test_every_event_is_valid_and_every_class_is_counted(quality: Quality) -> None:
    figures = quality.report.figures
    assert figures["schema_valid"].value == 1.0
    shares = sum(figure.value for name, figure in figures.items() if name.startswith("failure_"))
    assert shares == pytest.approx(1.0)
    assert 0 < figures["distinct_1"].value < figures["distinct_2"].value <= 1
    assert 0 < figures["coverage"].value <= 1
    assert figures["act_bigrams_to_sgd"].low is not None


def test_the_pictures_are_well_formed_and_name_what_they_show(quality: Quality, tmp_path: Path) -> None:
    paths = draw(quality, tmp_path)
    assert {path.name for path in paths} == {"simulator-acts.svg", "simulator-prevalence.svg"}
    for path in paths:
        assert ET.fromstring(path.read_text()).attrib["role"] == "img"
    assert "barge in stop" in (tmp_path / "simulator-prevalence.svg").read_text()


def test_without_reference_dialogues_the_report_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(AdapterError, match="there is no folder"):
        measure(SMALL, tmp_path / "sgd", workers=1, progress=lambda _: None)

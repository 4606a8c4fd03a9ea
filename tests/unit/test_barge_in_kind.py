"""The judge of kinds: what it makes of interruptions, and that nothing but the interruption decides."""

from dataclasses import replace
from shutil import copytree

import orjson
import pytest

from models.barge_in.kind import KIND_FOLDER, KindModel
from models.barge_in.kind_features import NAMES, WIDTH, matrix_of, row_of
from models.folder import ModelFolderError
from processors.barge_in import find_barge_in, see_interruption
from schemas.feedback import BargeInKind
from schemas.turn import ResponseStatus
from streams.training.barge_in_fit import in_unknown_words
from tests.unit.exchanges import exchange


def seen(request, before="play something by the owls", asked=False, answered=True, intent="other", **traits):
    status = ResponseStatus.ASKED if asked else ResponseStatus.ANSWERED
    exchanges = [
        exchange(before, (0, 2), (3, 9), status=status, domain="music", intent="play"),
        exchange(request, (6, 8), (9, 10) if answered else None, domain="music", intent=intent, **traits),
    ]
    overlap = find_barge_in(exchanges[0], exchanges[1], None)
    assert overlap is not None
    return see_interruption(exchanges[0], exchanges[1], overlap)


STOP = seen("stop", intent="stop")
CORRECTION = seen("no I said play something by the owl", intent="play")
CONTINUATION = seen("the first one please", asked=True)
BACKCHANNEL = seen("uh huh", answered=False)
OTHER = seen("did you lock the car last night", answered=False, wake_confidence=0.3)
ALL = [STOP, CORRECTION, CONTINUATION, BACKCHANNEL, OTHER]


@pytest.fixture(scope="module")
def model():
    return KindModel.load()


@pytest.mark.parametrize(
    ("one", "kind"), list(zip(ALL, BargeInKind, strict=True)), ids=[kind.value for kind in BargeInKind]
)
def test_the_model_that_ships_knows_a_plain_case_of_each_kind(model, one, kind):
    (judgement,) = model.judge([one])
    assert judgement.kind is kind
    assert 0.2 < judgement.score <= 1.0


def test_set_phrases_that_no_list_has_are_told_by_everything_else(model):
    hush = seen("put a sock in it", intent="stop")
    murmur = replace(seen("fair dos", answered=False, wake_confidence=0.97), speech_ms=500)
    assert [judgement.kind for judgement in model.judge([hush, murmur])] == [BargeInKind.STOP, BargeInKind.BACKCHANNEL]


def test_what_else_is_in_a_batch_makes_no_difference(model):
    alone = [model.judge([one])[0] for one in ALL]
    assert model.judge(ALL) == alone
    assert model.judge(ALL * 40)[-1] == alone[-1]
    assert model.judge([]) == []


def test_every_feature_has_its_column():
    assert len(row_of(STOP)) == len(NAMES)
    assert matrix_of(ALL).shape == (len(ALL), WIDTH)
    assert matrix_of([]).shape == (0, WIDTH)


def test_in_unknown_words_an_interruption_keeps_everything_but_what_lists_say():
    blind = in_unknown_words(BACKCHANNEL)
    assert (BACKCHANNEL.listens, blind.listens) == (True, False)
    assert blind.rule is BargeInKind.OTHER_DIRECTED
    assert in_unknown_words(STOP).rule is BargeInKind.STOP
    assert replace(blind, listens=True, rule=BACKCHANNEL.rule) == BACKCHANNEL


@pytest.mark.parametrize("part", ["config.json", "model.safetensors"])
def test_a_folder_that_lacks_a_file_says_how_to_get_it(tmp_path, part):
    copytree(KIND_FOLDER, tmp_path / "kind")
    (tmp_path / "kind" / part).unlink()
    with pytest.raises(ModelFolderError, match="earshot train"):
        KindModel.load(tmp_path / "kind")


def test_a_model_of_other_features_is_refused(tmp_path):
    copytree(KIND_FOLDER, tmp_path / "kind")
    path = tmp_path / "kind" / "config.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | {"features": ["another"]}))
    with pytest.raises(ModelFolderError, match="other features"):
        KindModel.load(tmp_path / "kind")

"""The judge of failure points: numpy beside torch, tolerance of what is missing, and no dependence on the batch."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.failure_point import FailurePointModel
from models.failure_point.head import MixingHead, ramps_of
from models.failure_point.model import NOT_HEARD, UNSURE
from models.failure_point.numbers import GROUP_OF, NAMES, Group, numbers
from models.failure_point.texts import TEXTS, Embedded, embed
from models.folder import ModelFolderError
from models.minilm import WIDTH
from processors.failure_case import FailureCase, SlotSeen, TurnSeen
from schemas.failure_point import FailurePoint
from streams.training.failure_point_fit import quantiles
from streams.training.failure_point_network import MixingNetwork

CLASSES = len(FailurePoint)
CASE = FailureCase(
    request="play thunder",
    confidence=0.8,
    alternatives=(("play wonder", 0.4),),
    domain="music",
    intent="play_song",
    understood=0.7,
    slots=(SlotSeen("song", "thunder", "song:wonder", 0.6),),
    interpretation="music, play song: song thunder",
    response="Playing wonder.",
    status="answered",
    result="song:wonder",
    earlier=(TurnSeen("hello", "Hi.", "answered", gap_s=2.0),),
    later=(TurnSeen("no play thunder", "Playing thunder.", "answered", "music", "play_song", gap_s=1.0),),
    signals=(("repeat", 0.9),),
)
BARE = FailureCase(request="play thunder")
CASES = [CASE, BARE, replace(CASE, later=None, signals=None), replace(CASE, wake=0.2, slots=())]


class MadeUp:
    """Embeddings that depend on the text alone."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = [np.random.default_rng(sum(map(ord, text))).standard_normal(WIDTH) for text in texts]
        made = np.array(rows, dtype=np.float32).reshape(len(texts), WIDTH)
        return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True))


def network() -> MixingNetwork:
    torch.manual_seed(1)
    draws = np.random.default_rng(2).normal(size=(200, len(NAMES))).astype(np.float32)
    groups = [tuple(Group).index(group) for group in GROUP_OF]
    made = MixingNetwork(len(TEXTS), groups, quantiles(draws), CLASSES, dropout=0.1)
    torch.nn.init.normal_(made.wide.weight, std=0.1)
    return made.eval()


def prepared() -> tuple[Embedded, np.ndarray]:
    embedded = embed(CASES, MadeUp())
    return embedded, numbers(CASES, embedded)


def model(least: float = 0.0, **other: object) -> FailurePointModel:
    config = {
        "version": "test",
        "numbers": list(NAMES),
        "texts": list(TEXTS),
        "bias": [0.0] * CLASSES,
        "prior": [1 / CLASSES] * CLASSES,
        "temperature": 1.0,
        "least": least,
    }
    return FailurePointModel(config | other, network().tensors(), MadeUp(), "a folder")


def test_numpy_gives_what_torch_gives() -> None:
    trained = network()
    embedded, measured = prepared()
    with torch.inference_mode():
        expected = trained(
            torch.from_numpy(embedded.vectors),
            torch.from_numpy(embedded.known),
            torch.from_numpy(ramps_of(measured, trained.edges.numpy())),
        ).numpy()
    found = MixingHead(trained.tensors()).logits(embedded, measured)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_judgement_does_not_depend_on_what_else_is_asked() -> None:
    judge = model()
    together = judge.judge(CASES * 30)
    assert together[: len(CASES)] == [judge.judge([case])[0] for case in CASES]


def test_probabilities_sum_to_one_and_the_likeliest_is_named() -> None:
    for one in model().judge(CASES):
        assert sum(one.probabilities) == pytest.approx(1.0, abs=1e-3)
        assert one.failure_point is tuple(FailurePoint)[int(np.argmax(one.probabilities))]


def test_who_is_unsure_names_none_and_says_why() -> None:
    (judged,) = model(least=1.01).judge([CASE])
    assert (judged.failure_point, judged.abstained) == (None, UNSURE)


def test_a_turn_of_which_nothing_is_known_is_not_judged() -> None:
    (judged,) = model().judge([FailureCase(request="")])
    assert (judged.failure_point, judged.abstained) == (None, NOT_HEARD)


def test_nobody_asks_about_nothing() -> None:
    assert model().judge([]) == []


def test_a_model_of_other_features_is_refused() -> None:
    with pytest.raises(ModelFolderError, match="train it again"):
        model(numbers=["another"])


def test_what_comes_after_changes_no_number_of_the_turn_itself() -> None:
    embedded, measured = prepared()
    unknown = {name for name, value in zip(NAMES, measured[2], strict=True) if np.isnan(value)}
    assert {"repeat", "later", "later_likeness", "after_answered", "request~request_after"} <= unknown
    assert embedded.known[2, TEXTS.index("response")]
    assert not embedded.known[2, TEXTS.index("request_after")]


def test_numbers_tell_another_name_and_another_result_from_what_was_said() -> None:
    measured = dict(zip(NAMES, prepared()[1][0].tolist(), strict=True))
    assert measured["name_words_lost"] == 1.0
    assert measured["result_is_slot"] == 1.0
    assert measured["later_likeness"] > 0.8
    assert measured["alternative_changes"] == 2.0


def test_a_number_between_two_quantiles_has_come_part_of_the_way() -> None:
    edges = np.array([[0.0, 1.0, 3.0]], dtype=np.float32)
    found = ramps_of(np.array([[2.0], [np.nan], [-1.0]], dtype=np.float32), edges)
    np.testing.assert_allclose(found, [[1.0, 0.5, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])

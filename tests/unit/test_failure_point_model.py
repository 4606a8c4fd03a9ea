"""The judge of failure points: numpy beside torch, tolerance of what is missing, and no dependence on the batch."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingClassifier

from models.failure_point import FailurePointModel
from models.failure_point.head import MixingHead, ramps_of
from models.failure_point.model import NOT_HEARD, UNSURE
from models.failure_point.numbers import GROUP_OF, NAMES, Group, numbers
from models.failure_point.odds import TREES, Odds
from models.failure_point.repairs import REPAIRS, repairs
from models.failure_point.texts import TEXTS, Embedded, embed
from models.folder import ModelFolderError
from models.minilm import WIDTH
from models.trees import BoostedTrees
from processors.failure_case import FailureCase, TurnSeen
from processors.trace import SlotSeen
from schemas.failure_point import FailurePoint
from streams.training.failure_point_fit import quantiles
from streams.training.failure_point_network import MixingNetwork
from streams.training.failure_point_trees import as_arrays

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


def stump() -> BoostedTrees:
    """One question for each class: is the recogniser surer than even?"""
    return BoostedTrees(
        roots=np.arange(0, 3 * CLASSES, 3).reshape(1, CLASSES),
        column=np.tile([2 * NAMES.index("recogniser"), 0, 0], CLASSES),
        threshold=np.tile(np.array([0.0, np.inf, np.inf], dtype=np.float32), CLASSES),
        below=np.concatenate([[at + 1, at + 1, at + 2] for at in range(0, 3 * CLASSES, 3)]),
        value=np.arange(3.0 * CLASSES),
        baseline=np.zeros(CLASSES),
        depth=1,
    )


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
    tensors = network().tensors() | stump().tensors(TREES)
    return FailurePointModel(config | other, tensors, MadeUp(), "a folder")


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


def test_trees_as_arrays_give_what_scikit_learn_gives() -> None:
    rng = np.random.default_rng(3)
    seen = rng.normal(size=(600, 5)).astype(np.float32).round(1)
    seen[rng.random(seen.shape) < 0.2] = np.nan
    truth = (np.nan_to_num(seen[:, 0]) > 0).astype(np.int64) + np.isnan(seen[:, 1])
    grown = HistGradientBoostingClassifier(max_iter=10, max_leaf_nodes=7, random_state=1).fit(seen, truth)
    asked = rng.normal(size=(300, 5)).astype(np.float32).round(1)
    asked[rng.random(asked.shape) < 0.4] = np.nan
    stored = BoostedTrees.of_tensors("t", as_arrays(grown).tensors("t"))
    np.testing.assert_allclose(stored.logits(asked), grown.decision_function(asked), atol=1e-5)


def test_odds_are_the_mean_of_the_network_and_the_trees() -> None:
    embedded, measured = prepared()
    tensors = network().tensors()
    both = Odds(tensors | stump().tensors(TREES)).logits(embedded, measured)
    mean = (MixingHead(tensors).logits(embedded, measured) + stump().logits(measured)) / 2
    np.testing.assert_allclose(both, mean, atol=1e-6)


def test_later_turns_tell_a_value_that_was_cut_from_one_that_was_misheard() -> None:
    cut = replace(
        CASE,
        request="play thunder road",
        later=(TurnSeen("i said thunder road", "Playing.", "answered", slots=(SlotSeen("song", "thunder road"),)),),
    )
    misheard = replace(
        CASE,
        later=(TurnSeen("play wonder", "Playing.", "answered", slots=(SlotSeen("song", "wonder"),)),),
    )
    told = dict(zip(REPAIRS, repairs(cut), strict=True))
    assert (told["later_value_was_in_request"], told["later_value_longer"]) == (1.0, 1.0)
    told = dict(zip(REPAIRS, repairs(misheard), strict=True))
    assert told["later_value_was_in_request"] == 0.0
    assert told["later_value_sounds_like_request"] > 0.6
    assert told["later_nearer_to_alternative"] > 0.0


def test_the_same_words_taken_for_something_else_show() -> None:
    again = TurnSeen(CASE.request, "Done.", "answered", "timer", "set_timer")
    told = dict(zip(REPAIRS, repairs(replace(CASE, later=(again,))), strict=True))
    assert told["later_same_words_other_intent"] == 1.0
    assert all(np.isnan(one) for one in repairs(BARE))


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


def test_a_model_without_its_trees_is_refused() -> None:
    whole = model()
    config = {"version": "test", "numbers": list(NAMES), "texts": list(TEXTS), "bias": [0.0] * CLASSES}
    config |= {"prior": whole.prior.tolist(), "temperature": 1.0, "least": 0.0}
    with pytest.raises(ModelFolderError, match=r"a folder lacks the tensor 'trees\.roots'"):
        FailurePointModel(config, network().tensors(), MadeUp(), "a folder")


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

"""Failure points of single spoken commands: how a command is read and what testifies about it."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from models.failure_point_commands.command import UNKNOWN, Command, Entity, tags_of, words_of
from models.failure_point_commands.intents import pieces_of
from models.failure_point_commands.jury import buckets_of, calibrated
from models.failure_point_commands.learned import fingerprint
from models.failure_point_commands.tagger import OUTPUT, PARTS, WINDOW, Tagger, windows
from models.failure_point_commands.trees import Trees
from models.failure_point_commands.word_chain import WordChain
from streams.training.failure_point_commands_jury import trees_of
from streams.training.failure_point_commands_networks import TaggerNetwork

TEXTS = [text.split() for text in ("wake me at six", "wake me at seven", "play some jazz")]


@pytest.mark.parametrize("written", ["read < unk > news", "read <unk> news", "read @@UNKNOWN@@ news"])
def test_what_the_recogniser_could_not_write_is_one_unknown_word(written: str) -> None:
    assert words_of(written) == ["read", UNKNOWN, "news"]


def test_spelled_letters_become_one_word_and_apostrophes_go() -> None:
    assert words_of("What's on B. B. C. now, i 'm late") == ["whats", "on", "bbc", "now", "im", "late"]


def test_a_text_without_words_is_an_unknown_word() -> None:
    assert words_of(" ... ") == [UNKNOWN]


def test_entities_are_tagged_where_their_words_stand() -> None:
    words = words_of("wake me at six pm")
    assert tags_of(words, [Entity("time", "six p.m."), Entity("date", "today")]) == ["O", "O", "O", "B-time", "I-time"]


def test_the_same_value_twice_is_tagged_in_both_places() -> None:
    assert tags_of(["rome", "to", "rome"], [Entity("place", "rome")] * 2) == ["B-place", "O", "B-place"]


def test_a_usual_word_scores_higher_than_one_never_seen() -> None:
    chain = WordChain.of(TEXTS)
    assert chain.scores(["wake", "me", "at"])[2] > chain.scores(["wake", "me", "ate"])[2]


def test_the_probabilities_of_what_may_follow_do_not_exceed_one() -> None:
    chain = WordChain.of(TEXTS)
    following = {word for text in TEXTS for word in text}
    total = sum(float(np.exp(chain.scores(["wake", "me", "at", word])[3])) for word in following)
    assert 0.5 < total <= 1.0


def test_a_stored_chain_scores_as_before() -> None:
    chain = WordChain.of(TEXTS)
    again = WordChain.of_tensors("words", chain.tensors("words"), 3)
    np.testing.assert_allclose(again.scores(TEXTS[0]), chain.scores(TEXTS[0]))
    assert again.count("wake") == 2


@pytest.mark.parametrize(
    "buckets", [lambda: pieces_of(["play", "jazz"]), lambda: buckets_of(Command("play jazz", "a_b"))]
)
def test_pieces_of_a_text_weigh_one_in_all(buckets) -> None:
    places, weights = buckets()
    assert len(places) == len(set(places.tolist()))
    assert float((weights**2).sum()) == pytest.approx(1.0)


def test_trees_in_numpy_tell_what_scikit_learn_tells() -> None:
    draws = np.random.default_rng(0)
    rows, truth = draws.normal(size=(200, 5)).astype(np.float32), draws.integers(4, size=200)
    grown = ExtraTreesClassifier(10, min_samples_leaf=5, random_state=0).fit(rows, truth)
    trees = trees_of(grown)
    np.testing.assert_allclose(trees.probabilities(rows.astype(float)), grown.predict_proba(rows), atol=1e-9)
    stored = Trees.of_tensors("trees", trees.tensors("trees"))
    np.testing.assert_allclose(stored.probabilities(rows.astype(float)), grown.predict_proba(rows), atol=1e-3)


def test_the_tagger_in_numpy_tells_what_torch_tells() -> None:
    import torch

    torch.manual_seed(0)
    network = TaggerNetwork(tags=3, intents=2).eval()
    words, states = ["wake", "me", "up"], np.random.default_rng(0).normal(size=(3, 384)).astype(np.float32)
    tensors = {part: network.state_dict()[part].numpy() for part in PARTS + OUTPUT}
    tagger = Tagger(("O", "B-time", "I-time"), ("alarm_set", "play_music"), tensors)
    with torch.no_grad():
        odds = network(torch.from_numpy(states), torch.from_numpy(windows(words)), torch.tensor([2, 2, 2]))
    np.testing.assert_allclose(
        tagger.scores(words, states, "play_music"), torch.log_softmax(odds, 1).numpy(), atol=1e-4
    )


def test_a_word_is_seen_with_its_neighbours_and_the_edges() -> None:
    seen = windows(["wake"])
    assert seen.shape == (1, WINDOW)
    assert len(set(seen[0].tolist())) == WINDOW


def test_a_calibration_of_slope_one_leaves_verdicts_as_they_are() -> None:
    verdicts = np.array([[0.4, 0.3, 0.2, 0.1]])
    np.testing.assert_allclose(calibrated(verdicts, np.array([0.0, 0.0, 0.0, 0.0, 1.0])), verdicts)


def test_fingerprints_pass_over_marks_and_case() -> None:
    assert fingerprint("Wake me, at six!") == fingerprint("wake me at six")

"""In what order rewrites are candidates: how alike they are in letters, in sounds, and in what they hold."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.folder import WEIGHTS, ModelFolderError, load, save
from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.grams import COUNTED_MOST, Grams
from models.rewrite.likeness import Likeness, behind
from streams.evaluate.figures import Figure
from streams.training.rewrite_retrieval_card import card
from streams.training.rewrite_retrieval_fit import Pair
from streams.training.rewrite_retrieval_likeness import choices_of, fit_likeness
from tests.unit.rewrites_to_order import LettersEncoder, entry, index_of

ROOMS = "kitchen hall garden cellar attic bedroom".split()
TEXTS = [f"turn {state} the {room} lights" for room in ROOMS for state in ("on", "off")]


def _order(asked: str, texts: Sequence[str], grams: Grams) -> list[str]:
    return [texts[at] for at in np.argsort(-grams.held(asked, texts), kind="stable")]


def test_what_holds_the_rare_words_of_a_request_comes_first() -> None:
    grams = Grams.of(TEXTS)
    assert _order("the lights in the attic", TEXTS, grams)[0] in {
        "turn on the attic lights",
        "turn off the attic lights",
    }


def test_a_longer_text_that_holds_the_whole_request_is_before_a_short_one_that_does_not() -> None:
    texts = [
        "give me the address",
        "give me directions to the gas station valero at 200 alester avenue",
        "give it to me",
    ]
    assert _order("give me directions to the gas station", texts, Grams.of(texts))[0] == texts[1]


def test_words_that_sound_the_same_count_as_held() -> None:
    held = Grams.of(TEXTS).held("nite", ["knight", "tone"])
    assert held[0] > held[1]


def test_the_request_itself_is_held_whole_and_an_unknown_one_not_at_all() -> None:
    same, other = Grams.of(TEXTS).held(TEXTS[0], [TEXTS[0], "zzz"])
    assert same > 0.8
    assert other == 0.0


@settings(deadline=None, max_examples=50)
@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=5))
def test_any_text_is_judged_by_itself(asked: str, texts: list[str]) -> None:
    grams = Grams.of(TEXTS)
    held = grams.held(asked, texts)
    assert held.shape == (len(texts),)
    assert np.isfinite(held).all()
    assert np.allclose(held, [grams.held(asked, [text])[0] for text in texts], atol=1e-5)


def test_nothing_counted_yet_is_no_fault() -> None:
    grams = Grams.of(())
    assert _order("attic lights", TEXTS, grams)[0] in {"turn on the attic lights", "turn off the attic lights"}
    assert grams.outgrown_by(1)


def test_texts_are_counted_again_as_they_become_more() -> None:
    assert not Grams.of(TEXTS).outgrown_by(len(TEXTS))
    assert Grams.of(TEXTS).outgrown_by(2 * len(TEXTS))
    assert not Grams.of(TEXTS, drawn_from=COUNTED_MOST).outgrown_by(2 * COUNTED_MOST)
    assert Grams.of(TEXTS, drawn_from=COUNTED_MOST).outgrown_by(2 * COUNTED_MOST + 1)


def test_an_index_knows_what_is_rare_in_it() -> None:
    index = index_of(*(entry(f"turn on the {room} lights", f"lights on in the {room}") for room in ROOMS))
    assert not index.globals.grams.outgrown_by(len(index.globals.phrases))


def test_candidates_tell_how_alike_they_are_unless_the_very_words_are_known() -> None:
    index = index_of(*(entry(f"turn on the {room} lights", f"lights on in the {room}") for room in ROOMS))
    assert isinstance(index.encoder, LettersEncoder)
    found = index.search("turn on the attick lights")
    best = max(found, key=lambda one: one.alike or -np.inf)
    assert best.found == "turn on the attic lights"
    assert all(one.alike is None for one in index.search("turn on the attic lights"))


def test_candidates_are_as_far_behind_as_they_are_less_alike() -> None:
    one, other, known = (
        Candidate(entry("a", "b"), Via.SOURCE, "a", Channel.DENSE, 0.5, alike) for alike in (3.0, 1.0, None)
    )
    assert behind([other, one, known]).tolist() == [-2.0, 0.0, 0.0]
    assert behind([known]).tolist() == [0.0]
    assert behind([]).tolist() == []


def test_a_folder_without_likeness_is_told_with_the_command_that_mends_it(tmp_path: Path) -> None:
    config, tensors = load(WEIGHTS / "rewrite_retrieval")
    save(tmp_path, {key: value for key, value in config.items() if key != "likeness"}, tensors, "card")
    with pytest.raises(
        ModelFolderError, match="lacks likeness with held, letters, sounds; run `earshot train rewrite-r"
    ):
        Likeness.load(tmp_path)


def _misheard() -> list[Pair]:
    return [Pair(text.replace("kitchen", "kitschen").replace("lights", "lites"), text) for text in TEXTS]


def test_the_wanted_text_stands_first_among_those_it_is_told_from() -> None:
    choices = choices_of([(pair.said, pair.meant) for pair in _misheard()])
    assert len(choices) == len(TEXTS)
    assert all(rows.shape[1] == len(Likeness._fields) for rows in choices)
    assert np.mean([rows[0].sum() >= rows.sum(axis=1).max() for rows in choices]) > 0.8


def test_likeness_is_fitted_to_what_was_meant() -> None:
    fitted = fit_likeness({"misheard": _misheard()}, 1)
    assert fitted == fit_likeness({"misheard": _misheard()}, 1)
    assert fitted.held + fitted.letters + fitted.sounds > 1.0


def test_the_card_tells_what_counts_how_much() -> None:
    figure = Figure(0.5, 0.4, 0.6, 10)
    counts = {"misheard": 1, "phoneme_trec": 2, "disfl_qa": 3, "simulated": 4}
    told = card({"x": {"this": figure, "MiniLM": figure}}, counts, 5, Likeness(8.5, 2.25, 3.0), 1)
    assert all(part in told for part in ("8.50 x BM25", "2.25 x likeness", "| x | 0.500 [0.400, 0.600]"))

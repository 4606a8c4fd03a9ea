"""The encoder of requests: what its vectors say, how it is loaded, and how it is fitted."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from models.folder import MOST_BYTES, WEIGHTS, ModelFolderError, load, save
from models.minilm import minilm_tokenizer
from models.rewrite.entry import plain
from models.rewrite.learned_encoder import WIDTH, LearnedRequests
from models.rewrite.request_rows import LETTERS, PIECES, ROWS, RequestRows
from streams.training import rewrite_retrieval_fit as fitting
from streams.training.rephrase_written import Utterance
from streams.training.rewrite_retrieval_fit import Pair, Taught, alike, batch, fit
from streams.training.rewrite_retrieval_pairs import REPEATED, misheard
from streams.training.rewrite_retrieval_prepared import Prepared


@pytest.fixture(scope="module")
def shipped() -> LearnedRequests:
    return LearnedRequests.load()


@pytest.fixture(scope="module")
def rows() -> RequestRows:
    return RequestRows(minilm_tokenizer())


def _cosine(encoder: LearnedRequests, one: str, other: str) -> float:
    first, second = encoder.encode([plain(one), plain(other)])
    return float(first @ second)


@pytest.mark.parametrize(
    ("said", "meant", "other"),
    [
        ("play maj and dragons", "play imagine dragons", "play magic in the moonlight"),
        ("turn of the kitchen lites", "turn off the kitchen lights", "turn on the bedroom fan"),
        ("whats the whether in boston", "what's the weather in boston", "what's the traffic in austin"),
        ("set an alarm for six no seven", "set an alarm for seven", "play the song alarm"),
    ],
)
def test_what_was_meant_is_nearer_than_something_else(
    shipped: LearnedRequests, said: str, meant: str, other: str
) -> None:
    assert _cosine(shipped, said, meant) > _cosine(shipped, said, other) + 0.1


def test_other_words_for_the_same_are_near(shipped: LearnedRequests) -> None:
    assert _cosine(shipped, "switch the lamp off", "turn off the light") > _cosine(
        shipped, "switch the lamp off", "order a large pizza"
    )


def test_vectors_have_unit_length_and_depend_on_nothing_else(shipped: LearnedRequests) -> None:
    texts = ["play it", "turn off the lights", "x"]
    together = shipped.encode(texts)
    assert together.shape == (3, shipped.width) == (3, WIDTH)
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0, atol=1e-5)
    shipped.forget()
    assert all((shipped.encode([text])[0] == row).all() for text, row in zip(texts, together, strict=True))


def test_no_texts_and_an_empty_text_are_no_fault(shipped: LearnedRequests) -> None:
    assert shipped.encode([]).shape == (0, WIDTH)
    assert np.isfinite(shipped.encode([""])).all()


def test_the_model_that_ships_is_small_and_names_what_made_it() -> None:
    folder = WEIGHTS / "rewrite_retrieval"
    assert sum(file.stat().st_size for file in folder.iterdir()) < MOST_BYTES
    card = (folder / "card.md").read_text()
    for told in ("earshot train rewrite-retrieval", "95 %", "CC BY 4.0", "Licence"):
        assert told in card


def test_weights_that_change_change_the_version(tmp_path: Path) -> None:
    config, tensors = load(WEIGHTS / "rewrite_retrieval")
    assert config["version"] == LearnedRequests.load().version
    save(tmp_path, config | {"version": "requests/other"}, tensors, "card")
    assert LearnedRequests.load(tmp_path).version == "requests/other"


def test_broken_folders_are_told_with_the_command_that_mends_them(tmp_path: Path) -> None:
    config, tensors = load(WEIGHTS / "rewrite_retrieval")
    save(tmp_path, config | {"format": 99}, tensors, "card")
    with pytest.raises(ModelFolderError, match="run `earshot train rewrite-retrieval` again"):
        LearnedRequests.load(tmp_path)
    save(tmp_path, config, {"codes": tensors["codes"]}, "card")
    with pytest.raises(ModelFolderError, match="lacks 'scales'"):
        LearnedRequests.load(tmp_path)
    save(tmp_path, config, tensors | {"codes": tensors["codes"][:5]}, "card")
    with pytest.raises(ModelFolderError, match="instead of"):
        LearnedRequests.load(tmp_path)


def test_rows_are_of_pieces_letters_and_sounds(rows: RequestRows) -> None:
    word = rows.of_word("lights")
    assert any(row < PIECES for row in word)
    assert all(PIECES <= row < PIECES + LETTERS for row in word if row >= PIECES)
    assert all(PIECES + LETTERS <= row < ROWS for row in rows.of_sounds(["lights"]))


def test_sounds_do_not_depend_on_where_the_spaces_are(rows: RequestRows) -> None:
    assert rows.of_sounds(["black", "bird"]) == rows.of_sounds(["blackbird"])


def _pairs() -> list[Pair]:
    things = "lights fan lamp heater radio kettle oven door window blinds".split()
    return [
        Pair(f"turn {state} the {heard}", f"turn {state} the {thing}", "switch")
        for thing, heard in ((thing, thing[:-1] + "x") for thing in things)
        for state in ("on", "off")
    ]


PIECES_UNUSED = np.zeros((0, 384), dtype=np.float32)


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of sixteen numbers a row, so that a step takes milliseconds."""

    def start(_: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
        return np.random.default_rng(seed).normal(0.0, 0.2, (ROWS, 16)).astype(np.float32)

    monkeypatch.setattr(fitting, "start", start)
    monkeypatch.setattr(fitting, "_HOLD", 0.1)
    monkeypatch.setattr(fitting, "_RATE", 0.02)


def _taught(pairs: list[Pair]) -> Taught:
    texts = [pair.meant for pair in pairs]
    embeddings = np.random.default_rng(1).normal(size=(len(texts), 384)).astype(np.float32)
    return Taught(texts, embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True))


@pytest.mark.usefixtures("narrow")
def test_a_fit_brings_what_was_said_near_what_was_meant(rows: RequestRows) -> None:
    pairs = _pairs()
    table = fit(pairs, _taught(pairs), PIECES_UNUSED, rows, 1, lambda _: None, steps=40)
    made = LearnedRequests(table, rows, "test")
    asked, held = made.encode([pair.said for pair in pairs]), made.encode([pair.meant for pair in pairs])
    assert ((asked @ held.T).argmax(axis=1) == np.arange(len(pairs))).mean() >= 0.9


@pytest.mark.usefixtures("narrow")
def test_an_interrupted_fit_goes_on_to_the_same_weights(
    rows: RequestRows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = _pairs()
    monkeypatch.setattr(fitting, "KEPT_EVERY", 2)
    whole = fit(pairs, _taught(pairs), PIECES_UNUSED, rows, 1, lambda _: None, steps=4)
    kept = tmp_path / "kept.pt"

    def stop(message: str) -> None:
        if message.startswith("step 4"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(pairs, _taught(pairs), PIECES_UNUSED, rows, 1, stop, kept, steps=4)
    told: list[str] = []
    again = fit(pairs, _taught(pairs), PIECES_UNUSED, rows, 1, told.append, kept, steps=4)
    assert [message for message in told if message.startswith("step")] == [told[-1]]
    assert np.allclose(again, whole)


def test_batches_hold_what_is_hard_to_tell_apart() -> None:
    pairs = [*_pairs(), Pair("play it agein", "play it again", "music")]
    meant = list(dict.fromkeys(pair.meant for pair in pairs))
    near = alike(pairs, meant, {text: at for at, text in enumerate(meant)}, lambda _: None)
    assert all(at not in others for at, others in enumerate(near))
    assert {pairs[at].about for at in near[0]} == {"switch"}
    chosen = batch(near, np.random.default_rng(1))
    assert len(set(chosen.tolist())) == len(chosen)


def test_misheard_requests_are_paired_with_what_was_said() -> None:
    asked = [Utterance(text=f"turn off the {room} lights", intent="lights") for room in ("kitchen", "hall", "garden")]
    made = list(misheard(asked, Random(1)))
    assert {pair.meant for pair in made} <= {one.text for one in asked}
    assert made
    assert all(pair.said != pair.meant for pair in made)


def test_what_was_prepared_is_read_as_it_was(tmp_path: Path) -> None:
    pairs = _pairs()
    prepared = Prepared({"misheard": 4, "simulated": len(pairs) - 4}, pairs, _taught(pairs), PIECES_UNUSED)
    assert Prepared.kept(tmp_path / "kept.npz") is None
    prepared.keep(tmp_path / "kept.npz")
    again = Prepared.kept(tmp_path / "kept.npz")
    assert again is not None
    assert (again.kinds, again.pairs, again.taught.texts) == (prepared.kinds, pairs, prepared.taught.texts)
    assert (again.taught.embeddings == prepared.taught.embeddings).all()
    assert again.weighted() == [*pairs[:4], *pairs[4:] * REPEATED["simulated"]]

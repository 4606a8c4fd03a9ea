"""The sentence encoder: real weights, really run."""

from pathlib import Path

import numpy as np
import pytest

from models.encoder import WIDTH, SentenceEncoder
from models.folder import MOST_BYTES, ModelFolderError, load, save
from models.minilm import TorchEngine

TEXTS = ["play some jazz", "what is the weather in berlin", "play jazz music", "stop", "set a timer for ten minutes"]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder.load("cpu")


def test_embeddings_have_unit_length_and_near_meanings_are_near(encoder: SentenceEncoder) -> None:
    found = encoder.encode(TEXTS)
    assert found.shape == (len(TEXTS), WIDTH)
    assert np.allclose(np.linalg.norm(found, axis=1), 1.0, atol=1e-5)
    alike = found @ found.T
    assert alike[0, 2] > 0.7 > alike[0, 4]


def test_an_embedding_does_not_depend_on_its_batch(encoder: SentenceEncoder) -> None:
    alone = [SentenceEncoder(encoder._engine, encoder._tokenizer).encode([text])[0] for text in TEXTS]
    together = SentenceEncoder(encoder._engine, encoder._tokenizer).encode(TEXTS * 3)
    assert np.array_equal(np.stack(alone * 3), together)


def test_what_was_said_before_is_not_encoded_again(encoder: SentenceEncoder) -> None:
    fresh = SentenceEncoder(encoder._engine, encoder._tokenizer, remembered=2)
    fresh.encode(["stop", "stop", "next"])
    fresh.encode(["next"])
    assert (fresh.asked, fresh.encoded) == (4, 2)
    fresh.encode(["one", "two"])
    fresh.encode(["stop"])
    assert fresh.encoded == 5


def test_nothing_in_gives_nothing_out(encoder: SentenceEncoder) -> None:
    assert encoder.encode([]).shape == (0, WIDTH)


def test_the_fast_engine_says_what_torch_says(encoder: SentenceEncoder) -> None:
    torch = SentenceEncoder(TorchEngine("cpu", 1), encoder._tokenizer).encode(TEXTS)
    cosines = (torch * encoder.encode(TEXTS)).sum(1)
    assert encoder.engine.startswith("ctranslate2")
    assert cosines.min() > 0.98
    assert cosines.mean() > 0.99


def test_a_model_folder_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    save(tmp_path / "m", {"labels": ["a"]}, {"w": np.arange(6.0).reshape(2, 3).T}, "# Card")
    config, tensors = load(tmp_path / "m")
    assert config == {"labels": ["a"]}
    assert np.array_equal(tensors["w"], np.arange(6.0).reshape(2, 3).T)


def test_a_missing_or_broken_model_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"config\.json is missing"):
        load(tmp_path)
    save(tmp_path, {}, {}, "# Card")
    (tmp_path / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelFolderError, match="holds no model that can be read"):
        load(tmp_path)


@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in Path("models/weights").glob("**/config.json")), ids=lambda path: path.name
)
def test_models_that_ship_are_small_and_have_a_card(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.iterdir()) < MOST_BYTES
    card = (folder / "card.md").read_text().lower()
    for part in ("data", "licence", "95 %", "`earshot train"):
        assert part in card, f"{folder}/card.md says nothing of {part}"

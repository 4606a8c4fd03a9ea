from collections.abc import Sequence

import numpy as np
import pytest
import torch

from models.correction import CorrectionModel, Label, Utterances
from models.correction.features import Floats, Seen, see
from models.correction.network import BEGIN, Copied, Network, Shape, jumps
from models.correction.words import split
from models.minilm import WIDTH
from streams.training.correction_fitting import blank
from streams.training.network_fitting import tensors_of

VOCABULARY = ["</s>", "<s>", "in", "the", "who"]
LEXICON = ["no", "who", "jazz"]
SHAPE = Shape(vocabulary=len(VOCABULARY), lexicon=len(LEXICON), projected=16, reading=12, writing=20, embedded=10)
SAID = Utterances("no in Exeter", "who plays there?", "Bath City plays there.")


class MadeUpWords:
    """Word states that depend on the word alone."""

    def encode(self, texts: Sequence[str]) -> list[Floats]:
        return [_states(text) for text in texts]


def _states(text: str) -> Floats:
    words = [word.plain for word in split(text)]
    seeds = [sum(map(ord, word)) for word in words]
    rows = [np.random.default_rng(seed).standard_normal(WIDTH) for seed in seeds]
    return np.array(rows, dtype=np.float32).reshape(len(words), WIDTH)


def _seen(said: Utterances) -> Seen:
    lexicon = {word: at for at, word in enumerate(LEXICON, start=1)}
    return see(_states(said.request), _states(said.response), _states(said.text), said, lexicon)


def _model() -> CorrectionModel:
    return CorrectionModel(Network(tensors_of(blank(SHAPE, 3).eval())), VOCABULARY, LEXICON, 0.5, 0.5, MadeUpWords())


def test_numpy_and_torch_compute_the_same() -> None:
    fitted = blank(SHAPE, 3).eval()
    runs, seen = Network(tensors_of(fitted)), _seen(SAID)
    reading = runs.read(seen)
    count = len(seen.words)
    with torch.inference_mode():
        read = fitted.read(
            torch.from_numpy(seen.states)[None],
            torch.from_numpy(seen.roles)[None],
            torch.from_numpy(seen.flags)[None],
            torch.from_numpy(seen.known)[None],
            torch.tensor([count]),
        )
        everything = torch.ones(1, count, dtype=torch.bool)
        label = fitted.label(fitted.pooled(read, everything & torch.from_numpy(seen.roles == 2)[None])).softmax(-1)
        copied = Copied.nothing(seen)
        first = torch.from_numpy(jumps(seen.roles, copied))[None, None]
        second = torch.from_numpy(jumps(seen.roles, copied.then(1, seen.roles)))[None, None]
        steps = fitted.steps(
            read,
            everything,
            fitted.pooled(read, everything),
            torch.tensor([[-1, 1]]),
            torch.tensor([[BEGIN, 0]]),
            torch.cat([first, second], 1),
        ).log_softmax(-1)
    np.testing.assert_allclose(reading.words, read[0].numpy(), atol=1e-5)
    np.testing.assert_allclose(reading.label, label[0].numpy(), atol=1e-5)
    state, chances = runs.step(reading, runs.begin(reading), None, BEGIN, first[0, 0].numpy())
    np.testing.assert_allclose(chances, steps[0, 0].numpy(), atol=1e-4)
    _, chances = runs.step(reading, state, 1, 0, second[0, 0].numpy())
    np.testing.assert_allclose(chances, steps[0, 1].numpy(), atol=1e-4)


def test_what_is_said_of_a_turn_does_not_depend_on_the_others() -> None:
    model = _model()
    many = [SAID, Utterances("who"), Utterances("play jazz no the other", "jazz")]
    together = model.find(many, Label.THIRD_POSITION)
    assert together == [model.find([one], Label.THIRD_POSITION)[0] for one in many]


@pytest.mark.parametrize("text", ["", "  "])
def test_a_turn_without_a_word_corrects_nothing(text: str) -> None:
    found = _model().find([Utterances(text, "play jazz", "Playing rock.")])[0]
    assert (found.label, found.score, found.rewrite) == (Label.NONE, 0.0, None)


def test_a_third_position_repair_of_nothing_that_was_said_has_no_rewrite() -> None:
    assert _model().find([Utterances("no jazz")], Label.THIRD_POSITION)[0].rewrite is None


def test_very_long_turns_are_judged_by_their_beginning() -> None:
    found = _model().find([Utterances("jazz " * 500, "rock " * 500, "pop " * 500)], Label.SELF_REPAIR)[0]
    assert found.rewrite is not None
    assert len(found.rewrite.split()) >= 400

from pathlib import Path
from random import Random

import numpy as np
import pytest

from models.correction.features import Utterances, see
from models.correction.network import END, Shape
from models.correction.words import split
from models.minilm import WIDTH
from streams.training.correction_alignment import align
from streams.training.correction_examples import Example, Source, Truth
from streams.training.correction_fitting import Fit, Prepared, blank, fit, prepare
from streams.training.correction_repairs import left_out, parts_of, replaced, specified
from streams.training.correction_sets import as_heard, held_out, value_words
from streams.training.network_fitting import tensors_of

DISFLUENT = "Which allies of Spain um no Russia won the war?"
FLUENT = "Which allies of Russia won the war?"
SHAPE = Shape(vocabulary=4, lexicon=0, projected=8, reading=8, writing=8, embedded=8, word=4)


def _words(text: str, tags: tuple[bool, ...]) -> list[str]:
    return [word.text for word, tag in zip(split(text), tags, strict=True) if tag]


def test_what_a_speaker_takes_back_is_what_was_said_first() -> None:
    assert _words(DISFLUENT, left_out(DISFLUENT, FLUENT) or ()) == ["Spain", "um", "no"]
    assert _words("who no who won", left_out("who no who won", "who won") or ()) == ["who", "no"]


def test_a_question_in_other_words_cannot_be_got_by_leaving_out() -> None:
    assert left_out("Which did, no who won?", "Who was the winner?") is None


def test_a_self_repair_is_taken_apart_without_its_words_of_hesitation() -> None:
    parts = parts_of(DISFLUENT, FLUENT)
    assert parts is not None
    assert (parts.before, parts.taken_back) == (("Which", "allies", "of"), ("Spain",))


def test_a_self_repair_becomes_a_question_a_misunderstanding_and_a_correction() -> None:
    parts = parts_of(DISFLUENT, FLUENT)
    assert parts is not None
    made = replaced(parts, "When was Rome founded?", Random(4))
    assert made.said.request == "Which allies of Spain won the war?"
    assert _words(made.said.text, made.value) == ["Russia"]
    assert _words(made.said.request, made.replaced) == ["Spain"]


def test_a_detail_that_was_missing_is_added() -> None:
    made = specified("Who played the part of Romeo in 1968?", "When was Rome founded?", Random(1))
    for one in made:
        assert {word.lower() for word in _words(one.said.text, one.value)} <= {"of", "romeo", "in", "1968"}
        assert len(one.said.request) < len("Who played the part of Romeo in 1968?")
    assert made


def test_values_are_found_as_digits_and_as_words() -> None:
    assert _words("No, make it three people", value_words("No, make it three people", ["3"])) == ["three"]


def test_an_example_as_it_is_heard_keeps_its_tags_on_its_words() -> None:
    example = Example(Source.CHAT, Utterances("No, Jazz!"), value=(False, False, True, False), rewrite="Play Jazz.")
    heard = as_heard(example)
    assert (heard.utterances.text, heard.value, heard.rewrite) == ("no jazz", (False, True), "play jazz")


def test_a_rewrite_is_copied_with_as_few_jumps_as_can_be() -> None:
    said = Utterances("no lyrics", "who wrote the jazz classic")
    seen = see(*(np.zeros((n, WIDTH), dtype=np.float32) for n in (5, 0, 2)), said, {})  # type: ignore[misc]
    steps = align(seen.words, seen.roles, "who wrote lyrics for the jazz classic".split(), {"for": 2})
    assert [step.source for step in steps] == [0, 1, 6, None, 2, 3, 4, None]
    assert (steps[3].written, steps[-1].written) == (2, END)


def test_half_of_the_conversations_are_held_out() -> None:
    share = np.mean([held_out(f"conversation-{at}") for at in range(2_000)])
    assert 0.45 < share < 0.55


def _prepared() -> list[Prepared]:
    rng = np.random.default_rng(0)
    states: dict[str, np.ndarray] = {}

    def states_of(text: str) -> np.ndarray:
        return states.setdefault(text, rng.standard_normal((len(split(text)), WIDTH)).astype(np.float32))

    return [
        prepare(
            Example(Source.SELF_REPAIRS, Utterances(f"play rock no {name}"), Truth.SELF_REPAIR, rewrite=f"play {name}"),
            states_of,
            {},
            {},
        )
        for name in ("jazz", "pop", "soul", "folk")
    ]


def test_a_fit_that_was_interrupted_ends_where_one_without_interruption_does(tmp_path: Path) -> None:
    examples = _prepared()
    whole = fit(blank(SHAPE, 1), examples, Fit(epochs=3), 1, str)

    class Interrupted(Exception):
        pass

    def stop(said: str) -> None:
        if said.startswith("pass 2"):
            raise Interrupted

    checkpoint = tmp_path / "fitting.pt"
    with pytest.raises(Interrupted):
        fit(blank(SHAPE, 1), examples, Fit(epochs=3), 1, stop, checkpoint)
    resumed = fit(blank(SHAPE, 1), examples, Fit(epochs=3), 1, str, checkpoint)
    for name, value in tensors_of(whole).items():
        np.testing.assert_array_equal(value, tensors_of(resumed)[name])

"""The course of a call: what a request is seen through, and what hindsight may see."""

import zlib
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from models.folder import ModelFolderError, save
from models.rephrase.call_model import CallModel, call_features, width
from streams.adapters.getgoing import Call
from streams.training.rephrase_calls import call_cases, fingerprint, out_of_fold, requests_of, retries_of, train_calls

SCRIPT = ["public transit", "the airport", "forbes and craig", "at five", "no thanks"]
MUMBLED = ["public transit", "mumble", "the airport", "forbes and craig", "at five"]


class Hashed:
    """Gives each text an embedding of its own, without any model."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = [np.random.default_rng(zlib.crc32(text.encode())).normal(size=384) for text in texts]
        made = np.asarray(rows, dtype=np.float32)
        return made / np.linalg.norm(made, axis=1, keepdims=True)


def call(number: int, requests: Sequence[str], retry: int | None = None) -> Call:
    turns = []
    for at, request in enumerate(requests):
        turns.append({"speaker": "system", "text": "?"})
        turns.append({"speaker": "user", "text": request, "retry_of": 1 if at == retry else None})
    times = {"start": "2020-01-01 10:00:00", "end": "2020-01-01 10:02:00"}
    return Call.model_validate({"id": f"call-{number}", "turns": turns, **times})


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    return [call(number, MUMBLED, 2) if number % 2 else call(number, SCRIPT) for number in range(40)]


@pytest.fixture(scope="module")
def model(calls: list[Call]) -> CallModel:
    return train_calls(call_cases(calls, Hashed()), lambda _: None)


def test_features_have_the_width_that_is_promised() -> None:
    for revised in (False, True):
        assert call_features(SCRIPT, Hashed(), revised).shape == (len(SCRIPT), width(revised))
        assert call_features([], Hashed(), revised).shape == (0, width(revised))


def test_a_first_judgement_never_sees_what_comes_later() -> None:
    whole = call_features(SCRIPT, Hashed(), revised=False)
    for known in range(1, len(SCRIPT)):
        assert np.array_equal(whole[:known], call_features(SCRIPT[:known], Hashed(), revised=False))


def test_a_revised_judgement_sees_what_comes_later() -> None:
    known, whole = (call_features(SCRIPT[:to], Hashed(), revised=True) for to in (2, 5))
    assert not np.array_equal(known[1], whole[1])


def test_the_request_after_an_unfit_one_scores_as_a_retry(model: CallModel) -> None:
    for scores in (model.online(MUMBLED, Hashed()), model.revised(MUMBLED, Hashed())):
        assert int(np.argmax(scores[1:])) == 1


def test_calls_are_scored_by_weights_that_never_saw_them(calls: list[Call]) -> None:
    cases = call_cases(calls, Hashed())
    own = cases.call == 0
    flipped = cases.retry.copy()
    flipped[own] = ~flipped[own]
    before = out_of_fold(cases)
    after = out_of_fold(type(cases)(flipped, cases.call, cases.online, cases.revised))
    assert np.array_equal(before[0][own], after[0][own])
    assert np.array_equal(before[1][own], after[1][own])


def test_a_call_scores_the_same_whatever_was_scored_before(model: CallModel) -> None:
    alone = model.revised(MUMBLED, Hashed())
    model.revised(SCRIPT, Hashed())
    assert np.array_equal(alone, model.revised(MUMBLED, Hashed()))


def test_what_is_stored_scores_as_before(tmp_path, model: CallModel) -> None:
    config = {"online_threshold": 0.5, "revised_threshold": 0.4, "version": "1"}
    save(tmp_path, config, model.tensors(), "card")
    stored = CallModel.load(tmp_path)
    assert np.allclose(stored.online(MUMBLED, Hashed()), model.online(MUMBLED, Hashed()), atol=1e-5)
    assert stored.revised_threshold == 0.4


def test_a_folder_without_calls_is_refused(tmp_path, model: CallModel) -> None:
    save(tmp_path, {"online_threshold": 0.5, "revised_threshold": 0.4, "version": "1"}, {}, "card")
    with pytest.raises(ModelFolderError, match="train rephrase"):
        CallModel.load(tmp_path)


def test_only_the_callers_words_are_taken() -> None:
    one = call(1, MUMBLED, 2)
    assert requests_of(one) == MUMBLED
    assert retries_of(one) == [False, False, True, False, False]


def test_a_fingerprint_tells_calls_apart_without_their_id() -> None:
    assert fingerprint(call(1, SCRIPT)) != fingerprint(call(2, SCRIPT))
    assert "call" not in fingerprint(call(1, SCRIPT))

"""How often what was meant is among the first that an encoder finds, on what training saw nothing of."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from models.rewrite.entry import plain
from streams.adapters import disfl_qa
from streams.adapters.source import files_of, rows_in
from streams.evaluate.figures import Figure, Floats, Groups, recall, with_interval
from streams.training.rephrase_written import EXPECTS, Transcribed
from streams.training.rewrite_history import simulated_history
from streams.training.rewrite_retrieval_pairs import TRANSCRIBED

PACK: Final = ("home_b", 1_500, 10_000, 11)
"""Pack, people, dialogues, and what is added to the seed."""

FIRST: Final = (1, 5, 20)
_AT_ONCE = 200


class Encoder(Protocol):
    """Embeds texts: (n, width), rows of unit length."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class Held(NamedTuple):
    """Requests, the texts to be found for them, which of these each wants, and who asked."""

    name: str
    asked: Sequence[str]
    texts: Sequence[str]
    wanted: NDArray[np.int64]
    groups: Groups


def held_out(data: Path, seed: int) -> list[Held]:
    """Simulated people of a pack that is not trained on, among all that works there; and the sets' other splits.

    Raises `AdapterError` and what simulating raises.
    """
    pack, users, dialogues, more = PACK
    requests, _ = simulated_history(pack, users, dialogues, seed + more)
    pairs = [
        (one.text, one.became.text, one.turn.user_id)
        for one in requests
        if one.became is not None and one.text != one.became.text
    ]
    worked = [one.text for one in requests if not one.defect]
    questions = [
        (plain(one.disfluent), plain(one.fluent), one.fluent)
        for path in files_of(data / disfl_qa.NAME, disfl_qa.EXPECTS)
        if not path.name.startswith("train")
        for one in rows_in(path, disfl_qa.Question, disfl_qa.EXPECTS)
    ]
    heard = [
        (plain(one.asr_text), plain(one.text), one.text)
        for path in files_of(data / TRANSCRIBED, EXPECTS)
        if "_valid." in path.name
        for one in rows_in(path, Transcribed, EXPECTS)
    ]
    return [_held(pack, pairs, worked), _held(TRANSCRIBED, heard), _held(disfl_qa.NAME, questions)]


def recalls(encoder: Encoder, held: Held) -> dict[str, Figure]:
    """By how many are looked at; the request itself is never found. Intervals by who asked."""
    texts = encoder.encode(held.texts)
    place = {text: at for at, text in enumerate(held.texts)}
    ranks: list[float] = []
    for start in range(0, len(held.asked), _AT_ONCE):
        asked = held.asked[start : start + _AT_ONCE]
        cosines = encoder.encode(asked) @ texts.T
        for row, text in enumerate(asked):
            if (own := place.get(text)) is not None:
                cosines[row, own] = -2.0
        wanted = cosines[np.arange(len(asked)), held.wanted[start : start + _AT_ONCE]]
        ranks.extend((cosines > wanted[:, None]).sum(axis=1).tolist())
    found = np.asarray(ranks)
    every = np.ones(len(ranks), dtype=np.bool_)
    return {
        f"recall@{first}": with_interval(recall, every, _hits(found, first), held.groups, resamples=300)
        for first in FIRST
    }


def _hits(ranks: NDArray[np.float64], first: int) -> Floats:
    hits: Floats = (ranks < first).astype(np.float64)
    return hits


def _held(name: str, pairs: Sequence[tuple[str, str, str]], more: Sequence[str] = ()) -> Held:
    """Of (said, meant, who said it)."""
    kept = [pair for pair in pairs if pair[0] and pair[1]]
    texts = list(dict.fromkeys([*more, *(meant for _, meant, _ in kept)]))
    place = {text: at for at, text in enumerate(texts)}
    people = {who: at for at, who in enumerate(dict.fromkeys(who for _, _, who in kept))}
    return Held(
        name,
        [said for said, _, _ in kept],
        texts,
        np.array([place[meant] for _, meant, _ in kept], dtype=np.int64),
        np.array([people[who] for _, _, who in kept], dtype=np.int64),
    )

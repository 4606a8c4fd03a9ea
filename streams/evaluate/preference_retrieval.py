"""Which preference matters for a later request, of a thousand: beside BM25 and MiniLM as it is."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import log
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.encoder import SentenceEncoder
from models.preference.attributes import Attribute
from models.preference.retrieval import Candidate, PreferenceRetriever, words_of
from streams.evaluate.correction_rewrites import grouped
from streams.evaluate.figures import Figure, Floats, Groups, floats
from streams.simulator.pack import load_pack
from streams.training.preference_needs import Need, simulated_needs
from streams.training.preference_written import PACK_ATTRIBUTES

PACK: Final = "home_b"
DIALOGUES: Final = 4_000
SEED: Final = 4_711
POOL: Final = 1_000
MOST: Final = 200
"""Requests that are asked."""
_K1, _B = 1.5, 0.75

Progress = Callable[[str], None]
Found = tuple[dict[str, Figure], list[str]]
Scores = NDArray[np.float32]


def evaluate_retrieval(progress: Progress) -> Found:
    """Recall of the right preference among 1,000, for requests of simulated people of the pack that nothing here was
    trained on."""
    progress(f"{PACK}: simulating {DIALOGUES:,} dialogues")
    rng = Random(SEED)
    needs = simulated_needs(PACK, DIALOGUES, SEED)
    rng.shuffle(needs)
    needs = needs[:MOST]
    encoder = SentenceEncoder.load()
    model = PreferenceRetriever.load(encoder=encoder)
    others = _others()
    users: dict[str, int] = {}
    groups = np.array([users.setdefault(need.user, len(users)) for need in needs], dtype=np.int64)
    hits: dict[str, list[float]] = {"": [], "_bm25": [], "_minilm": []}
    returned, wrong = [], []
    progress(f"{len(needs)} requests, {sum(map(len, others.values())):,} other statements")
    for need in needs:
        pool = _pool(need, others, rng)
        texts = [text for text in pool if text != need.preference]
        texts.insert(0, need.preference)
        scored: Mapping[str, Scores] = {
            "": model.scores(need.request, texts),
            "_bm25": bm25(need.request, texts),
            "_minilm": encoder.encode(texts) @ encoder.encode([need.request])[0],
        }
        for name, scores in scored.items():
            hits[name].append(float(scores[0] > scores[1:].max()))
        first = model.rank(need.request, [Candidate(str(at), text) for at, text in enumerate(texts)], 1)
        returned.append(float(bool(first) and first[0].id == "0"))
        without = model.rank(need.request, [Candidate(str(at), text) for at, text in enumerate(texts[1:9])], 1)
        wrong.append(float(bool(without)))
    figures = {f"retrieval{name}_recall_at_1_of_1000": _figure(floats(found), groups) for name, found in hits.items()}
    for attribute in Attribute:
        own = np.array([need.attribute is attribute for need in needs])
        if own.any():
            figures[f"retrieval_recall_at_1_{attribute.value}"] = Figure(
                float(floats(hits[""])[own].mean()), n=int(own.sum())
            )
    figures["retrieval_returned_and_right"] = _figure(floats(returned), groups)
    figures["retrieval_returned_where_none_matters"] = _figure(floats(wrong), groups)
    return figures, [
        f"retrieval: requests in {PACK} that rest on a preference stated before; among {POOL:,} statements of both "
        "packs that are about other things than it, as those about the same thing would matter alike.",
        "returned_where_none_matters: the right preference is taken out, eight others stay.",
    ]


def bm25(request: str, texts: Sequence[str]) -> Scores:
    """Robertson and Walker, SIGIR 1994."""
    bags = [Counter(text.lower().split()) for text in texts]
    lengths = np.array([sum(bag.values()) for bag in bags], dtype=np.float64)
    total = np.zeros(len(texts))
    for word in request.lower().split():
        counts = np.array([bag[word] for bag in bags], dtype=np.float64)
        holding = int((counts > 0).sum())
        weight = log((len(texts) - holding + 0.5) / (holding + 0.5) + 1)
        total += weight * counts * (_K1 + 1) / (counts + _K1 * (1 - _B + _B * lengths / lengths.mean()))
    return total.astype(np.float32)


def _others() -> dict[Attribute, list[str]]:
    """Statements of people of both packs, by what they are about."""
    made: dict[Attribute, dict[str, None]] = {attribute: {} for attribute in Attribute}
    for name in ("home_a", "home_b"):
        pack = load_pack(name)
        for person in range(500):
            for one in pack.preferences.plan(Random(f"retrieval/{person}")):
                made[PACK_ATTRIBUTES[one.attribute]][one.statement] = None
    return {attribute: list(texts) for attribute, texts in made.items()}


def _pool(need: Need, others: Mapping[Attribute, Sequence[str]], rng: Random) -> list[str]:
    """999 statements that do not matter for the request: of other things, and other names than those in it."""
    asked = words_of(need.request)
    usable = [
        text
        for attribute, texts in others.items()
        for text in texts
        if attribute is not need.attribute
        or (attribute is Attribute.OWN_NAME and not asked & (words_of(text) - words_of(need.preference)))
    ]
    if need.attribute is Attribute.OWN_NAME:
        own = asked & words_of(need.preference)
        usable = [text for text in usable if not own <= words_of(text)]
    return rng.sample(usable, min(POOL - 1, len(usable)))


def _figure(values: Floats, groups: Groups) -> Figure:
    return grouped(lambda at: float(values[at].mean()), groups)

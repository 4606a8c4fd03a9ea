"""Which preference matters for a later request, of a thousand: beside BM25 and MiniLM as it is."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.encoder import SentenceEncoder
from models.preference.attributes import Attribute
from models.preference.catalogue import Catalogue
from models.preference.features import Turn
from models.preference.model import PreferenceModel
from models.preference.retrieval import Candidate, PreferenceRetriever, bm25, words_of
from streams.evaluate.correction_rewrites import grouped
from streams.evaluate.figures import Figure, Floats, Groups, floats
from streams.simulator.pack import load_pack
from streams.training.preference_needs import Need, simulated_needs
from streams.training.preference_simulated import catalogue_of
from streams.training.preference_written import PACK_ATTRIBUTES

PACK: Final = "home_b"
DIALOGUES: Final = 4_000
SEED: Final = 4_711
PACKS: Final = ("home_a", "home_b")
POOL: Final = 1_000
MOST: Final = 200
"""Requests that are asked."""

Progress = Callable[[str], None]
Found = tuple[dict[str, Figure], list[str]]
Scores = NDArray[np.float32]


def evaluate_retrieval(capture: PreferenceModel, progress: Progress) -> Found:
    """Recall of the right preference among 1,000, for requests of simulated people of the pack that nothing here was
    trained on. `capture`: says what a statement is about when it is stored."""
    progress(f"{PACK}: simulating {DIALOGUES:,} dialogues")
    rng = Random(SEED)
    needs = simulated_needs(PACK, DIALOGUES, SEED)
    rng.shuffle(needs)
    needs = needs[:MOST]
    encoder = SentenceEncoder.load()
    model = PreferenceRetriever.load(encoder=encoder)
    others = _others()
    about = _about([*(need.preference for need in needs), *(text for of in others.values() for text in of)], capture)
    users: dict[str, int] = {}
    groups = np.array([users.setdefault(need.user, len(users)) for need in needs], dtype=np.int64)
    hits: dict[str, list[float]] = {"": [], "_as_stored": [], "_bm25": [], "_bm25_as_stored": [], "_minilm": []}
    returned, wrong = [], []
    progress(f"{len(needs)} requests, {sum(map(len, others.values())):,} other statements")
    for need in needs:
        pool = _pool(need, others, rng)
        texts = [need.preference, *(text for text in pool if text != need.preference)]
        stored = [Candidate(str(at), text, about[text]) for at, text in enumerate(texts)]
        scored: Mapping[str, Scores] = {
            "": model.scores(need.request, [one._replace(attribute=None) for one in stored]),
            "_as_stored": model.scores(need.request, stored),
            "_bm25": bm25(need.request, texts),
            "_bm25_as_stored": bm25(need.request, [f"{text} {about[text] or ''}" for text in texts]),
            "_minilm": encoder.encode(texts) @ encoder.encode([need.request])[0],
        }
        for name, scores in scored.items():
            hits[name].append(float(scores[0] > scores[1:].max()))
        first = model.rank(need.request, stored, 1)
        returned.append(float(bool(first) and first[0].id == "0"))
        wrong.append(float(bool(model.rank(need.request, stored[1:9], 1))))
    figures = {f"retrieval{name}_recall_at_1_of_1000": _figure(floats(found), groups) for name, found in hits.items()}
    for ours, theirs in (("", "_bm25"), ("", "_minilm"), ("_as_stored", "_bm25_as_stored"), ("_as_stored", "_minilm")):
        gain = floats(hits[ours]) - floats(hits[theirs])
        figures[f"retrieval{ours}_gain_over{theirs}"] = _figure(gain, groups)
    for attribute in Attribute:
        own = np.array([need.attribute is attribute for need in needs])
        if own.any():
            figures[f"retrieval_recall_at_1_{attribute.value}"] = Figure(
                float(floats(hits["_as_stored"])[own].mean()), n=int(own.sum())
            )
    figures["retrieval_returned_and_right"] = _figure(floats(returned), groups)
    figures["retrieval_returned_where_none_matters"] = _figure(floats(wrong), groups)
    return figures, [
        f"retrieval: requests in {PACK} that rest on a preference stated before; among {POOL:,} statements of both "
        "packs that are about other things than it, as those about the same thing would matter alike.",
        "as_stored: it is known of each statement what it is about, as far as the capturing model heard it; that model "
        "learned from most phrasings of both packs; for BM25 it is one more word. Else: from the words alone.",
        "returned_where_none_matters: the right preference is taken out, eight others stay.",
    ]


def _about(texts: Sequence[str], capture: PreferenceModel) -> dict[str, str | None]:
    """What each statement is about, as it is stored; None where it is not taken for a statement."""
    known = Catalogue(entry for name in PACKS for entry in catalogue_of(load_pack(name)).entries)
    found = capture.find([Turn(text) for text in texts], known)
    return {
        text: one.attribute.value if one.states and one.attribute is not None else None
        for text, one in zip(texts, found, strict=True)
    }


def _others() -> dict[Attribute, list[str]]:
    """Statements of people of both packs, by what they are about."""
    made: dict[Attribute, dict[str, None]] = {attribute: {} for attribute in Attribute}
    for name in PACKS:
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

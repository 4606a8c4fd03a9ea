"""`earshot train preference-retrieval`: which preference matters for a request."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.encoder import SentenceEncoder
from models.folder import save
from models.preference.attributes import Attribute
from models.preference.retrieval import (
    ATTRIBUTES,
    FORMAT,
    SIGNS,
    Candidate,
    PreferenceRetriever,
    Topics,
    signs_of,
    words_of,
)
from streams.simulator.pack import load_pack
from streams.training.preference_needs import Need, needless, simulated_needs, written_needs
from streams.training.preference_values import requests_of, values_of
from streams.training.preference_written import Writer, pack_statements

PACK: Final = "home_a"
DIALOGUES: Final = 4_000
SEED: Final = 5
EACH: Final = 400
NEEDLESS: Final = 400
STATEMENTS: Final = 4_000
PEOPLE: Final = 300
"""People of the pack whose statements are learned."""
POOL: Final = 600
"""Preferences about other things beside the right one while the signs are weighed."""
LISTS: Final = 200
_COST: Final = 1.0
_STEPS: Final = 400
_RATE: Final = 0.05
_HOLD: Final = 1e-3

Progress = Callable[[str], None]
Floats = NDArray[np.float32]
Labelled = Sequence[tuple[str, Attribute | None]]

_CARD: Final = """# Which preference matters

Ranks a person's preferences, as they were said, for a request that need not name them, and returns none where none
matters. A weighed sum of five signs: {signs}.
Two linear models of frozen MiniLM embeddings say what a request leaves open and what a preference is about. English
only.

## Data

- {simulated:,} requests of simulated people (pack {pack}) that rest on what they stated before, and the statements of
  {people} people of that pack;
- {written:,} requests of HWU64 (CC BY 4.0), CLINC150 (CC BY 3.0) and Snips (CC0), and written ones, beside written
  preferences that matter for them;
- {needless:,} requests of the same sets for which none matters.

The weights of the signs were chosen with linear models that had seen nothing of the pack, so that the signs count for
what they are worth with other people's words. A tenth of the written requests, and as many without need, chose the
threshold. Licence of these weights: CC BY 4.0.
Made with `earshot train preference-retrieval --seed {seed}`; `earshot evaluate preference` prints its figures on
home_b, of which training saw nothing, with 95 % intervals by person.
"""


def train(data: Path, output: Path, seed: int, progress: Progress) -> None:
    """Fit the model and write the folder. Raises `AdapterError`, `ModelsNotInstalled`, `ModelFolderError`."""
    rng = Random(seed)
    progress(f"reading {data}")
    hwu64, snips, clinc150 = (requests_of(data / name) for name in ("hwu64", "snips", "clinc150"))
    requests = [*hwu64, *snips, *clinc150]
    writer = Writer(values_of(hwu64, snips), ["what time is it"], rng)
    written = written_needs(requests, writer, EACH, rng)
    nothing = needless(requests, NEEDLESS, rng)
    rng.shuffle(written)
    apart = len(written) // 10
    progress(f"{PACK}: simulating {DIALOGUES:,} dialogues")
    simulated = simulated_needs(PACK, DIALOGUES, SEED)
    said = [(one.turn.text, one.attribute) for one in pack_statements(load_pack(PACK), writer, PEOPLE, SEED)]
    statements = [(one.turn.text, one.attribute) for one in map(writer.statement, range(STATEMENTS))]
    asked: Labelled = [(one.request, one.attribute) for one in written[apart:]]
    asked = [*asked, *((text, None) for text in nothing[apart:])]
    encoder = SentenceEncoder.load()
    progress(f"{len(asked) + len(statements) + len(said):,} texts: embeddings")
    mix = weighed(simulated[:LISTS], said, Topics(topics_of(asked, statements, encoder)), encoder, rng)
    for sign, weight in zip(SIGNS, mix.tolist(), strict=True):
        progress(f"{sign}: {weight:.2f}")
    again = [(one.request, one.attribute) for one in simulated]
    tensors = {**topics_of([*asked, *again], [*statements, *said], encoder), "mix": mix}
    progress("threshold")
    scale, shift, threshold = calibrated(tensors, written[:apart], nothing[:apart], encoder, rng)
    config = {"format": FORMAT, "scale": scale, "shift": shift, "threshold": threshold, "seed": seed}
    card = _CARD.format(
        signs=", ".join(SIGNS),
        simulated=len(simulated),
        pack=PACK,
        people=PEOPLE,
        written=len(written),
        needless=len(nothing),
        seed=seed,
    )
    save(output, config, {name: value.astype(np.float16) for name, value in tensors.items()}, card)
    progress(f"{output}: written")


def topics_of(requests: Labelled, preferences: Labelled, encoder: SentenceEncoder) -> dict[str, Floats]:
    """The tensors of `Topics`. None as a label of a request: it leaves nothing open."""
    found: dict[str, Floats] = {}
    for side, labelled, rows in (
        ("request", requests, len(ATTRIBUTES) + 1),
        ("preference", preferences, len(ATTRIBUTES)),
    ):
        labels = [len(ATTRIBUTES) if one is None else ATTRIBUTES.index(one) for _, one in labelled]
        embeddings = encoder.encode([text for text, _ in labelled])
        machine = LogisticRegression(C=_COST, max_iter=300).fit(embeddings, labels)
        weights = np.zeros((rows, embeddings.shape[1]), dtype=np.float32)
        bias = np.full(rows, -1e4, dtype=np.float32)
        weights[machine.classes_], bias[machine.classes_] = machine.coef_, machine.intercept_
        found |= {f"{side}.weights": weights, f"{side}.bias": bias}
    return found


def weighed(needs: Sequence[Need], pool: Labelled, topics: Topics, encoder: SentenceEncoder, rng: Random) -> Floats:
    """Weights of the signs under which the right preference is first among those about other things.

    By the likelihood of the right one in each list (Cao et al., ICML 2007). In every other list it is known what the
    preferences are about.
    """
    lists = []
    for at, need in enumerate(needs):
        right = Candidate("", need.preference, need.attribute.value)
        candidates = [right, *_others(need, pool, rng)]
        if at % 2:
            candidates = [one._replace(attribute=None) for one in candidates]
        asked = encoder.encode([need.request])[0]
        known = encoder.encode([one.text for one in candidates])
        lists.append(signs_of(need.request, candidates, asked, known, topics).astype(np.float64))
    weights, first, second = np.ones(len(SIGNS)), np.zeros(len(SIGNS)), np.zeros(len(SIGNS))
    for step in range(1, _STEPS + 1):  # Adam (Kingma and Ba, ICLR 2015)
        slope = _HOLD * weights
        for signs in lists:
            scores = signs @ weights
            shares = np.exp(scores - scores.max())
            slope = slope + (shares @ signs / shares.sum() - signs[0]) / len(lists)
        first, second = 0.9 * first + 0.1 * slope, 0.99 * second + 0.01 * slope**2
        weights = weights - _RATE * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.99**step)) + 1e-8)
    return weights.astype(np.float32)


def _others(need: Need, pool: Labelled, rng: Random) -> list[Candidate]:
    """Preferences about other things, and other own names than those in the request."""
    asked, own = words_of(need.request), words_of(need.preference)
    usable = [
        Candidate("", text, attribute.value)
        for text, attribute in pool
        if attribute is not None
        and (attribute is not need.attribute or (attribute is Attribute.OWN_NAME and not asked & words_of(text) - own))
    ]
    return rng.sample(usable, min(POOL, len(usable)))


def calibrated(
    tensors: Mapping[str, Floats], needs: Sequence[Need], nothing: Sequence[str], encoder: SentenceEncoder, rng: Random
) -> tuple[float, float, float]:
    """(scale, shift, threshold): a probability that a preference matters, and from where on it is returned.

    Every request meets its own preference and eight about other things; the threshold has the best F1 of the first
    preference returned being right, or none for requests without.
    """
    model = PreferenceRetriever(tensors, 1.0, 0.0, 0.0, encoder)
    scores: list[float] = []
    matters: list[bool] = []
    tops: list[tuple[float, bool, bool]] = []
    for at, one in enumerate(needs):
        others = [other for other in needs if other.attribute is not one.attribute]
        chosen = [one, *rng.sample(others, min(8, len(others)))]
        found = model.scores(one.request, [_candidate(other, known=bool(at % 2)) for other in chosen]).tolist()
        scores += found
        matters += [True] + [False] * (len(found) - 1)
        tops.append((max(found), found[0] == max(found), True))
    for at, text in enumerate(nothing):
        chosen = rng.sample(list(needs), min(8, len(needs)))
        found = model.scores(text, [_candidate(other, known=bool(at % 2)) for other in chosen]).tolist()
        scores += found
        matters += [False] * len(found)
        tops.append((max(found), False, False))
    machine = LogisticRegression(C=100.0).fit(np.array(scores)[:, None], matters)
    scale, shift = float(machine.coef_[0, 0]), float(machine.intercept_[0])
    best = max(sorted({score for score, _, _ in tops}), key=lambda threshold: _f1(tops, threshold))
    return round(scale, 4), round(shift, 4), round(float(1.0 / (1.0 + np.exp(-(scale * best + shift)))), 4)


def _candidate(need: Need, known: bool) -> Candidate:
    return Candidate("", need.preference, need.attribute.value if known else None)


def _f1(tops: Sequence[tuple[float, bool, bool]], threshold: float) -> float:
    right = sum(score >= threshold and hit for score, hit, _ in tops)
    said = sum(score >= threshold for score, _, _ in tops)
    return 2 * right / (said + sum(needed for _, _, needed in tops))

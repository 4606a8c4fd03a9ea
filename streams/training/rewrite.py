"""`earshot train rewrite`: the ranker of rewrites, from what simulated people did after answers that failed.

No truth is used for the layer of all: what is wanted is what a person came to, with success, after a failure. What a
person's own lessons are worth is learned from the truth of other simulated people. Truth judges the result, on people
and a pack that training has not seen.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.folder import save
from models.logistic import Logistic
from models.rewrite.context import ContextPrior
from models.rewrite.encoder import RequestEncoder
from models.rewrite.features import NAMES, features
from models.rewrite.index import RewriteIndex
from models.rewrite.learned_encoder import LearnedRequests
from models.rewrite.own_lessons import OwnLessons
from models.rewrite.ranker import Ranker, bounded
from processors.posterior import success as posterior
from streams.simulator.truth import TurnTruth
from streams.training.rewrite_card import card
from streams.training.rewrite_examples import Example, examples_of
from streams.training.rewrite_figures import Judged, figures, judged
from streams.training.rewrite_history import Request, simulated_history
from streams.training.rewrite_own import OwnWorld, taught_world
from streams.training.rewrite_own_fit import FALSE_TRIGGERS, LEAST_PRECISION, own_lessons
from streams.training.rewrite_own_fit import judged as judged_own
from streams.training.rewrite_table import StateCounts, share_of, table_of, worked_of

TRAINED_ON: Final = (("home_a", 600, 15_000, 10), ("shop_chat", 200, 4_000, 12))
TESTED_ON: Final = ("home_b", 300, 6_000, 11)
"""Pack, people, dialogues, and what is added to the seed."""

TAUGHT_ON: Final = ("home_a", "A", 20_000, 100)
"""Where the worth of people's own lessons is learned: pack, profile of its errors, dialogues, and what is added to the
seed."""

TAUGHT_TESTED_ON: Final = ("home_b", "B", 10_000, 3_000)
"""Where it is judged."""

TABLE_SHARE: Final = 0.6
"""People whose behaviour makes the table; the others ask it."""

FIT_SHARE: Final = 0.82
"""Up to here people are for fitting, the rest for the threshold."""

TEST_SHARE: Final = 0.85
"""In the pack that is left out, people from here on ask."""

_JUST_ABOVE: Final = 1e-4
STRENGTH: Final = 0.3
KEPT: Final = 0.2
"""Of the requests that went well."""

Floats = NDArray[np.float64]
Progress = Callable[[str], None]
History = tuple[list[Request], dict[str, TurnTruth]]


def train(output: Path, seed: int, progress: Progress) -> None:
    """Write the model folder `output`. Three minutes of an idle core. Raises `ModelsNotInstalled` and what simulating
    and writing a model folder raise."""
    encoder = LearnedRequests.load()
    histories = []
    for pack, users, dialogues, more in TRAINED_ON:
        progress(f"{pack}: {dialogues:,} dialogues")
        histories.append(simulated_history(pack, users, dialogues, seed + more)[0])
    taught, unseen_taught = (
        _world(*where, seed=seed, encoder=encoder, progress=progress) for where in (TAUGHT_ON, TAUGHT_TESTED_ON)
    )
    own, served = own_lessons(taught)
    progress(f"people left out: {served}, from a score of {own.threshold:.3f}")
    elsewhere = judged_own(own, unseen_taught)
    progress(f"the other pack: {elsewhere}")
    pack, users, dialogues, more = TESTED_ON
    progress(f"{pack}: {dialogues:,} dialogues")
    unseen = simulated_history(pack, users, dialogues, seed + more)
    made, counts, results = fit(histories, unseen, encoder, seed, progress, own)
    config = {
        "version": made.version,
        "seed": seed,
        "features": list(NAMES),
        "threshold": made.threshold,
        "context": made.context.tables,
        "own": [{"lessons": list(one), "sure": sure} for one, sure in own.sure.items()],
        "own_threshold": own.threshold,
        "encoder": encoder.version,
    }
    save(output, config, made.tensors(), card(results, counts, made, own, (served, elsewhere), seed))
    progress(f"{output}: written")


def _world(
    pack: str, profile: str, dialogues: int, more: int, *, seed: int, encoder: RequestEncoder, progress: Progress
) -> OwnWorld:
    progress(f"{pack}, profile {profile}: {dialogues:,} dialogues of people who teach")
    world = taught_world(pack, profile, dialogues, seed + more, encoder, _blank(ContextPrior({})))
    progress(f"{len(world.examples):,} requests of people who had taught something")
    return world


def fit(
    histories: Sequence[list[Request]],
    unseen: History,
    encoder: RequestEncoder,
    seed: int,
    progress: Progress,
    own: OwnLessons,
) -> tuple[Ranker, dict[str, int], dict[str, object]]:
    """The ranker, how many examples it is from, and figures on the unseen pack.

    Nothing is learned of device, activity, hour and place: what simulated people ask for hardly depends on them, and
    what was learned of that did harm in a world where it does.
    """
    context = ContextPrior({})
    blank = _blank(context)
    examples: list[Example] = []
    for history in histories:
        examples.extend(_examples(history, encoder, blank, KEPT, seed))
        progress(f"{len(examples):,} requests with candidates")
    fitting = [one for one in examples if _asks_in(one, TABLE_SHARE, FIT_SHARE)]
    choosing = [one for one in examples if _asks_in(one, FIT_SHARE, 1.0)]
    logistic = _fitted(fitting, context)
    clean = sum(not one.defect and share_of(one.turn.user_id) >= FIT_SHARE for history in histories for one in history)
    threshold = _threshold(Ranker(logistic, context, 0.0, ""), choosing, clean)
    made = Ranker(logistic, context, threshold, f"rewrite/3.{seed}", own)
    common = Ranker(logistic, context, threshold, made.version)
    progress(f"threshold {threshold:.3f}; now the pack that was left out")
    requests, truths = unseen
    tests = _examples(requests, encoder, common, 1.0, seed, TEST_SHARE)
    asked = [one for one in requests if share_of(one.turn.user_id) >= TEST_SHARE]
    right = sum(truths[one.turn.turn_id].right for one in asked)
    results = figures([_judged(common, one, truths) for one in tests], len(asked), right)
    wanted = sum(any(one.wanted) for one in fitting)
    return made, {"fitting": len(fitting), "wanted": wanted, "choosing": len(choosing), "tests": len(tests)}, results


def _examples(
    requests: list[Request],
    encoder: RequestEncoder,
    ranker: Ranker,
    kept: float,
    seed: int,
    asking: float = TABLE_SHARE,
) -> list[Example]:
    counts, index = StateCounts(), RewriteIndex(encoder)
    taught = [one for one in requests if share_of(one.turn.user_id) < TABLE_SHARE]
    for one in taught:
        counts.count(one)
    for entry in (*table_of(taught, counts), *worked_of(counts)):
        index.put(entry)
    asked = [one for one in requests if share_of(one.turn.user_id) >= asking]
    return list(examples_of(asked, index, ranker, counts, kept, seed))


def _asks_in(example: Example, low: float, high: float) -> bool:
    return low <= share_of(example.request.turn.user_id) < high


def _fitted(examples: Sequence[Example], context: ContextPrior) -> Logistic:
    from sklearn.linear_model import LogisticRegression

    rows = np.concatenate([features(one.query, one.candidates, context) for one in examples])
    wanted = np.array([each for one in examples for each in one.wanted], dtype=np.int64)
    weights = np.array([one.weight for one in examples for _ in one.wanted])
    mean, scale = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    model = LogisticRegression(C=STRENGTH, max_iter=2_000)
    model.fit((bounded(rows, mean, scale) - mean) / scale, wanted, sample_weight=weights)
    return Logistic(mean, scale, model.coef_.astype(np.float64), model.intercept_.astype(np.float64))


def _threshold(ranker: Ranker, examples: Sequence[Example], clean: int) -> float:
    """The lowest score at which of the `clean` requests that went well no more are rewritten than allowed, and of what
    is rewritten most is wanted, for sure: a lower 95 % bound, so that one lucky rewrite opens no door.

    Where there is no such score, one above all that was seen, so that only what is surer is served.
    """
    best: list[tuple[float, bool, float]] = []
    for one in examples:
        candidate, score = ranker.rank(one.query, one.candidates)[0]
        best.append((score, one.wanted[one.candidates.index(candidate)], 0.0 if one.request.defect else one.weight))
    ranked = sorted(best, key=lambda row: -row[0])
    threshold, right, taken, false = ranked[0][0] + _JUST_ABOVE if ranked else 1.0, 0, 0.0, 0.0
    for score, wanted, clean_weight in ranked:
        right += wanted
        taken += max(clean_weight, 1.0)
        false += clean_weight
        if false > FALSE_TRIGGERS * clean:
            break
        if posterior(right, taken - right).low >= LEAST_PRECISION:
            threshold = score
    return round(min(1.0, threshold), 4)


def _judged(ranker: Ranker, example: Example, truths: dict[str, TurnTruth]) -> Judged:
    candidate, score = ranker.rank(example.query, example.candidates)[0]
    return judged(example, candidate, score, ranker.threshold, truths[example.request.turn.turn_id])


def _blank(context: ContextPrior) -> Ranker:
    none = np.zeros(len(NAMES))
    return Ranker(Logistic(none, none + 1.0, none[None], np.zeros(1)), context, 1.0, "untrained")

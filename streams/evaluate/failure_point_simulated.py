"""Failure points of simulated people: the model as shipped, what each of its inputs is worth, baselines, the bound."""

from collections.abc import Callable
from typing import Final

import numpy as np

from models.encoder import SentenceEncoder
from models.failure_point.model import FailurePointModel
from models.failure_point.numbers import NAMES, OF_CONTEXT
from models.failure_point.texts import TEXTS
from schemas.failure_point import IsolationPass
from streams.evaluate.failure_point_baselines import (
    Boosted,
    RuleCascade,
    bound_numbers,
    cross_fitted,
    metadata_columns,
    text_only,
)
from streams.evaluate.failure_point_figures import (
    PREVALENCES,
    Told,
    calibration_figure,
    decided_figures,
    f1_figures,
    gain_figures,
    macro_figures,
    risk_curve,
    risk_figures,
)
from streams.evaluate.failure_point_picture import Curve
from streams.evaluate.figures import Figure
from streams.simulator.profile import load_profile
from streams.simulator.simulation import Simulation
from streams.training.failure_point import all_broken, training_rows
from streams.training.failure_point_rows import Hidden, Rows, joined
from streams.training.failure_point_sets import simulated_examples

PACK, PROFILE = "home_b", "B"
DIALOGUES: Final = 4_000
_BOUND_DIALOGUES: Final = 6_000
_BROKEN_DIALOGUES: Final = 4_000
_TEXT_PROFILES: Final = 20
_SEVERITY: Final = 0.05
_SEED, _BOUND_SEED, _BROKEN_SEED = 907, 906, 3_001
_RATE: Final = 2.0
_FEWEST_USERS: Final = 2_500
_FEWEST_FOR_BOUND: Final = 10_000
"""Turns; what is learned from fewer says nothing of what can be reached."""
_FIRST, _LAST = IsolationPass.RESPONSE, IsolationPass.DIALOGUE
_CONTEXT_TEXTS: Final = tuple(at for at, name in enumerate(TEXTS) if name.endswith(("_before", "_after")))

NOTES: Final[tuple[str, ...]] = (
    f"home_b: pack {PACK} under profile {PROFILE}: users, templates, entities, confusions and calibrations of "
    "confidences that the model has not met. response: judged when the answer ends; dialogue: when its dialogue has "
    "closed. Decisions are the most probable class; nothing abstains but in the risk figures.",
    "natural: classes as common as in the stream, odds as the model gives them. balanced: every class weighs the same, "
    "odds divided by the shares that the model takes for natural.",
    "bound: estimated from below: boosted trees on 10,000 labelled dialogues of the tested assistant itself with the "
    "exact likelihood ratios of all confidences; the true Bayes posterior has no closed form. On "
    "recordings of 10,000 turns and more: trees cross-fitted over their own users.",
    "without_*: the same model with these inputs hidden, as they were at random in training. boosting and text_only: "
    "fitted in this run to what the model learned from (text_only to a third); boosting_metadata has no relations "
    "between words and entities, boosting_relations has them.",
    "risk_at_N: share of wrong answers among the N per cent of turns judged most surely.",
    "Intervals: 95 %, bootstrap by user.",
)

Progress = Callable[[str], None]
Found = tuple[dict[str, Figure], dict[str, Curve]]


def transfer_figures(
    model: FailurePointModel, encoder: SentenceEncoder, progress: Progress, dialogues: int | None = None
) -> Found:
    """All figures on an assistant that the model has not met, and the curves of risk and coverage."""
    progress(f"{PACK}: simulating {dialogues or DIALOGUES:,} dialogues to test with")
    test = _simulated(encoder, dialogues or DIALOGUES, _SEED)
    progress(f"{PACK}: simulating {_BOUND_DIALOGUES + _BROKEN_DIALOGUES:,} dialogues for the bound")
    natural = _simulated(encoder, _BOUND_DIALOGUES, _BOUND_SEED)
    known = joined((natural, _simulated(encoder, _BROKEN_DIALOGUES, _BROKEN_SEED, broken=True)))
    as_rare = np.arange(len(known)) < len(natural)
    figures: dict[str, Figure] = {}
    curves: dict[str, Curve] = {}
    profile = load_profile(PROFILE)
    bounds = {}
    for isolation in IsolationPass:
        progress(f"bound, pass {isolation}")
        trees = Boosted.fit(bound_numbers(known, isolation, profile), known.truth, as_rare, _BOUND_SEED)
        bounds[isolation] = trees.told(bound_numbers(test, isolation, profile), test.truth, test.user)
        figures |= f1_figures(f"home_b_{isolation}_bound", bounds[isolation])
    found, curves = model_figures("home_b", test, model, bounds)
    curves["bound (estimated)"] = risk_curve(bounds[_LAST])
    compared, drawn = baseline_figures("home_b", encoder, test, progress)
    return figures | found | compared, curves | drawn


def recorded_figures(name: str, rows: Rows, model: FailurePointModel) -> Found:
    """Figures on a recording; if it is large enough with a bound that is fitted to its own users in turns."""
    bounds: dict[IsolationPass, Told] = {}
    if len(rows) >= _FEWEST_FOR_BOUND:
        bounds = {isolation: cross_fitted(rows, isolation, _BOUND_SEED) for isolation in IsolationPass}
    figures: dict[str, Figure] = {}
    for isolation, bound in bounds.items():
        figures |= f1_figures(f"{name}_{isolation}_bound", bound)
    found, curves = model_figures(name, rows, model, bounds)
    return figures | found, curves


def model_figures(name: str, rows: Rows, model: FailurePointModel, bounds: dict[IsolationPass, Told]) -> Found:
    """The model as shipped, and with inputs hidden."""
    told = {isolation: told_by(model, rows, isolation) for isolation in IsolationPass}
    figures: dict[str, Figure] = {}
    for isolation, one in told.items():
        figures |= f1_figures(f"{name}_{isolation}", one, bounds.get(isolation))
        for prevalence in PREVALENCES:
            figures[f"{name}_{isolation}_{prevalence}_ece"] = calibration_figure(one, prevalence)
        figures |= risk_figures(f"{name}_{isolation}", one)
    figures |= gain_figures(f"{name}_gain_of_dialogue_over_response", told[_LAST], told[_FIRST])
    context = tuple(at for at, column in enumerate(NAMES) if column in OF_CONTEXT)
    ablations = {
        "without_next_turns": told[_FIRST],
        "without_context": told_by(model, rows, _FIRST, Hidden(_CONTEXT_TEXTS, context)),
        "without_metadata": told_by(model, rows, _LAST, Hidden(numbers=tuple(range(len(NAMES))))),
        "without_texts": told_by(model, rows, _LAST, Hidden(texts=tuple(range(len(TEXTS))))),
    }
    for what, one in ablations.items():
        figures |= macro_figures(f"{name}_{what}", one)
        figures |= gain_figures(f"{name}_lost_{what}", told[_LAST], one)
    curves = {
        f"{name}: dialogue closed": risk_curve(told[_LAST]),
        f"{name}: answer ended": risk_curve(told[_FIRST]),
    }
    return figures, curves


def baseline_figures(name: str, encoder: SentenceEncoder, test: Rows, progress: Progress) -> Found:
    """What is fitted to the turns that the model learned from, once the dialogue has closed."""
    progress("turns for the baselines")
    train, natural = training_rows(None, progress)
    worded = training_rows(encoder, progress, _TEXT_PROFILES)
    figures: dict[str, Figure] = {}
    progress("baselines")
    for what, columns in (("boosting_metadata", metadata_columns()), ("boosting_relations", None)):
        trees = Boosted.fit(train.last, train.truth, natural, 1, columns)
        told = trees.told(test.last, test.truth, test.user)
        figures |= f1_figures(f"{name}_baseline_{what}", told)
        curve = risk_curve(told)
    figures |= macro_figures(f"{name}_baseline_text_only", text_only(*worded, test, _LAST, 1))
    own = train.chosen(natural)
    rules = {
        prevalence: RuleCascade.fit(own, _LAST, prevalence == "balanced").decide(test, _LAST)
        for prevalence in PREVALENCES
    }
    figures |= decided_figures(f"{name}_baseline_rules", test.truth, rules, test.user)
    return figures, {"boosted trees on the same numbers": curve}


def told_by(model: FailurePointModel, rows: Rows, isolation: IsolationPass, hidden: Hidden | None = None) -> Told:
    """What a model says of the rows in a pass, some inputs hidden."""
    return Told(rows.truth, rows.judged(model.of_prepared, isolation, hidden), rows.user, model.prior)


def _simulated(encoder: SentenceEncoder, dialogues: int, seed: int, broken: bool = False) -> Rows:
    return Rows.of(
        simulated_examples(
            Simulation(
                pack=PACK,
                users=max(dialogues, _FEWEST_USERS),
                dialogues=dialogues,
                seed=seed,
                profile=PROFILE,
                rate=_RATE,
                incidents=all_broken(_SEVERITY) if broken else (),
            )
        ),
        encoder,
    )

"""`earshot train failure-point`: the judge of failure points, from simulated people alone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.encoder import SentenceEncoder
from models.failure_point.numbers import NAMES
from models.failure_point.texts import TEXTS
from models.folder import save
from schemas.failure_point import IsolationPass
from streams.evaluate.failure_point_figures import Told, calibration_figure, f1_figures
from streams.evaluate.figures import Figure
from streams.simulator.incidents import Component, Incident
from streams.simulator.simulation import Simulation
from streams.training.failure_point_card import card
from streams.training.failure_point_fit import Fitted, fit
from streams.training.failure_point_profiles import varied_profiles
from streams.training.failure_point_rows import Rows
from streams.training.failure_point_sets import Example, simulated_examples

VERSION: Final = "1.1"
LEAST: Final = 0.5
"""A failure point is named when it is likelier than all others together."""

VOICE_PACK, CHAT_PACK = "home_a", "shop_chat"
PROFILES: Final = 60
DIALOGUES: Final = 150
RATE: Final = 0.3
_USERS_FOR_ONE: Final = 1_250
"""Users who can begin a dialogue a second without talking to two assistants at once."""
_CHAT_EVERY: Final = 7
_SEVERITY: Final = 0.05
_PROFILES_SEED: Final = 1
_FIRST_SEED: Final = 2_000
_HELD_OUT_SEED: Final = 901
_HELD_OUT_DIALOGUES: Final = 3_000

Progress = Callable[[str], None]


class Learned(NamedTuple):
    """Turns to learn from. `natural`: those whose failures are as rare as they are."""

    rows: Rows
    natural: NDArray[np.bool_]


def train(output: Path, seed: int, progress: Progress, profiles: int = PROFILES, dialogues: int = DIALOGUES) -> None:
    """Write the model folder `output`; about six minutes of one core.

    An interrupted training goes on from its last epoch, which lies beside the folder. Raises `ModelsNotInstalled` and
    what simulating and writing a model folder raise.
    """
    encoder = SentenceEncoder.load(device="cpu")
    learned = training_rows(encoder, progress, profiles, dialogues)
    progress(f"{len(learned.rows):,} turns: fitting")
    output.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = output.parent / f".{output.name}.{seed}.checkpoint"
    fitted = fit(learned.rows, learned.natural, seed, progress, checkpoint)
    progress("figures on people who were not met")
    simulation = Simulation(
        pack=VOICE_PACK, users=_HELD_OUT_DIALOGUES, dialogues=_HELD_OUT_DIALOGUES, seed=_HELD_OUT_SEED, rate=2.0
    )
    figures = _figures(fitted, Rows.of(simulated_examples(simulation), encoder))
    save(output, _config(fitted, seed), fitted.tensors, card(figures, len(learned.rows), profiles, seed))
    checkpoint.unlink(missing_ok=True)
    progress(f"{output}: written")


def training_rows(
    encoder: SentenceEncoder | None, progress: Progress, profiles: int = PROFILES, dialogues: int = DIALOGUES
) -> Learned:
    """Simulated people of the training packs under so many noise profiles; half of them with every component broken
    a little, as failures are rare otherwise. Without an encoder their texts are left out."""
    examples: list[Example] = []
    natural: list[bool] = []
    with varied_profiles(profiles, _PROFILES_SEED) as paths:
        for at, path in enumerate(paths):
            broken = at % 2 == 1
            found = simulated_examples(
                Simulation(
                    pack=CHAT_PACK if at % _CHAT_EVERY == _CHAT_EVERY - 1 else VOICE_PACK,
                    users=dialogues,
                    dialogues=dialogues,
                    seed=_FIRST_SEED + at,
                    profile=path,
                    rate=min(RATE, dialogues / _USERS_FOR_ONE),
                    incidents=all_broken(_SEVERITY) if broken else (),
                )
            )
            examples += [replace(one, user_id=f"{at}/{one.user_id}") for one in found]
            natural += [not broken] * len(found)
            progress(f"noise profile {at + 1} of {profiles}: {len(examples):,} turns")
    progress("numbers" if encoder is None else "embedding their texts, and numbers")
    return Learned(Rows.of(examples, encoder), np.array(natural))


def all_broken(severity: float) -> tuple[Incident, ...]:
    """Every component errs now and then, everywhere and from the start."""
    return tuple(Incident(component, 0.0, severity=severity) for component in Component)


def _config(fitted: Fitted, seed: int) -> dict[str, object]:
    return {
        "version": VERSION,
        "seed": seed,
        "numbers": list(NAMES),
        "texts": list(TEXTS),
        "temperature": fitted.temperature,
        "bias": fitted.bias.tolist(),
        "prior": fitted.prior.tolist(),
        "least": LEAST,
    }


def _figures(fitted: Fitted, rows: Rows) -> dict[str, Figure]:
    figures: dict[str, Figure] = {}
    for isolation in IsolationPass:
        told = Told(rows.truth, fitted.probabilities(rows, isolation), rows.user, fitted.prior)
        figures |= f1_figures(f"pass {isolation}", told)
        figures[f"pass {isolation}_ece"] = calibration_figure(told)
    return figures

"""`earshot train failure-point`: the judge of turns, and where its data are at hand the judge of single commands."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from streams.adapters import slurp
from streams.training.failure_point import train
from streams.training.failure_point_commands import train as train_commands

SEED: Final = 2
SEED_OF_COMMANDS: Final = 1
"""Those that the models that ship were made with."""

Progress = Callable[[str], None]


def train_both(data: Path, output: Path, seed: int | None, progress: Progress) -> None:
    """Write the model folder `output`, and with slurp in `data` also the one beside it that ends in `_commands`.

    Without a seed, the models that ship are made again. Raises what each of the two trainings raises.
    """
    train(output, SEED if seed is None else seed, progress)
    if not (data / slurp.NAME).is_dir():
        progress(f"{data / slurp.NAME} is missing: the judge of single commands stays as it is")
        return
    beside = output.with_name(f"{output.name}_commands")
    train_commands(data, beside, SEED_OF_COMMANDS if seed is None else seed, progress)

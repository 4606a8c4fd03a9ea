"""The chain's solver against the number and the size of components, and against one dense inverse of everything.

States have three successors each in their own component, as those of requests have, and half of their mass moves on.
`one_changed_ms` is a refresh after one state changed: it does not grow with the number of components. Milliseconds of
CPU, the least of the rounds.
"""

import argparse
import json
import random
import time
from collections.abc import Callable

import numpy as np

from models.rewrite.markov import Chains, Row, solve, transition_matrix

COMPONENTS = (10, 100, 1_000)
SIZES = (10, 100, 500)
STATES_OF_A_COMPONENT = 10
STATES = 2_000
SUCCESSORS = 3
LARGEST_DENSE = 2_000
"""The dense inverse of so many states takes a second; the work grows with their cube."""


def component(number: int, size: int, dice: random.Random) -> dict[str, Row]:
    """`size` states that lead to each other."""
    return {
        f"{number}/{at}": Row(
            success=10.0 * dice.random(),
            failure=5.0 * dice.random(),
            again={f"{number}/{dice.randrange(size)}": 5.0 * dice.random() for _ in range(SUCCESSORS)},
        )
        for at in range(size)
    }


def chains_of(components: int, size: int) -> tuple[Chains, dict[str, Row]]:
    """All of them, none solved yet."""
    dice = random.Random(components * size)
    rows: dict[str, Row] = {}
    for number in range(components):
        rows |= component(number, size, dice)
    chains = Chains()
    for name, row in rows.items():
        chains.update(name, row)
    return chains, rows


def solve_changed(chains: Chains) -> None:
    """What a refresh of the table does."""
    for part in chains.changed_components():
        chains.solve(part)


def cpu_ms(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def one_change(chains: Chains, rounds: int) -> float:
    """A refresh after one state changed."""
    costs = []
    for number in range(rounds):
        chains.update("0/0", Row(number + 1.0, 1.0, {"0/1": 1.0}))
        costs.append(cpu_ms(lambda: solve_changed(chains)))
    return min(costs)


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the fastest counts (default 3)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    chosen = parser.parse_args()
    figures: dict[str, dict[str, float]] = {}

    def add(name: str, value: float, n: int) -> None:
        figures[name] = {"value": round(value, 3), "n": n}

    for components in COMPONENTS:
        chains, rows = chains_of(components, STATES_OF_A_COMPONENT)
        add(f"all_of_{components}_components_ms", cpu_ms(lambda held=chains: solve_changed(held)), len(rows))
        add(f"one_changed_of_{components}_components_ms", one_change(chains, chosen.rounds), len(rows))
    for size in SIZES:
        chains, rows = chains_of(STATES // size, size)
        add(f"components_of_{size}_ms", cpu_ms(lambda held=chains: solve_changed(held)), len(rows))
    _, rows = chains_of(LARGEST_DENSE // STATES_OF_A_COMPONENT, STATES_OF_A_COMPONENT)
    add("series_of_all_at_once_ms", min(cpu_ms(lambda: solve(rows)) for _ in range(chosen.rounds)), len(rows))
    _, moves, success = transition_matrix(rows)
    identity = np.eye(len(rows))
    add(
        "dense_inverse_ms",
        min(cpu_ms(lambda: np.linalg.inv(identity - moves.toarray()) * success[None, :]) for _ in range(1)),
        len(rows),
    )
    if chosen.json:
        print(json.dumps({"name": "rewrites_solver", "figures": figures}))
    else:
        for name, figure in figures.items():
            print(f"{name:40}{figure['value']:12.2f}  states={figure['n']:.0f}")


if __name__ == "__main__":
    main()

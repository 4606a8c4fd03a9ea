"""Arms compared on the same people: every interval draws people, with all they did in every arm."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from streams.evaluate.figures import Figure
from streams.evaluate.rewrites_arms import Counts, Lived
from streams.evaluate.rewrites_bootstrap import cut, drawn, share_of_sums
from streams.evaluate.rewrites_mined import odds
from streams.evaluate.rewrites_served import Arm

People = Mapping[str, Counts]

_A_LOT: Final = 1e4


def arm_figures(prefix: str, people: People) -> dict[str, Figure]:
    """What the rewrites of one arm did where they were applied."""
    counts = list(people.values())
    won, lost = sum(one.won for one in counts), sum(one.lost for one in counts)
    missed = sum(one.missed for one in counts)
    figures = {
        f"{prefix}coverage": share_of_sums([one.rewritten for one in counts], [one.requests for one in counts]),
        f"{prefix}over_corrections_per_10k": share_of_sums(
            [one.lost for one in counts], [one.clean for one in counts], _A_LOT
        ),
    }
    if won + lost + missed:
        figures[f"{prefix}win_loss"] = odds(won, lost)
        figures[f"{prefix}win_wrong"] = odds(won, lost + missed)
        figures[f"{prefix}defect_cut_where_rewritten"] = cut(
            [one.won + one.missed for one in counts], [one.lost + one.missed for one in counts]
        )
    return figures


def compared(name: str, before: People, after: People) -> dict[str, Figure]:
    """Of two arms by what share the defects are fewer in the second, in all and of all requests."""
    ids = sorted(before.keys() | after.keys())
    nobody = Counts()
    pairs = [(before.get(user, nobody), after.get(user, nobody)) for user in ids]
    of_requests = np.array(
        [[one.defects, one.requests, two.defects, two.requests] for one, two in pairs], dtype=np.float64
    ).T
    return {
        name: cut([one.defects for one, _ in pairs], [two.defects for _, two in pairs]),
        f"{name}_of_rate": drawn(
            of_requests, lambda sums: 1.0 - (sums[2] / sums[3]) / (sums[0] / sums[1]), [one.defects for one, _ in pairs]
        ),
    }


def figures_of(prefix: str, arms: Mapping[Arm, Lived]) -> dict[str, Figure]:
    """All figures of the arms that were run."""
    off = arms.get(Arm.OFF)
    figures: dict[str, Figure] = {}
    if off is not None:
        counts = list(off.people.values())
        figures[f"{prefix}defect_rate_off"] = share_of_sums(
            [one.defects for one in counts], [one.requests for one in counts]
        )
    for arm, lived in arms.items():
        if arm is not Arm.OFF:
            figures |= arm_figures(f"{prefix}{arm.value}_", lived.people)
            figures[f"{prefix}{arm.value}_rewrites"] = Figure(lived.rewrites)
        if arm in (Arm.GLOBAL, Arm.PERSONAL):
            figures[f"{prefix}{arm.value}_blocked"] = Figure(lived.blocked)
    for name, before, after in (
        ("precomputed_defect_cut", Arm.OFF, Arm.PRECOMPUTED),
        ("global_defect_cut", Arm.OFF, Arm.GLOBAL),
        ("personal_defect_cut", Arm.GLOBAL, Arm.PERSONAL),
        ("whole_defect_cut", Arm.OFF, Arm.PERSONAL),
    ):
        if before in arms and after in arms:
            figures |= compared(f"{prefix}{name}", arms[before].people, arms[after].people)
    return figures


def together(lived: Sequence[Lived]) -> Lived:
    """The same arm on several packs: people of one pack are nobody of another."""
    people = {f"{number}/{user}": counts for number, one in enumerate(lived) for user, counts in one.people.items()}
    return Lived(
        lived[0].arm,
        people,
        rewrites=sum(one.rewrites for one in lived),
        blocked=sum(one.blocked for one in lived),
        rewritten_turns=sum(one.rewritten_turns for one in lived),
    )

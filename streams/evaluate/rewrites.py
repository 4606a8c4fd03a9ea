"""The closed loop: a simulated assistant that asks Earshot before it answers, on the same people with more and more of
Earshot.

A fleet lives through two periods. Nobody is helped in the first; what Earshot learns from it is there when the second
begins. The second is lived through once an arm, with the same people, wishes and noise: all chance of a turn is a
function of the dialogue, the goal and the try. Defects are counted by the truth, never by what Earshot hears.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from infra.settings import Settings
from models.rewrite.encoder import RequestEncoder
from models.rewrite.ranker import Ranker
from streams.evaluate.figures import Figure, Report
from streams.evaluate.rewrites_arms import Lived, Said, learn, run
from streams.evaluate.rewrites_ceiling import ceiling
from streams.evaluate.rewrites_context import evaluate_context
from streams.evaluate.rewrites_drift import evaluate_drift
from streams.evaluate.rewrites_figures import figures_of, together
from streams.evaluate.rewrites_fleet import periods
from streams.evaluate.rewrites_safety import live_month, month_of
from streams.evaluate.rewrites_served import Arm
from streams.serve.loading import request_encoder
from streams.simulator.simulation import Simulation

Tell = Callable[[str], None]

PACKS: Final = (("home_a", "A"), ("home_b", "B"))
DIALOGUES_OF_A_PERSON: Final = 40
LEARNED_FROM: Final = 0.75
RECURRING: Final = 0.7
ROUTINE: Final = 0.5
DAYS: Final = 4.0
MONTH: Final = 2_000
"""Dialogues of the month in which planted rewrites are served."""

_SECONDS_A_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What to evaluate. `dialogues` and `users` are those of each pack, both periods together."""

    dialogues: int = 16_000
    users: int | None = None
    seed: int = 47
    recurring: float = RECURRING
    routine: float = ROUTINE
    arms: tuple[Arm, ...] = tuple(Arm)
    packs: tuple[tuple[str, str], ...] = PACKS
    days: float = DAYS

    def simulation(self, number: int) -> Simulation:
        """Of the pack of this number."""
        pack, profile = self.packs[number]
        return Simulation(
            pack=pack,
            profile=profile,
            users=self.users or max(100, self.dialogues // DIALOGUES_OF_A_PERSON),
            dialogues=self.dialogues,
            seed=self.seed + number,
            rate=self.dialogues / (self.days * _SECONDS_A_DAY),
            recurring=self.recurring,
            routine=self.routine,
        )


def arms_named(names: str) -> tuple[Arm, ...]:
    """The arms of a list such as `off,global`, in their order. Raises ValueError that says which there are."""
    wanted = {name.strip() for name in names.split(",")}
    unknown = wanted - {arm.value for arm in Arm}
    if unknown:
        raise ValueError(f"there is no arm {', '.join(sorted(unknown))}; choose from {', '.join(Arm)}")
    return tuple(arm for arm in Arm if arm.value in wanted)


def evaluate(tell: Tell, asked: Asked, settings: Settings) -> Report:
    """The arms on every pack, and on all packs together. Raises `ModelsNotInstalled`, `ModelFolderError`."""
    encoder, ranker = request_encoder(), Ranker.load()
    lived: dict[Arm, list[Lived]] = {arm: [] for arm in asked.arms}
    figures: dict[str, Figure] = {}
    for number, (pack, _) in enumerate(asked.packs):
        tell(f"{pack}: {asked.dialogues:,} dialogues, an arm after the other")
        before, arms = live_through(asked.simulation(number), asked.arms, settings, encoder, ranker, tell)
        for arm, one in arms.items():
            lived[arm].append(one)
        figures |= figures_of(f"{pack}_", arms)
        figures |= {f"{pack}_{name}": figure for name, figure in evaluate_context(pack, asked.seed).items()}
        if Arm.OFF in arms:
            found = ceiling(before, arms[Arm.OFF].said, settings.rewrite_users)
            figures |= {f"{pack}_{name}": figure for name, figure in found.items()}
    tell("people who change what they mean")
    figures |= evaluate_drift(settings, encoder, ranker, asked.seed)
    figures |= live_month(month_of(*asked.packs[0], MONTH, asked.seed), settings, tell).figures()
    whole = figures_of("", {arm: together(ones) for arm, ones in lived.items()})
    return Report("rewrites", _named(whole, asked.arms) | figures, _notes(asked, settings))


def live_through(
    simulation: Simulation,
    arms: Sequence[Arm],
    settings: Settings,
    encoder: RequestEncoder,
    ranker: Ranker,
    tell: Tell,
) -> tuple[list[Said], dict[Arm, Lived]]:
    """What was said in the first period, and what came of the second in every arm."""
    first, second = periods(simulation, LEARNED_FROM)
    past, said = learn(first, settings, tell)
    return said, {arm: run(arm, second, past, settings, encoder, ranker, tell) for arm in arms}


def _named(whole: dict[str, Figure], arms: Sequence[Arm]) -> dict[str, Figure]:
    """The figures of all packs; those of the last arm, all that Earshot does, by their plain names first."""
    last = f"{arms[-1].value}_"
    plain = {
        name: whole[f"{last}{name}"]
        for name in ("win_loss", "coverage", "over_corrections_per_10k")
        if f"{last}{name}" in whole
    }
    return plain | whole


def _notes(asked: Asked, settings: Settings) -> tuple[str, ...]:
    return (
        f"{asked.dialogues:,} dialogues a pack, of {asked.simulation(0).users:,} people in {asked.days:g} days:"
        f" {LEARNED_FROM:.0%} of the time is learned from, the rest is lived through once an arm.",
        f"{asked.recurring:.0%} of the errors of recognition, interpretation and entity resolution are a matter of the"
        " words, the same for everybody.",
        f"{asked.routine:.0%} of the dialogues are about one of the eight things that a person always wants.",
        "A cut says by what share defects are fewer (precomputed, global and whole: than without Earshot; personal:"
        " than in the arm global), n is the defects there; of_rate: the same of the share of requests that are"
        " defects.",
        "A request that needed no second try is not asked again, so the arms do not hold the same number of requests.",
        "Earshot learns between two blocks of dialogues, from what was sent before the next block begins, and solves"
        " the table every ten minutes of event time: what it serves is older than on a broker, never newer.",
        f"{settings.rewrite_holdout:.0%} of the uses of every rewrite are held back.",
        "A rewrite is applied with the interpretation that comes with it; win: right after it and not before.",
        "curable_by_*: the share of the defects that whoever knew all truth of the past would cure by rewriting states"
        f" (by_many: at least {settings.rewrite_users} people had this defect; by_own: this person had it;"
        " by_slots, by_phrases: as many people had a value or a phrase of it wrong, in whatever request;"
        " by_all_of_many: any of these but one's own).",
        "context_*: requests by names that several things bear, in a world whose people ask for music, films and books"
        " by device, hour and place; settled by the ranker's features learned from other people there, without the four"
        " context features, with the weights that ship, and by whoever knows the law of that world.",
        "drift_*: 40% of 300 people who say the same words every 8 hours mean something else from the 26th time on.",
        "month_*: a simulated month in which 100 planted rewrites are served: source states that would be counted"
        " otherwise had the rewritten turns ended otherwise, and planted rewrites that learning made its own.",
        "defects_with_a_way_out: the same dialogue has a later request of which was understood what was meant; of the"
        " others nobody's behaviour says what was meant.",
        "Intervals are paired bootstraps by person.",
    )

"""What a person's own lessons say of their next request: examples for `models.rewrite.own_lessons`.

Simulated people who want the same things again and again teach as they go; nothing is rewritten. Before each of their
requests what they taught until then is looked up as serving does. Whether one of the rewrites is what they meant is
the simulator's truth: most people let a wrong answer pass, and a rewrite that would have cured it would look like an
over-correction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from infra.settings import Settings
from models.rewrite.encoder import RequestEncoder
from models.rewrite.index import RewriteIndex
from models.rewrite.own_lessons import Lessons, is_taught, lessons_of
from models.rewrite.ranker import Ranker
from processors.personal_rewrites import PersonalRewrites
from schemas.dialogue import Dialogue
from schemas.turn import Turn
from streams.rehearsal import rehearse
from streams.serve.asked import request_of
from streams.serve.decide import Considered, Decider
from streams.serve.table import entry_of
from streams.simulator.simulate import simulate
from streams.simulator.simulate_sinks import as_record
from streams.simulator.simulation import Simulation
from streams.simulator.truth import LostTruth, TurnTruth, parse_truth
from streams.training.rewrite_figures import meant_state
from streams.training.rewrite_history import turns_of

DIALOGUES_OF_A_PERSON: Final = 40
DAYS: Final = 4.0
RECURRING: Final = 0.7
ROUTINE: Final = 0.5

_SECONDS_A_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class OwnExample:
    """A request, and what its person had taught that was found for it. `lessons`: what each candidate rests on;
    `meant`: of each, whether it is what they meant; `right`: the request was understood right as it was."""

    user: str
    lessons: tuple[Lessons, ...]
    meant: tuple[bool, ...]
    right: bool


@dataclass(slots=True)
class OwnWorld:
    """Examples of people, and how many of all their requests were understood right."""

    examples: list[OwnExample] = field(default_factory=list)
    clean: int = 0


def taught_world(
    pack: str, profile: str, dialogues: int, seed: int, encoder: RequestEncoder, ranker: Ranker
) -> OwnWorld:
    """People who repeat themselves, as `detect` hears them. `ranker`: any; nothing is ranked."""
    simulation = Simulation(
        pack=pack,
        profile=profile,
        users=max(1, dialogues // DIALOGUES_OF_A_PERSON),
        dialogues=dialogues,
        seed=seed,
        rate=dialogues / (DAYS * _SECONDS_A_DAY),
        recurring=RECURRING,
        routine=ROUTINE,
    )
    lines: list[bytes] = []
    records = [as_record(one) for one in simulate(simulation, on_truth=lines.append)]
    truths = {one.turn_id: one for one in map(parse_truth, lines) if not isinstance(one, LostTruth)}
    heard = rehearse(records, Settings(hearing="rules", teaching="off"))
    turns = {turn.turn_id: turn for turn in turns_of(records)}
    dialogues_heard = sorted(heard.dialogues.values(), key=lambda one: (one.ended_at, one.dialogue_id))
    return world_of(dialogues_heard, turns, truths, encoder, ranker)


def world_of(
    dialogues: Sequence[Dialogue],
    turns: dict[str, Turn],
    truths: dict[str, TurnTruth],
    encoder: RequestEncoder,
    ranker: Ranker,
) -> OwnWorld:
    """Examples from dialogues in the order in which they ended. A request knows what earlier dialogues taught."""
    world = OwnWorld()
    layer, index = PersonalRewrites(), RewriteIndex(encoder)
    decider = Decider(index, ranker, lambda _user: {}, 0.0)
    for dialogue in dialogues:
        taught = bool(index.of_user(dialogue.user_id))
        for judged in dialogue.turns:
            turn, truth = turns.get(judged.turn_id), truths.get(judged.turn_id)
            if turn is None or truth is None or (meant := meant_state(truth)) is None:
                continue
            world.clean += truth.right
            if taught and (example := _example(turn, meant, truth.right, decider)) is not None:
                world.examples.append(example)
        for told in layer.process(dialogue):
            if told.rewrite is None:
                index.remove(told.key)
            else:
                index.put(entry_of(told.rewrite))
    return world


def _example(turn: Turn, meant: str, right: bool, decider: Decider) -> OwnExample | None:
    _, found, _ = decider.find(request_of(turn), Considered())
    own = [one for one in found if is_taught(one)]
    if not own:
        return None
    lessons = tuple(lessons_of(one.entry) for one in own)
    return OwnExample(turn.user_id, lessons, tuple(one.entry.target_state == meant for one in own), right)

"""How surely a person's own lessons say what they mean the next time, by how many agree and how many do not.

Simulated people who want the same things again and again teach as they go; nothing is rewritten. Each time that
somebody comes back to a source of theirs, what is known of it by then is compared with what this time teaches. No truth
is used: a request that went well, as far as anybody heard, counts against the rewrite; one that failed and led nowhere
says nothing.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from infra.settings import Settings
from models.rewrite.ranker import own_key
from processors.interpretation import state_key
from processors.personal_lessons import lessons_of
from processors.personal_rewrites import PersonalRewrites
from processors.posterior import PRIOR, success
from schemas.contract import hashed
from schemas.dialogue import Dialogue
from schemas.rewrite import Rewrite
from streams.rehearsal import rehearse
from streams.simulator.simulate import simulate
from streams.simulator.simulate_sinks import as_record
from streams.simulator.simulation import Simulation

DIALOGUES_OF_A_PERSON: Final = 40
DAYS: Final = 4.0
RECURRING: Final = 0.7
ROUTINE: Final = 0.5

_SECONDS_A_DAY: Final = 86_400.0


def taught_dialogues(pack: str, dialogues: int, seed: int) -> list[Dialogue]:
    """Dialogues of people who repeat themselves, as `detect` heard them, in the order in which they ended."""
    simulation = Simulation(
        pack=pack,
        users=max(1, dialogues // DIALOGUES_OF_A_PERSON),
        dialogues=dialogues,
        seed=seed,
        rate=dialogues / (DAYS * _SECONDS_A_DAY),
        recurring=RECURRING,
        routine=ROUTINE,
    )
    heard = rehearse([as_record(one) for one in simulate(simulation)], Settings(hearing="rules", teaching="off"))
    return sorted(heard.dialogues.values(), key=lambda one: (one.ended_at, one.dialogue_id))


def own_success(worlds: Iterable[Iterable[Dialogue]]) -> dict[str, float]:
    """`own_key` -> lower 95 % bound of the share of uses at which a person came to the same again. `worlds`: dialogues
    of people who have nothing to do with those of the next."""
    hits: Counter[str] = Counter()
    uses: Counter[str] = Counter()
    for dialogues in worlds:
        _count(dialogues, hits, uses)
    return {key: round(success(hits[key], uses[key] - hits[key]).low, 4) for key in sorted(uses)}


def _count(dialogues: Iterable[Dialogue], hits: Counter[str], uses: Counter[str]) -> None:
    layer = PersonalRewrites()
    known: dict[str, dict[str, Rewrite]] = {}
    for dialogue in dialogues:
        own = known.setdefault(dialogue.user_id, {})
        for key, hit in _uses(dialogue, own):
            uses[key] += 1
            hits[key] += hit
        for told in layer.process(dialogue):
            source = told.key.removeprefix(f"personal/{dialogue.user_id}/")
            if told.rewrite is None:
                own.pop(source, None)
            else:
                own[source] = told.rewrite


def _uses(dialogue: Dialogue, own: dict[str, Rewrite]) -> Iterable[tuple[str, bool]]:
    """Of the first request at each known source: what was known, and whether it came to that again."""
    taught = {one.lesson.id: one.lesson.target for one in lessons_of(dialogue, lambda _turn, _dialogue: None)}
    seen: set[str] = set()
    for turn in dialogue.turns:
        state = state_key(turn.facets.domain, turn.facets.intent, turn.slots or (), turn.request) or ""
        rewrite = own.get(state)
        if rewrite is None or rewrite.blocked or state in seen:
            continue
        seen.add(state)
        target = taught.get(hashed(turn.turn_id))
        if target is None and (turn.defect or turn.asked_back):
            continue
        worked = rewrite.target_success
        yield own_key(worked.good - PRIOR, worked.bad - PRIOR), target == rewrite.target

"""Flows without noise and without people's moods: what the two agents alone would do, varied or always the same way.

Without flow variation only values and words differ from dialogue to dialogue, as in the baseline of Lin et al. 2020
(arXiv 2011.08243): every dialogue about one API takes the same turns.
"""

from random import Random
from typing import Final

from streams.simulator.assistant import Assistant
from streams.simulator.customer import Customer
from streams.simulator.meaning import Act
from streams.simulator.pack import Pack
from streams.simulator.report_acts import ASSISTANT, USER, Flow, Side

_MOST_TURNS: Final = 24


def clean_flows(pack: Pack, count: int, seed: int, *, varied: bool) -> list[Flow]:
    """The flows of `count` dialogues in which everything is understood."""
    return [_flow(pack, Random(f"{seed}/{varied}/{number}"), varied=varied) for number in range(count)]


def _flow(pack: Pack, rng: Random, *, varied: bool) -> Flow:
    customer = Customer(pack, pack.sample_goals(rng, flow_variation=varied), rng, flow_variation=varied)
    assistant = Assistant(pack, rng, flow_variation=varied)
    sides: list[Side] = []
    move = customer.next(None)
    while move is not None and len(sides) < 2 * _MOST_TURNS:
        answer = assistant.respond(move.meaning, move.acts)
        sides += ((USER, _acts(move.acts)), (ASSISTANT, _acts(answer.acts)))
        move = customer.next(answer)
    return tuple(sides)


def _acts(acts: tuple[tuple[Act, str, str], ...]) -> frozenset[str]:
    return frozenset(act.value for act, _, _ in acts)

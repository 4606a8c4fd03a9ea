"""Lets the two sides of the simulator talk without anything in between."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from streams.simulator.assistant import Assistant
from streams.simulator.customer import Customer
from streams.simulator.goals import Goal
from streams.simulator.meaning import Meaning, Move
from streams.simulator.pack import Pack
from streams.simulator.wording import Side

Mishearing = Callable[[Meaning | None], Meaning | None]


@dataclass
class Said:
    """One turn: what the customer did, its words, what the assistant answered."""

    move: Move
    words: str
    reply: Move
    answer: str
    satisfied: bool


def talk(
    pack: Pack,
    seed: int,
    *,
    goals: list[Goal] | None = None,
    varied: bool = True,
    mishear: Mishearing | None = None,
) -> tuple[Customer, list[Said]]:
    """One dialogue, from the first words to the last."""
    rng = Random(seed)
    customer = Customer(pack, goals or pack.sample_goals(rng, flow_variation=varied), rng, flow_variation=varied)
    assistant = Assistant(pack, rng, flow_variation=varied)
    turns: list[Said] = []
    move = customer.next(None)
    while move is not None:
        words = pack.say(move, Side.CUSTOMER, rng)
        reply = assistant.respond(mishear(move.meaning) if mishear else move.meaning, move.acts)
        satisfied = customer.satisfied_with(reply)
        turns.append(Said(move, words, reply, pack.say(reply, Side.ASSISTANT, rng), satisfied))
        move = customer.next(reply)
    return customer, turns

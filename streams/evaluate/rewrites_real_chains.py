"""What callers said in vain, and what they were understood by in the end: chains in GetGoing's calls."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from models.rewrite.entry import plain
from streams.adapters.getgoing import Call, Said, Speaker
from streams.evaluate.rewrites_real_rankings import Learned, Table


class Chain(NamedTuple):
    """Plain texts of a request that the assistant did not take, and of the retry that it did take."""

    failed: str
    accepted: str


def chains_of(call: Call) -> list[Chain]:
    """Each request that was made again, with the retry that was accepted, if one was."""
    retried = {
        said.retry_of: at
        for at, said in enumerate(call.turns)
        if said.speaker is Speaker.USER and said.retry_of is not None
    }
    found = []
    for place, at in retried.items():
        while call.turns[at].reprompted and at in retried:
            at = retried[at]
        chain = Chain(plain(call.turns[place].text), plain(call.turns[at].text))
        if not call.turns[at].reprompted and chain.failed and chain.accepted and chain.failed != chain.accepted:
            found.append(chain)
    return found


def table_of(calls: Iterable[Call]) -> Table:
    """What was accepted in some calls, how often, and what had failed before it."""
    worked: Counter[str] = Counter()
    failed: dict[str, list[str]] = defaultdict(list)
    for call in calls:
        worked.update(_accepted(call.turns))
        for chain in chains_of(call):
            failed[chain.accepted].append(chain.failed)
    return {text: Learned(tuple(failed[text]), worked[text]) for text in {**worked, **failed}}


def _accepted(turns: Sequence[Said]) -> list[str]:
    return [
        text
        for said in turns
        if said.speaker is Speaker.USER and said.reprompted is False and (text := plain(said.text))
    ]

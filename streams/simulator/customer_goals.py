"""How a customer gets what it wants: which goal comes when, what of it is said at first, what was reached."""

from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import Final
from zlib import crc32

from streams.simulator.assistant import Control
from streams.simulator.customer_wish import ActTriple, Speech, Wish
from streams.simulator.goals import Goal
from streams.simulator.meaning import Meaning, Move, SlotValue
from streams.simulator.pack import Pack
from streams.simulator.pack_api import Api
from streams.simulator.wording_acts import (
    GOODBYE,
    NOTIFY_FAILURE,
    THANK_YOU,
)

FAREWELL: Final = Move(((THANK_YOU, "", ""), (GOODBYE, "", "")), Meaning("", Control.GOODBYE))
_SAYS_ONLY_WHAT_DIFFERS: Final = 0.6
_THANKS_BETWEEN: Final = 0.2

_THANKS: Final = ((THANK_YOU, "", ""),)


@cache
def _plain_move(acts: tuple[ActTriple, ...], domain: str, intent: Control) -> Move:
    """A move without slots; there are few, and they are made again and again."""
    return Move(acts, Meaning(domain, intent))


class Pursuit:
    """The goals of a customer, the wish it talks about, and what both sides know already."""

    def __init__(
        self,
        pack: Pack,
        goals: Sequence[Goal],
        rng: Random,
        *,
        habits: Mapping[str, str] | None = None,
        own_names: Mapping[str, str] | None = None,
        takes_for_known: str | None = None,
        flow_variation: bool = True,
    ) -> None:
        self.goals: list[Goal] = list(goals) if not habits else [_own(pack, goal, habits) for goal in goals]
        self.reached: list[bool] = [False] * len(self.goals)
        """Of each goal, whether it was reached; changes of mind applied."""
        self._pack = pack
        self._rng = rng
        self._flow = rng
        self._varied = flow_variation
        self._speech = Speech(pack, rng, frozenset(habits.values()) if habits else frozenset())
        self._speech.own_names.update(own_names or {})
        self._takes_for_known = takes_for_known
        self._at = 0
        self._wish: Wish | None = None
        self._searching = False
        self._chosen = False
        self._done = False
        self._paused: Wish | None = None
        self._before: Api | None = None
        self._called: dict[str, str] = {}
        self._moves = self._tries = self._offers = self._questions = self._changes = 0
        self._last: Move | None = None

    @property
    def goal(self) -> Goal | None:
        """What the customer wants right now; None after the last goal."""
        return self.goals[self._at] if self._at < len(self.goals) else None

    @property
    def wish(self) -> Wish | None:
        """The call that the customer talks about right now."""
        return self._wish

    def _open(self) -> Move | None:
        goal = self.goal
        if goal is None:
            return None
        pack = self._pack
        if not self._varied:
            self._flow = Random(crc32(f"customer {goal.api}".encode()))
        self._offers = self._questions = self._changes = self._tries = 0
        self._searching = self._chosen = self._done = False
        api = pack.apis[goal.api]
        wanted = dict(goal.arguments)
        flow, random = pack.flow, self._flow.random
        own = bool(self._speech.own_names) and self._at == 0
        if api.searched_by and not own and random() < flow.search_first and api is not self._before:
            search = pack.apis[api.searched_by[int(random() * len(api.searched_by))]]
            target = pack.entries[wanted[search.result]] if search.result in wanted else None
            if target is not None:
                self._searching = True
                constraints = {
                    slot: target.attributes[slot]
                    for slot in search.slots
                    if slot in search.required or random() < flow.new_constraint
                }
                api, wanted = search, constraints
        wish = self._wish = Wish(pack, self._speech, api, wanted)
        return wish.ask(self._first(wish), refer=flow.refer_back, full=flow.explicit_name)

    def _first(self, wish: Wish) -> list[str]:
        """What is told at once: all, or some of what is required, or just what is other than the last time."""
        api, random = wish.api, self._flow.random
        everything = [slot for slot in api.slots if slot in wish.wanted]
        if self._takes_for_known is not None and self._at == 0:
            return [slot for slot in everything if slot != self._takes_for_known]
        if api is self._before:
            other = [slot for slot in everything if wish.wanted[slot] != self._called.get(slot) or slot in api.optional]
            return other if other and random() < _SAYS_ONLY_WHAT_DIFFERS else everything
        if not api.required or not api.can_open_bare or random() < self._pack.flow.reveal_all:
            return everything
        return list(api.required[: int(random() * len(api.required))])

    def _next_goal(self) -> Move | None:
        if self._paused is not None:
            self._done = True
            return self._resume()
        self._at += 1
        return self._open()

    def _resume(self) -> Move:
        """Comes back to what was put off, where the assistant does not."""
        wish = self._back_to(self._paused) if self._paused is not None else None
        if wish is None:
            return FAREWELL
        return wish.ask([slot for slot in wish.api.slots if slot in wish.wanted], full=self._pack.flow.explicit_name)

    def _back_to(self, wish: Wish) -> Wish:
        self._at += self._done
        self._wish, self._paused = wish, None
        self._done = self._searching = self._chosen = False
        self._tries = 0
        return wish

    def _take_in(self, reply: Move) -> None:
        """Notes what was done, and whether it is what was wanted."""
        call = reply.call
        if call is None or reply.acts[0][0] is NOTIFY_FAILURE:
            return
        entries, mentioned = self._pack.entries, self._speech.mentioned
        for _, entity in call.arguments:
            mentioned[entries[entity].catalogue] = entity
        if reply.result is not None:
            mentioned[entries[reply.result].catalogue] = reply.result
        self._before, self._called = self._pack.apis[call.api], dict(call.arguments)
        goal = self.goal
        if goal is not None and call.api == goal.api:
            self._done = True
            self.reached[self._at] = self._pack.fulfils(goal, call, reply.result)

    def _finished(self) -> Move | None:
        """What comes when a goal is done, or let go."""
        flow, random = self._pack.flow, self._flow.random
        last = self._at + 1 >= len(self.goals) and self._paused is None
        if not last:
            if random() < flow.thank * _THANKS_BETWEEN:
                return self._thank()
            return self._next_goal()
        if random() < flow.thank:
            return self._thank()
        return self._only(FAREWELL.acts, Control.GOODBYE) if random() < flow.goodbye else None

    def _thank(self) -> Move:
        return self._only(_THANKS, Control.THANK)

    def _only(self, acts: tuple[ActTriple, ...], intent: Control) -> Move:
        return _plain_move(acts, self._wish.api.domain if self._wish is not None else "", intent)

    def _control(self, intent: Control, slots: tuple[SlotValue, ...] = ()) -> Meaning:
        return Meaning(self._wish.api.domain if self._wish is not None else "", intent, slots)

    def _may_interleave(self) -> bool:
        """Can the next goal come first? Only if neither needs what an other goal does."""
        if self._paused is not None or self._searching or self._at + 1 >= len(self.goals):
            return False
        apis, goals = self._pack.apis, self.goals
        here, there = apis[goals[self._at].api], apis[goals[self._at + 1].api]
        return here is not there and not here.needs and not there.needs

    def _interleave(self, wish: Wish) -> Move | None:
        """Puts the goal off: something else comes first."""
        goals, at = self.goals, self._at
        goals[at], goals[at + 1] = goals[at + 1], goals[at]
        self._paused = wish
        return self._open()

    def _wanted(self, wish: Wish) -> Goal:
        return self._pack.goal(wish.api.name, wish.wanted)

    def _rewrite_goal(self, wish: Wish) -> None:
        """After a change of mind: what is wanted now, and so what is wanted of it later (cancel the timer just set)."""
        goal = self.goal
        if goal is None or goal.api != wish.api.name:
            return
        now = self._wanted(wish)
        self.goals[self._at] = now
        instead = {old: new for (_, old), (_, new) in zip(goal.arguments, now.arguments, strict=False) if old != new}
        apis, goals = self._pack.apis, self.goals
        for at in range(self._at + 1, len(goals)):
            if self._provides(wish.api, apis[goals[at].api]):
                arguments = {slot: instead.get(entity, entity) for slot, entity in goals[at].arguments}
                goals[at] = self._pack.goal(goals[at].api, arguments)

    def _provides(self, api: Api, later: Api) -> bool:
        return any(need.given_by(effect) for need in later.needs for effect in api.sets)


def _own(pack: Pack, goal: Goal, habits: Mapping[str, str]) -> Goal:
    """The goal with the customer's own meanings of names."""
    entries = pack.entries
    arguments = dict(goal.arguments)
    meant = {name.lower(): entity for name, entity in habits.items()}
    for slot, entity in goal.arguments:
        own = meant.get(entries[entity].name.lower())
        if own is not None and entries[own].catalogue == entries[entity].catalogue:
            arguments[slot] = own
            arguments.update((name, value) for name, value in pack.implied_by(own) if name in arguments)
    return pack.goal(goal.api, arguments)

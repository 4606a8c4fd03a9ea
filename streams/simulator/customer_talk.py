"""How a customer talks: answers what it is asked, decides upon offers, changes its mind."""

from collections.abc import Callable, Mapping
from typing import Final

from streams.simulator.assistant import ASKED, Control
from streams.simulator.customer_goals import Pursuit
from streams.simulator.customer_wish import ActTriple, Wish
from streams.simulator.goals import Goal
from streams.simulator.meaning import Act, Move, SlotValue
from streams.simulator.pack_api import Api
from streams.simulator.wording import CHANGED
from streams.simulator.wording_acts import (
    AFFIRM,
    AFFIRM_INTENT,
    CONFIRM,
    GOODBYE,
    INFORM,
    INFORM_COUNT,
    NEGATE,
    NEGATE_INTENT,
    NOTIFY_FAILURE,
    NOTIFY_SUCCESS,
    OFFER,
    OFFER_INTENT,
    REQ_MORE,
    REQUEST,
    REQUEST_ALTS,
    SELECT,
    THANK_YOU,
)

_MOST_OFFERS: Final = 3
_MOST_QUESTIONS: Final = 2
_MOST_TRIES: Final = 3
_MOST_CHANGES: Final = 2
_TAKES_ANOTHER: Final = 0.25
_CHOOSES_AND_ASKS: Final = 0.5
_TELLS_MORE: Final = 0.3


_NOT_THAT: Final = ((NEGATE_INTENT, "", ""),)
_CHOICE: Final = ((SELECT, "", ""),)
_ALL_DONE: Final = ((NEGATE, "", ""), (THANK_YOU, "", ""))


class Talk(Pursuit):
    """What a customer does upon each act of the assistant."""

    def _upon_request(self, reply: Move) -> Move | None:
        wish = self._wish
        if wish is None or reply.acts[-1] == (REQUEST, "", ""):
            return self._last or self._open()
        if reply.acts[0][0] is NOTIFY_SUCCESS:
            if self._paused is None:
                return self._only(_NOT_THAT, Control.CANCEL)
            wish = self._back_to(self._paused)
        asked = [slot for act, slot, _ in reply.acts if act is REQUEST and slot in wish.wanted]
        if not asked or not wish.ours(reply.meaning):
            return self._start_over(wish)
        flow, random = self._pack.flow, self._flow.random
        if self._may_interleave() and random() < flow.interleave:
            return self._interleave(wish)
        before: tuple[ActTriple, ...] = ()
        if wish.told and not self._searching and self._changes < _MOST_CHANGES and random() < flow.change_mind:
            changed = wish.change(self._rng, list(wish.told))
            if changed:
                self._changes += 1
                self._rewrite_goal(wish)
                before = ((NEGATE, "", CHANGED),)
                asked = changed + [slot for slot in asked if slot not in changed]
        more = [slot for slot in wish.untold() if slot not in asked]
        asked += [slot for slot in more if slot in wish.api.optional or random() < _TELLS_MORE]
        return wish.inform(asked, before, refer=flow.refer_back, full=flow.explicit_name)

    def _upon_confirm(self, reply: Move) -> Move | None:
        wish = self._wish
        if wish is None:
            return self._open()
        confirmed = {slot for act, slot, _ in reply.acts if act is CONFIRM}
        if not wish.ours(reply.meaning) or not confirmed <= wish.wanted.keys():
            return self._start_over(wish)
        flow, random = self._pack.flow, self._flow.random
        wrong = self._wrongly_confirmed(wish, reply)
        if wrong:
            self._tries += 1
            if self._tries > _MOST_TRIES:
                return self._next_goal()
            return wish.inform(wrong, ((NEGATE, "", ""),), Control.NEGATE, full=flow.explicit_name)
        if self._changes < _MOST_CHANGES and random() < flow.change_mind:
            changed = wish.change(self._rng, list(wish.told))
            if changed:
                self._changes += 1
                self._rewrite_goal(wish)
                return wish.inform(changed, ((NEGATE, "", CHANGED),), Control.NEGATE, full=flow.explicit_name)
        question = self._question(wish.api)
        affirm = (AFFIRM, "", "")
        if question is None:
            return self._only((affirm,), Control.AFFIRM)
        slots = (SlotValue(ASKED, question),)
        return Move((affirm, (REQUEST, question, "")), self._control(Control.AFFIRM, slots))

    def _upon_offer(self, reply: Move) -> Move | None:
        wish = self._wish
        if wish is None or reply.call is None or reply.call.api != wish.api.name:
            return self._upon_success(reply) if reply.call is not None else self._next_goal()
        if wish.api.answers:
            return self._upon_success(reply)
        self._offers += 1
        return self._decide(wish, reply.result)

    def _decide(self, wish: Wish, offered: str | None) -> Move | None:
        """Upon an entity that was offered: asks about it, wants an other one, or takes it."""
        flow, random = self._pack.flow, self._flow.random
        if offered is None:
            return self._next_goal()
        question = self._question(wish.api)
        if question is not None:
            return self._ask(question)
        goal = self.goal
        target = dict(goal.arguments).get(wish.api.result or "") if goal is not None and self._searching else None
        other = random() >= _TAKES_ANOTHER if target not in (None, offered) else random() < flow.alternatives
        if other and target != offered and self._offers < _MOST_OFFERS:
            narrower = [] if target is None else self._constraint(wish, target)
            alternatives = ((REQUEST_ALTS, "", ""),)
            return wish.inform(narrower, alternatives, Control.ALTERNATIVES, full=flow.explicit_name)
        self._chosen = True
        if not self._searching or goal is None:
            self._done = True
            return self._only(_CHOICE, Control.SELECT)
        return self._choose(goal, wish, offered)

    def _choose(self, goal: Goal, search: Wish, offered: str) -> Move:
        """Takes what was found, and mostly says what to do with it."""
        wish = Wish(self._pack, self._speech, self._pack.apis[goal.api], dict(goal.arguments))
        wish.take(search.api.result or "", offered)
        plain = self._only(_CHOICE, Control.SELECT)
        self._wish, self._searching = wish, False
        self._rewrite_goal(wish)
        return plain if self._flow.random() >= _CHOOSES_AND_ASKS else self._ask_for_chosen(wish, _CHOICE)

    def _ask_for_chosen(self, wish: Wish, before: tuple[ActTriple, ...] = ()) -> Move:
        return wish.ask([slot for slot in wish.api.slots if slot in wish.wanted], before, refer=1.0)

    def _constraint(self, wish: Wish, target: str) -> list[str]:
        """A further attribute of what is wanted, to narrow the search."""
        attributes = self._pack.entries[target].attributes
        left = [slot for slot in wish.api.slots if slot not in wish.wanted and slot in attributes]
        if not left or self._flow.random() >= self._pack.flow.new_constraint:
            return []
        slot = left[int(self._flow.random() * len(left))]
        wish.wanted[slot] = attributes[slot]
        return [slot]

    def _upon_success(self, reply: Move) -> Move | None:
        wish = self._wish
        if wish is None:
            return None
        question = self._question(wish.api) if wish.api.acts else None
        if question is not None:
            return self._ask(question)
        flow, random = self._pack.flow, self._flow.random
        if self._done and self._changes < 1 and wish.api.acts and random() < flow.change_mind / 2:
            changed = wish.change(self._rng, list(wish.api.required))
            if changed:
                self._changes = 1
                return self._wants_else(wish, changed)
        return self._finished()

    def _wants_else(self, wish: Wish, changed: list[str]) -> Move:
        """Changes its mind after all was done: a goal more."""
        self._at += 1
        self.goals.insert(self._at, self._wanted(wish))
        self.reached.insert(self._at, False)
        self._done = False
        return wish.inform(changed, ((NEGATE, "", CHANGED),), Control.NEGATE)

    def _upon_inform(self, reply: Move) -> Move | None:
        wish = self._wish
        if wish is not None and wish.api.searches and not self._chosen:
            return self._decide(wish, reply.result)
        return self._upon_success(reply)

    def _upon_more(self, reply: Move) -> Move | None:
        wish = self._wish
        if wish is not None and not self._done and self.goal is not None:
            self._tries += 1
            if self._tries <= _MOST_TRIES:
                if self._chosen:
                    return self._ask_for_chosen(wish)
                return wish.ask([slot for slot in wish.api.slots if slot in wish.wanted])
        if self._at + 1 < len(self.goals) or self._paused is not None:
            return self._next_goal()
        self._at = len(self.goals)
        return self._only(_ALL_DONE, Control.FINISH)

    def _upon_proposal(self, reply: Move) -> Move | None:
        proposed = reply.acts[-1][2]
        wish, goal = self._wish, self.goal
        affirm = ((AFFIRM_INTENT, "", ""),)
        flow = self._pack.flow
        if wish is not None and goal is not None and proposed == goal.api and not self._done:
            carried = wish.api.result or ""
            slots = [slot for slot in wish.untold() if slot != carried]
            wish.told.update({carried: wish.wanted[carried]} if carried in wish.wanted else {})
            return wish.inform(slots, affirm, Control.AFFIRM, full=flow.explicit_name)
        if self._flow.random() < flow.accept_proposal and self._accept(proposed, reply):
            accepted = self._wish
            if accepted is not None:
                return accepted.inform(accepted.untold(), affirm, Control.AFFIRM, full=flow.explicit_name)
        return self._only(_NOT_THAT, Control.NEGATE)

    def _accept(self, proposed: str, reply: Move) -> bool:
        """Takes up a proposal: a goal more, with the entity at hand."""
        pack = self._pack
        api = pack.apis[proposed]
        result = reply.result or self._speech.mentioned.get(pack.slots.get(api.result or "", ""))
        slot = next((one for one in api.slots if result and pack.slots[one] == pack.entries[result].catalogue), None)
        if result is None or slot is None or api.needs:
            return False
        goal = pack.goal_for(proposed, self._rng, {slot: result})
        self._at += 1
        self.goals.insert(self._at, goal)
        self.reached.insert(self._at, False)
        self._wish = Wish(pack, self._speech, api, dict(goal.arguments))
        self._wish.told[slot] = result
        self._done = self._searching = self._chosen = False
        return True

    def _upon_failure(self, reply: Move) -> Move | None:
        wish = self._wish
        self._tries += 1
        if wish is None or self._tries > 1 or self._searching:
            return self._next_goal()
        changed = wish.change(self._rng, list(wish.api.required))
        self._rewrite_goal(wish)
        everything = [slot for slot in wish.api.slots if slot in wish.wanted]
        return wish.ask(everything) if changed else self._next_goal()

    def _upon_farewell(self, reply: Move) -> Move | None:
        return None

    def _start_over(self, wish: Wish) -> Move | None:
        """The assistant is at something else: takes that back and says all of it again."""
        self._tries += 1
        if self._tries > _MOST_TRIES:
            return self._next_goal()
        everything = [slot for slot in wish.api.slots if slot in wish.wanted]
        return wish.ask(everything, ((NEGATE_INTENT, "", ""),), full=self._pack.flow.explicit_name)

    def _ask(self, question: str) -> Move:
        meaning = self._control(Control.ASK, (SlotValue(ASKED, question),))
        return Move(((REQUEST, question, ""),), meaning)

    def _question(self, api: Api) -> str | None:
        """Something that the customer wants to know about a result, now and then."""
        if not api.details or self._questions >= _MOST_QUESTIONS:
            return None
        if self._flow.random() >= self._pack.flow.ask_details:
            return None
        question = api.details[int(self._flow.random() * len(api.details))]
        if self._wish is not None and question in self._wish.told:
            return None
        self._questions += 1
        return question

    def _wrongly_confirmed(self, wish: Wish, reply: Move) -> list[str]:
        """Slots that the assistant has otherwise than they are wanted, or not at all."""
        said = {slot: value for act, slot, value in reply.acts if act is CONFIRM}
        label = self._pack.label
        return [slot for slot in wish.api.slots if slot in wish.wanted and said.get(slot) != label(wish.wanted[slot])]


UPON: Final[Mapping[Act, Callable[[Talk, Move], Move | None]]] = {
    REQUEST: Talk._upon_request,
    CONFIRM: Talk._upon_confirm,
    OFFER: Talk._upon_offer,
    INFORM_COUNT: Talk._upon_offer,
    NOTIFY_SUCCESS: Talk._upon_success,
    NOTIFY_FAILURE: Talk._upon_failure,
    INFORM: Talk._upon_inform,
    REQ_MORE: Talk._upon_more,
    OFFER_INTENT: Talk._upon_proposal,
    GOODBYE: Talk._upon_farewell,
}
"""What a customer does upon the last act of an answer."""

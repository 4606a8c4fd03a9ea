"""The customer of a dialogue: wants something, says it bit by bit, changes its mind, refers back, goes on."""

from typing import Final

from streams.simulator.assistant import Control
from streams.simulator.customer_goals import FAREWELL
from streams.simulator.customer_talk import UPON, Talk
from streams.simulator.customer_wish import Wish
from streams.simulator.meaning import Move
from streams.simulator.wording import Style
from streams.simulator.wording_acts import (
    CONFIRM,
    GOODBYE,
    INFORM,
    INFORM_INTENT,
    NEGATE,
    NOTIFY_FAILURE,
    NOTIFY_SUCCESS,
    REQ_MORE,
    REQUEST,
)

MOST_MOVES: Final = 40
"""A customer ends a dialogue that does not get anywhere."""

_CLOSING: Final = frozenset({Control.SELECT, Control.THANK, Control.FINISH, Control.GOODBYE, Control.CANCEL})
_WRONG: Final = (NEGATE, "", "")


class Customer(Talk):
    """One customer in one dialogue.

    `habits` are its own meanings of ambiguous names, such as {"Wilkerson": "town:wilkerson-california"}: whatever
    goal has an entity of that name gets this one, and the customer says the name only. `own_names`: entity -> the
    customer's name for it. `takes_for_known`: a slot of the first goal that the assistant should know. Without
    `flow_variation` the dialogue for an API always goes the same way; the values and the words vary.
    """

    def next(self, reply: Move | None) -> Move | None:
        """What the customer does upon an answer (None: it begins), as if the answer were fine. None: it is done."""
        self._moves += 1
        if self._moves > MOST_MOVES:
            return None
        if reply is None:
            move = self._open()
        else:
            if reply.call is not None:
                self._take_in(reply)
            move = UPON[reply.acts[-1][0]](self, reply)
        self._last = move
        return move

    def goes_along(self, reply: Move, slot: str, never: str) -> None:
        """Takes what the assistant chose for a slot that was left open, but `never`. Ask before `satisfied_with`."""
        wish, call = self._wish, reply.call
        if wish is None or call is None or call.api != wish.api.name:
            return
        chosen = dict(call.arguments).get(slot)
        if chosen not in (None, never):
            wish.wanted[slot] = chosen
            self._rewrite_goal(wish)

    def satisfied_with(self, reply: Move) -> bool:
        """Is the answer one that the customer could hope for? Ask before `next`."""
        wish, last = self._wish, self._last
        if wish is None or last is None or last.meaning is None:
            return True
        first = reply.acts[0]
        intent = last.meaning.intent
        if first[0] is NOTIFY_FAILURE or first == (REQUEST, "", ""):
            return False
        if reply.call is not None:
            return intent not in _CLOSING and self._done_right(wish, reply)
        act = first[0]
        if act is REQUEST:
            asked = [slot for act, slot, _ in reply.acts if act is REQUEST]
            return wish.ours(reply.meaning) and all(slot in wish.wanted and slot not in wish.told for slot in asked)
        if act is CONFIRM:
            return wish.ours(reply.meaning) and not self._misheard(wish, reply)
        if act is INFORM:
            return intent == Control.ASK
        if act is REQ_MORE:
            return intent in _CLOSING or (intent == Control.NEGATE and not last.meaning.slots)
        if act is GOODBYE:
            return intent in (Control.GOODBYE, Control.FINISH)
        return act is not NOTIFY_SUCCESS or intent == Control.STOP

    def _done_right(self, wish: Wish, reply: Move) -> bool:
        pack, call = self._pack, reply.call
        if call is None or call.api != wish.api.name:
            return False
        if not wish.api.searches and dict(call.arguments) == wish.wanted:
            return reply.result is None or reply.result == wish.wanted.get(wish.api.result or "")
        wanted = self._wanted(wish)
        if not wish.api.searches:
            return pack.fulfils(wanted, call, reply.result)
        return pack.towards(wanted, call) and pack.fulfils(
            pack.goal(call.api, dict(call.arguments)), call, reply.result
        )

    def _misheard(self, wish: Wish, reply: Move) -> bool:
        said = {slot for act, slot, _ in reply.acts if act is CONFIRM}
        return not said <= wish.wanted.keys() or any(slot in said for slot in self._wrongly_confirmed(wish, reply))

    def repair(self, reply: Move, style: Style) -> Move:
        """Says it again after a wrong answer, in the given style: all of it where the assistant is off the track.

        `CORRECTION` says what is right: "no, I said ...".
        """
        self._moves += 1
        wish, last = self._wish, self._last
        if wish is None or last is None or last.meaning is None:
            move = last or self._open() or FAREWELL
        else:
            move = (
                self._corrected(wish, reply)
                if style is Style.CORRECTION
                else self._said_again(wish, last, reply, style)
            )
        self._last = move
        return move

    def _corrected(self, wish: Wish, reply: Move) -> Move:
        got: dict[str, str] = {}
        if reply.call is not None and reply.call.api == wish.api.name:
            got = dict(reply.call.arguments)
            wrong = [slot for slot in wish.api.slots if slot in wish.wanted and got.get(slot) != wish.wanted[slot]]
            if got.keys() <= wish.wanted.keys() and wrong:
                return wish.inform(wrong, (_WRONG,), Control.NEGATE)
        elif reply.acts[0][0] is CONFIRM and wish.ours(reply.meaning):
            wrong = self._wrongly_confirmed(wish, reply)
            if wrong and not self._misheard_more(wish, reply):
                return wish.inform(wrong, (_WRONG,), Control.NEGATE)
        return wish.ask(self._telling(wish), (_WRONG,))

    def _misheard_more(self, wish: Wish, reply: Move) -> bool:
        return any(slot not in wish.wanted for act, slot, _ in reply.acts if act is CONFIRM)

    def _said_again(self, wish: Wish, last: Move, reply: Move, style: Style) -> Move:
        off_track = reply.call is not None or not (reply.meaning is None or wish.ours(reply.meaning))
        full = 1.0 if style is Style.PHONETIC else self._pack.flow.explicit_name
        if off_track or any(act is INFORM_INTENT for act, _, _ in last.acts):
            return wish.ask(self._telling(wish, style), full=full)
        informed = [slot for act, slot, _ in last.acts if act is INFORM]
        if informed and len(informed) == len(last.acts):
            return wish.inform(informed, full=full)
        return last

    def _telling(self, wish: Wish, style: Style = Style.PLAIN) -> list[str]:
        """The slots to tell when all is said again."""
        wanted = [slot for slot in wish.api.slots if slot in wish.wanted]
        if style is Style.EXPAND or not wish.told:
            return wanted
        if style is Style.SIMPLIFY:
            implied = {pair for entity in wish.wanted.values() for pair in self._pack.implied_by(entity)}
            needless = {slot for slot, entity in implied if wish.wanted.get(slot) == entity}
            return [slot for slot in wanted if slot in wish.api.required or slot not in needless]
        return [slot for slot in wanted if slot in wish.told]

    def give_up(self) -> Move | None:
        """Leaves this goal: what the customer says next, or None when nothing is left to want."""
        self._last = self._next_goal()
        return self._last

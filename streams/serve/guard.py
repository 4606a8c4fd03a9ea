"""What serving refuses, whatever was learned: the deny list on what was said and on what it would become."""

from processors.interpretation import StateParts, parts_of
from processors.rewrite_guard import Denied, denied, flips
from schemas.phrase import phrase_of


def may_not_be_rewritten(text: str, state: str, child_profile: bool) -> Denied | None:
    """Why these words stay as they are. `state`: key of what was understood; where it is empty, the words are looked
    at, which refuses more."""
    if child_profile:
        return Denied.CHILD
    return denied(parts_of(state) if state else StateParts(text, "", ()))


def may_not_be_said(text: str, target_text: str, target_state: str) -> Denied | None:
    """Why nobody's words are replaced by these."""
    if flips(text, target_text):
        return Denied.NEGATION
    # Nobody knows what is understood of a request that was put right, so its words are looked at, which refuses more.
    is_phrase = phrase_of(target_state) is not None
    return denied(StateParts(target_text, "", ()) if is_phrase else parts_of(target_state))

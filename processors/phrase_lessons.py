"""What many people's requests teach about a phrase: that it is heard in the place of another.

A state holds a whole request, so what is misheard the same way in a hundred requests is learned a hundred times over,
or never. A phrase pools them. Of requests that were no success the recogniser's other hypotheses, and the words with
which people came back, say how else it may have been meant to be heard; where these differ in a few words, those are a
difference. As for states, a lesson is drawn only where what is known speaks for it: enough weight, enough distinct
people, a source that fails more often than not, a target that surely does better, and hardly a rival. All three
together have to hold more often than not: `at five` is no `at five tomorrow` because a third of the people came back
so.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final, NamedTuple

from processors.interpretation import NORMALISER, StateParts, parts_of
from processors.posterior import success as posterior
from processors.rewrite_choice import Refused, RewriteRules
from processors.rewrite_guard import denied, flips, is_personal
from processors.source_moves import Kept
from processors.state_counts import Edge, StateCounts, counts_of, last_of_each, weighed
from schemas.contract import derived_id
from schemas.phrase import Phrase, loosened, parts_of_request, phrase_key, words_in
from schemas.rewrite import Rewrite, RewriteLayer
from schemas.transition import Outcome

PHRASE_SOLVER: Final = "phrase-lessons/1.0"
PROCESSOR: Final = "phrase-lessons"

DENIED_MOST: Final = 0.1
"""Share of a phrase's uses that may be requests which are never rewritten; these themselves never are."""

LONGEST: Final = 3
"""Words that a difference replaces at most, and puts in their place; two more stand around them."""

MOSTLY: Final = 0.5
"""What works for sure more often than not, or may, is left alone."""

_DIFFERENCES: Final = 2
_AROUND: Final = 2


class Difference(NamedTuple):
    """A phrase as it was heard, and as it may have been meant; both with the same around them."""

    heard: Phrase
    meant: Phrase


class PhraseUses(NamedTuple):
    """What became of the uses of a phrase, and which others stood in its place where it was no success."""

    counts: StateCounts
    not_failed: float
    """weight of what was a success or a question back"""
    people: int
    """to whom it was a success"""
    denied: float
    """share of the uses in requests that are never rewritten"""
    rivals: Mapping[Phrase, Edge]


@lru_cache(maxsize=65_536)
def differences(words: str, other: str) -> tuple[Difference, ...]:
    """Where two wordings of a request differ; none where that is more than a few words, where words are only left out,
    as what was said would be lost, and where one says no and the other does not."""
    if flips(words, other):
        return ()
    one, two = parts_of_request(words), parts_of_request(other)
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    changed = [code[1:] for code in matcher.get_opcodes() if code[0] != "equal"]
    if len(changed) > _DIFFERENCES or any(max(i2 - i1, j2 - j1) > LONGEST for i1, i2, j1, j2 in changed):
        return ()
    found = (Difference(one[i1 - 1 : i2 + 1], (one[i1 - 1], *two[j1:j2], one[i2])) for i1, i2, j1, j2 in changed if i1)
    return tuple(
        Difference(heard, meant)
        for one in found
        if len(one.meant) > _AROUND and words_in(one.heard)
        for heard, meant in zip(loosened(one.heard), loosened(one.meant), strict=False)
    )


def heard_otherwise(move: Kept) -> set[Difference]:
    """How phrases of a request that was no success may have been meant."""
    return {one for words in move.otherwise for one in differences(move.words, words)}


def takes_part(source: str) -> bool:
    """Whether what is said at a state may teach phrases."""
    parts = parts_of(source)
    return denied(parts) is None and not is_personal(parts)


def uses_of(phrase: Phrase, moves: Sequence[Kept], refused: int, now_ms: int) -> PhraseUses:
    """What is known of a phrase from the moves of all requests with it; of each person the last few count. `refused`:
    how many of these moves belong to requests that are never rewritten."""
    kept = last_of_each(moves)
    rivals: dict[Phrase, Edge] = {}
    not_failed = 0.0
    worked: set[str] = set()
    for move, weight in weighed(kept, now_ms):
        if move.outcome in (Outcome.SUCCESS, Outcome.ASKED):
            not_failed += weight
            if move.outcome is Outcome.SUCCESS:
                worked.add(move.user)
        for meant in {one.meant for one in heard_otherwise(move) if one.heard == phrase}:
            edge = rivals.setdefault(meant, Edge())
            edge.weight += weight
            edge.users.add(move.user)
            edge.devices.add(move.device)
    counts = counts_of(phrase_key(phrase), kept, now_ms)
    return PhraseUses(counts, not_failed, len(worked), refused / max(len(moves), 1), rivals)


def lesson(
    phrase: Phrase, uses: PhraseUses, of: Callable[[Phrase], PhraseUses], rules: RewriteRules
) -> Rewrite | Refused:
    """The rewrite of a phrase, or why there is none. `of`: the uses of other phrases."""
    ranked = sorted(uses.rivals.items(), key=lambda one: (-one[1].weight, one[0]))
    if not ranked:
        return Refused.NO_TARGET
    meant, edge = ranked[0]
    if _is_denied(phrase, meant):
        return Refused.DENIED
    if edge.weight < rules.support:
        return Refused.TOO_LITTLE_SUPPORT
    if edge.voices < rules.users:
        return Refused.TOO_FEW_PEOPLE
    target = of(meant)
    if max(uses.denied, target.denied) > DENIED_MOST:
        return Refused.DENIED
    of_source = posterior(uses.counts.success, uses.counts.bad)
    if of_source.high >= MOSTLY:
        return Refused.WORKS_AS_IT_IS
    of_target = posterior(target.not_failed, target.counts.bad)
    if of_target.low <= of_source.high:
        return Refused.NOT_BETTER_FOR_SURE
    if target.people < rules.users:
        return Refused.NO_WORDING
    agreement = posterior(edge.weight, ranked[1][1].weight if len(ranked) > 1 else 0.0).low
    if agreement < rules.agreement:
        return Refused.PEOPLE_DISAGREE
    if (1.0 - of_source.high) * of_target.low * agreement < MOSTLY:
        return Refused.WORKS_AS_IT_IS
    back = target.rivals.get(phrase)
    if back is not None and posterior(edge.weight, back.weight).low <= MOSTLY:
        return Refused.COMES_BACK
    return Rewrite(
        event_id=derived_id(PROCESSOR, RewriteLayer.GLOBAL.value, phrase_key(phrase), phrase_key(meant)),
        occurred_at=_moment(uses.counts.last_ms),
        layer=RewriteLayer.GLOBAL,
        source=phrase_key(phrase),
        source_texts=(words_in(phrase),),
        target=phrase_key(meant),
        target_text=words_in(meant),
        score=of_target.mean,
        leave_alone=of_source.mean,
        agreement=agreement,
        support=edge.weight,
        users=edge.voices,
        source_success=of_source,
        target_success=of_target,
        first_seen=_moment(uses.counts.first_ms),
        last_seen=_moment(uses.counts.last_ms),
        reason=f"a phrase: {words_in(phrase)!r} stood for {words_in(meant)!r} in requests of {edge.voices} people;"
        f" what has it works {of_source.mean:.0%} of the time, what has the other {of_target.mean:.0%}",
        normaliser=NORMALISER,
        solver=PHRASE_SOLVER,
    )


def _is_denied(phrase: Phrase, meant: Phrase) -> bool:
    """Whether the words make a request of what is never rewritten, or hide that it was one."""
    return any(denied(StateParts(words_in(words), "", ())) for words in (phrase[1:-1], meant[1:-1]))


def _moment(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, UTC)

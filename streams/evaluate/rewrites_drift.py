"""People who change what they mean: how soon their own rewrites follow.

Each person says the same words again and again. They are understood in one way; the person means another, and says so
in other words until it is done. Personal rewrites learn from that and are served by the decider that ships. From a
moment on a part of the people mean a third thing by the same words. Recovery: uses until the share of their requests
that go wrong, which a learned rewrite and then its opposite drive, has fallen halfway to what it was before.
"""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from infra.settings import Settings
from models.rewrite.encoder import RequestEncoder
from models.rewrite.index import RewriteIndex
from models.rewrite.ranker import Ranker
from processors.personal_rewrites import PersonalRewrites
from schemas.dialogue import ClosedBy, Dialogue, TurnVerdict, VerdictTier
from schemas.feedback import Facets
from schemas.rewrite_decision import DecisionArm
from schemas.turn import Interpretation, Slot
from streams.evaluate.figures import CONFIDENCE, RESAMPLES, Figure
from streams.evaluate.rewrites_served import Decide, decider_of
from streams.serve.asked import RewriteRequest
from streams.serve.decide import Decider
from streams.serve.table import entry_of

PEOPLE: Final = 300
USES: Final = 60
DRIFTS_AT: Final = 25
DRIFTING: Final = 0.4
HEARD: Final = 0.85
"""Probability that Earshot hears a complaint for what it is."""

_SAID: Final = "weather in wilkerson"
_MEANINGS: Final = ("town:wilkerson-washington", "town:wilkerson-california", "town:wilkerson-ohio")
_WORDS: Final = ("", "weather in wilkerson california", "weather in wilkerson ohio")
_BEGINS: Final = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
_BETWEEN: Final = timedelta(hours=8)
_SEED: Final = 20220711

Wrong = NDArray[np.float64]


class Use(NamedTuple):
    """One use of the words: what was meant, and what was understood, by their places in `_MEANINGS`. `rewrite_id`,
    `said_instead`: of the rewrite, if there was one."""

    person: int
    number: int
    meant: int
    got: int
    rewrite_id: str | None = None
    said_instead: str | None = None


def evaluate_drift(settings: Settings, encoder: RequestEncoder, ranker: Ranker, seed: int) -> dict[str, Figure]:
    """Wrong answers before, right after and long after the change, and the half-life of recovery in uses."""
    wrong = live(decider_of(settings.model_copy(update={"rewrite_holdout": 0.0}), ranker), encoder, seed)
    before, after = wrong[:, DRIFTS_AT - 10 : DRIFTS_AT].mean(1), wrong[:, DRIFTS_AT:]
    tail = (1.0 - CONFIDENCE) / 2
    draws = np.random.default_rng(_SEED).integers(len(wrong), size=(RESAMPLES, len(wrong)))
    lives = [half_life(before[drawn], after[drawn]) for drawn in draws]
    low, high = np.quantile(lives, [tail, 1.0 - tail])
    n = len(wrong)
    return {
        "drift_wrong_at_first": Figure(float(wrong[:, :3].mean()), n=n),
        "drift_wrong_before": Figure(float(before.mean()), n=n),
        "drift_wrong_right_after": Figure(float(after[:, 0].mean()), n=n),
        "drift_wrong_in_the_end": Figure(float(after[:, -10:].mean()), n=n),
        "drift_half_life_uses": Figure(half_life(before, after), float(low), float(high), n),
    }


def half_life(before: Wrong, after: Wrong) -> float:
    """Uses after the change until the share that goes wrong is halfway back from where it jumped to; as many as were
    looked at if it never is."""
    level, course = before.mean(), after.mean(0)
    halfway = level + (course[0] - level) / 2
    back = np.flatnonzero(course <= halfway)
    return float(back[0]) if len(back) and course[0] > level else float(len(course) if course[0] > level else 0)


def live(decide: Decide, encoder: RequestEncoder, seed: int) -> Wrong:
    """(people who change, uses): 1 where they did not get what they meant."""
    index, own = RewriteIndex(encoder), PersonalRewrites()
    decider = decide(index)
    chance = Random(seed)
    changing = round(PEOPLE * DRIFTING)
    wrong = np.zeros((changing, USES))
    for number in range(USES):
        for person in range(PEOPLE):
            changed = person < changing and number >= DRIFTS_AT
            use = _use(decider, person, number, 2 if changed else 1)
            if person < changing:
                wrong[person, number] = use.got != use.meant
            for _, key, rewrite in own.process(_dialogue(use, heard=chance.random() < HEARD)):
                if rewrite is None:
                    index.remove(key)
                else:
                    index.put(entry_of(rewrite))
    return wrong


def _use(decider: Decider, person: int, number: int, meant: int) -> Use:
    usual = Slot(type="town", value="wilkerson", entity=_MEANINGS[0])
    request = RewriteRequest(
        text=_SAID,
        user_id=f"person-{person}",
        turn_id=f"{person}-{number}",
        interpretation=Interpretation(domain="weather", intent="forecast", slots=(usual,)),
        asked_at=_at(number),
    )
    verdict = decider.decide(request)
    if verdict.arm is not DecisionArm.SERVED or verdict.entry is None:
        return Use(person, number, meant, 0)
    entry = verdict.entry
    got = next((at for at, town in enumerate(_MEANINGS) if town in entry.target_state), 0)
    return Use(person, number, meant, got, entry.rewrite_id, entry.said)


def _dialogue(use: Use, *, heard: bool) -> Dialogue:
    """What the person does: goes on, or says it in other words. `heard`: Earshot takes that for what it is."""
    wrong = use.got != use.meant
    began = _at(use.number)
    turns = [_turn(use, "0", _SAID, use.got, began, failed=wrong and heard)]
    if wrong:
        turns.append(_turn(use, "1", _WORDS[use.meant], use.meant, began + timedelta(seconds=9), failed=False))
    return Dialogue(
        event_id=f"dialogue-{use.person}-{use.number}",
        occurred_at=began,
        dialogue_id=f"dialogue-{use.person}-{use.number}",
        user_id=f"person-{use.person}",
        device_id=f"device-{use.person}",
        facets=Facets(domain="weather"),
        started_at=began,
        ended_at=turns[-1].occurred_at,
        closed=True,
        closed_by=ClosedBy.GAP,
        turns=tuple(turns),
        defects=int(wrong and heard),
        revision=3,
    )


def _turn(use: Use, name: str, words: str, understood: int, at: datetime, *, failed: bool) -> TurnVerdict:
    first = name == "0"
    return TurnVerdict(
        turn_id=f"{use.person}-{use.number}-{name}",
        occurred_at=at,
        request=words,
        facets=Facets(domain="weather", intent="forecast"),
        defect=failed,
        score=0.9 if failed else 0.1,
        tier=VerdictTier.IMPLICIT if failed else VerdictTier.NONE,
        evidence=("rephrase",) if failed else (),
        slots=(Slot(type="town", value=words.removeprefix("weather in "), entity=_MEANINGS[understood]),),
        rewrite_id=use.rewrite_id if first else None,
        rewritten_to=use.said_instead if first else None,
    )


def _at(number: int) -> datetime:
    return _BEGINS + number * _BETWEEN

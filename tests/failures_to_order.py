"""Failure attributions and alarms in few words."""

from datetime import UTC, datetime, timedelta

from schemas.alarm import Alarm, AlarmScope
from schemas.failure_point import FailureAttribution, FailurePoint, IsolationPass
from schemas.feedback import Facets

AT = datetime(2026, 1, 5, 14, 0, tzinfo=UTC)


def attribution(
    number: int = 0,
    point: FailurePoint | None = FailurePoint.CORRECT,
    *,
    at: datetime = AT,
    revision: int = 0,
    sure: float = 0.9,
    **facets: object,
) -> FailureAttribution:
    """What is said of turn `t-{number}`, `number` seconds after `at`; `point` None: nothing is named."""
    rest = (1 - sure) / (len(FailurePoint) - 1)
    chosen = {"domain": "music", "intent": "play", "device_type": "speaker", "locale": "en-US"} | facets
    return FailureAttribution(
        event_id=f"fp-{number}",
        occurred_at=at + timedelta(seconds=number),
        turn_id=f"t-{number}",
        dialogue_id=f"d-{number // 5}",
        user_id=f"u-{number % 7}",
        device_id=f"v-{number % 7}",
        facets=Facets.model_validate({"versions": {"asr": "4.1"}} | chosen),
        failure_point=point,
        probabilities={one: sure if one is point else rest for one in FailurePoint} if point else {},
        abstained=None if point else "too little is known of the turn",
        isolation_pass=IsolationPass.RESPONSE if revision == 0 else IsolationPass.DIALOGUE,
        model="failure-point/1",
        revision=revision,
    )


def alarm(number: int = 0, **changes: object) -> Alarm:
    """ASR broke in music on speakers at 14:03."""
    given = {
        "event_id": f"alarm-{number}",
        "occurred_at": AT + timedelta(minutes=3),
        "failure_point": FailurePoint.ASR,
        "scope": AlarmScope(domain="music", device_type="speaker"),
        "raised_at": AT + timedelta(minutes=5),
        "expected": 0.02,
        "observed": 0.25,
        "turns": 84,
        "evidence": 21.5,
        "test": "incident/1",
        "summary": "ASR broke in music on speakers since 14:03 UTC",
    }
    return Alarm.model_validate(given | changes)

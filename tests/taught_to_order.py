"""Rewrites, decisions, trials, preferences and teachable moments in few words."""

from datetime import UTC, datetime, timedelta

from schemas.choices import Choices, ChosenAt
from schemas.forgotten_person import ForgottenPerson
from schemas.preference import Preference
from schemas.preference_outcome import PreferenceOutcome
from schemas.rewrite import Rewrite, RewriteChain, Success
from schemas.rewrite_decision import RewriteDecision
from schemas.rewrite_trial import RewriteTrial
from schemas.teachable_moment import TeachableMoment

AT = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
SOURCE = "music|play_song|song:maj and dragons"
TARGET = "music|play_song|artist:imagine dragons"


def success(good: float = 18.0, bad: float = 2.0) -> Success:
    """A posterior with its mean in the middle of the interval."""
    mean = good / (good + bad)
    return Success(good=good, bad=bad, low=max(0.0, mean - 0.05), high=min(1.0, mean + 0.05))


def rewrite(number: int = 0, **changes: object) -> Rewrite:
    """A rewrite of everybody's that thirty people taught."""
    given = {
        "event_id": f"rewrite-{number}",
        "occurred_at": AT,
        "layer": "global",
        "source": f"{SOURCE} {number}",
        "source_texts": (f"play maj and dragons {number}",),
        "target": TARGET,
        "target_text": "play imagine dragons",
        "score": 0.8,
        "leave_alone": 0.1,
        "agreement": 0.7,
        "support": 40.0 + number,
        "users": 30,
        "source_success": success(2.0, 18.0),
        "target_success": success(),
        "first_seen": AT - timedelta(days=1),
        "last_seen": AT,
        "reason": "30 people went on to what works",
        "chains": (
            RewriteChain(states=(f"{SOURCE} {number}", TARGET), people=30),
            RewriteChain(states=(f"{SOURCE} {number}", "music|play_song|song:magic dragons", TARGET), people=12),
        ),
        "normaliser": "state/1",
        "solver": "markov/1",
    }
    return Rewrite.model_validate(given | changes)


def personal(user: str, number: int = 0, **changes: object) -> Rewrite:
    """A rewrite of one person's."""
    return rewrite(
        number, event_id=f"own-{user}-{number}", layer="personal", user_id=user, users=1, chains=(), **changes
    )


def decision(number: int = 0, **changes: object) -> RewriteDecision:
    """A rewrite was served, `number` seconds after three o'clock."""
    given = {
        "event_id": f"decision-{number}",
        "occurred_at": AT + timedelta(seconds=number),
        "user_id": f"u-{number % 7}",
        "device_id": "v-1",
        "turn_id": f"t-{number}",
        "arm": "served",
        "reason": "rewritten",
        "rewrite_id": "rewrite-0",
        "layer": "global",
        "score": 0.75,
        "propensity": 0.95,
        "domain": "music",
        "index_version": "7",
        "latency_ms": 2.5,
    }
    return RewriteDecision.model_validate(given | changes)


def untouched(number: int = 0, reason: str = "nothing-found", **changes: object) -> RewriteDecision:
    """Nothing was rewritten."""
    nothing = {"arm": "none", "reason": reason, "rewrite_id": None, "layer": None, "score": None, "propensity": 1.0}
    return decision(number, **(nothing | changes))


def trial(number: int = 0, worse: float = 0.01, **changes: object) -> RewriteTrial:
    """How a rewrite does: better than without."""
    given = {
        "event_id": f"trial-{number}",
        "occurred_at": AT + timedelta(minutes=5),
        "rewrite_id": f"rewrite-{number}",
        "layer": "global",
        "source": f"{SOURCE} {number}",
        "target": TARGET,
        "served": success(80.0, 10.0) if worse < 0.5 else success(10.0, 80.0),
        "held_out": success(3.0, 3.0),
        "worse": worse,
        "uses": 88,
    }
    return RewriteTrial.model_validate(given | changes)


def preference(number: int = 0, user: str = "u-1", **changes: object) -> Preference:
    """A taste that a person stated, `number` seconds after three o'clock."""
    given = {
        "event_id": f"taste-{number}",
        "occurred_at": AT + timedelta(seconds=number),
        "user_id": user,
        "attribute": "music-genre",
        "value": f"shoegaze number {number}",
        "valid_from": AT,
        "status": "active",
        "confidence": 0.9,
        "source": "statement",
        "explicitness": "stated",
        "consent_version": "1",
        "detector": "preference/1",
    }
    return Preference.model_validate(given | changes)


def outcome(number: int = 0, user: str = "u-1", **changes: object) -> PreferenceOutcome:
    """An answer did as the preference of this number says, `number` seconds after three o'clock."""
    given = {
        "event_id": f"outcome-{number}",
        "occurred_at": AT + timedelta(seconds=number),
        "preference_id": f"taste-{number}",
        "user_id": user,
        "turn_id": f"t-{number}",
        "attribute": "music-genre",
        "obeyed": True,
        "detector": "obeyed/1",
    }
    return PreferenceOutcome.model_validate(given | changes)


def moment(number: int = 0, **changes: object) -> TeachableMoment:
    """A person could be asked something."""
    given = {
        "event_id": f"moment-{number}",
        "occurred_at": AT + timedelta(seconds=number),
        "user_id": f"u-{number % 7}",
        "dialogue_id": f"d-{number}",
        "turn_id": f"t-{number}",
        "kind": "unknown-concept",
        "question": "What do you mean by shoegaze?",
        "detector": "teachable/1",
    }
    return TeachableMoment.model_validate(given | changes)


def forgotten(user: str = "u-1", **changes: object) -> ForgottenPerson:
    """Somebody asked to be forgotten."""
    given = {"event_id": f"forget-{user}", "occurred_at": AT + timedelta(hours=1), "user_id": user}
    return ForgottenPerson.model_validate(given | changes)


def choices(user: str = "u-1", **changes: object) -> Choices:
    """Somebody chose the same genre twice."""
    chosen = ChosenAt(domain="music", slot="genre", entities=("genre:jazz",) * 2, dialogues=("d1", "d2"))
    given = {"event_id": f"choices-{user}", "occurred_at": AT, "user_id": user, "chosen": (chosen,)}
    return Choices.model_validate(given | changes)

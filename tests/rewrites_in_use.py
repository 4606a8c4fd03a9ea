"""People who were given a rewrite, or from whom it was held back, and what they said to the answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra.kafka.topics import REWRITE_DECISIONS, REWRITE_TRIALS
from infra.settings import Settings
from schemas.dialogue import Dialogue
from schemas.rewrite import Rewrite
from schemas.rewrite_decision import DecisionArm, DecisionLayer, DecisionReason, RewriteDecision
from schemas.rewrite_trial import REWRITE_TRIAL, RewriteTrial
from streams.sending import RecordSender
from streams.topic_reader import TopicReader
from tests.unit.test_transition import dialogue, turn

_BEGAN = datetime.now(UTC) - timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Use:
    """One turn on which a rewrite was decided."""

    rewrite: Rewrite
    number: int
    arm: DecisionArm

    @property
    def user(self) -> str:
        return f"{self.arm.value} {self.number} of {self.rewrite.target_text}"

    @property
    def at(self) -> datetime:
        return _BEGAN + timedelta(seconds=self.number)

    @property
    def decision(self) -> RewriteDecision:
        """What `serve` tells."""
        return RewriteDecision(
            event_id=f"decision {self.user}",
            occurred_at=self.at,
            user_id=self.user,
            turn_id=f"turn of {self.user}",
            arm=self.arm,
            reason=DecisionReason.REWRITTEN if self.arm is DecisionArm.SERVED else DecisionReason.HELD_OUT,
            rewrite_id=self.rewrite.event_id,
            layer=DecisionLayer.PRECOMPUTED,
            index_version="1",
            latency_ms=1.0,
        )

    def dialogue(self, good: bool, closed: bool = False, revision: int = 4) -> Dialogue:
        """What `detect` tells of it."""
        rewritten = self.rewrite.event_id if self.arm is DecisionArm.SERVED else None
        one = turn("x", *(() if good else ("barge-in:stop",)), rewrite_id=rewritten)
        one = one.model_copy(update={"turn_id": f"turn of {self.user}", "occurred_at": self.at})
        made = dialogue(one, closed=closed, revision=revision)
        return made.model_copy(update={"user_id": self.user, "dialogue_id": f"dialogue of {self.user}"})


def uses(rewrite: Rewrite, numbers: range, arm: DecisionArm) -> list[Use]:
    """One of each of these people."""
    return [Use(rewrite, number, arm) for number in numbers]


def send_decisions(settings: Settings, decisions: Iterable[RewriteDecision]) -> None:
    """Put them on their topic, as `serve` does."""
    with RecordSender(settings) as sender:
        topic = REWRITE_DECISIONS.full_name(settings)
        for one in decisions:
            sender.send(topic, one.user_id.encode(), one.to_bytes(), name="a decision")


def trials(settings: Settings) -> dict[str, RewriteTrial]:
    """Those that stand on their topic, by the rewrite's id."""
    found: dict[str, RewriteTrial] = {}
    with TopicReader(settings, [REWRITE_TRIALS.full_name(settings)]) as reader:
        for record in reader.rest():
            if record.value is not None:
                one = REWRITE_TRIAL.validate_json(record.value)
                found[one.rewrite_id] = one
    return found

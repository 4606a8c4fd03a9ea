"""Which component broke first, turn by turn: turn events of one partition in, questions to a judge out.

Each turn is asked about twice: when its answer is there, from itself and what came before it, and when its dialogue
closes, from all of it. A turn that comes late is asked about with those that follow it, and a close that knows more
than the last one asks again about those of its turns that look different now. What is asked never depends on what was
answered, so the judge may take its time: reading on, and reading again after a crash, need no answers.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol

import orjson

from processors.assembly import Arrived, Assembly
from processors.exchange import Exchange
from processors.failure_case import FailureCase, case_of
from processors.result import Emit
from processors.segment import Segment
from processors.signals import signals_of
from processors.trace import Trace
from schemas.contract import SCHEMA_VERSION, derived_id
from schemas.dialogue import ClosedBy
from schemas.failure_point import FailureAttribution, FailurePoint, IsolationPass
from schemas.feedback import FeedbackEvent
from schemas.turn import Turn

PROCESSOR: Final = "failure-point"

SHED: Final = "shed: waited for longer than first answers may"
"""Why no failure point is named of a turn that was not asked about in time."""


class FailureJudgement(Protocol):
    """Where a turn failed: the most probable failure point, or why none is named; probabilities in the order of
    `FailurePoint`, none at all when nobody was asked."""

    @property
    def failure_point(self) -> FailurePoint | None: ...
    @property
    def probabilities(self) -> Sequence[float]: ...
    @property
    def abstained(self) -> str | None: ...


class FailureJudge(Protocol):
    """Judges turns. What it says of one never depends on the others."""

    @property
    def version(self) -> str: ...
    def judge(self, cases: Sequence[FailureCase]) -> Sequence[FailureJudgement]: ...


class Shed(NamedTuple):
    """The judgement on a turn that nobody was asked about."""

    failure_point: None = None
    probabilities: tuple[float, ...] = ()
    abstained: str = SHED


class Question(NamedTuple):
    """A turn that a judge is asked about.

    `appended_ms`: the broker's timestamp of what made it a question, since the epoch. A turn whose dialogue has closed
    has none: that answer is the last one, however late it comes.
    """

    case: FailureCase
    exchange: Exchange
    isolation_pass: IsolationPass
    revision: int
    appended_ms: int | None = None

    def answered(self, judgement: FailureJudgement, version: str) -> Emit:
        """The attribution that follows from what a judge of this version says."""
        return Emit(self.exchange.user_id, FailureAttribution.topic_suffix, attribution_json(self, judgement, version))


def attribution_json(question: Question, judgement: FailureJudgement, version: str) -> bytes:
    """A `schemas.failure_point.FailureAttribution`, as its model prints it and in a fraction of its time."""
    exchange, point, probabilities = question.exchange, judgement.failure_point, judgement.probabilities
    told: dict[str, object] = {
        "schema_version": SCHEMA_VERSION,
        "event_id": derived_id(PROCESSOR, exchange.turn_id),
        "occurred_at": datetime.fromtimestamp(exchange.at, UTC),
        "type": "failure-attribution",
        "turn_id": exchange.turn_id,
        "dialogue_id": exchange.dialogue_id,
        "user_id": exchange.user_id,
        "device_id": exchange.device_id,
        "facets": exchange.dimensions.json,
    }
    if point is not None:
        told["failure_point"] = point
    told["probabilities"] = dict(zip(_POINTS, probabilities, strict=bool(probabilities)))
    if judgement.abstained is not None:
        told["abstained"] = judgement.abstained
    told["isolation_pass"] = question.isolation_pass
    told["model"] = f"{PROCESSOR}/{version}"
    told["revision"] = question.revision
    return orjson.dumps(told, option=orjson.OPT_UTC_Z)


_POINTS: Final = tuple(point.value for point in FailurePoint)


class TracedSegment(Segment):
    """A segment whose turns keep their traces.

    `reported`: the revision under which its end was told last. `settled`: what was asked of its turns by their ids when
    records last showed its end, and `settled_at` the revision then.
    """

    __slots__ = ("reported", "settled", "settled_at")

    reported: int
    settled: dict[str, FailureCase]
    settled_at: int


class FailurePointProcessor(Assembly[TracedSegment, Question]):
    """Assembles the dialogues of one partition and asks where their turns failed. `process` takes turns or exchanges
    with traces."""

    def _begin(self, event: Arrived, offset: int, watermark_before: float) -> TracedSegment:
        segment = TracedSegment(event, offset, watermark_before, self._watermark)
        segment.reported = segment.settled_at = 0
        segment.settled = {}
        return segment

    def _exchange_of(self, turn: Turn) -> Exchange:
        exchange = Exchange.of(turn)
        exchange.trace = Trace.of(turn)
        return exchange

    def _look_at(self, exchange: Exchange) -> None:
        exchange.forget_hints()  # the trace has them
        exchange.forget_words()  # until the dialogue closes

    def _add(self, segment: TracedSegment, event: Arrived, appended_ms: int) -> bool:
        place = segment.place(event)
        if place is None:
            return False
        if isinstance(event, Exchange):
            self._ask_first(segment, place, appended_ms)
        return True

    def _ask_first(self, segment: TracedSegment, place: int, appended_ms: int) -> None:
        """About the turn that came, and about those after it, before which there is one more turn now; unless their
        last answers have been told: the next close corrects them."""
        exchanges, revision = segment.exchanges, 2 * segment.known
        for at in range(place, place + 1 if segment.reported else len(exchanges)):
            case = case_of(exchanges, at, (), closed=False)
            self._out.append(Question(case, exchanges[at], IsolationPass.RESPONSE, revision, appended_ms))

    def _close(self, segment: TracedSegment, closed_by: ClosedBy, *, supposed: bool) -> None:
        revision = 2 * segment.known + 1
        told = revision <= segment.reported
        if told and (supposed or revision == segment.settled_at):
            return
        cases = self._last_cases(segment)
        if not told:
            segment.reported = revision
            for exchange in segment.exchanges:
                case = cases[exchange.turn_id]
                if segment.settled.get(exchange.turn_id) != case:
                    self._out.append(Question(case, exchange, IsolationPass.DIALOGUE, revision))
        if not supposed:
            segment.settled, segment.settled_at = cases, revision

    @staticmethod
    def _last_cases(segment: TracedSegment) -> dict[str, FailureCase]:
        """What is asked of each turn when all of its dialogue is known, by its id."""
        exchanges = segment.exchanges
        about: defaultdict[str, list[FeedbackEvent]] = defaultdict(list)
        for at in range(len(exchanges)):
            for signal in signals_of(exchanges, at, segment.known):
                about[signal.turn_id].append(signal)
        segment.forget_words()
        return {
            exchange.turn_id: case_of(exchanges, at, about[exchange.turn_id], closed=True)
            for at, exchange in enumerate(exchanges)
        }

"""A closed loop that was recorded comes to the same decisions when it is replayed."""

from pathlib import Path

from msgspec.structs import replace

from infra.settings import Settings
from models.rewrite.entry import Success
from models.rewrite.index import RewriteIndex
from models.rewrite.ranker import Ranker
from schemas.rewrite_decision import DecisionArm
from streams.evaluate.rewrites_advice import Advice
from streams.evaluate.rewrites_fleet import Stretch, live, periods
from streams.evaluate.rewrites_safety import Planted
from streams.evaluate.rewrites_served import Learner, Past, decider_of
from streams.recording import Record
from streams.recording_reader import RecordingReader
from streams.serve.asked import RewriteRequest
from streams.serve.decide import Decider, Verdict
from streams.simulator.simulate import Sent
from streams.simulator.simulate_sinks import into_recording
from streams.simulator.simulation import Simulation
from tests.unit.rewrites_to_order import LettersEncoder

SIMULATION = Simulation(dialogues=120, users=160, rate=0.1, seed=9)
EAGER = Settings(hearing="rules", teaching="off", rewrite_users=2, rewrite_holdout=0.2)
PLANTED = {
    "music|ask|asked:album": "music|ask|asked:artist",
    "video|ask|asked:director": "video|ask|asked:running time",
    "audiobooks|ask|asked:narrator": "audiobooks|ask|asked:author",
    "navigation|ask|asked:drive time": "navigation|ask|asked:street address",
}
NEVER_WORKS, WORKS = Success(1.0, 99.0, 0.0, 0.04), Success(99.0, 1.0, 0.96, 1.0)
SERVES_FROM = 0.01
"""A score so low that much is served after little: this is about decisions, not about good ones."""


class Noted:
    """A decider whose requests and verdicts are noted, with how many events had been heard by then."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self.heard = 0
        self.notes: list[tuple[int, RewriteRequest, Verdict]] = []

    def decide(self, request: RewriteRequest) -> Verdict:
        verdict = self._decider.decide(request)
        self.notes.append((self.heard, request, verdict))
        return verdict


def learning() -> tuple[Learner, Decider]:
    ranker = Ranker.load()
    ranker.threshold = SERVES_FROM
    index = RewriteIndex(LettersEncoder())
    for entry in Planted(PLANTED).entries.values():
        index.put(replace(entry, source_success=NEVER_WORKS, target_success=WORKS, agreement=0.9))
    return Learner(EAGER, Past({}, {}), index, personal=True), decider_of(EAGER, ranker)(index)


def test_a_recorded_loop_replays_to_the_same_decisions(tmp_path: Path) -> None:
    learner, decider = learning()
    noted = Noted(decider)
    advice = Advice(noted, learner.decided)
    sent: list[Sent] = []
    ends: list[tuple[int, int]] = []
    first, second = periods(SIMULATION, 0.5)
    for stretch in live(first._replace(end=second.end), advice):
        learner.learn(stretch)
        sent += stretch.events
        noted.heard = len(sent)
        ends.append((len(sent), stretch.until_ms))
    assert sum(verdict.arm is DecisionArm.SERVED for _, _, verdict in noted.notes) > 5

    path = tmp_path / "loop.jsonl.zst"
    into_recording(SIMULATION, sent, path, "test")
    with RecordingReader(path) as recording:
        read = [
            Sent(one.timestamp_ms, one.key or b"", one.value or b"") for one in recording if isinstance(one, Record)
        ]
    assert decisions_of(read, ends, noted) == [verdict for _, _, verdict in noted.notes]


def decisions_of(read: list[Sent], ends: list[tuple[int, int]], noted: Noted) -> list[Verdict]:
    """What an Earshot that begins anew decides, asked again after as many events."""
    learner, decider = learning()
    waiting = list(noted.notes)
    found: list[Verdict] = []
    begin = 0
    for end, until_ms in ends:
        while waiting and waiting[0][0] <= begin:
            _, request, _ = waiting.pop(0)
            verdict = decider.decide(request)
            learner.decided(request, verdict)
            found.append(verdict)
        learner.learn(Stretch(0, until_ms, read[begin:end], []))
        begin = end
    return found

"""What the judge of failure points does a second, beside a plain transformers loop, and how soon `classify` tells.

In process, on one thread: simulated turns, whose words follow Zipf's law as those of people do, are put to the judge as
`classify` puts them, twice each, in the order of the stream and so many at once; `judged_per_s` counts answers and
`turns_per_s` turns a second of processor time. The peer embeds the texts of the same cases by transformers as its
documentation shows (see `plain_transformers.py`) and runs the same head on them; as it is slow it gets a run of cases
from the middle of the stream, and it remembers nothing. `over_transformers_cached` is the judge on the whole stream to
the peer; `over_transformers` is the judge on the peer's cases with its memory of texts emptied before each batch, so
that a text is shared within a batch at most. `judge_p50_ms` and `judge_p99_ms` are from a turn's arrival to its answer
through the batcher, at half of what the judge did by the wall clock, arrivals as of a Poisson process.

Then the role as a process on a real broker: from producing a turn to reading its first attribution at `live_per_s`
records a second of the natural stream, and its peak memory. Figures of a GPU are null where there is none.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from attribution_latency import measure_attributions
from latency import SETTLING_S, quantile
from natural_stream import NaturalStream
from plain_transformers import PlainTransformers
from spine import Figures, say, servers
from subjects import running
from threadpoolctl import threadpool_limits

from infra.kafka.topics import create_topics
from infra.settings import Settings
from models.batching import Batcher
from models.encoder import REMEMBERED, SentenceEncoder
from models.failure_point.model import FailurePointModel
from models.failure_point.texts import texts_of
from models.minilm import MOST_TOKENS, cache_folder, engine_for, has_cuda, minilm_tokenizer
from processors.failure_case import FailureCase
from processors.failure_point import FailurePointProcessor, Question
from schemas.failure_point import IsolationPass
from schemas.turn import TURN_EVENT
from streams.simulator.simulate import simulate
from streams.simulator.simulation import Simulation

NAME = "classify"
SEED = 11
USERS = 4_000
AHEAD_S = 4.0
RENDERED_S = 200e-6
FLOP_A_TOKEN = 2 * 10.6e6
"""Twice the weights of MiniLM-L6's layers; attention over so few tokens adds little."""
H200_FLOP_PER_S = 989e12
"""Dense bf16, by the data sheet."""
GPU_FIGURES = ("gpu_turns_per_s", "gpu_share_of_roofline")
NO_GPU = "no GPU on this machine"


def cases_of_the_stream(dialogues: int) -> tuple[list[FailureCase], int]:
    """What `classify` asks of a simulated fleet, in the order in which it asks, and of how many turns."""
    simulation = Simulation(pack="home_a", users=USERS, dialogues=dialogues, seed=SEED)
    events = [TURN_EVENT.validate_json(sent.value) for sent in simulate(simulation)]
    events.sort(key=lambda event: event.occurred_at)
    processor = FailurePointProcessor()
    results = processor.process(
        [(at, round(event.occurred_at.timestamp() * 1000), event) for at, event in enumerate(events)]
    )
    questions = [one for one in [*results, *processor.advance_idle(timedelta(hours=1))] if isinstance(one, Question)]
    first = sum(one.isolation_pass is IsolationPass.RESPONSE for one in questions)
    return [one.case for one in questions], first


class InProcess:
    """The judge and its peer on the same cases."""

    def __init__(self, figures: Figures, cases: Sequence[FailureCase], turns: int, settings: Settings) -> None:
        self._figures = figures
        self._cases = cases
        self._turns = turns
        self._at_once = settings.classify_batch
        self._wait_s = settings.classify_wait_ms / 1000
        self._tokenizer = minilm_tokenizer()
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._engine = engine_for("cpu", 1, cache_folder())

    def run(self, to_peer: int, live_s: float) -> None:
        """Measure all of it."""
        encoder = self._encoder()
        began = time.perf_counter()
        cached_s = self._seconds(FailurePointModel.load(encoder=encoder), self._cases)
        wall_per_s = len(self._cases) / (time.perf_counter() - began)
        judged_per_s = len(self._cases) / cached_s
        self._figures.add("judged_per_s", judged_per_s, len(self._cases))
        self._figures.add("judged_per_s_by_wall", wall_per_s, len(self._cases))
        self._figures.add("turns_per_s", self._turns / cached_s, self._turns)
        self._figures.add("texts_remembered_share", 1 - encoder.encoded / encoder.asked, encoder.asked)
        middle = self._cases[len(self._cases) // 2 :][:to_peer]
        say("the peer")
        peer_per_s = len(middle) / self._seconds(FailurePointModel.load(encoder=PlainTransformers(1)), middle)
        self._figures.add("transformers_judged_per_s", peer_per_s, len(middle))
        forgetful = FailurePointModel.load(encoder=self._encoder(remembered=0))
        forgetful_per_s = len(middle) / self._seconds(forgetful, middle)
        self._figures.add("judged_per_s_uncached", forgetful_per_s, len(middle))
        self._figures.add("over_transformers_cached", judged_per_s / peer_per_s, len(middle))
        self._figures.add("over_transformers", forgetful_per_s / peer_per_s, len(middle))
        self._latency(FailurePointModel.load(encoder=encoder), wall_per_s / 2, live_s)

    def _encoder(self, remembered: int = REMEMBERED) -> SentenceEncoder:
        return SentenceEncoder(self._engine, self._tokenizer, remembered)

    def _seconds(self, judge: FailurePointModel, cases: Sequence[FailureCase]) -> float:
        """Seconds of processor time: other work on the machine is not the judge's."""
        judge.judge(cases[:1])  # what is made at the first use is not counted
        started = time.process_time()
        for start in range(0, len(cases), self._at_once):
            judge.judge(cases[start : start + self._at_once])
        return time.process_time() - started

    def _latency(self, judge: FailurePointModel, per_s: float, live_s: float) -> None:
        say(f"{per_s:,.0f} answers a second for {live_s:.0f} s")
        batcher = Batcher(judge.judge, most=self._at_once, wait_s=self._wait_s)
        chance = random.Random(SEED)
        waited: list[float] = []
        due = time.perf_counter()
        ends = due + live_s
        at = len(self._cases) // 2
        while due < ends:
            due += chance.expovariate(per_s)
            time.sleep(max(0.0, due - time.perf_counter()))
            answer = batcher.submit([self._cases[at % len(self._cases)]])
            answer.add_done_callback(_noting(waited, due))
            at += 1
        answer.result()
        batcher.close()
        waited.sort()
        self._figures.add("judge_per_s", per_s, len(waited))
        self._figures.add("judge_p50_ms", 1000 * quantile(waited, 0.5), len(waited))
        self._figures.add("judge_p99_ms", 1000 * quantile(waited, 0.99), len(waited))


def _noting(waited: list[float], due: float) -> Callable[[Future[Any]], None]:
    return lambda _: waited.append(time.perf_counter() - due)


def on_gpu(figures: Figures, cases: Sequence[FailureCase], turns: int, at_once: int) -> None:
    """The same stream with the encoder on a GPU, by the wall clock, and its share of what the GPU could do."""
    encoder = SentenceEncoder.load("cuda")
    judge = FailurePointModel.load(encoder=encoder)
    judge.judge(cases[:1])
    started = time.perf_counter()
    for start in range(0, len(cases), at_once):
        judge.judge(cases[start : start + at_once])
    took = time.perf_counter() - started
    figures.add("gpu_turns_per_s", turns / took, turns)
    texts = {text for case in cases for text in texts_of(case) if text is not None}
    tokens = sum(len(one.ids) for one in minilm_tokenizer().encode_batch(list(texts)))  # each is encoded once
    figures.add("gpu_share_of_roofline", tokens * FLOP_A_TOKEN / took / H200_FLOP_PER_S, encoder.encoded)


def on_kafka(figures: Figures, per_s: float, live_s: float, partitions: int) -> None:
    """The role on a broker."""
    with servers(partitions) as settings:
        settings.home.mkdir(parents=True, exist_ok=True)
        create_topics(settings)
        with running(NAME, settings, None, "-live") as worker:
            worker.latest()
            stream = NaturalStream(per_s)
            length_s = live_s + SETTLING_S
            planned = datetime.now(UTC) + timedelta(seconds=per_s * length_s * RENDERED_S + AHEAD_S)
            records = list(takewhile(lambda sent: sent.at_ms <= length_s * 1000, stream.records(planned)))
            say(f"{per_s:,.0f} records a second for {length_s:.0f} s")
            found = measure_attributions(settings, records, max(planned.timestamp(), time.time() + 1.0))
            figures.add("live_per_s", found.produced, len(records))
            figures.add("attribution_p50_ms", quantile(found.waited, 0.5), len(found.waited))
            figures.add("attribution_p99_ms", quantile(found.waited, 0.99), len(found.waited))
            figures.add("attributions_missing", found.missing, len(found.waited) + found.missing)
            figures.add("peak_rss_mb", worker.latest().peak_rss_mb, 1)


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dialogues", type=int, default=3000, help="dialogues in process (default 3000)")
    parser.add_argument("--to-peer", type=int, default=1500, help="cases that the peer judges (default 1500)")
    parser.add_argument("--live", type=float, default=15.0, metavar="S", help="seconds of each latency (default 15)")
    parser.add_argument("--live-rate", type=float, default=100.0, help="records a second on Kafka, 0 for none")
    parser.add_argument("--partitions", type=int, default=4, help="partitions of every topic (default 4)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    chosen = parser.parse_args()
    threadpool_limits(1, "blas")  # as in the role
    figures = Figures(NAME)
    settings = Settings()
    cases, turns = cases_of_the_stream(chosen.dialogues)
    say(f"{len(cases):,} cases of {turns:,} simulated turns")
    InProcess(figures, cases, turns, settings).run(chosen.to_peer, chosen.live)
    if chosen.live_rate:
        on_kafka(figures, chosen.live_rate, chosen.live, chosen.partitions)
    if has_cuda():
        on_gpu(figures, cases, turns, settings.classify_batch)
    else:
        say(f"  {', '.join(GPU_FIGURES)}: none, {NO_GPU}")
    if chosen.json:
        print(json.dumps(with_gpu_figures(json.loads(figures.json()))))


def with_gpu_figures(told: dict[str, Any]) -> dict[str, Any]:
    """With nulls for the figures of a GPU where there is none, and a note that says so."""
    missing = [name for name in GPU_FIGURES if name not in told["figures"]]
    for name in missing:
        told["figures"][name] = {"value": None, "n": 0}
    return told | ({"note": NO_GPU} if missing else {})


if __name__ == "__main__":
    main()

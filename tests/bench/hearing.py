"""What hearing costs: the gate on every turn, the models on what passes it, and the role `detect` with both.

In process, over the natural stream of `spine.py`: the gate's CPU microseconds a turn; `judged_share` of turns about
which any model is asked, `model_share` of records that reach the network with the encoder under it (the rest is judged
by logistic regressions without one); how many answers were remembered; and by how much models delay a batch. Then
`detect` with rules alone and with models, each as a process on one core, beside a bare aiokafka loop on the same topic.
"""

import argparse
import gc
import statistics
import time
from collections import defaultdict
from collections.abc import Sequence

from spine import Bench, Figures, say, servers
from stored_stream import Stored, stored

from infra.settings import Settings
from processors.exchange import Exchange
from processors.signals import WINDOW_TURNS, questions_of
from schemas.turn import Turn
from streams.decoding import Limits, decode
from streams.delivery import Committed
from streams.detect_partition import DetectPartition
from streams.hearing import hearing_of

NAME = "hearing"
RATE = 500.0
BATCH = 50
"""Records in a batch: what a fleet of 500 turns a second sends in a tenth of a second."""


def dialogues_of(records: Sequence[Stored]) -> list[list[Exchange]]:
    """Turns by dialogue, in the order in which they were sent."""
    found: dict[str, list[Exchange]] = defaultdict(list)
    for record in records:
        event = decode(record.key, record.value, record.timestamp, Limits())
        if isinstance(event, Turn):
            found[event.dialogue_id].append(Exchange.of(event))
    return list(found.values())


def gate(figures: Figures, dialogues: list[list[Exchange]], rounds: int) -> None:
    """What the gate takes a turn, and how many turns it lets through."""
    turns = sum(map(len, dialogues))
    costs: list[float] = []
    for _ in range(rounds):
        passed = 0
        started = time.process_time()
        for exchanges in dialogues:
            for i in range(len(exchanges)):
                pairs, correction = questions_of(exchanges[max(0, i - WINDOW_TURNS) : i + 1], min(i, WINDOW_TURNS))
                passed += bool(pairs) or correction is not None
        costs.append((time.process_time() - started) / turns * 1e6)
    figures.add("gate_us_per_turn", min(costs), turns)
    figures.add("judged_share", passed / turns, turns)


def batches(records: Sequence[Stored], hearing: str) -> list[float]:
    """Milliseconds that each batch took."""
    partition = DetectPartition(Settings(hearing=hearing), 0, Committed(-1))  # type: ignore[arg-type]
    took: list[float] = []
    for first in range(0, len(records), BATCH):
        started = time.perf_counter()
        partition.process(records[first : first + BATCH])
        took.append((time.perf_counter() - started) * 1000)
    return took


def delay(figures: Figures, records: Sequence[Stored]) -> None:
    """How much later a batch's results are for what models do."""
    alone = batches(records, "rules")
    hearing = hearing_of(Settings(hearing="models"))
    asked, wanted = hearing.asked, hearing.wanted
    heard = batches(records, "models")
    added = [max(0.0, after - rules) for after, rules in zip(heard, alone, strict=True)]
    at = statistics.quantiles(added, n=100)
    figures.add("added_latency_p50_ms", at[49], len(added))
    figures.add("added_latency_p99_ms", at[98], len(added))
    wanted, asked = hearing.wanted - wanted, hearing.asked - asked
    figures.add("model_share", hearing.read / len(records), len(records))
    figures.add("answers_per_record", wanted / len(records), len(records))
    figures.add("cache_hit_rate", 1 - asked / max(wanted, 1), wanted)


def roles(figures: Figures, turns: int, partitions: int) -> None:
    """`detect` with rules and with models, beside a bare loop."""
    with servers(partitions) as settings:
        settings.home.mkdir(parents=True, exist_ok=True)
        for hearing, name in (("rules", "gate"), ("models", "models")):
            bench = Bench(settings.model_copy(update={"hearing": hearing}), turns, 0.0, 1)
            ratio, rss_mb = bench.detect_beside_bare(f"{NAME}-{name}")
            figures.add(f"detect_ratio_{name}", ratio, turns)
            figures.add(f"rss_{name}_mb", rss_mb, 1)


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=40_000, help="turns in process (default 40000)")
    parser.add_argument("--on-kafka", type=int, default=100_000, help="turns on the topic, 0 for none (default 100000)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the gate, of which the fastest counts")
    parser.add_argument("--partitions", type=int, default=4, help="partitions of every topic (default 4)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    chosen = parser.parse_args()
    figures = Figures(NAME)
    records = stored(chosen.turns, RATE)
    gc.collect()
    gc.freeze()
    say(f"the gate on {chosen.turns:,} turns")
    gate(figures, dialogues_of(records), chosen.rounds)
    say("models in process")
    delay(figures, records)
    if chosen.on_kafka:
        roles(figures, chosen.on_kafka, chosen.partitions)
    if chosen.json:
        print(figures.json())


if __name__ == "__main__":
    main()

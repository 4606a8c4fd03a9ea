"""Where `detect` spends its time: CPU microseconds a record, in process, without Kafka, beside `json.loads`.

The stream is that of `spine.py`. Each figure is the least of the rounds. `decode_and_exchange_us` is the way by the
contract's models; `proven_exchange_us` is the way that `detect` takes: off the wire at once, and by the models where
that is not enough.
"""

import argparse
import gc
import json
import time
from collections.abc import Callable

from stored_stream import stored

from infra.settings import Settings
from processors.exchange import Exchange
from schemas.turn import Turn
from streams.decoding import Limits, decode
from streams.delivery import Committed
from streams.detect_partition import DetectPartition
from streams.proof import proven

BATCH = 1000


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=60_000, help="turns in the stream (default 60000)")
    parser.add_argument("--rate", type=float, default=700.0, help="turns a second of event time (default 700)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the fastest counts (default 3)")
    parser.add_argument("--json", action="store_true", help="print one JSON object on standard output")
    chosen = parser.parse_args()
    records = stored(chosen.turns, chosen.rate)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    limits = Limits()

    def loads() -> None:
        for record in records:
            json.loads(record.value)

    def decoding() -> None:
        for record in records:
            decode(record.key, record.value, record.timestamp, limits)

    def exchanges() -> None:
        for record in records:
            event = decode(record.key, record.value, record.timestamp, limits)
            if isinstance(event, Turn):
                Exchange.of(event)

    def proving() -> None:
        for record in records:
            if proven(record.key, record.value, record.timestamp, limits) is None:
                decode(record.key, record.value, record.timestamp, limits)

    def detecting() -> None:
        partition = DetectPartition(Settings(), 0, Committed(-1))
        for first in range(0, len(records), BATCH):
            partition.process(records[first : first + BATCH])

    parts: dict[str, Callable[[], None]] = {
        "json_loads_us": loads,
        "decode_us": decoding,
        "decode_and_exchange_us": exchanges,
        "proven_exchange_us": proving,
        "detect_us": detecting,
    }
    figures = {
        name: {
            "value": round(min(_cpu_s(part) for _ in range(chosen.rounds)) / len(records) * 1e6, 2),
            "n": len(records),
        }
        for name, part in parts.items()
    }
    if chosen.json:
        print(json.dumps({"name": "detect_parts", "figures": figures}))
    else:
        for name, figure in figures.items():
            print(f"{name:28}{figure['value']:8.2f}")


def _cpu_s(part: Callable[[], None]) -> float:
    started = time.process_time()
    part()
    return time.process_time() - started


if __name__ == "__main__":
    main()

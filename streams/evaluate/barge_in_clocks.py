"""Does learning the clocks of devices pay? Barge-ins with and without the correction, in fleets with wrong clocks.

Two fleets, whose devices are heard again and again: one whose players' clocks differ from the microphones' as the wire
`skewed` has it, and one whose answers are stamped by the cloud while the devices' own clocks are hundreds of ms off.
The correction of a turn is what was known when it arrived.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from statistics import NormalDist
from typing import Final

import numpy as np

from infra.settings import Settings
from processors.barge_in import find_barge_in
from processors.clock_skew import ClockSkews
from processors.exchange import Exchange
from schemas.turn import Turn
from streams.decoding import Limits, decode
from streams.evaluate.figures import Figure, floats
from streams.simulator.simulate import simulate
from streams.simulator.simulation import Simulation
from streams.simulator.truth import TurnTruth, parse_truth

REGULARS: Final = 130
"""People, few enough to be heard often."""

_RATE: Final = 0.1
_CLOUD_SKEW_S: Final = 0.4
_RESAMPLES: Final = 500
_SEED: Final = 20220711

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Heard:
    """A turn with its true interruption of the answer before it (ms into it), None where it was none."""

    exchange: Exchange
    offset_ms: int | None


@dataclass(frozen=True, slots=True)
class _Judged:
    """Of one device: barge-ins found and true, found, true; and errors of the offsets of those found and true."""

    hits: int
    found: int
    true: int
    errors_ms: tuple[float, ...]


def evaluate_clocks(pack: str, dialogues: int, seed: int, progress: Progress) -> dict[str, Figure]:
    """Precision, recall and median error of the offset for both fleets, without (`..._uncorrected`) and with the
    correction, and what it gains in F1 with an interval by device."""
    figures: dict[str, Figure] = {}
    for name, wire, skew_s in (("regulars", "skewed", 0.0), ("cloud_clock", "clean", _CLOUD_SKEW_S)):
        progress(f"{pack}, {name}: learning the clocks of {REGULARS} people's devices")
        simulation = Simulation(pack=pack, users=REGULARS, dialogues=dialogues, seed=seed, rate=_RATE, wire=wire)
        heard = _listen(simulation, skew_s)
        plain, corrected = _judge(heard), _judge(_corrected(heard))
        devices = sorted(plain)
        for suffix, judged in (("_uncorrected", plain), ("", corrected)):
            figures |= _figures(f"{name}{suffix}", [judged[device] for device in devices])
        figures[f"{name}_gain_f1"] = _gain([plain[one] for one in devices], [corrected[one] for one in devices])
    return figures


def _listen(simulation: Simulation, skew_s: float) -> list[_Heard]:
    """All turns in the order of their arrival; each device's answers are moved by an offset of its own."""
    limits = Limits.of(Settings())
    lines: list[bytes] = []
    exchanges: list[Exchange] = []
    for sent in simulate(simulation, on_truth=lines.append):
        event = decode(sent.key, sent.value, sent.sent_ms, limits)
        if isinstance(event, Turn):
            exchanges.append(Exchange.of(event))
    truths = {truth.turn_id: truth for line in lines if isinstance(truth := parse_truth(line), TurnTruth)}
    heard = []
    for exchange in exchanges:
        _move_answer(exchange, -skew_s * _normal(exchange.device_id) if skew_s else 0.0)
        meant = truths[exchange.turn_id].barge_in
        heard.append(_Heard(exchange, None if meant is None else meant.offset_ms))
    return heard


def _normal(device_id: str) -> float:
    """A draw from the standard normal distribution that belongs to the device."""
    digest = blake2b(device_id.encode(), digest_size=8).digest()
    return NormalDist().inv_cdf((int.from_bytes(digest, "big") + 0.5) / 2.0**64)


def _move_answer(exchange: Exchange, by_s: float) -> None:
    if exchange.response is not None:
        start, end = exchange.response
        exchange.response = (start + by_s, end + by_s)


def _corrected(heard: Sequence[_Heard]) -> Sequence[_Heard]:
    """The same turns with their answers moved by what was learned until then."""
    skews = ClockSkews()
    for one in heard:
        skews.correct(one.exchange)
    return heard


def _judge(heard: Sequence[_Heard]) -> dict[str, _Judged]:
    """By device."""
    dialogues: dict[str, list[_Heard]] = defaultdict(list)
    for one in heard:
        dialogues[one.exchange.dialogue_id].append(one)
    judged: dict[str, _Judged] = defaultdict(lambda: _Judged(0, 0, 0, ()))
    for turns in dialogues.values():
        turns.sort(key=lambda one: (one.exchange.at, one.exchange.event_id))
        for before, after in pairwise(turns):
            overlap = find_barge_in(before.exchange, after.exchange, None)
            true = after.offset_ms
            hit = overlap is not None and true is not None
            error = (abs(overlap.offset_ms - true),) if overlap is not None and true is not None else ()
            known = judged[after.exchange.device_id]
            judged[after.exchange.device_id] = _Judged(
                known.hits + hit,
                known.found + (overlap is not None),
                known.true + (true is not None),
                known.errors_ms + error,
            )
    return judged


def _figures(name: str, judged: Sequence[_Judged]) -> dict[str, Figure]:
    hits, found, true = (sum(getattr(one, part) for one in judged) for part in ("hits", "found", "true"))
    errors = floats([error for one in judged for error in one.errors_ms])
    return {
        f"{name}_any_precision": Figure(hits / max(found, 1), n=found),
        f"{name}_any_recall": Figure(hits / max(true, 1), n=true),
        f"{name}_offset_error_ms_p50": Figure(float(np.median(errors)) if len(errors) else 0.0, n=len(errors)),
    }


def _gain(plain: Sequence[_Judged], corrected: Sequence[_Judged]) -> Figure:
    """F1 with the correction less F1 without; the interval draws devices."""
    tables = [
        np.array([(one.hits, one.found + one.true) for one in side], dtype=np.float64) for side in (plain, corrected)
    ]
    devices = len(plain)
    drawn = np.random.default_rng(_SEED).multinomial(devices, np.full(devices, 1 / devices), size=_RESAMPLES)
    before, after = (drawn @ table for table in tables)
    gains = 2 * after[:, 0] / np.maximum(after[:, 1], 1) - 2 * before[:, 0] / np.maximum(before[:, 1], 1)
    low, high = np.quantile(gains, [0.025, 0.975])
    sums = [table.sum(axis=0) for table in tables]
    gain = 2 * sums[1][0] / max(sums[1][1], 1) - 2 * sums[0][0] / max(sums[0][1], 1)
    return Figure(float(gain), float(low), float(high), devices)

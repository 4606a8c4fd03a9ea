"""Noise profiles drawn around profile A: other recognisers, other ways to say how sure one is, other people.

How sure a component says it is means something else in every assistant. A model that has seen one assistant takes that
one's numbers for granted; one that has seen many learns to read a confidence beside the others of its dialogue.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import exp, log
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from streams.simulator.phonemes import PHONEMES
from streams.simulator.profile import load_profile

_STAGES: Final = ("asr", "nlu", "entity", "wake")
_CONFUSIONS: Final = 12
_MOST: Final = 0.95
_PEOPLE: Final = (
    "early_answer",
    "backchannel",
    "other_directed",
    "needless_stop",
    "unnoticed",
    "grumbling",
    "verbatim",
    "lexical",
    "phonetic",
    "simplify",
    "expand",
    "correction",
    "protesting",
    "slip",
    "button",
)
_ASR: Final = (
    "substitution",
    "deletion",
    "split",
    "merge",
    "insertion",
    "word_error",
    "function_word_weight",
    "more_errors",
)
_NLU: Final = (
    "error",
    "damaged",
    "scratched",
    "intent",
    "slot_type",
    "boundary",
    "dropped_slot",
    "nothing",
    "guesses",
    "misled",
)


@contextmanager
def varied_profiles(number: int, seed: int) -> Iterator[list[str]]:
    """Files of so many profiles, which are gone afterwards; the same for the same seed."""
    with TemporaryDirectory(prefix="earshot-profiles-") as folder:
        paths = [Path(folder) / f"a-{at}.toml" for at in range(number)]
        for at, path in enumerate(paths):
            path.write_text(_toml(varied(Random(f"{seed}/{at}"))), "utf-8")
        yield [str(path) for path in paths]


def varied(rng: Random) -> dict[str, Any]:
    """Profile A with everything that a component or a person may have otherwise drawn anew."""
    profile = load_profile("A").model_dump(mode="json")
    asr, nlu, entity = profile["asr"], profile["nlu"], profile["entity"]
    for stage in _STAGES:
        profile[stage]["confidence"] = _confidence(rng)
    profile["wake"]["aside"] = {"a": rng.uniform(1.2, 2.2), "b": rng.uniform(3.0, 6.0)}
    profile["wake"]["false_wakes"] *= _factor(rng, 2.0)
    for table, names in ((asr, _ASR), (nlu, _NLU), (profile["people"], _PEOPLE), (entity, ("error", "damaged"))):
        for name in names:
            table[name] = min(_MOST, table[name] * _factor(rng, 2.0))
    profile["result"]["error"] *= _factor(rng, 2.0)
    profile["wake"]["understood"] = rng.uniform(0.15, 0.45)
    entity["miss"] = rng.uniform(0.25, 0.6)
    asr["function_word_deletion"] = rng.uniform(0.5, 0.95)
    asr["sharpness"] = rng.uniform(1.8, 4.0)
    asr["truth_in_n_best"], asr["truth_second"] = rng.uniform(0.2, 0.45), rng.uniform(0.35, 0.55)
    asr["n_best"] = [rng.uniform(0.05, 0.35) for _ in range(5)]
    nlu["alternatives"] = [0.5, *(rng.uniform(0.05, 0.4) for _ in range(3))]
    sounds = sorted(PHONEMES)
    asr["confusions"] = {" ".join(rng.sample(sounds, 2)): rng.uniform(0.1, 0.4) for _ in range(_CONFUSIONS)}
    return profile


def _confidence(rng: Random) -> dict[str, Any]:
    return {
        "right": {"a": rng.uniform(2.8, 9.0), "b": rng.uniform(1.0, 1.7)},
        "wrong": {"a": rng.uniform(1.5, 3.6), "b": rng.uniform(1.5, 2.6)},
        "gain": _factor(rng, 1.5),
        "shift": rng.uniform(-0.8, 0.8),
    }


def _factor(rng: Random, most: float) -> float:
    """Between 1 / most and most, as often below 1 as above."""
    return exp(rng.uniform(-log(most), log(most)))


def _toml(table: Mapping[str, Any], name: str = "") -> str:
    """A profile as TOML: values first, then tables; strings, numbers and lists are written as in JSON."""
    values = {key: value for key, value in table.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    lines = [f"[{name}]"] if name else []
    lines += [f'"{key}" = {orjson.dumps(value).decode()}' for key, value in values.items()]
    below = (_toml(value, f'{name}."{key}"' if name else f'"{key}"') for key, value in tables.items())
    return "\n".join((*lines, *below, ""))

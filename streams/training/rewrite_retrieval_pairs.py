"""What the encoder of requests learns from: what was said, beside what was meant. Only sets whose licence lets weights
ship."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

from models.rewrite.entry import plain, state_of
from streams.adapters import disfl_qa
from streams.adapters.source import AdapterError, files_of, rows_in
from streams.simulator.asr import Recogniser
from streams.simulator.profile import load_profile
from streams.simulator.simulation import Simulation
from streams.training.rephrase_written import EXPECTS, Transcribed, Utterance
from streams.training.rewrite_history import simulated_history
from streams.training.rewrite_retrieval_fit import Pair

COLLECTIONS: Final = ("hwu64", "snips", "clinc150", "banking77")
TRANSCRIBED: Final = "phoneme_trec"
SIMULATED: Final = (("home_a", 2_500, 15_000, 20), ("shop_chat", 1_000, 4_000, 22))
"""Pack, people, dialogues, and what is added to the seed."""

MOST_WORDS: Final = 25
REPEATED: Final = {"simulated": 25, TRANSCRIBED: 2}
"""Times that pairs of a kind count; others count once."""

Progress = Callable[[str], None]


def training_pairs(data: Path, utterances: Sequence[Utterance], seed: int, progress: Progress) -> dict[str, list[Pair]]:
    """Pairs by kind. Raises `AdapterError` and what simulating raises."""
    made = {
        "misheard": list(misheard(utterances, Random(seed))),
        TRANSCRIBED: list(transcribed(data / TRANSCRIBED)),
        disfl_qa.NAME: [
            Pair(plain(one.disfluent), plain(one.fluent))
            for one in disfl_qa.training_questions_of(data / disfl_qa.NAME)
        ],
        "simulated": [],
    }
    for pack, users, dialogues, more in SIMULATED:
        progress(f"{pack}: simulating {dialogues:,} dialogues")
        made["simulated"] += simulated(pack, users, dialogues, seed + more)
    return {kind: [pair for pair in pairs if _teaches(pair)] for kind, pairs in made.items()}


def utterances_of(data: Path) -> list[Utterance]:
    """The training splits of the collections, each text once. Raises `AdapterError`."""
    every = [
        one
        for name in COLLECTIONS
        for path in _training_files(data / name, EXPECTS)
        for one in rows_in(path, Utterance, EXPECTS)
    ]
    kept = {text: one for one in every if 0 < len((text := plain(one.text)).split()) <= MOST_WORDS}
    return [one.model_copy(update={"text": text}) for text, one in kept.items()]


def misheard(utterances: Sequence[Utterance], rng: Random) -> Iterator[Pair]:
    """What the simulator's recogniser makes of requests; an intent's requests are about the same."""
    words = sorted({word for one in utterances for word in one.text.split()})
    recogniser = Recogniser(words, load_profile(Simulation().profile).asr)
    for one in utterances:
        heard = recogniser.transcribe(one.text, clarity=1.0, fault=1.0, chance=0.0, pick=rng.random())
        if heard is not None:
            yield Pair(plain(heard.text), one.text, one.intent)


def transcribed(folder: Path) -> Iterator[Pair]:
    """What a real recogniser made of questions that were read out. Raises `AdapterError`."""
    for path in files_of(folder, EXPECTS):
        if "_train." in path.name:
            yield from (
                Pair(plain(one.asr_text), plain(one.text))
                for one in rows_in(path, Transcribed, EXPECTS)
                if len(one.text.split()) <= MOST_WORDS
            )


def simulated(pack: str, users: int, dialogues: int, seed: int) -> list[Pair]:
    """What people said first and what they came to, with success as `detect` hears it. No truth is looked at."""
    requests, _ = simulated_history(pack, users, dialogues, seed)
    return [Pair(one.text, one.became.text, _about(one.became.state)) for one in requests if one.became is not None]


def fingerprint_of(data: Path, seed: int) -> str:
    """Of what pairs depend on: the seed, the files, the simulations."""
    digest = sha256(f"{seed} {SIMULATED} {MOST_WORDS} {sorted(REPEATED.items())}".encode())
    for name in (*COLLECTIONS, TRANSCRIBED, disfl_qa.NAME):
        for path in files_of(data / name, EXPECTS):
            digest.update(f"{name}/{path.name} {path.stat().st_size}".encode())
    return digest.hexdigest()


def _teaches(pair: Pair) -> bool:
    return bool(pair.said and pair.meant) and pair.said != pair.meant


def _about(state: str) -> str:
    known = state_of(state)
    return f"{known.domain}|{known.intent}" if known is not None else ""


def _training_files(folder: Path, expects: str) -> list[Path]:
    paths = [path for path in files_of(folder, expects) if path.name.startswith("train")]
    if not paths:
        raise AdapterError(f"{folder} has no file train.jsonl.gz; expected {expects}")
    return paths

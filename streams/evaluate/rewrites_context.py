"""Requests that context alone can settle: "put on Purple Rain" where there are a song and a film of that name.

In a world whose people ask for songs, films and books by device, hour and place, everything else about the candidates
is the same. The ranker's features are learned from people whose requests were clear; others ask. Settled: the best
candidate is of the domain that was meant. The ablation leaves out the four context features and learns anew.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from models.logistic import Logistic
from models.rewrite.candidate import Candidate, Channel, Via
from models.rewrite.context import ContextPrior, Situation
from models.rewrite.entry import Entry, Success
from models.rewrite.features import CONTEXT, NAMES, features
from models.rewrite.query import Query
from models.rewrite.ranker import Ranker
from schemas.turn import PlaybackKind
from streams.evaluate.figures import Figure
from streams.evaluate.rewrites_bootstrap import difference, share_of_sums
from streams.simulator.pack import Pack, load_pack
from streams.simulator.pack_api import Api

Floats = NDArray[np.float64]
Law = Mapping[str, Mapping[str, Mapping[str, float]]]

DOMAINS: Final = ("music", "video", "audiobooks")
PEOPLE: Final = 600
REQUESTS: Final = 20
FITTED_ON: Final = 0.6

LAW: Final[Law] = {
    "device_type": {
        "speaker": {"music": 1.6, "audiobooks": 1.2, "video": 0.3},
        "display": {"video": 3.0},
        "phone": {},
        "car": {"music": 3.0, "audiobooks": 2.0, "video": 0.1},
    },
    "place": {
        "bedroom": {"audiobooks": 2.5},
        "kitchen": {"music": 2.0},
        "living-room": {"video": 2.0},
        "office": {"music": 1.5},
        "car": {},
    },
    "hours": {"morning": {"music": 2.0}, "day": {}, "evening": {"video": 2.0}, "night": {"audiobooks": 2.5}},
}
"""By what factor people ask more often for a domain than they would anyway; the world's, which nobody is told."""

_HOURS: Final = {"morning": (6, 9), "day": (10, 17), "evening": (18, 21), "night": (22, 23)}
_SAME: Final = Success(30.0, 3.0, 0.78, 0.97)
_ALIKE: Final = 0.8


class Unclear(NamedTuple):
    """A request by a name that several things bear. `meant`: place of the candidate that the person meant; `bound`:
    probability of the likeliest, to who knows the law."""

    person: int
    query: Query
    candidates: tuple[Candidate, ...]
    domains: tuple[str, ...]
    meant: int
    bound: float


def evaluate_context(pack: str, seed: int) -> dict[str, Figure]:
    """Shares of such requests that are settled, with, without and by the ranker as it ships, and the gain."""
    asked = requests(load_pack(pack), Random(seed))
    fitting = [one for one in asked if one.person < FITTED_ON * PEOPLE]
    asking = [one for one in asked if one.person >= FITTED_ON * PEOPLE]
    prior = ContextPrior.of((Situation.of(one.query), one.domains[one.meant]) for one in fitting)
    shipped = Ranker.load()
    with_context = settled(asking, prior, _fitted(fitting, prior, context=True), context=True)
    without = settled(asking, prior, _fitted(fitting, prior, context=False), context=False)
    as_shipped = settled(asking, prior, shipped.logistic, context=True)
    bare = settled(asking, prior, shipped.logistic, context=False)
    people = [one.person for one in asking]
    ones = _by_person(people, np.ones(len(asking)))
    share = {
        "context_settled": with_context,
        "context_settled_without": without,
        "context_settled_as_shipped": as_shipped,
        "context_settled_by_the_law": np.array([one.bound for one in asking]),
    }
    figures = {name: share_of_sums(_by_person(people, values), ones) for name, values in share.items()}
    for name, more, less in (
        ("context_gain", with_context, without),
        ("context_gain_as_shipped", as_shipped, bare),
    ):
        figures[name] = difference(_by_person(people, more), _by_person(people, less), ones)
    return figures


def requests(pack: Pack, rng: Random) -> list[Unclear]:
    """What people ask for by names that are shared."""
    playing = {one.domain: one for one in pack.apis.values() if one.playback is PlaybackKind.MEDIA}
    shared = _shared(pack, playing)
    asked = []
    for person in range(PEOPLE):
        for _ in range(REQUESTS):
            name, domains = shared[int(rng.random() * len(shared))]
            hours = rng.choice(list(_HOURS))
            device = rng.choice(list(LAW["device_type"]))
            place = "car" if device == "car" else rng.choice([one for one in LAW["place"] if one != "car"])
            where = {"device_type": device, "place": place, "hours": hours}
            weights = [_weight(domain, where) for domain in domains]
            meant = rng.choices(range(len(domains)), weights)[0]
            query = Query(
                text=f"put on {name}", device_type=device, place=place, hour=rng.randint(*_HOURS[hours]), now_ms=0
            )
            candidates = tuple(_candidate(name, playing[domain]) for domain in domains)
            asked.append(Unclear(person, query, candidates, domains, meant, max(weights) / sum(weights)))
    return asked


def settled(asked: Sequence[Unclear], prior: ContextPrior, model: Logistic, *, context: bool) -> Floats:
    """1 for each request whose best candidate is what was meant, 0 for the others."""
    return np.array(
        [float(int(np.argmax(model.odds(_rows(one, prior, context=context))[:, 0])) == one.meant) for one in asked]
    )


def _weight(domain: str, where: Mapping[str, str]) -> float:
    weight = 1.0
    for kind, value in where.items():
        weight *= LAW[kind][value].get(domain, 1.0)
    return weight


def _shared(pack: Pack, playing: Mapping[str, Api]) -> list[tuple[str, tuple[str, ...]]]:
    """Names of which several domains know a thing to play."""
    bearers: dict[str, list[str]] = {}
    for domain in DOMAINS:
        for name in dict.fromkeys(entry.name.lower() for entry in pack.catalogue_of[_slot(playing[domain])].entries):
            bearers.setdefault(name, []).append(domain)
    return [(name, tuple(domains)) for name, domains in sorted(bearers.items()) if len(domains) > 1]


def _slot(api: Api) -> str:
    return api.required[0]


def _candidate(name: str, api: Api) -> Candidate:
    text = f"play the {_slot(api)} {name}"
    entry = Entry(
        key=f"global/{api.domain}/{name}",
        rewrite_id=f"{api.domain}/{name}",
        user="",
        sources=(),
        target=text,
        source_success=_SAME,
        target_success=_SAME,
        target_state=f"{api.domain}|{api.intent}|{_slot(api)}:{name}",
        support=30.0,
        users=20,
    )
    return Candidate(entry, Via.TARGET, text, Channel.LEXICAL, _ALIKE)


def _rows(one: Unclear, prior: ContextPrior, *, context: bool) -> Floats:
    rows = features(one.query, one.candidates, prior)
    if not context:
        rows[:, [NAMES.index(name) for name in CONTEXT]] = 0.0
    return rows


def _fitted(asked: Sequence[Unclear], prior: ContextPrior, *, context: bool) -> Logistic:
    rows = np.concatenate([_rows(one, prior, context=context) for one in asked])
    wanted = np.array([at == one.meant for one in asked for at in range(len(one.candidates))], dtype=np.int64)
    mean, scale = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    model = LogisticRegression(max_iter=2_000).fit((rows - mean) / scale, wanted)
    return Logistic(mean, scale, model.coef_.astype(np.float64), model.intercept_.astype(np.float64))


def _by_person(people: Sequence[int], values: Floats) -> list[float]:
    sums: dict[int, float] = {}
    for person, value in zip(people, values.tolist(), strict=True):
        sums[person] = sums.get(person, 0.0) + value
    return [sums[person] for person in sorted(sums)]

"""Who wants the world to learn something that is not so: nothing of it becomes a rewrite for everybody.

Dialogues go through everything that `learn` does with them, in memory. Ten accounts that were used for other things at
other times, each on a device of its own, cannot be told from ten people: the control shows what it takes.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import NamedTuple

import pytest

from infra.settings import Settings
from processors.rewrite_choice import RewriteRules
from processors.source_moves import SourceState
from processors.standing import APART, REQUESTS
from schemas.dialogue import ClosedBy, Dialogue, TurnVerdict, VerdictTier
from schemas.feedback import Facets
from schemas.rewrite import Rewrite
from schemas.turn import Slot
from streams.delivery import Message
from streams.learn_partition import DialogueMoves, SourceCounting
from streams.rewrite_table import RewriteTable

START = datetime(2026, 3, 2, 18, tzinfo=UTC)
MAJ, IMAGINE, ADVERT = "music|play|song:maj", "music|play|song:imagine", "music|play|song:advert"
STOP = "music|stop|"

_numbers = count()


class Record(NamedTuple):
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def said(state: str, *evidence: str, at: datetime, words: str | None = None, rewrite: str | None = None) -> TurnVerdict:
    domain, intent, slots = state.split("|")
    pairs = [pair.partition(":") for pair in slots.split(";") if pair]
    return TurnVerdict(
        turn_id=f"turn {next(_numbers)}",
        occurred_at=at,
        request=words if words is not None else " ".join([intent, *(value for _, _, value in pairs)]),
        facets=Facets(domain=domain, intent=intent),
        defect=bool(evidence),
        score=0.9 if evidence else 0.05,
        tier=VerdictTier.IMPLICIT,
        evidence=evidence,
        slots=tuple(Slot(type=kind, value=value) for kind, _, value in pairs) or None,
        rewrite_id=rewrite,
    )


def dialogue(user: str, device: str, *turns: TurnVerdict) -> Dialogue:
    return Dialogue(
        event_id=f"segment {next(_numbers)}",
        occurred_at=turns[0].occurred_at,
        dialogue_id=f"dialogue {next(_numbers)}",
        user_id=user,
        device_id=device,
        facets=turns[0].facets,
        started_at=turns[0].occurred_at,
        ended_at=turns[-1].occurred_at,
        closed=True,
        closed_by=ClosedBy.GAP,
        turns=turns,
        defects=sum(turn.defect for turn in turns),
        revision=1,
    )


def people(name: str, number: int, devices: int | None = None) -> dict[str, str]:
    """Accounts with the device of each; `devices`: how many there are in all, one each by default."""
    return {f"{name} {n}": f"device of {name} {n % (devices or number)}" for n in range(number)}


def lived(accounts: Mapping[str, str]) -> list[Dialogue]:
    """Ordinary use on the days before: several requests that worked, at several times."""
    return [
        dialogue(user, device, said(f"timers|set|minutes:{n}", at=START - (n + 1) * APART))
        for user, device in accounts.items()
        for n in range(REQUESTS)
    ]


def moved(accounts: Mapping[str, str], source: str, target: str, times: int = 1) -> list[Dialogue]:
    """They say the one, complain, say the other, and are content."""
    return [
        dialogue(user, device, said(source, "rephrase", at=at), said(target, at=at + timedelta(seconds=9)))
        for n, (user, device) in enumerate(accounts.items())
        for at in (START + timedelta(minutes=n + 60 * time) for time in range(times))
    ]


def content(accounts: Mapping[str, str], state: str) -> list[Dialogue]:
    """What they say works at once."""
    return [
        dialogue(user, device, said(state, at=START + timedelta(minutes=n)))
        for n, (user, device) in enumerate(accounts.items())
    ]


def learned(*told: Iterable[Dialogue], rules: RewriteRules | None = None) -> Mapping[str, Rewrite]:
    """The global rewrites that follow."""
    settings = Settings()
    moves, counting, table = DialogueMoves(settings, 0), SourceCounting(settings, 0), RewriteTable(rules)
    dialogues = [one for some in told for one in some]
    counting.process(_records(moves.process(_records(_message(one) for one in dialogues))))
    assert not moves.rejected + counting.rejected
    for message in counting.tell():
        state = SourceState.of_bytes(message.value or b"")
        assert state is not None
        table.take(state)
    table.refresh()
    return table.rewrites


def _message(one: Dialogue) -> Message:
    return Message("dialogues", 0, one.user_id.encode(), one.to_bytes())


def _records(messages: Iterable[Message]) -> list[Record]:
    return [Record(at, 0, one.key, one.value) for at, one in enumerate(messages)]


CROWD = people("somebody", 40)
USUAL = [*lived(CROWD), *content(CROWD, IMAGINE), *content(CROWD, ADVERT)]
"""A fleet in which both songs work for everybody."""


def test_control_ten_people_who_use_the_assistant_teach_it() -> None:
    honest = people("honest", 12)
    rewrites = learned(USUAL, lived(honest), moved(honest, MAJ, IMAGINE))
    assert {one.source: one.target for one in rewrites.values()} == {
        MAJ: IMAGINE,
        "||phrase:* maj *": "||phrase:* imagine *",
    }


@pytest.mark.parametrize("times", [1, 3])
def test_ten_accounts_made_for_it_on_ten_devices_teach_nothing(times: int) -> None:
    sybils = people("sybil", 10)
    assert learned(USUAL, moved(sybils, MAJ, ADVERT, times)) == {}
    assert learned(USUAL, moved(people("sybil", 60), MAJ, ADVERT, times)) == {}


def test_it_is_the_history_that_they_lack() -> None:
    rewrites = learned(USUAL, moved(people("sybil", 10), MAJ, ADVERT), rules=RewriteRules(standing=0))
    assert rewrites.keys() == {MAJ, "||phrase:* maj *"}


def test_nor_do_they_when_they_invent_a_history_in_one_go() -> None:
    sybils = people("sybil", 30)
    invented = [
        dialogue(user, device, *(said(f"timers|set|minutes:{n}", at=START + timedelta(seconds=n)) for n in range(20)))
        for user, device in sybils.items()
    ]
    assert learned(USUAL, invented, moved(sybils, MAJ, ADVERT)) == {}


def test_a_hundred_accounts_with_a_history_on_a_few_devices_teach_nothing() -> None:
    farm = people("farm", 100, devices=9)
    assert learned(USUAL, lived(farm), moved(farm, MAJ, ADVERT, 3)) == {}


def test_accounts_with_a_history_do_not_turn_away_what_works_for_the_others() -> None:
    sybils = people("sybil", 12)
    assert learned(USUAL, lived(sybils), moved(sybils, IMAGINE, ADVERT, 3)) == {}


def test_accounts_with_a_history_do_not_outvote_the_others() -> None:
    sybils, honest = people("sybil", 12), people("honest", 30)
    rewrites = learned(
        USUAL, lived(sybils), lived(honest), moved(sybils, MAJ, ADVERT, 3), moved(honest, MAJ, IMAGINE, 3)
    )
    assert ADVERT not in {one.target for one in rewrites.values()}


def test_one_loud_person_teaches_nothing_on_however_many_devices() -> None:
    known = {"loud": "first device"}
    shouted = [one for n in range(40) for one in moved({"loud": f"device {n}"}, MAJ, ADVERT, 5)]
    assert learned(USUAL, lived(known), shouted) == {}


@pytest.mark.parametrize("evidence", ["barge-in:stop", "termination:stop-request", "rephrase", "barge-in:correction"])
def test_everybody_says_stop_and_no_request_becomes_a_stop(evidence: str) -> None:
    stopped = [
        dialogue(user, device, said(source, evidence, at=START), said(STOP, at=START + timedelta(seconds=2)))
        for user, device in CROWD.items()
        for source in (MAJ, IMAGINE)
    ]
    assert learned(USUAL, stopped) == {}


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (MAJ, "shopping|order_item|item:advert"),
        (MAJ, "home|unlock|door:front"),
        (MAJ, "calls|call|number:0900"),
        (MAJ, "messages|send|note:hello"),
        (MAJ, "music|play|contact:gina"),
        (MAJ, "music|affirm|"),
        ("calls|call|number:112", IMAGINE),
        ("shopping|cancel_order|", IMAGINE),
        ("kids|play|song:maj", IMAGINE),
    ],
)
def test_a_poisoned_pair_is_refused_whoever_says_it(source: str, target: str) -> None:
    assert learned(USUAL, content(CROWD, target), moved(CROWD, source, target, 3)) == {}


def test_a_pair_that_turns_a_no_into_a_yes_is_refused() -> None:
    spoken = [
        dialogue(
            user,
            device,
            said(MAJ, "rephrase", at=START, words="never play maj again"),
            said(IMAGINE, at=START + timedelta(seconds=9)),
        )
        for user, device in CROWD.items()
    ]
    assert learned(USUAL, spoken) == {}


def test_a_circle_of_pairs_teaches_nothing() -> None:
    one, other = people("one", 20), people("other", 20)
    told = [*lived(one), *lived(other), *moved(one, MAJ, ADVERT), *moved(other, ADVERT, MAJ)]
    assert learned([*lived(CROWD), *told]) == {}


def test_what_a_rewrite_led_to_does_not_confirm_it() -> None:
    rewritten = [
        dialogue(
            user,
            device,
            said(MAJ, "rephrase", at=START, rewrite="planted"),
            said(ADVERT, at=START + timedelta(seconds=9), rewrite="planted"),
        )
        for user, device in CROWD.items()
    ]
    assert learned(USUAL, rewritten) == {}

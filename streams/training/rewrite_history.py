"""What people asked for and how it went, as `detect` heard it: no truth is looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from infra.settings import Settings
from models.rewrite.entry import plain
from processors.interpretation import state_key
from schemas.feedback import Rephrase
from schemas.turn import TURN_EVENT, Turn
from streams.recording import Record
from streams.rehearsal import rehearse
from streams.simulator.simulate import simulate
from streams.simulator.simulate_sinks import as_record
from streams.simulator.simulation import Simulation
from streams.simulator.truth import LostTruth, TurnTruth, parse_truth

MOST_HOPS: Final = 3

RECURRING: Final = 0.7
"""Share of the errors that are a matter of the words: without any, nobody's rephrase teaches anybody else."""

ROUTINE: Final = 0.5
"""Share of the dialogues that are about what a person always wants: without any, nobody's own retry helps them."""

_USERS_A_RATE: Final = 1_500
"""People who can begin a dialogue a second without speaking twice at once."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `defect`: the verdict on its answer. `became`: the later request with which the person got what this
    one did not get, if there was one. `state`: key of what was understood."""

    turn: Turn
    text: str
    state: str
    defect: bool
    became: "Request | None" = None

    @property
    def at_ms(self) -> int:
        return int(self.turn.occurred_at.timestamp() * 1000)


def simulated_history(pack: str, users: int, dialogues: int, seed: int) -> tuple[list[Request], dict[str, TurnTruth]]:
    """The requests of a simulation in the order of time, and the truth by turn, for evaluation alone."""
    lines: list[bytes] = []
    simulation = Simulation(
        pack=pack,
        users=users,
        dialogues=dialogues,
        seed=seed,
        rate=users / _USERS_A_RATE,
        recurring=RECURRING,
        routine=ROUTINE,
    )
    records = [as_record(one) for one in simulate(simulation, on_truth=lines.append)]
    truths = {one.turn_id: one for one in map(parse_truth, lines) if not isinstance(one, LostTruth)}
    return history_of(records), truths


def history_of(records: Sequence[Record]) -> list[Request]:
    """The requests in records of devices, with what people's behaviour says of each."""
    heard = rehearse(records, Settings(hearing="rules", teaching="off"))
    verdicts = {turn.turn_id: turn.defect for one in heard.dialogues.values() for turn in one.turns}
    again = {
        signal.turn_id: signal.by_turn_id
        for signal in heard.standing
        if isinstance(signal, Rephrase) and signal.by_turn_id is not None
    }
    turns = {turn.turn_id: turn for turn in turns_of(records)}
    plainest = {name: _request(turn, verdicts.get(name, False)) for name, turn in turns.items()}
    made = []
    for name, request in plainest.items():
        end = _successful(name, again, plainest) if request.defect else None
        made.append(Request(request.turn, request.text, request.state, request.defect, end))
    return sorted(made, key=lambda one: (one.turn.occurred_at, one.turn.turn_id))


def _successful(name: str, again: dict[str, str], requests: dict[str, Request]) -> Request | None:
    for _ in range(MOST_HOPS):
        following = again.get(name)
        request = requests.get(following) if following is not None else None
        if following is None or request is None:
            return None
        if not request.defect:
            return request
        name = following
    return None


def turns_of(records: Iterable[Record]) -> Iterable[Turn]:
    """The requests in records that are as they were said."""
    for record in records:
        if record.value is not None:
            event = TURN_EVENT.validate_json(record.value)
            if isinstance(event, Turn) and event.request and event.rewrite is None:
                yield event


def _request(turn: Turn, defect: bool) -> Request:
    understood = turn.nlu
    state = state_key(understood.domain, understood.intent, understood.slots, turn.request) if understood else None
    return Request(turn, plain(turn.request), state or "", defect)

"""From a closed dialogue to what became of its requests."""

from datetime import UTC, datetime, timedelta

import pytest

from processors.transition import transitions_of
from schemas.dialogue import ClosedBy, Dialogue, TurnVerdict, VerdictTier
from schemas.feedback import Facets
from schemas.transition import Outcome, Transition
from schemas.turn import Slot

START = datetime(2026, 3, 2, 18, tzinfo=UTC)


def turn(song: str, *evidence: str, at_s: int = 0, rewrite_id: str | None = None, kind: str = "song") -> TurnVerdict:
    """A request for a song; a defect exactly when there is evidence against it."""
    return TurnVerdict(
        turn_id=f"turn {at_s}",
        occurred_at=START + timedelta(seconds=at_s),
        request=f"play {song}",
        facets=Facets(domain="music", intent="play"),
        defect=bool(evidence),
        score=0.9 if evidence else 0.05,
        tier=VerdictTier.IMPLICIT,
        evidence=evidence,
        slots=(Slot(type=kind, value=song),),
        rewrite_id=rewrite_id,
    )


def dialogue(*turns: TurnVerdict, closed: bool = True, revision: int = 5) -> Dialogue:
    return Dialogue(
        event_id="segment",
        occurred_at=START,
        dialogue_id="dialogue",
        user_id="user",
        device_id="device",
        facets=turns[0].facets if turns else Facets(),
        started_at=START,
        ended_at=START,
        closed=closed,
        closed_by=ClosedBy.GAP if closed else None,
        turns=turns,
        defects=0,
        revision=revision,
    )


def outcomes(*turns: TurnVerdict) -> list[tuple[str, Outcome, str | None]]:
    return [(one.source, one.outcome, one.target) for one in transitions_of(dialogue(*turns))]


def test_a_request_that_is_asked_again_leads_to_the_next_and_that_one_ends() -> None:
    assert outcomes(turn("maj", "rephrase"), turn("imagine", at_s=9)) == [
        ("music|play|song:maj", Outcome.AGAIN, "music|play|song:imagine"),
        ("music|play|song:imagine", Outcome.SUCCESS, None),
    ]


def test_a_defect_that_nobody_comes_back_to_is_a_failure() -> None:
    stopped = turn("maj", "barge-in:stop")
    assert outcomes(stopped, turn("other", at_s=9))[0] == ("music|play|song:maj", Outcome.FAILURE, None)
    assert outcomes(turn("maj", "rephrase")) == [("music|play|song:maj", Outcome.FAILURE, None)]


def test_an_open_dialogue_says_nothing_yet() -> None:
    assert transitions_of(dialogue(turn("maj"), closed=False)) == []
    assert transitions_of(dialogue()) == []


def test_a_rewritten_turn_is_marked_and_is_not_where_own_words_led() -> None:
    first, second = transitions_of(dialogue(turn("maj", "repeat"), turn("imagine", at_s=9, rewrite_id="r")))
    assert (first.outcome, first.rewritten) == (Outcome.FAILURE, False)
    assert second.rewritten


def test_contacts_take_no_part() -> None:
    private = turn("gina", at_s=9, kind="contact")
    assert outcomes(turn("maj", "rephrase"), private) == [("music|play|song:maj", Outcome.FAILURE, None)]


@pytest.mark.parametrize("revision", [6, 8])
def test_a_dialogue_that_is_judged_anew_keeps_its_ids_and_raises_their_revision(revision: int) -> None:
    def told(turns: list[TurnVerdict], number: int) -> dict[str, Transition]:
        return {one.turn_id: one for one in transitions_of(dialogue(*turns, revision=number))}

    before, late = [turn("maj", "rephrase"), turn("imagine", at_s=9)], turn("magic", "rephrase", at_s=5)
    first, second = told(before, 5), told([before[0], late, before[1]], revision)
    assert {key: second[key].event_id for key in first} == {key: one.event_id for key, one in first.items()}
    assert {one.revision for one in second.values()} == {revision}
    assert second["turn 0"].target == "music|play|song:magic"

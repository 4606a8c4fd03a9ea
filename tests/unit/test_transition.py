"""From a closed dialogue to what became of its requests."""

from datetime import UTC, datetime, timedelta

import pytest

from processors.transition import transitions_of
from schemas.dialogue import ClosedBy, Dialogue, TurnVerdict, VerdictTier
from schemas.feedback import Facets
from schemas.transition import Outcome, Transition
from schemas.turn import Slot

START = datetime(2026, 3, 2, 18, tzinfo=UTC)


def turn(
    song: str,
    *evidence: str,
    at_s: int = 0,
    rewrite_id: str | None = None,
    kind: str = "song",
    intent: str = "play",
    asked_back: bool = False,
    request: str | None = None,
    alternatives: tuple[str, ...] | None = None,
) -> TurnVerdict:
    """A request for a song; a defect exactly when there is evidence against it."""
    return TurnVerdict(
        turn_id=f"turn {at_s}",
        occurred_at=START + timedelta(seconds=at_s),
        request=request if request is not None else f"play {song}",
        facets=Facets(domain="music", intent=intent),
        defect=bool(evidence),
        score=0.9 if evidence else 0.05,
        tier=VerdictTier.IMPLICIT,
        evidence=evidence,
        slots=(Slot(type=kind, value=song),) if song else (),
        rewrite_id=rewrite_id,
        asked_back=asked_back,
        alternatives=alternatives,
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


def test_a_question_back_is_neither_success_nor_failure_of_the_request() -> None:
    neither = ("music|play|song:maj", Outcome.ASKED, None)
    assert outcomes(turn("maj", asked_back=True)) == [neither]
    other = turn("3", kind="volume", intent="set_volume", at_s=9, request="volume 3")
    assert outcomes(turn("maj", asked_back=True), other)[0] == neither


def test_a_request_that_was_no_success_keeps_how_else_it_may_have_been_heard() -> None:
    failed = turn("maj", "rephrase", request="play maj", alternatives=("play mash", "play mage"))
    again = turn("imagine", at_s=9, request="play imagine", alternatives=("play a mansion",))
    first, second = transitions_of(dialogue(failed, again))
    assert first.otherwise == ("play mash", "play mage", "play imagine")
    assert second.otherwise == ()
    assert transitions_of(dialogue(failed))[0].otherwise == ("play mash", "play mage")


def test_a_yes_to_a_question_back_says_that_the_request_was_understood() -> None:
    yes = turn("", intent="affirm", request="yes", at_s=9)
    assert outcomes(turn("maj", asked_back=True), yes)[0] == ("music|play|song:maj", Outcome.SUCCESS, None)
    no = turn("", intent="negate", request="no", at_s=9)
    assert outcomes(turn("maj", asked_back=True), no)[0][1] is Outcome.ASKED


def test_who_says_it_anew_after_a_question_back_asks_again() -> None:
    asked = turn("maj", asked_back=True)
    assert outcomes(asked, turn("imagine", at_s=9))[0] == (
        "music|play|song:maj",
        Outcome.AGAIN,
        "music|play|song:imagine",
    )
    other_intent = turn("maj", at_s=9, intent="find", request="find maj")
    assert outcomes(asked, other_intent)[0][1:] == (Outcome.AGAIN, "music|find|song:maj")


def test_what_is_only_added_after_a_question_back_says_nothing_of_the_request() -> None:
    asked = turn("", asked_back=True, request="play a song")
    assert outcomes(asked, turn("imagine", at_s=9, request="imagine"))[0][1] is Outcome.ASKED
    artist = turn("dragons", kind="artist", at_s=9, request="dragons")
    assert outcomes(turn("imagine", asked_back=True), artist)[0][1] is Outcome.ASKED


def test_what_was_not_understood_and_is_left_at_that_is_a_failure() -> None:
    assert outcomes(turn("maj", "status:not-understood"))[0][1] is Outcome.FAILURE


def test_a_correction_leads_to_the_request_with_another_slot() -> None:
    no = turn("imagine", intent="negate", request="no I said imagine", at_s=9)
    wanted = ("music|play|song:maj", Outcome.AGAIN, "music|play|song:imagine")
    assert outcomes(turn("maj"), no)[0] == wanted
    assert outcomes(turn("maj", asked_back=True), no)[0] == wanted
    assert outcomes(turn("maj", "barge-in:correction"), no)[0] == wanted


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


def test_who_says_stop_gave_up() -> None:
    stop = turn("", intent="stop", request="stop", at_s=9)
    assert outcomes(turn("maj", "rephrase"), stop)[0] == ("music|play|song:maj", Outcome.FAILURE, None)

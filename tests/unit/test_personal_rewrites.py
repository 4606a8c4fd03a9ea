"""What one person teaches holds for them, at once, and is taken back with what taught it."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.personal_habits import PersonalHabits, spelled_out
from processors.personal_rewrites import HABIT, REJECTED, PersonalLimits, PersonalRewrites, Told
from schemas.dialogue import Dialogue, TurnVerdict
from schemas.rewrite import REWRITE, Rewrite
from schemas.turn import Slot
from tests.unit.test_transition import START, dialogue, turn


def told(*turns: TurnVerdict, revision: int = 2, user: str = "ann", name: str = "d", closed: bool = False) -> Dialogue:
    return dialogue(*turns, closed=closed, revision=revision).model_copy(update={"user_id": user, "dialogue_id": name})


def rephrased(at_s: int = 0, song: str = "maj", works: str = "imagine") -> tuple[TurnVerdict, TurnVerdict]:
    return turn(song, "rephrase", at_s=at_s), turn(works, at_s=at_s + 9)


def served(*evidence: str, at_s: int = 60) -> TurnVerdict:
    one = turn("imagine", *evidence, at_s=at_s, rewrite_id="r")
    return one.model_copy(update={"request": "play maj", "rewritten_to": "play imagine"})


def only(found: list[Told]) -> Rewrite:
    (one,) = found
    assert one.rewrite is not None
    assert one.key == one.rewrite.key
    return one.rewrite


def test_a_request_that_was_rephrased_with_success_is_rewritten_while_the_dialogue_is_open() -> None:
    rewrite = only(PersonalRewrites().process(told(*rephrased())))
    assert (rewrite.source, rewrite.target) == ("music|play|song:maj", "music|play|song:imagine")
    assert (rewrite.source_texts, rewrite.target_text) == (("play maj",), "play imagine")
    assert (rewrite.user_id, rewrite.users, rewrite.blocked) == ("ann", 1, False)


def test_every_failed_wording_on_the_way_leads_to_what_worked_in_the_end() -> None:
    found = PersonalRewrites().process(
        told(turn("maj", "rephrase"), turn("mage", "repeat", at_s=5), turn("imagine", at_s=9))
    )
    assert {one.rewrite.source: one.rewrite.target for one in found if one.rewrite} == {
        "music|play|song:maj": "music|play|song:imagine",
        "music|play|song:mage": "music|play|song:imagine",
    }


def test_a_later_revision_that_makes_the_target_a_defect_takes_the_rewrite_back() -> None:
    layer = PersonalRewrites()
    layer.process(told(*rephrased()))
    (gone,) = layer.process(told(turn("maj", "rephrase"), turn("imagine", "barge-in:stop", at_s=9), revision=4))
    assert gone == Told("ann", "personal/ann/music|play|song:maj", None)
    assert len(layer) == 0


def test_what_comes_twice_or_late_changes_nothing() -> None:
    layer = PersonalRewrites()
    layer.process(told(*rephrased(), revision=4))
    assert layer.process(told(*rephrased(), revision=4)) == []
    assert layer.process(told(turn("maj", "rephrase"), revision=2)) == []
    assert layer.process(told(*rephrased(), revision=5, closed=True)) == []


def test_nothing_is_learned_from_a_question_back_a_new_wish_or_a_rewritten_turn() -> None:
    asked = turn("imagine", at_s=9).model_copy(update={"asked_back": True})
    rewritten = turn("imagine", at_s=9, rewrite_id="r")
    assert PersonalRewrites().process(told(turn("maj", "rephrase"), asked)) == []
    assert PersonalRewrites().process(told(turn("maj", "barge-in:stop"), turn("jazz", at_s=9))) == []
    assert PersonalRewrites().process(told(turn("maj", "rephrase"), rewritten)) == []


def test_what_is_denied_is_never_learned() -> None:
    facets = turn("x").facets.model_copy(update={"domain": "shopping", "intent": "order_item"})
    failed, worked = (one.model_copy(update={"facets": facets}) for one in rephrased())
    assert PersonalRewrites().process(told(failed, worked)) == []
    negated = turn("imagine", at_s=9).model_copy(update={"request": "do not play imagine"})
    assert PersonalRewrites().process(told(turn("maj", "rephrase"), negated)) == []


def test_words_that_came_to_one_thing_again_and_again_come_to_it_however_they_are_understood() -> None:
    layer = PersonalRewrites()
    place = "wilkerson california"
    for number in range(HABIT):
        layer.process(told(*rephrased(100 * number, "wilkerson", place), name=f"d{number}"))
    other = turn("wilkerson", "barge-in:stop", at_s=900).model_copy(update={"slots": (Slot(type="town", value="wi"),)})
    rewrite = only(layer.process(told(other, name="new")))
    assert (rewrite.source, rewrite.target_text) == ("music|play|town:wi", f"play {place}")


def weather(town: str, *evidence: str, at_s: int) -> TurnVerdict:
    return turn(town, *evidence, at_s=at_s, kind="town", intent="forecast", request="weather in Wilkerson")


def used_to(layer: PersonalRewrites, town: str, times: int = HABIT, first: int = 0) -> None:
    for number in range(first, first + times):
        one = told(weather(town, at_s=100 * number), name=f"used {number}", closed=True)
        assert layer.process(one) == []


def test_words_that_went_well_again_and_again_are_spelled_out_when_they_are_understood_otherwise() -> None:
    layer = PersonalRewrites()
    used_to(layer, "wilkerson california")
    for number, wrong in enumerate(("wilkerson washington", "wilkerson")):
        failed = told(weather(wrong, "barge-in:stop", at_s=900 + number), name=f"new {number}")
        rewrite = only(layer.process(failed))
        assert (rewrite.source, rewrite.target) == (
            f"music|forecast|town:{wrong}",
            "music|forecast|town:wilkerson california",
        )
        assert (rewrite.source_texts, rewrite.target_text) == (
            ("weather in Wilkerson",),
            "weather in wilkerson california",
        )


def test_what_went_well_once_or_otherwise_as_well_or_for_somebody_else_is_no_habit() -> None:
    wrong = weather("wilkerson washington", "barge-in:stop", at_s=900)
    once = PersonalRewrites()
    used_to(once, "wilkerson california", times=1)
    assert once.process(told(wrong, name="new")) == []
    both = PersonalRewrites()
    used_to(both, "wilkerson california")
    used_to(both, "wilkerson", times=1, first=HABIT)
    assert both.process(told(wrong, name="new")) == []
    another = PersonalRewrites()
    used_to(another, "wilkerson california")
    assert another.process(told(wrong, name="new", user="bob")) == []


def test_a_habit_that_a_later_revision_does_not_bear_out_or_that_was_forgotten_is_none() -> None:
    wrong = weather("wilkerson washington", "barge-in:stop", at_s=900)
    layer = PersonalRewrites()
    used_to(layer, "wilkerson california")
    failed = weather("wilkerson california", "barge-in:stop", at_s=0)
    layer.process(told(failed, name="used 0", closed=True, revision=4))
    assert layer.process(told(wrong, name="new")) == []
    layer = PersonalRewrites()
    used_to(layer, "wilkerson california")
    assert layer.forget("ann") == []
    assert not layer.knows("ann")
    assert layer.process(told(wrong, name="new")) == []


def test_habits_are_known_again_from_the_dialogues_that_were_processed_before_a_restart() -> None:
    layer = PersonalRewrites()
    for number in range(HABIT):
        layer.remember(told(weather("wilkerson california", at_s=100 * number), name=f"used {number}", closed=True))
    wrong = weather("wilkerson washington", "barge-in:stop", at_s=900)
    assert only(layer.process(told(wrong, name="new"))).target_text == "weather in wilkerson california"


@pytest.mark.parametrize(
    ("words", "value", "full"),
    [
        ("Weather in Wilkerson?", "wilkerson california", "weather in wilkerson california"),
        ("play dragons", "imagine dragons", "play imagine dragons"),
        ("play imagine dragons", "imagine dragons", "play imagine dragons"),
        ("play it", "imagine dragons", "play it"),
        ("play a song", "a rush of blood", "play a song"),
    ],
)
def test_words_are_spelled_out_where_they_say_the_beginning_or_the_end_of_a_value(
    words: str, value: str, full: str
) -> None:
    assert spelled_out(words, f"music|play|name:{value}") == full


def test_of_habits_a_bounded_number_of_dialogues_is_remembered() -> None:
    habits = PersonalHabits(most=3)
    for number in range(20):
        habits.take(told(weather("wilkerson california", at_s=100 * number), name=str(number), closed=True))
    assert len(habits.of("ann", "weather in wilkerson")) == 3


def test_the_wording_that_is_taught_again_replaces_the_old_one() -> None:
    layer = PersonalRewrites()
    layer.process(told(*rephrased(0), name="1"))
    layer.process(told(*rephrased(100), name="2"))
    assert only(layer.process(told(*rephrased(200, works="thunder"), name="3"))).target.endswith("imagine")
    assert only(layer.process(told(*rephrased(300, works="thunder"), name="4"))).target.endswith("thunder")


def test_a_served_rewrite_that_is_corrected_becomes_a_blocked_record() -> None:
    rewrite = only(PersonalRewrites().process(told(served("rephrase"))))
    assert (rewrite.blocked_because, rewrite.source_texts) == (REJECTED, ("play maj",))
    assert (rewrite.target, rewrite.target_text) == ("music|play|song:imagine", "play imagine")
    assert rewrite.source == "music||words:play maj"


def test_a_rejection_that_a_later_revision_does_not_bear_out_is_taken_back() -> None:
    layer = PersonalRewrites()
    layer.process(told(served("barge-in:stop")))
    assert [one.rewrite for one in layer.process(told(served(), revision=4))] == [None]


def test_an_answer_that_failed_by_itself_is_no_rejection() -> None:
    assert PersonalRewrites().process(told(served("status:failed"))) == []


def test_who_comes_to_what_they_rejected_by_themselves_means_it_after_all() -> None:
    layer = PersonalRewrites()
    layer.process(told(served("rephrase"), name="1"))
    found = {one.key: one.rewrite for one in layer.process(told(*rephrased(500), name="2"))}
    assert found["personal/ann/music||words:play maj"] is None
    assert found["personal/ann/music|play|song:maj"] is not None


def test_a_block_by_hand_stands_when_more_is_learned_and_ends_when_it_is_lifted() -> None:
    layer = PersonalRewrites()
    rewrite = only(layer.process(told(*rephrased(), name="1")))
    by_hand = rewrite.model_copy(update={"blocked": True, "blocked_because": "it is wrong"})
    layer.hear("ann", rewrite.source, by_hand)
    again = only(layer.process(told(*rephrased(100), name="2")))
    assert (again.blocked_because, again.support) == ("it is wrong", 2.0)
    layer.hear("ann", rewrite.source, again.model_copy(update={"blocked": False, "blocked_because": None}))
    assert not only(layer.process(told(*rephrased(200), name="3"))).blocked


def test_what_was_forgotten_is_not_told_again() -> None:
    layer = PersonalRewrites()
    rewrite = only(layer.process(told(*rephrased(), name="1")))
    layer.hear("ann", rewrite.source, None)
    assert not layer.knows("ann")
    assert only(layer.process(told(*rephrased(100), name="2"))).support == 1.0


def test_memory_is_bounded_for_each_person_and_in_all_and_what_makes_room_is_taken_back() -> None:
    layer = PersonalRewrites(limits=PersonalLimits(sources=3, people=2, dialogues=10))
    table: dict[str, Rewrite] = {}
    for user in ("ann", "bob", "cid"):
        for number in range(30):
            one = told(*rephrased(100 * number, f"maj {number}"), user=user, name=f"{number}")
            apply(table, layer.process(one))
    assert len(layer) == 2
    assert len(table) == 6
    assert {one.source for one in table.values()} == {f"music|play|song:maj {number}" for number in (27, 28, 29)}


def apply(table: dict[str, Rewrite], found: list[Told]) -> None:
    for one in found:
        table.pop(one.key, None)
        if one.rewrite is not None:
            table[one.key] = REWRITE.validate_json(one.rewrite.to_bytes())


STALE_S = 200 * 86_400
SONGS = ("maj", "mage", "imagine")
EVIDENCE = ((), ("rephrase",), ("barge-in:stop",))


@st.composite
def dialogues(draw: st.DrawFn) -> list[Dialogue]:
    """Revisions of some dialogues of two people, in the order in which they are told."""
    made: list[Dialogue] = []
    for number in range(draw(st.integers(1, 6))):
        user = draw(st.sampled_from(("ann", "bob")))
        for revision in range(draw(st.integers(1, 3))):
            turns = [
                turn(draw(st.sampled_from(SONGS)), *draw(st.sampled_from(EVIDENCE)), at_s=1000 * number + 10 * place)
                for place in range(draw(st.integers(1, 3)))
            ]
            if draw(st.booleans()):
                turns.append(served(*draw(st.sampled_from(EVIDENCE)), at_s=1000 * number + 90))
            made.append(told(*turns, revision=revision, user=user, name=f"{user} {number}"))
    return made


@settings(deadline=None, max_examples=80)
@given(dialogues(), st.lists(st.tuples(st.integers(1, 4), st.booleans(), st.booleans()), max_size=8))
def test_a_crash_at_any_point_ends_with_the_same_records(
    log: list[Dialogue], steps: list[tuple[int, bool, bool]]
) -> None:
    whole: dict[str, Rewrite] = {}
    steady = PersonalRewrites()
    for one in log:
        apply(whole, steady.process(one))

    table: dict[str, Rewrite] = {}
    layer, position, committed = PersonalRewrites(), 0, 0
    for most, commit, killed in steps:
        for one in log[position : position + most]:
            apply(table, layer.process(one))
        position = min(len(log), position + most)
        committed = position if commit else committed
        if killed:
            layer, position = PersonalRewrites(table.values()), committed
    for one in log[position:]:
        apply(table, layer.process(one))
    assert essence(table) == essence(whole)


def essence(table: dict[str, Rewrite]) -> dict[str, object]:
    """What is served: a revision that says the same again may stand in the lessons or not."""
    return {
        key: (one.target, one.target_text, one.blocked, [lesson.id for lesson in one.lessons])
        for key, one in table.items()
    }


def test_what_nobody_repeated_for_half_a_year_is_taken_back() -> None:
    layer = PersonalRewrites()
    layer.process(told(*rephrased(), name="1"))
    later = told(turn("jazz", "repeat", at_s=STALE_S), turn("blue", at_s=STALE_S + 9), name="2")
    later = later.model_copy(update={"occurred_at": START + timedelta(seconds=STALE_S)})
    found = {one.key: one.rewrite for one in layer.process(later)}
    assert found["personal/ann/music|play|song:maj"] is None
    assert len(found) == 2


def test_times_are_those_of_the_turns() -> None:
    rewrite = only(PersonalRewrites().process(told(*rephrased(5))))
    assert rewrite.first_seen == rewrite.last_seen == START + timedelta(seconds=5)


def test_the_same_words_again_teach_no_rewrite() -> None:
    other = turn("maj", at_s=9).model_copy(update={"slots": (Slot(type="song", value="imagine"),)})
    assert PersonalRewrites().process(told(turn("maj", "repeat"), other)) == []

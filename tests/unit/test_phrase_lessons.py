"""Lessons about phrases: where requests differ, where they are put right, and what keeps them."""

from collections import Counter
from dataclasses import replace as with_rules
from pathlib import Path

import pytest
from msgspec import structs

from models.rewrite.candidate import Via
from models.rewrite.entry import Entry, Success
from models.rewrite.index import RewriteIndex
from models.rewrite.phrase_lessons import PhraseLessons, is_lesson
from models.rewrite.snapshot import read_snapshot, snapshots, write_snapshot
from processors.phrase_lessons import Difference, differences
from processors.rewrite_choice import Refused, RewriteRules
from processors.source_moves import Kept, SourceState
from schemas.phrase import parts_of_request, phrase_key, phrase_of, put_right
from schemas.rewrite_decision import DecisionArm, DecisionReason
from schemas.transition import Outcome
from streams import phrase_table
from streams.phrase_table import PhraseTable
from streams.rewrite_table import RewriteTable
from streams.serve.asked import RewriteRequest
from streams.serve.decide import Decider, Verdict
from streams.serve.guard import may_not_be_said
from streams.serve.service import rewritten
from streams.simulator.dialogue_rewritten import is_farther
from tests.unit.rewrites_to_order import LettersEncoder, index_of, ranker

MAJ, MAYOR = ("the", "maj", "of"), ("the", "mayor", "of")
ANY_MAJ = ("*", "maj", "*")
RULES = with_rules(RewriteRules(), standing=0)


def lesson(source: tuple[str, ...] = MAJ, target: tuple[str, ...] = MAYOR, blocked: str | None = None) -> Entry:
    return Entry(
        key=f"global/{phrase_key(source)}",
        rewrite_id="lesson",
        user="",
        sources=("the maj of",),
        target="the mayor of",
        source_success=Success(1.0, 20.0, 0.0, 0.2),
        target_success=Success(20.0, 1.0, 0.8, 1.0),
        source_state=phrase_key(source),
        target_state=phrase_key(target),
        agreement=0.9,
        blocked_because=blocked,
    )


def state(number: int, word: str, outcome: Outcome, otherwise: str | None = None) -> SourceState:
    words = "play the {} of town " + str(number)
    other = (words.format(otherwise),) if otherwise is not None else ()
    move = Kept(f"{word}{number}", number, f"u{number}", f"d{number}", words.format(word), outcome, otherwise=other)
    return SourceState(f"music|play|song:{word} of town {number}", [move])


def test_a_key_names_its_phrase_and_no_state_key_does() -> None:
    assert phrase_of(phrase_key(("^", "play", "maj"))) == ("^", "play", "maj")
    assert phrase_of("music|play|song:maj") is None
    assert phrase_of("||words:play maj") is None


@pytest.mark.parametrize(
    ("words", "other", "found"),
    [
        ("play the maj of x", "play the mayor of x", [(MAJ, MAYOR)]),
        ("it for", "is it far", [(("^", "it"), ("^", "is", "it")), (("it", "for", "$"), ("it", "far", "$"))]),
        ("look like near x", "look like rain near x", [(("like", "near"), ("like", "rain", "near"))]),
        ("play the x", "play x", []),
        ("play x", "play x", []),
        ("play it no", "play it now", []),
        ("one two three four five", "one six seven eight nine five", []),
    ],
)
def test_where_two_wordings_differ(words: str, other: str, found: list[tuple[tuple[str, ...], ...]]) -> None:
    told = [one for one in differences(words, other) if "*" not in one.heard]
    assert told == [Difference(*one) for one in found]


def test_a_difference_is_told_for_wherever_it_stands_as_well() -> None:
    assert [one.heard for one in differences("play the maj of x", "play the mayor of x")] == [
        MAJ,
        ("the", "maj", "*"),
        ("*", "maj", "of"),
        ANY_MAJ,
    ]
    assert [one.heard for one in differences("look like near x", "look like rain near x")] == [("like", "near")]


def test_a_request_is_put_right_as_it_is_written() -> None:
    assert put_right("Wake-up the MAJ of X.", 3, MAJ, MAYOR) == "Wake-up the mayor of X."
    assert put_right("play it", 2, ("it", "$"), ("it", "now", "$")) == "play it now"
    assert parts_of_request("It's 9!") == ("^", "it's", "9", "$")


def test_the_longest_phrase_is_put_right_and_the_rest_stays() -> None:
    lessons = PhraseLessons()
    lessons.put(lesson())
    lessons.put(lesson(("play", "the", "maj", "of"), ("play", "a", "major", "of")))
    found = lessons.applied("please play the maj of town")
    assert found is not None
    assert (found.entry.said, found.entry.rewrite_id) == ("please play a major of town", "lesson")
    assert lessons.applied("play the mayor of town") is None
    for entry in lessons.entries:
        assert is_lesson(entry)
        lessons.remove(entry)
    assert lessons.applied("please play the maj of town") is None


def test_a_phrase_that_leads_to_a_state_is_refused() -> None:
    with pytest.raises(ValueError, match="which is none"):
        PhraseLessons().put(structs.replace(lesson(), target_state="music|play|"))


def test_what_is_put_right_is_refused_for_its_words() -> None:
    assert may_not_be_said("odor the maj of x", "order the mayor of x", phrase_key(MAYOR)) is not None
    assert may_not_be_said("play the maj of x", "play the mayor of x", phrase_key(MAYOR)) is None


def test_an_assistant_that_gets_worse_words_understands_nothing() -> None:
    assert is_farther("play the mayor of x", "play the maj of x", "play the maj of x")
    assert not is_farther("play the mayor of why", "play the maj of why", "play the mayor of x")


def test_what_is_known_wherever_it_stands_is_told_once() -> None:
    assert list(table_of(*FAILED, *WORKED).rewrites) == [phrase_key(ANY_MAJ)]


def asked(text: str) -> RewriteRequest:
    return RewriteRequest(text=text, turn_id="t")


def decided(entry: Entry, text: str, holdout: float = 0.0) -> Verdict:
    return Decider(index_of(entry), ranker(0.3), lambda _user: {}, holdout).decide(asked(text))


def test_a_request_with_the_phrase_is_served_in_the_lessons_name_with_words_alone() -> None:
    verdict = decided(lesson(), "play the maj of town")
    assert (verdict.arm, verdict.entry and verdict.entry.key) == (DecisionArm.SERVED, lesson().key)
    assert verdict.entry is not None
    answer = rewritten(verdict.entry)
    assert (answer.rewrite_id, answer.text, answer.interpretation) == ("lesson", "play the mayor of town", None)
    assert decided(lesson(), "play the maj of town", 1.0).arm is DecisionArm.HOLDOUT
    assert decided(lesson(blocked="worse"), "play the maj of town").reason is DecisionReason.BLOCKED
    assert decided(lesson(), "play the song of town").arm is DecisionArm.NONE


def test_no_word_is_put_right_in_what_is_never_rewritten_nor_turned_into_it() -> None:
    assert decided(lesson(), "call the maj of town").reason is DecisionReason.DENIED
    assert decided(lesson(target=("the", "call", "of")), "play the maj of town").reason is DecisionReason.DENIED
    assert decided(lesson(target=("the", "not", "of")), "play the maj of town").reason is DecisionReason.DENIED


def test_a_snapshot_keeps_lessons_and_what_is_like_one_does_not_find_it(tmp_path: Path) -> None:
    index = index_of(lesson())
    assert [one.via for one in index.search("the maj of")] == [Via.SOURCE]
    assert index.search("the major of") == []
    write_snapshot(index, tmp_path, {}, 5)
    again = RewriteIndex(LettersEncoder())
    read_snapshot(again, snapshots(tmp_path)[0])
    found = again.search("play the maj of town")
    assert [one.entry.said for one in found] == ["play the mayor of town"]
    assert again.remove(lesson().key)
    assert again.search("play the maj of town") == []


def table_of(*states: SourceState) -> RewriteTable:
    table = RewriteTable(RULES)
    for one in states:
        table.take(one)
    table.refresh()
    return table


FAILED = [state(n, "maj", Outcome.FAILURE, "mayor") for n in range(12)]
WORKED = [state(n, "mayor", Outcome.SUCCESS) for n in range(20, 40)]


def test_a_lesson_is_withdrawn_with_what_taught_it_and_blocked_ones_stay() -> None:
    table = table_of(*FAILED, *WORKED)
    rewrite = table.rewrites[phrase_key(ANY_MAJ)]
    for one in FAILED:
        table.take(SourceState(one.source))
    table.refresh()
    assert phrase_key(ANY_MAJ) not in table.rewrites
    table.hear(rewrite.source, rewrite.model_copy(update={"blocked": True, "blocked_because": "worse"}))
    table.refresh()
    assert table.rewrites[phrase_key(ANY_MAJ)].blocked


def test_what_fails_mostly_is_left_alone_where_it_is_not_right_more_often_than_not_to_change_it() -> None:
    """`Wake me at five` is no `wake me at five tomorrow`, though two in three came back so."""
    failed = [state(n, "maj", Outcome.FAILURE, "mayor") for n in range(40)]
    worked = [state(n, "mayor", Outcome.SUCCESS) for n in range(100, 160)]
    meant = [state(n, "maj", Outcome.SUCCESS) for n in range(200, 222)]
    assert phrase_key(ANY_MAJ) in table_of(*failed, *worked).rewrites
    table = table_of(*failed, *worked, *meant)
    assert phrase_key(ANY_MAJ) not in table.rewrites
    assert table.refused[Refused.WORKS_AS_IT_IS]


def test_questions_back_speak_for_the_target_and_not_against_the_source() -> None:
    asked = [state(n, "mayor", Outcome.ASKED) for n in range(20, 60)]
    assert phrase_key(ANY_MAJ) not in table_of(*FAILED, *asked).rewrites  # nobody succeeded with it
    assert phrase_key(ANY_MAJ) in table_of(*FAILED, *asked, *WORKED).rewrites
    assert phrase_key(ANY_MAJ) in table_of(*FAILED, *WORKED, *(state(n, "maj", Outcome.ASKED) for n in range(60, 99)))\
        .rewrites  # fmt: skip


def test_a_later_round_goes_through_the_states_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrase_table, "STATES_A_STEP", 10)
    states: dict[str, SourceState] = {}
    phrases = PhraseTable(states, RULES, Counter())

    def take(*told: SourceState) -> None:
        for one in told:
            states[one.source] = one
            phrases.take(one)

    take(*WORKED)
    assert phrases.step(lambda _: True, 100) == {}
    take(*FAILED)
    steps = [phrases.step(lambda _: True, 100) for _ in range(4)]
    assert steps[:3] == [None, None, None]
    assert steps[3] is not None
    assert steps[3].keys() == {ANY_MAJ}


def test_of_a_phrase_in_very_many_requests_a_part_of_the_people_stands_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrase_table, "MOST_MOVES", 40)
    failed = [state(n, "maj", Outcome.FAILURE, "mayor") for n in range(100, 200)]
    worked = [state(n, "mayor", Outcome.SUCCESS) for n in range(100, 200)]
    one, other = table_of(*failed, *worked), table_of(*worked[::-1], *failed[::-1])
    assert 10 <= one.rewrites[phrase_key(ANY_MAJ)].users <= 40
    assert one.rewrites == other.rewrites

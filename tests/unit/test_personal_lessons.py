"""What one dialogue teaches about its requests: by a correction, by the answer to a question back, by going well."""

from processors.personal_lessons import lessons_of
from processors.personal_rewrites import PersonalRewrites
from schemas.dialogue import Dialogue, TurnVerdict
from tests.unit.test_personal_rewrites import rephrased, told
from tests.unit.test_transition import turn

MAJ = "music|play|song:maj"
MAGIC = "music|play|song:magic"


def taught(*turns: TurnVerdict, known: tuple[str, ...] = (), closed: bool = True) -> list[tuple[str, str, str]]:
    found = lessons_of(told(*turns, closed=closed), lambda _turn, _dialogue: None, known)
    return [(one.source, one.lesson.target, one.lesson.text) for one in found]


def no(song: str, *evidence: str) -> TurnVerdict:
    return turn(song, *evidence, at_s=5, intent="negate", request=f"no {song}")


def test_a_correction_teaches_the_request_with_the_right_words_in_it() -> None:
    assert taught(turn("maj", "correction:third-position"), no("magic")) == [(MAJ, MAGIC, "play magic")]


def test_a_correction_that_names_nothing_in_the_words_or_fails_itself_teaches_nothing() -> None:
    elsewhere = turn("maj", "correction:third-position", request="play that")
    assert taught(elsewhere, no("magic")) == []
    assert taught(turn("maj", "correction:third-position"), no("magic", "barge-in:stop")) == []


def test_the_answer_to_a_question_back_says_what_was_meant_even_in_the_same_words() -> None:
    asked = turn("maj", asked_back=True)
    assert taught(asked, turn("magic", at_s=5)) == [(MAJ, MAGIC, "play magic")]
    assert taught(asked, turn("magic", at_s=5, request="play maj")) == [(MAJ, MAGIC, "play maj")]
    assert taught(asked, turn("magic", "barge-in:stop", at_s=5)) == []


def test_a_known_source_that_went_well_in_the_end_is_meant_as_it_is() -> None:
    fine = turn("maj")
    assert taught(fine, known=(MAJ,)) == [(MAJ, MAJ, "play maj")]
    assert taught(fine) == taught(fine, known=(MAJ,), closed=False) == []


def test_who_is_content_as_it_is_more_often_than_not_is_rewritten_no_longer() -> None:
    layer = PersonalRewrites()
    layer.process(told(*rephrased(), name="1"))
    (less,) = layer.process(_content(100, "2"))
    assert less.rewrite is None


def test_a_single_good_answer_is_counted_against_what_was_taught_twice() -> None:
    layer = PersonalRewrites()
    for number in range(2):
        layer.process(told(*rephrased(100 * number), name=str(number)))
    (less,) = layer.process(_content(300, "3"))
    assert less.rewrite is not None
    worked, as_it_is = less.rewrite.target_success, less.rewrite.source_success
    assert (worked.good, worked.bad, as_it_is.good, as_it_is.bad) == (2.5, 1.5, 1.5, 2.5)


def test_who_rejects_another_understanding_of_the_same_words_is_heard() -> None:
    served = turn("magic", "correction:third-position", request="play maj", rewrite_id="r")
    served = served.model_copy(update={"rewritten_to": "play maj"})
    assert taught(served) == [("music||words:play maj", MAGIC, "play maj")]


def _content(at_s: int, name: str) -> Dialogue:
    return told(turn("maj", at_s=at_s), name=name, closed=True)

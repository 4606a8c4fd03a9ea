"""What was read back is put right: understood by its own words, in the place of what was understood before."""

import pytest

from processors.dialogue import DialogueProcessor
from processors.lessons import ASKED_ABOUT, Lessons
from processors.read_back import ASKS, KEEPS, answer_of, is_read_back
from processors.result import Emit
from processors.teachable import Heard
from schemas.preference import PREFERENCE, Preference, PreferenceStatus
from schemas.turn import Asr, AsrHypothesis, Turn
from tests.unit.teaching_to_order import JAZZ, Finder, turn

CHESS = Heard("other", "chess", 0.95)
READ_BACK = f"You like chess. {KEEPS}"


def told(finder: Finder, *turns: Turn) -> list[Preference]:
    processor = DialogueProcessor(lessons=Lessons(finder))
    received = [(at, int(one.occurred_at.timestamp() * 1000), one) for at, one in enumerate(turns)]
    return [
        PREFERENCE.validate_json(one.value or b"")
        for one in processor.process(received)
        if isinstance(one, Emit) and one.topic_suffix == Preference.topic_suffix
    ]


@pytest.mark.parametrize(
    ("said", "text", "corrects"),
    [
        ("no I like jazz", "I like jazz", True),
        ("No, I said: I like jazz", "I like jazz", True),
        ("that's wrong I like jazz", "I like jazz", True),
        ("no, no I meant jazz", "jazz", True),
        ("no", "no", False),
        ("nobody likes jazz", "nobody likes jazz", False),
        ("I like jazz", "I like jazz", False),
    ],
)
def test_the_words_that_turn_down_are_taken_off(said: str, text: str, corrects: bool) -> None:
    assert answer_of(said) == (text, corrects)


@pytest.mark.parametrize(("said", "is_one"), [(READ_BACK, True), (f"You like it. {ASKS}", True), ("Do you?", False)])
def test_a_read_back_is_known_by_what_it_promises(said: str, is_one: bool) -> None:
    assert is_read_back(said) is is_one


def test_a_correction_takes_the_place_of_what_was_misunderstood() -> None:
    finder = Finder({"a": CHESS, "I like jazz": JAZZ})
    first, second = told(finder, turn(0, "a", answer=READ_BACK), turn(9, "no I said I like jazz"))
    assert (second.value, second.supersedes) == ("jazz", first.event_id)
    assert [case.question for case in finder.asked] == ["", ""]


def test_a_second_correction_takes_the_place_of_the_first() -> None:
    finder = Finder({"a": CHESS, "b b": CHESS, "I like jazz": JAZZ})
    turns = turn(0, "a", answer=READ_BACK), turn(9, "no b b", answer=READ_BACK), turn(18, "no I like jazz")
    first, second, third = told(finder, *turns)
    assert (second.supersedes, third.supersedes) == (first.event_id, second.event_id)


def test_a_no_after_anything_else_takes_nothing_back() -> None:
    finder = Finder({"a": CHESS, "no I like jazz": JAZZ})
    assert [one.supersedes for one in told(finder, turn(0, "a", answer="ok"), turn(9, "no I like jazz"))] == [None] * 2


def heard_as(*texts: str) -> Turn:
    best = texts[0]
    asr = Asr(text=best, n_best=tuple(AsrHypothesis(text=one) for one in texts))
    return turn(0, best).model_copy(update={"text": None, "asr": asr})


class TestHypotheses:
    """What the recogniser was less sure of may be what was said."""

    def test_what_only_a_hypothesis_states_is_asked_about(self) -> None:
        finder = Finder({"jars": Heard("music", "jars", 0.95, clear=False), "jazz": JAZZ})
        (one,) = told(finder, heard_as("jars", "chairs", "jazz"))
        assert (one.value, one.status, one.confidence) == ("jazz", PreferenceStatus.PENDING, ASKED_ABOUT)

    def test_what_was_understood_well_is_not_doubted(self) -> None:
        finder = Finder({"chess": CHESS, "jazz": JAZZ})
        (one,) = told(finder, heard_as("chess", "jazz"))
        assert (one.value, one.status) == ("chess", PreferenceStatus.ACTIVE)

    def test_an_unclear_hypothesis_changes_nothing(self) -> None:
        unclear = Heard("music", "jars", 0.95, clear=False)
        (one,) = told(Finder({"jars": unclear, "jam": Heard("music", "jam", 0.6)}), heard_as("jars", "jam"))
        assert one.value == "jars"

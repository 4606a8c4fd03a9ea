"""What an exchange shows."""

from hypothesis import given
from hypothesis import strategies as st

from processors.signals import WINDOW_TURNS, signals_of
from schemas.contract import derived_id
from schemas.feedback import FEEDBACK, BargeIn, ExplicitAnswer, Repeat, Termination
from schemas.turn import Answer, PlaybackState, ResponseStatus, StoppedBy
from tests.unit.exchanges import answered, exchange, playback, talk

requests = st.lists(
    st.sampled_from(
        ["", "stop", "yes", "play abba", "play aba", "play abba loud", "no i said abba", "what time is it", "next"]
    ),
    min_size=1,
    max_size=12,
)


@st.composite
def dialogues(draw):
    exchanges = []
    now = 0.0
    for request in draw(requests):
        now += draw(st.floats(0.1, 20.0))
        speech = (now, now + 1.0)
        answer = (now + 1.5, now + 1.5 + draw(st.floats(0.0, 15.0)))
        status = draw(st.sampled_from(list(ResponseStatus)))
        exchanges.append(exchange(request, speech, answer, status=status))
        now += 1.0
    return exchanges


@given(dialogues())
def test_the_same_exchanges_always_show_the_same(exchanges):
    for i in range(len(exchanges)):
        assert signals_of(exchanges, i, 3) == signals_of(list(exchanges), i, 3)


@given(dialogues())
def test_only_the_window_before_an_exchange_matters_and_nothing_after_it(exchanges):
    for i in range(len(exchanges)):
        first = max(0, i - WINDOW_TURNS)
        window = exchanges[first : i + 1]
        assert signals_of(exchanges, i, 3) == signals_of(window, i - first, 3)


@given(dialogues())
def test_signals_travel_as_json_and_have_ids_of_their_own(exchanges):
    shown = [signal for i in range(len(exchanges)) for signal in signals_of(exchanges, i, 3)]
    assert len({signal.event_id for signal in shown}) == len(shown)
    for signal in shown:
        assert FEEDBACK.validate_json(signal.to_bytes()) == signal


@given(dialogues(), st.integers(0, 9))
def test_knowing_more_changes_the_revision_and_no_id(exchanges, revision):
    last = len(exchanges) - 1
    for before, after in zip(
        signals_of(exchanges, last, revision), signals_of(exchanges, last, revision + 1), strict=True
    ):
        assert after.event_id == before.event_id
        assert (before.revision, after.revision) == (revision, revision + 1)


def test_a_signal_names_the_turn_it_is_about_and_the_one_that_shows_it():
    exchanges = talk(["play imagine dragons", "play imagine dragons"])
    (signal,) = signals_of(exchanges, 1, 2)
    assert isinstance(signal, Repeat)
    assert (signal.turn_id, signal.by_turn_id) == (exchanges[0].turn_id, exchanges[1].turn_id)
    assert signal.event_id == derived_id("rephrase", exchanges[0].turn_id, exchanges[1].turn_id)
    assert signal.occurred_at == exchanges[1].occurred_at


def test_a_stop_in_the_middle_of_an_answer_is_an_interruption_and_a_termination():
    exchanges = [exchange("tell me about rome", (0, 1), (2, 12)), exchange("stop", (5, 5.5))]
    shown = signals_of(exchanges, 1, 2)
    assert [type(signal) for signal in shown] == [BargeIn, Termination]


def test_a_player_stopped_early_is_shown_by_its_own_exchange():
    music = exchange("play jazz", (0, 1), (2, 3))
    stop = playback(music, PlaybackState.STOPPED, 9, position_s=6, stopped_by=StoppedBy.BUTTON)
    (signal,) = signals_of([music], 0, 2)
    assert isinstance(signal, Termination)
    assert (signal.turn_id, signal.by_turn_id, signal.occurred_at) == (music.turn_id, None, stop.occurred_at)


def test_every_explicit_answer_is_shown():
    asked = exchange("play jazz", (0, 1), (2, 3))
    answered(asked, Answer.UNCLEAR)
    answered(asked, Answer.NO, rating=1)
    first, second = signals_of([asked], 0, 3)
    assert isinstance(first, ExplicitAnswer)
    assert isinstance(second, ExplicitAnswer)
    assert (first.answer, second.answer, second.rating) == (Answer.UNCLEAR, Answer.NO, 1)


def test_an_ordinary_dialogue_shows_nothing():
    exchanges = talk(["what's the weather", "set a timer for ten minutes", "call anna", "thanks"])
    assert [signal for i in range(len(exchanges)) for signal in signals_of(exchanges, i, 1)] == []

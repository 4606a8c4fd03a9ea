"""The preference model that ships: what it finds in a turn, and that it stays silent."""

import pytest

from models.correction.encoder import WordEncoder
from models.folder import WEIGHTS, ModelFolderError
from models.preference.attributes import Attribute
from models.preference.catalogue import THING, Catalogue, Entry
from models.preference.features import Turn
from models.preference.model import PreferenceModel, Statement
from models.preference.opinion import asked_for
from models.preference.sensitive import Category
from schemas.preference import Polarity, PreferenceScope

CATALOGUE = Catalogue(
    [
        Entry("music", "jazz", "genre:jazz"),
        Entry("film", "horror", "film:horror"),
        Entry(THING, "desk lamp", "device:desk-lamp"),
    ]
)


@pytest.fixture(scope="module")
def model() -> PreferenceModel:
    return PreferenceModel.load(words=WordEncoder.load())


def found(model: PreferenceModel, text: str, question: str = "") -> Statement:
    return model.find([Turn(text, question)], CATALOGUE)[0]


def test_a_liking_is_found_with_its_catalogue_entity(model: PreferenceModel) -> None:
    one = found(model, "I really like jazz")
    assert one.states
    assert one.value is not None
    assert (one.value.text, one.canonical, one.attribute) == ("jazz", "genre:jazz", Attribute.MUSIC)
    assert (one.polarity, one.scope) == (Polarity.LIKE, PreferenceScope.USER)
    assert not one.clarify


def test_a_negation_turns_the_polarity(model: PreferenceModel) -> None:
    assert found(model, "I don't like horror movies").polarity is Polarity.DISLIKE


def test_a_statement_of_another_person_says_who(model: PreferenceModel) -> None:
    one = found(model, "my sister loves jazz")
    assert one.scope is PreferenceScope.PERSON
    assert one.person is not None
    assert one.person.text == "sister"


def test_an_own_name_names_a_thing(model: PreferenceModel) -> None:
    one = found(model, "call my desk lamp firefly")
    assert one.attribute is Attribute.OWN_NAME
    assert one.value is not None
    assert (one.value.text, one.canonical_stands_for) == ("firefly", "device:desk-lamp")


def test_an_unknown_value_asks_for_a_clarification(model: PreferenceModel) -> None:
    assert found(model, "I love listening to zydeco").clarify


def test_a_condition_and_a_time_are_kept(model: PreferenceModel) -> None:
    condition, time = found(model, "I like jazz in the morning").condition, found(model, "I like jazz today").time
    assert condition is not None
    assert time is not None
    assert (condition.text, time.text) == ("in the morning", "today")


@pytest.mark.parametrize("text", ["turn on the desk lamp", "what's the weather like today", "play some jazz", "stop"])
def test_requests_teach_nothing(model: PreferenceModel, text: str) -> None:
    assert not found(model, text).states


def test_what_is_sensitive_is_marked(model: PreferenceModel) -> None:
    one = found(model, "I don't like my antidepressants")
    assert not one.states or one.sensitive is Category.HEALTH


def test_a_turn_is_judged_alike_alone_and_among_others(model: PreferenceModel) -> None:
    turns = [Turn("I really like jazz"), Turn("play the news"), Turn("I don't like horror movies")]
    assert model.find(turns, CATALOGUE) == [model.find([turn], CATALOGUE)[0] for turn in turns]


def test_an_answer_to_a_question_about_likes_states_a_preference(model: PreferenceModel) -> None:
    question = "What kinds of movies do you dislike?"
    yes, no = model.find(
        [Turn("Romantic comedies, they are boring and predictable.", question), Turn("Hello?", question)], guided=True
    )
    assert yes.states
    assert yes.polarity is Polarity.DISLIKE
    assert yes.score > no.score


def test_a_question_says_what_it_is_after() -> None:
    assert asked_for("What did you like about it?") is Polarity.LIKE
    assert asked_for("Why don't you like it?") is Polarity.DISLIKE
    assert asked_for("What did you like or dislike about it?") is None
    assert asked_for("Have you seen it?") is None
    assert asked_for("Do you like it?") is None


def test_a_no_in_the_answer_outweighs_the_question(model: PreferenceModel) -> None:
    turn = Turn("No, I don't like Thor.", "What do you like about movies like Thor?")
    assert model.find([turn], guided=True)[0].polarity is Polarity.DISLIKE


def test_a_folder_without_a_model_says_what_to_do(tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ModelFolderError, match="earshot train"):
        PreferenceModel.load(tmp_path_factory.mktemp("empty"))


def test_the_models_that_ship_are_small() -> None:
    files = [path for path in (WEIGHTS / "preference").rglob("*") if path.is_file()]
    assert files
    assert max(path.stat().st_size for path in files) < 10 * 1024 * 1024

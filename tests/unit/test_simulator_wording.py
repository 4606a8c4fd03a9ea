"""Moves become words: all values are said, styles differ, no template is left with a name in it."""

from pathlib import Path
from random import Random

import pytest

from streams.simulator.customer import Customer
from streams.simulator.customer_wish import Speech, Wish
from streams.simulator.meaning import Act, Meaning, Move
from streams.simulator.pack import load_pack
from streams.simulator.pack_written import Paraphrase
from streams.simulator.wording import Phrase, Side, Style
from streams.simulator.wording_templates import joined, paraphrased, template, with_pronouns
from tests.unit.talking import talk

HOME = load_pack("home_a")
LAMPS = load_pack(Path(__file__).parents[1] / "fixtures" / "packs" / "lamps.toml")


def wish(api: str, **entities: str) -> Wish:
    return Wish(HOME, Speech(HOME, Random(1), frozenset()), HOME.apis[api], entities)


def ways_to_say(move: Move, style: Style, count: int = 200) -> set[str]:
    rng = Random(2)
    return {HOME.say(move, Side.CUSTOMER, rng, style) for _ in range(count)}


@pytest.mark.parametrize(("name", "count"), [("home_a", 5000), ("home_b", 4000), ("shop_chat", 1000)])
def test_ten_thousand_dialogues_have_words_for_every_move(name: str, count: int) -> None:
    pack = load_pack(name)
    for seed in range(count):
        _, turns = talk(pack, seed)
        for turn in turns:
            for text in (turn.words, turn.answer):
                assert text.strip()
                assert text == " ".join(text.split())
                assert not set("{}%") & set(text)
            assert all(value in turn.words for act, _, value in turn.move.acts if act is Act.INFORM)


def test_the_words_vary() -> None:
    move = wish("music.play_song", song=HOME.catalogue_of["song"].entries[3].entity).ask(["song"])
    assert len(ways_to_say(move, Style.PLAIN)) > 20


def test_other_words_are_not_those_said_before() -> None:
    move = wish("music.play_song", song=HOME.catalogue_of["song"].entries[3].entity).ask(["song"])
    rng = Random(4)
    before = HOME.say(move, Side.CUSTOMER, rng)
    for _ in range(100):
        again = HOME.say(move, Side.CUSTOMER, rng, Style.LEXICAL, before)
        assert again != before
        before = again


def test_simple_words_are_fewer_and_expanded_ones_more() -> None:
    move = wish("weather.forecast", town=HOME.catalogue_of["town"].named("wilkerson")[0].entity).ask(["town"])
    plain, simple, long = (
        sum(len(text.split()) for text in texts) / len(texts)
        for texts in (ways_to_say(move, style) for style in (Style.PLAIN, Style.SIMPLIFY, Style.EXPAND))
    )
    assert simple < plain < long


def test_a_correction_begins_with_a_no_and_a_change_of_mind_does_not() -> None:
    move = wish("music.play_song", song=HOME.catalogue_of["song"].entries[3].entity)
    corrected = move.inform(["song"], ((Act.NEGATE, "", ""),), "negate")
    openings = HOME.written.phrases.customer.before_correction
    assert all(text.startswith(openings) for text in ways_to_say(corrected, Style.CORRECTION))
    changed = move.inform(["song"], ((Act.NEGATE, "", "changed"),), "negate")
    assert not any(text.startswith("no") for text in ways_to_say(changed, Style.PLAIN))


def test_a_pronoun_takes_no_article_and_no_noun() -> None:
    rules = template("play the song {song} by {artist}")
    assert with_pronouns(rules, frozenset({"song"})) == template("play {song} by {artist}")
    assert with_pronouns(rules, frozenset({"artist"})) == rules


def test_parts_go_before_the_end_of_a_question() -> None:
    question = joined(template("You want {song}, right?"), [template("by {artist}")])
    assert question == template("You want {song} by {artist}, right?")
    sentences = joined(template("I need a {category}."), [template("I prefer {brand}.")])
    assert sentences == template("I need a {category}. I prefer {brand}.")


def test_a_paraphrase_replaces_whole_words_outside_of_names() -> None:
    rules = (Paraphrase(words="play", others=("put on",)),)
    assert paraphrased(["play {song}"], rules) == ("play {song}", "put on {song}")
    assert paraphrased(["replay {play}"], rules) == ("replay {play}",)


def test_a_request_in_a_sample_is_a_template() -> None:
    assert "light the {lamp}" in set(LAMPS.texts())


def test_the_assistant_says_the_values_of_what_it_did() -> None:
    song = HOME.catalogue_of["song"].named("blue lantern")[0]
    goal = HOME.goal("music.play_song", {"song": song.entity})
    move = Move(((Act.NOTIFY_SUCCESS, "", ""),), HOME.apis[goal.api].meaning, goal.call, song.entity)
    texts = {HOME.say(move, Side.ASSISTANT, Random(seed)) for seed in range(30)}
    artist = HOME.label(song.attributes["artist"])
    assert any(artist in text for text in texts)
    assert all("Blue Lantern" in text for text in texts)
    assert not any(text.count(artist) > 1 for text in texts)


def test_not_understood_and_not_supported_have_words() -> None:
    apology = HOME.written.phrases.assistant
    not_understood = Move(((Act.REQUEST, "", ""),))
    unsupported = Move(((Act.NOTIFY_FAILURE, "", "unsupported"),), Meaning("banking", "transfer"))
    assert HOME.say(not_understood, Side.ASSISTANT, Random(1)) in apology.not_understood
    assert HOME.say(unsupported, Side.ASSISTANT, Random(1)) in apology.unsupported


@pytest.mark.parametrize("name", list(Phrase))
def test_every_pack_has_every_set_phrase(name: Phrase) -> None:
    for pack in ("home_a", "home_b", "shop_chat"):
        assert load_pack(pack).phrase(name, Random(1))


def test_the_vocabulary_has_the_names_and_the_words_around_them() -> None:
    words = {word.lower() for text in HOME.vocabulary() for word in text.split()}
    assert {"play", "wilkerson", "alarm", "ohio"} <= words
    assert not any("{" in word for word in words)


def test_saying_it_clearly_uses_the_full_name() -> None:
    goal = HOME.goal("weather.forecast", {"town": HOME.resolver.ambiguous("town")[0][1][0]})
    customer = Customer(HOME, [goal], Random(1))
    customer.next(None)
    move = customer.repair(Move(((Act.REQUEST, "", ""),)), Style.PHONETIC)
    ((_, town),) = goal.arguments
    assert (Act.INFORM, "town", HOME.entries[town].full_name) in move.acts

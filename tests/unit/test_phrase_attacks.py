"""Who wants the world to learn something of a word that is not so: nothing of it becomes a rewrite for everybody.

As in the attacks on whole requests, dialogues go through everything that `learn` does with them.
"""

from collections.abc import Mapping
from datetime import timedelta

import pytest

from processors.rewrite_choice import RewriteRules
from schemas.dialogue import Dialogue
from tests.unit.test_rewrite_attacks import START, dialogue, learned, lived, people, said

CROWD = people("somebody", 40)
MISHEARD = "||phrase:* maj *"


def asked(accounts: Mapping[str, str], word: str, *evidence: str, otherwise: str | None = None, times: int = 1,
          domain: str = "music", rewrite: str | None = None) -> list[Dialogue]:  # fmt: skip
    """Each asks for another song with a word in its name; `otherwise`: what the recogniser heard in its place."""
    told = []
    for n, (user, device) in enumerate(accounts.items()):
        for time in range(times):
            words = f"play the {{}} of town {n} {time}"
            turn = said(
                f"{domain}|play|song:{word} of town {n} {time}", *evidence, at=START + timedelta(minutes=n + 60 * time),
                words=words.format(word), rewrite=rewrite,
            )  # fmt: skip
            other = (words.format(otherwise),) if otherwise is not None else None
            told.append(dialogue(user, device, turn.model_copy(update={"alternatives": other})))
    return told


def misheard(accounts: Mapping[str, str], otherwise: str = "mayor", times: int = 1) -> list[Dialogue]:
    return asked(accounts, "maj", "termination:gave-up", otherwise=otherwise, times=times)


USUAL = [*lived(CROWD), *asked(CROWD, "mayor"), *asked(CROWD, "advert")]
"""A fleet in which songs of the mayor and of adverts work for everybody."""


def test_control_twelve_people_whose_requests_have_but_a_word_in_common_teach_it() -> None:
    honest = people("honest", 12)
    rewrites = learned(USUAL, lived(honest), misheard(honest))
    assert {one.source: (one.target, one.users) for one in rewrites.values()} == {MISHEARD: ("||phrase:* mayor *", 12)}
    assert "12 people" in rewrites[MISHEARD].reason


def test_nine_people_do_not() -> None:
    honest = people("honest", 9)
    assert learned(USUAL, lived(honest), misheard(honest, times=3)) == {}


@pytest.mark.parametrize("times", [1, 3])
def test_ten_accounts_made_for_it_teach_no_word(times: int) -> None:
    sybils = people("sybil", 30)
    assert learned(USUAL, misheard(sybils, "advert", times)) == {}
    assert learned(USUAL, misheard(sybils, "advert"), rules=RewriteRules(standing=0)).keys() == {MISHEARD}


def test_a_hundred_accounts_with_a_history_on_a_few_devices_teach_no_word() -> None:
    farm = people("farm", 100, devices=9)
    assert learned(USUAL, lived(farm), misheard(farm, "advert", 3)) == {}


def test_one_loud_person_teaches_no_word() -> None:
    shouted = [one for n in range(40) for one in misheard({"loud": f"device {n}"}, "advert", 3)]
    assert learned(USUAL, lived({"loud": "first device"}), shouted) == {}


def test_a_word_that_works_for_the_others_is_not_turned_away() -> None:
    sybils = people("sybil", 12)
    against = asked(sybils, "mayor", "termination:gave-up", otherwise="advert", times=3)
    assert learned(USUAL, lived(sybils), against) == {}


def test_accounts_with_a_history_do_not_outvote_the_others() -> None:
    sybils, honest = people("sybil", 12), people("honest", 30)
    rewrites = learned(USUAL, lived(sybils), lived(honest), misheard(sybils, "advert", 3), misheard(honest, times=3))
    assert "||phrase:* advert *" not in {one.target for one in rewrites.values()}


@pytest.mark.parametrize("word", ["order", "unlock", "call", "message", "no", "stop", "never", "yes", "not"])
def test_no_word_becomes_one_that_acts_or_denies(word: str) -> None:
    assert learned(USUAL, asked(CROWD, word), misheard(CROWD, word, 3)) == {}


@pytest.mark.parametrize("domain", ["order", "calls", "kids", "garage"])
def test_what_is_never_rewritten_teaches_no_word(domain: str) -> None:
    failed = asked(CROWD, "maj", "termination:gave-up", otherwise="mayor", times=3, domain=domain)
    assert learned(USUAL, failed) == {}


def test_a_word_of_what_is_never_rewritten_takes_no_others_place() -> None:
    told = asked(CROWD, "dealer", domain="calls", times=3)
    assert learned(USUAL, told, misheard(CROWD, "dealer", 3)) == {}


def test_a_word_that_is_only_left_out_teaches_nothing() -> None:
    assert learned(USUAL, asked(CROWD, "big maj", "termination:gave-up", otherwise="big", times=3)) == {}


def test_a_circle_of_words_teaches_nothing() -> None:
    one, other = people("one", 20), people("other", 20)
    back = asked(other, "mayor", "termination:gave-up", otherwise="maj")
    assert learned(lived(one), lived(other), misheard(one), back) == {}


def test_what_a_rewrite_led_to_teaches_no_word() -> None:
    planted = asked(CROWD, "maj", "termination:gave-up", otherwise="mayor", rewrite="planted")
    assert learned(USUAL, planted) == {}


def test_rivals_of_the_same_weight_teach_nothing() -> None:
    one, other = people("one", 20), people("other", 20)
    assert learned(USUAL, lived(one), lived(other), misheard(one), misheard(other, "advert")) == {}

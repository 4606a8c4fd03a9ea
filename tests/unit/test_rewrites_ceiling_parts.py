"""The ceiling by parts of requests: what is wrong with a word or a value, pooled over all requests it stands in."""

from streams.evaluate.rewrites_arms import Said
from streams.evaluate.rewrites_ceiling import ceiling
from streams.evaluate.rewrites_ceiling_parts import PartsOracle


def request(number: int, heard: str, said: str, state: str, meant: str) -> Said:
    name = f"u{number}"
    return Said(name, name, name, number, state, meant, state == meant, habit=False, heard=heard, said=said)


def misheard(number: int) -> Said:
    song = f"song:of town {number}"
    heard, said = f"play the maj of town {number}", f"play the mayor of town {number}"
    return request(number, heard, said, f"music|play|{song}", f"music|play|song:{number}")


def unresolved(number: int, value: str = "wilkerson") -> Said:
    slots = f"day:day {number};place:{value}"
    wanted = f"day:day {number};place:wilkerson, california"
    return request(number, "weather", "weather", f"weather|tell|{slots}", f"weather|tell|{wanted}")


def test_a_word_that_ten_people_had_misheard_is_known_in_a_request_nobody_made() -> None:
    oracle = PartsOracle(10)
    for number in range(9):
        oracle.learn(misheard(number))
    assert not oracle.by_phrase(misheard(99))
    oracle.learn(misheard(9))
    assert oracle.by_phrase(misheard(99))
    assert not oracle.by_phrase(request(1, "play the maj of x and y", "play the mayor of z", "a|b|", "c|d|"))


def test_a_word_that_is_mostly_meant_is_left_alone() -> None:
    oracle = PartsOracle(10)
    for number in range(30):
        oracle.learn(misheard(number))
        oracle.learn(request(number, f"play the maj of {number}", f"play the maj of {number}", "a|b|", "a|b|"))
    assert not oracle.by_phrase(misheard(99))


def test_a_value_that_ten_people_meant_otherwise_is_known_whatever_else_is_asked() -> None:
    oracle = PartsOracle(10)
    for number in range(10):
        oracle.learn(unresolved(number))
    assert oracle.by_slots(unresolved(99))
    assert not oracle.by_slots(unresolved(99, "springfield"))


def test_the_ceiling_says_what_states_values_and_phrases_would_cure() -> None:
    found = ceiling([misheard(n) for n in range(10)] + [unresolved(n) for n in range(10)],
                    [misheard(98), unresolved(99), unresolved(99, "springfield")])  # fmt: skip
    thirds = {name: round(3 * found[f"curable_by_{name}"].value) for name in ("many", "slots", "phrases")}
    assert thirds == {"many": 0, "slots": 1, "phrases": 1}
    assert round(3 * found["curable_by_all_of_many"].value) == 2

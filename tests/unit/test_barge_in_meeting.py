"""Starts over other speakers: what of a meeting is known at a moment, and nothing of what comes after."""

from dataclasses import replace
from random import Random

import pytest

from models.barge_in.floor import WORDS_HEARD, FloorModel, floor_case
from models.barge_in.floor_features import interrupted_voice, moment_after
from models.barge_in.meeting import Act, Meeting


def act(name, speaker, start_s, words, word_s=0.25):
    said = tuple(words.split())
    ends = tuple(start_s + word_s * (at + 1) for at in range(len(said)))
    return Act(name, speaker, start_s, ends[-1], said, ends)


def meeting(*acts):
    return Meeting(acts)


LONG = act("long", "ann", 0.0, "so what i wanted to say about the second part of the plan is this")


def starts(held):
    return {overlap.act.id: [other.id for other in overlap.over] for overlap in held.overlaps()}


def test_a_start_while_somebody_goes_on_speaking_is_over_them():
    held = meeting(LONG, act("yeah", "bob", 1.0, "yeah"), act("later", "cem", 9.0, "right"))
    assert starts(held) == {"yeah": ["long"]}


def test_what_is_within_the_error_of_word_times_is_no_overlap():
    held = meeting(LONG, act("together", "bob", 0.03, "so"), act("at the end", "cem", LONG.end_s - 0.03, "okay"))
    assert starts(held) == {}


def test_nobody_starts_over_themselves():
    assert starts(meeting(LONG, act("own", "ann", 1.0, "well"))) == {}


def test_the_floor_is_with_who_said_most():
    held = meeting(act("mm", "bob", 0.9, "mm", 2.0), LONG, act("no", "cem", 1.5, "no wait"))
    overlap = next(overlap for overlap in held.overlaps() if overlap.act.id == "no")
    assert interrupted_voice(held, overlap) is held.voices["ann"]


def test_a_start_is_heard_across_acts_until_a_pause():
    held = meeting(
        LONG, act("yeah", "bob", 1.0, "yeah"), act("but", "bob", 1.3, "but i think"), act("x", "bob", 9, "x")
    )
    overlap = held.overlaps()[0]
    assert moment_after(held, overlap, 1).words == ("yeah",)
    assert moment_after(held, overlap, 3).words == ("yeah", "but", "i")
    assert moment_after(held, overlap, 3).at_s == 1.3 + 0.5


def test_a_start_with_fewer_words_is_told_when_its_pause_is_noticed():
    held = meeting(LONG, act("yeah", "bob", 1.0, "yeah"), act("x", "bob", 9, "x"))
    moment = moment_after(held, held.overlaps()[0], 3)
    assert (moment.words, moment.fell_silent, moment.at_s) == (("yeah",), True, 1.55)


def known_until(held, moment_s):
    """The meeting as somebody has it who knows nothing of what is said later: words that are not over are missing, and
    whoever speaks goes on for ever."""
    acts = []
    for one in held.acts:
        if one.start_s > moment_s:
            continue
        heard = sum(end_s <= moment_s + 1e-9 for end_s in one.word_ends_s)
        end_s = one.end_s if one.end_s <= moment_s else 1e4
        acts.append(replace(one, end_s=end_s, words=one.words[:heard], word_ends_s=one.word_ends_s[:heard]))
    return Meeting(acts)


def chatter(seed):
    chance = Random(seed)
    acts = []
    for speaker in ("ann", "bob", "cem"):
        at_s = chance.random() * 3
        for number in range(30):
            words = " ".join(
                chance.choice(["yeah", "so", "but", "the", "plan", "uh", "we"]) for _ in range(chance.randint(1, 9))
            )
            acts.append(act(f"{speaker}{number}", speaker, round(at_s, 2), words, chance.choice([0.2, 0.31])))
            at_s = acts[-1].end_s + chance.choice([0.0, 0.1, 0.5, 2.0])
    return meeting(*acts)


def test_nothing_that_is_said_after_the_moment_counts():
    compared = 0
    for seed in range(3):
        held = chatter(seed)
        for overlap in held.overlaps():
            for words in WORDS_HEARD:
                moment = moment_after(held, overlap, words)
                past = known_until(held, moment.at_s)
                same = next((one for one in past.overlaps() if one.act.id == overlap.act.id), None)
                if same is None:
                    continue
                ours, theirs = floor_case(held, overlap, words), floor_case(past, same, words)
                assert ours.tokens == theirs.tokens
                assert ours.row.tolist() == pytest.approx(theirs.row.tolist(), abs=1e-9)
                compared += 1
    assert compared > 100


def test_the_model_that_ships_tells_a_floor_grab_from_a_backchannel():
    held = meeting(LONG, act("listens", "bob", 1.0, "yeah"), act("takes", "cem", 2.0, "but wait what about the cost"))
    scores = {(one.overlap.act.id, one.words_heard): one.score for one in FloorModel.load().score(held)}
    assert set(scores) == {(name, heard) for name in ("listens", "takes") for heard in (1, 3)}
    assert scores["takes", 3] > scores["listens", 3]
    assert all(0.0 <= score <= 1.0 for score in scores.values())

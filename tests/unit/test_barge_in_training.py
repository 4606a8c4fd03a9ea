"""`earshot train barge-in`: what is written, and that learning says what it lacks."""

import pytest

from models.barge_in.kind import KINDS, KindModel
from schemas.feedback import BargeInKind
from streams.evaluate.barge_in_kinds import count_kinds, macro_f1, macro_f1_over
from streams.training.barge_in import NothingToLearn, train, train_kind
from streams.training.barge_in_cases import Case
from streams.training.barge_in_fit import fit_kind, fit_kind_trees
from tests.unit.test_barge_in_kind import ALL


def test_the_judge_of_kinds_is_learned_from_simulated_people_and_its_card_says_how_well(tmp_path):
    said: list[str] = []
    train_kind(tmp_path / "kind", 3, said.append, dialogues=150)
    kinds = {judgement.kind for judgement in KindModel.load(tmp_path / "kind").judge(ALL)}
    assert len(kinds) >= 3
    card = (tmp_path / "kind" / "card.md").read_text()
    assert "trained on home_a, tested on home_b" in card
    assert "--seed 3" in card
    assert said


def test_without_the_meetings_training_says_where_it_looked(tmp_path):
    with pytest.raises(NothingToLearn, match="mrda"):
        train(tmp_path / "nowhere", tmp_path / "out", 1, lambda _: None)


def test_kinds_that_never_occur_cannot_be_learned():
    with pytest.raises(ValueError, match="no other-directed"):
        fit_kind([Case("t", "u", one, kind) for one, kind in zip(ALL[:4], KINDS[:4], strict=True)])


def test_missed_and_false_interruptions_count_against_their_kinds():
    right = [(f"user {number}", kind, kind) for number, kind in enumerate(BargeInKind)]
    assert macro_f1(count_kinds(right)).value == 1.0
    missed = macro_f1(count_kinds([*right, ("user 0", BargeInKind.STOP, None)])).value
    false = macro_f1(count_kinds([*right, ("user 0", None, BargeInKind.STOP)])).value
    assert missed == false == pytest.approx((4 + 2 / 3) / 5)


def test_being_better_than_another_is_told_with_an_interval():
    right = [(f"user {number}", kind, kind) for number, kind in enumerate([*BargeInKind] * 8)]
    wrong = [(user, true, BargeInKind.STOP) for user, true, _ in right]
    over = macro_f1_over(count_kinds(right), count_kinds(wrong))
    assert over.value == pytest.approx(1.0 - macro_f1(count_kinds(wrong)).value)
    assert over.low > 0.5
    assert macro_f1_over(count_kinds(right), count_kinds(right)).value == 0.0


def test_trees_learn_the_kinds_of_the_same_interruptions():
    learnt = [Case("t", "u", one, kind) for one, kind in zip(ALL, KINDS, strict=True)] * 30
    tell = fit_kind_trees(learnt)
    assert tell(ALL) == list(KINDS)
    assert tell([]) == []

"""Written questions asked again, against other questions: with a slip and without (Disfl-QA), and with a turn that
corrects how the first was understood (Repair-QA).

Neither set taught the weights that ship; Repair-QA may not, for its licence.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Final

import numpy as np
from rapidfuzz.distance import Indel

from models.rephrase.candidate import Candidate
from models.rephrase.retry_model import RetryModel
from processors.similarity import characters_alike, words_of
from streams.adapters.disfl_qa import Question
from streams.adapters.repair_qa import Misunderstanding
from streams.evaluate.figures import Bools, Figure, Floats, Groups, auc, f1, floats, with_interval

_NEAR: Final = 50
"""The other question is the most alike one among so many that follow."""


def question_figures(rows: Sequence[Question], model: RetryModel) -> dict[str, Figure]:
    """On `question_pairs`."""
    return _figures("disfl_qa", question_pairs(rows), model)


def question_pairs(rows: Sequence[Question]) -> list[Candidate]:
    """Slip first, then the question as meant; next to it the same slip, then another question much like it."""
    pairs: list[Candidate] = []
    for at, row in enumerate(rows):
        others = [rows[(at + step) % len(rows)].fluent for step in range(1, min(_NEAR, len(rows) - 1) + 1)]
        pairs.append(Candidate(row.disfluent, row.fluent))
        if others:
            pairs.append(Candidate(row.disfluent, _most_alike(row.fluent, others)))
    return pairs


def repair_figures(rows: Sequence[Misunderstanding], model: RetryModel) -> dict[str, Figure]:
    """On `repair_pairs`."""
    return _figures("repair_qa", repair_pairs(rows), model)


def repair_pairs(rows: Sequence[Misunderstanding]) -> list[Candidate]:
    """A question, an answer to the wrong reading, a repair; next to it the same, then somebody else's question."""
    pairs: list[Candidate] = []
    for row, other in zip(rows, (*islice(rows, 1, None), rows[0]), strict=True):
        pairs.append(Candidate(row.question, row.repairs[0], response=row.system_answer))
        pairs.append(Candidate(row.question, other.question, response=row.system_answer))
    return pairs


def _figures(name: str, pairs: Sequence[Candidate], model: RetryModel) -> dict[str, Figure]:
    """`pairs` alternate between asked again and other."""
    judged = model.judge(pairs)
    truth: Bools = np.arange(len(pairs)) % 2 == 0
    groups: Groups = np.arange(len(pairs), dtype=np.int64) // 2
    scores = floats([one.score for one in judged])
    alike: Floats = floats([characters_alike(words_of(pair.first), words_of(pair.second)) for pair in pairs])
    decided = (scores >= model.threshold).astype(np.float64)
    return {
        f"{name}_auc": with_interval(auc, truth, scores, groups, resamples=300),
        f"{name}_f1": with_interval(f1, truth, decided, groups, resamples=300),
        f"{name}_baseline_similarity_auc": with_interval(auc, truth, alike, groups, resamples=300),
        f"{name}_baseline_always_no_f1": Figure(0.0, n=len(truth)),
    }


def _most_alike(question: str, others: Sequence[str]) -> str:
    return max(others, key=lambda other: Indel.normalized_similarity(question, other))

"""What the correction model is measured against: cue words, and logistic regression on n-grams."""

import re
from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from processors.phrases import is_correction
from processors.similarity import words_of
from streams.evaluate.figures import Bools, Floats, Groups, floats

FOLDS = 5

_EDITING = re.compile(
    r"\b(?:or rather|rather|no|sorry|i meant?|make that|scratch that|oh wait|wait|actually|um+|uh+|er|hmm+)\b[,.]?",
    re.IGNORECASE,
)


def cue_scores(texts: Sequence[str]) -> Floats:
    """1 for turns with the set phrases of a correction."""
    return floats([is_correction(words_of(text)) for text in texts])


def hesitation_scores(texts: Sequence[str]) -> Floats:
    """1 for turns with a word of hesitation or of editing inside."""
    return floats([_EDITING.search(text) is not None for text in texts])


def without_hesitation(text: str) -> str:
    """A turn without its words of hesitation and editing; what was taken back stays."""
    return " ".join(_EDITING.sub(" ", text).split())


def fold_of(groups: Groups, folds: int = FOLDS) -> Groups:
    """The fold of each row; a group is in one only."""
    known = {group: at % folds for at, group in enumerate(np.unique(groups).tolist())}
    return np.array([known[group] for group in groups.tolist()], dtype=np.int64)


def ngram_scores(texts: Sequence[str], truth: Bools, groups: Groups) -> Floats:
    """Logistic regression on n-grams of words and letters, each fold scored by one that learned from the others."""
    folds = fold_of(groups)
    scores = np.zeros(len(texts))
    for fold in range(FOLDS):
        own, rest = np.flatnonzero(folds == fold).tolist(), np.flatnonzero(folds != fold).tolist()
        if not len(own) or len(np.unique(truth[rest])) < 2:
            continue
        model = make_pipeline(
            make_union(
                TfidfVectorizer(ngram_range=(1, 3), min_df=2, token_pattern=r"[\w']+|[^\w\s]"),
                TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3),
            ),
            LogisticRegression(C=30.0, max_iter=500),
        )
        model.fit([texts[at] for at in rest], truth[rest])
        scores[own] = model.predict_proba([texts[at] for at in own])[:, 1]
    return scores

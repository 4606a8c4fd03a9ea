"""Self-repairs inside a question: are they told from fluent questions, and is the fluent question got back?"""

from collections.abc import Callable, Sequence

import numpy as np

from models.correction import Label, Utterances
from streams.adapters.disfl_qa import Question
from streams.evaluate.correction_baselines import hesitation_scores, ngram_scores, without_hesitation
from streams.evaluate.correction_rewrites import Rewritten, bleu_gain, rewrite_figures
from streams.evaluate.correction_shipped import Shipped
from streams.evaluate.figures import Bools, Figure, Floats, Groups, auc, f1, floats, with_interval
from streams.training.correction_examples import bare

NAME = "disfl_qa"

Progress = Callable[[str], None]


def evaluate_self_repairs(
    questions: Sequence[Question], model: Shipped, progress: Progress
) -> tuple[dict[str, Figure], list[str]]:
    """Figures on the questions that the model that ships did not learn from, and how they were got."""
    new = [question for question in questions if not model.learned_from(NAME, question.id)]
    notes = [f"disfl_qa: {len(new)} questions, each fluent and with its self-repair, without any context."]
    if len(new) < len(questions):
        notes.append(
            f"disfl_qa: {len(questions) - len(new)} questions left out: the model that ships learned from them."
        )
    if not new:
        return {}, notes
    progress(f"{len(new)} questions")
    texts = [text for question in new for text in (question.disfluent, question.fluent)]
    truth = np.array([True, False] * len(new))
    groups = np.repeat(np.arange(len(new)), 2)
    figures = _detection("disfl_qa", model, texts, truth, groups)
    figures |= _detection("disfl_qa_as_heard", model, [bare(text) for text in texts], truth, groups)
    cues = hesitation_scores(texts)
    plain = ngram_scores(texts, truth, groups)
    figures |= {
        "disfl_qa_baseline_cues_accuracy": with_interval(_accuracy, truth, cues, groups),
        "disfl_qa_baseline_ngrams_accuracy": with_interval(_accuracy, truth, (plain >= 0.5).astype(float), groups),
        "disfl_qa_baseline_ngrams_auc": with_interval(auc, truth, plain, groups),
        "disfl_qa_baseline_always_no_accuracy": Figure(0.5, n=len(truth)),
    }
    progress("rewrites")
    repaired = [Utterances(question.disfluent) for question in new]
    model.states.learn(repaired)
    found = model.model.find(repaired, Label.SELF_REPAIR)
    rows = {
        "disfl_qa_rewrite": [one.rewrite or said.text for one, said in zip(found, repaired, strict=True)],
        "disfl_qa_baseline_copy": [said.text for said in repaired],
        "disfl_qa_baseline_cues": [without_hesitation(said.text) for said in repaired],
    }
    made = {
        name: [
            Rewritten(question.disfluent, question.fluent, text, at)
            for at, (question, text) in enumerate(zip(new, rewrites, strict=True))
        ]
        for name, rewrites in rows.items()
    }
    for name, rewritten in made.items():
        figures |= rewrite_figures(name, rewritten)
    figures["disfl_qa_rewrite_bleu_gain_over_copy"] = bleu_gain(
        made["disfl_qa_rewrite"], made["disfl_qa_baseline_copy"]
    )
    return figures, notes


def _detection(prefix: str, model: Shipped, texts: Sequence[str], truth: Bools, groups: Groups) -> dict[str, Figure]:
    said = [Utterances(text) for text in texts]
    model.states.learn(said)
    found = model.model.find(said, rewrites=False)
    scores = floats([one.chances[1] for one in found])
    decided = floats([one.label is Label.SELF_REPAIR for one in found])
    return {
        f"{prefix}_accuracy": with_interval(_accuracy, truth, decided, groups),
        f"{prefix}_auc": with_interval(auc, truth, scores, groups),
        f"{prefix}_f1": with_interval(f1, truth, decided, groups),
    }


def _accuracy(truth: Bools, decided: Floats) -> float:
    return float((truth == decided.astype(bool)).mean())

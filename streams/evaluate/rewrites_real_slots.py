"""What a rewrite takes over from what was said before: the values that the request itself leaves out."""

from difflib import SequenceMatcher

from models.rephrase.wording import without_function_words
from models.rewrite.entry import plain


def carried_over(query: str, rewrite: str) -> list[str]:
    """Runs of words of the rewrite that stand in the place of other words, or of none, of the query; without words at
    their ends that carry no wish. None where the query says it all."""
    asked, told = plain(query).split(), plain(rewrite).split()
    changes = SequenceMatcher(None, asked, told, autojunk=False).get_opcodes()
    runs = [_trimmed(told[start:end]) for kind, _, _, start, end in changes if kind in ("insert", "replace")]
    return list(dict.fromkeys(" ".join(run) for run in runs if run))


def _trimmed(words: list[str]) -> list[str]:
    kept = [at for at, word in enumerate(words) if without_function_words([word])]
    return words[kept[0] : kept[-1] + 1] if kept else []

"""The learned model that `classify` judges turns with, as its processor asks for it."""

import logging
from functools import lru_cache
from importlib.util import find_spec
from typing import Literal

from infra.settings import Settings
from models.minilm import ModelsNotInstalled, minilm_folder
from processors.failure_point import FailureJudge

log = logging.getLogger(__name__)

_NEEDED = ("safetensors", "tokenizers", "threadpoolctl")


@lru_cache
def failure_judge(device: Literal["auto", "cpu", "cuda"]) -> FailureJudge:
    """The judge of this process on a device; it and its encoder are loaded once.

    Raises `ModelsNotInstalled` with what to install, `ModelFolderError` where the model that ships is broken.
    """
    _need()
    from threadpoolctl import threadpool_limits

    from models.encoder import SentenceEncoder
    from models.failure_point.model import FailurePointModel

    threadpool_limits(1, "blas")  # its matrices are small: several threads take longer than one
    return FailurePointModel.load(encoder=SentenceEncoder.load(device))


def failure_judge_of(settings: Settings) -> FailureJudge | None:
    """What `settings` ask for where failure points are no must; None: nothing is told of them.

    With `classify=auto` and packages missing that is so as well, and a warning says why. With `classify=models` it
    raises `ModelsNotInstalled`. Raises `ModelFolderError`.
    """
    problem = why_no_failure_points(settings)
    if problem is None:
        return failure_judge(settings.classify_device)
    log.warning("failure points are not told: %s", problem)
    return None


def why_no_failure_points(settings: Settings) -> str | None:
    """Why nothing is told of failure points here; None when it is. Cheap: loads no model.

    Raises `ModelsNotInstalled` when `classify=models` and packages are missing.
    """
    if settings.classify == "off":
        return "EARSHOT_CLASSIFY is off"
    try:
        _need()
    except ModelsNotInstalled as missing:
        if settings.classify == "models":
            raise
        return str(missing)
    return None


def _need() -> None:
    minilm_folder()
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if find_spec("ctranslate2") is None and find_spec("torch") is None:
        missing.append("ctranslate2")
    if missing:
        raise ModelsNotInstalled(
            f"failure points need {' and '.join(missing)}, not installed here: pip install 'earshot[models]'"
        )

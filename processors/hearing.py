"""What `detect` asks learned models, as plain data, and what they answer. Who answers is handed in.

The gate of the rules decides which turns are asked about. What the models say of one case never depends on other cases,
so an answer that was given once is remembered, and asking for a whole batch at once changes nothing but the time it
takes.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from processors.barge_in import KindJudge
from processors.retry import RetryCase, RetryOpinion
from schemas.feedback import CorrectionKind

REMEMBERED = 20_000
"""Answers that are kept, of each kind; a case is asked about once a batch and again when a playback or a late turn
comes."""


class CorrectionCase(NamedTuple):
    """A turn that may correct something, with the request before it and what was answered to that."""

    request: str
    response: str
    text: str


class CorrectionOpinion(NamedTuple):
    """What a turn corrects; `kind` is None when nothing."""

    kind: CorrectionKind | None
    score: float
    value: str | None = None
    rewrite: str | None = None


class RetryJudge(Protocol):
    """Judges pairs of requests."""

    version: str

    def judge(self, cases: Sequence[RetryCase]) -> Sequence[RetryOpinion]: ...


class CorrectionFinder(Protocol):
    """Finds corrections. `read`: turns so far that took more than a cheap look."""

    version: str
    read: int

    def find(self, cases: Sequence[CorrectionCase]) -> Sequence[CorrectionOpinion]: ...


Case = TypeVar("Case", bound=Hashable)
Opinion = TypeVar("Opinion")


class _Remembered(Generic[Case, Opinion]):
    """Answers by case, those least recently asked for forgotten first."""

    def __init__(self, ask: Callable[[Sequence[Case]], Sequence[Opinion]], most: int) -> None:
        self._ask = ask
        self._most = most
        self._known: OrderedDict[Case, Opinion] = OrderedDict()
        self.asked = 0
        self.wanted = 0

    def prepare(self, cases: Iterable[Case]) -> None:
        """Ask for those not known yet, all at once."""
        new = [case for case in dict.fromkeys(cases) if case not in self._known]
        if new:
            self.asked += len(new)
            self._known.update(zip(new, self._ask(new), strict=True))
            while len(self._known) > max(self._most, len(new)):
                self._known.popitem(last=False)

    def of(self, case: Case) -> Opinion:
        self.wanted += 1
        known = self._known.get(case)
        if known is None:
            self.prepare((case,))
            return self._known[case]
        self._known.move_to_end(case)
        return known


class Hearing:
    """The models that `detect` has. What is None, the rules decide alone."""

    def __init__(
        self,
        retries: RetryJudge | None = None,
        corrections: CorrectionFinder | None = None,
        kinds: KindJudge | None = None,
        remembered: int = REMEMBERED,
    ) -> None:
        self.kinds = kinds
        self.kind_version = kinds.version if kinds is not None else ""
        self.retry_version = retries.version if retries is not None else ""
        self.correction_version = corrections.version if corrections is not None else ""
        self._finder = corrections
        self._retries = _Remembered(retries.judge, remembered) if retries is not None else None
        self._corrections = _Remembered(corrections.find, remembered) if corrections is not None else None

    @property
    def has_models(self) -> bool:
        """Whether asking for many at once is of any use."""
        return self._retries is not None or self._corrections is not None

    @property
    def hears_retries(self) -> bool:
        return self._retries is not None

    @property
    def hears_corrections(self) -> bool:
        return self._corrections is not None

    @property
    def asked(self) -> int:
        """Cases that models were asked about."""
        return sum(one.asked for one in (self._retries, self._corrections) if one is not None)

    @property
    def read(self) -> int:
        """Turns that a network read, after all that is cheaper had looked."""
        return self._finder.read if self._finder is not None else 0

    @property
    def wanted(self) -> int:
        """Answers that were needed; those that exceed `asked` were remembered."""
        return sum(one.wanted for one in (self._retries, self._corrections) if one is not None)

    def prepare(self, retries: Iterable[RetryCase], corrections: Iterable[CorrectionCase]) -> None:
        """Ask about many cases at once, which is faster than one by one."""
        if self._retries is not None:
            self._retries.prepare(retries)
        if self._corrections is not None:
            self._corrections.prepare(corrections)

    def retry(self, case: RetryCase) -> RetryOpinion | None:
        """What the model says of a pair; None without one."""
        return self._retries.of(case) if self._retries is not None else None

    def correction(self, case: CorrectionCase) -> CorrectionOpinion | None:
        """What the model says of a turn; None without one."""
        return self._corrections.of(case) if self._corrections is not None else None

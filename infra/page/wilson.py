"""How sure a share is when it rests on few counts."""

from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `total` with the 95 % Wilson score interval (Wilson 1927, doi:10.1080/01621459.1927.10502953)."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The observed share, 0 when nothing was counted."""
        return self.hits / self.total if self.total else 0.0

    @property
    def low(self) -> float:
        """Lower end of the interval: what ranks, so that 1 of 1 stays below 40 of 60."""
        return self._bounds()[0]

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self._bounds()[1]

    def _bounds(self) -> tuple[float, float]:
        if not self.total:
            return 0.0, 1.0
        n, p = self.total, self.value
        shrink = 1 + Z_95**2 / n
        centre = (p + Z_95**2 / (2 * n)) / shrink
        half = Z_95 / shrink * sqrt(p * (1 - p) / n + Z_95**2 / (4 * n * n))
        return max(0.0, centre - half), min(1.0, centre + half)

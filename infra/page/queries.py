"""Everything that the page asks the store, and nothing else."""

from infra.clickhouse.erasure import rows_of
from infra.clickhouse.store import Store
from infra.page.records import Records
from infra.page.rewrites import Rewrites
from infra.page.rollups import Rollups
from infra.page.teaching import Teaching


class Dashboard(Rollups, Records):
    """All queries of the page over one store: figures from the rollups, single records for drill-down."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.rewrites = Rewrites(store)
        self.teaching = Teaching(store)

    def rows_of(self, user_id: str) -> dict[str, int]:
        """How many rows every table holds about a person: the proof that somebody is forgotten."""
        return rows_of(self._store, user_id)

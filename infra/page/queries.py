"""Everything that the page asks the store, and nothing else."""

from infra.page.records import Records
from infra.page.rollups import Rollups


class Dashboard(Rollups, Records):
    """All queries of the page over one store: figures from the rollups, single records for drill-down."""

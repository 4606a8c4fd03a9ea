"""`earshot migrate`: the store's tables."""

import click


@click.command()
def migrate() -> None:
    """Create the store's tables and apply the migrations that are missing."""
    from infra.clickhouse.migrate import Outcome, Step
    from infra.clickhouse.migrate import migrate as apply_migrations
    from infra.clickhouse.store import open_store
    from infra.settings import settings

    steps: list[Step] = []

    def tell(step: Step) -> None:
        steps.append(step)
        if step.outcome is Outcome.APPLIED:
            skipped = f", {step.skipped} statements need a newer server" if step.skipped else ""
            click.echo(f"applied {step.migration.number:04} {step.migration.name}{skipped}")

    store = open_store(settings())
    try:
        apply_migrations(store, settings(), tell)
    finally:
        store.close()
    click.echo(f"the tables are at migration {len(steps)}")

"""`earshot migrate`: the store's tables."""

import click


@click.command()
def migrate() -> None:
    """Create the store's tables and apply the migrations that are missing."""
    from infra.clickhouse.migrate import migrate as apply_migrations

    from infra.clickhouse.store import open_store
    from infra.settings import settings

    store = open_store(settings())
    try:
        applied = apply_migrations(store)
    finally:
        store.close()
    click.echo(f"applied {len(applied)} migrations" if applied else "the tables are up to date")

"""`earshot alarms`: components that broke."""

import click


@click.group()
def alarms() -> None:
    """Components that broke, where and since when."""


@alarms.command(name="list")
@click.option("--open", "only_open", is_flag=True, help="Only those that still go on.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most this many.")
def list_alarms(only_open: bool, limit: int) -> None:
    """One line for each alarm: open ones first, then those that began last.

    The embedded store belongs to the worker that writes it: while one runs, the live page shows the alarms.
    """
    from infra.clickhouse.alarms import AlarmReader
    from infra.clickhouse.migrate import migrate
    from infra.clickhouse.store import open_store
    from infra.settings import settings

    store = open_store(settings())
    try:
        migrate(store, settings())
        found = AlarmReader(store).latest(limit, only_open=only_open)
    finally:
        store.close()
    for alarm in found:
        until = "open" if alarm.ended_at is None else f"{alarm.ended_at:%Y-%m-%d %H:%M}"
        click.echo(
            f"{alarm.event_id[:13]}  {alarm.occurred_at:%Y-%m-%d %H:%M}  {until:16}  {alarm.summary}"
            f" ({100 * alarm.observed:.1f} % of {alarm.turns:,} turns, {100 * alarm.expected:.1f} % expected)"
        )
    count = sum(alarm.open for alarm in found)
    click.echo(f"{len(found)} alarms, {count} open" if found else "no alarms", err=True)

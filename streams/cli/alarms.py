"""`earshot alarms`: components that broke."""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from schemas.alarm import Alarm


@click.group()
def alarms() -> None:
    """Components that broke, where and since when."""


@alarms.command(name="list")
@click.option("--open", "only_open", is_flag=True, help="Only those that still go on.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most this many.")
def list_alarms(only_open: bool, limit: int) -> None:
    """One line for each alarm: open ones first, then those that began last.

    The embedded store belongs to the worker that writes it: while one runs, this lists the alarms on the topic, which
    are those of the last days.
    """
    from infra.clickhouse.store import StoreInUse

    try:
        found = _stored(limit, only_open)
    except StoreInUse:
        found = _on_the_topic(limit, only_open)
    for alarm in found:
        until = "open" if alarm.ended_at is None else f"{alarm.ended_at:%Y-%m-%d %H:%M}"
        click.echo(
            f"{alarm.event_id[:13]}  {alarm.occurred_at:%Y-%m-%d %H:%M}  {until:16}  {alarm.summary}"
            f" ({100 * alarm.observed:.1f} % of {alarm.turns:,} turns, {100 * alarm.expected:.1f} % expected)"
        )
    count = sum(alarm.open for alarm in found)
    click.echo(f"{len(found)} alarms, {count} open" if found else "no alarms", err=True)


def _stored(limit: int, only_open: bool) -> "list[Alarm]":
    from infra.clickhouse.alarms import AlarmReader
    from infra.clickhouse.migrate import migrate
    from infra.clickhouse.store import open_store
    from infra.settings import settings

    store = open_store(settings())
    try:
        migrate(store, settings())
        return AlarmReader(store).latest(limit, only_open=only_open)
    finally:
        store.close()


def _on_the_topic(limit: int, only_open: bool) -> "list[Alarm]":
    from infra.kafka.topics import RETENTION
    from infra.settings import settings
    from streams.alarm_topic import read_alarms

    found = read_alarms(settings(), limit, only_open=only_open)
    click.echo(
        f"a worker holds the store; these are the alarms of the last {RETENTION.days} days, by the topic", err=True
    )
    return found

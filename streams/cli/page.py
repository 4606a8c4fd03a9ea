"""`earshot page`: the live page over a ClickHouse server."""

import click

from infra.access import OpenToStrangers
from infra.clickhouse.store import StoreError, open_store
from infra.page.app import create_app
from infra.page.serve import PageCannotListen, serve
from infra.settings import settings
from streams.pulse import KafkaPulse


@click.command()
@click.option("--host", help="address to listen on; other machines need EARSHOT_PAGE_TOKEN  [EARSHOT_PAGE_HOST]")
@click.option("--port", type=click.IntRange(1, 65535), help="port to listen on  [EARSHOT_PAGE_PORT]")
def page(host: str | None, port: int | None) -> None:
    """Show what happens right after each answer, live, in the browser.

    Reads a ClickHouse server (EARSHOT_STORE=clickhouse). The embedded store belongs to one process, so there the page
    comes up together with the sink.
    """
    chosen = settings()
    changes = {"page_host": host, "page_port": port}
    chosen = chosen.model_copy(update={name: value for name, value in changes.items() if value is not None})
    if chosen.store == "embedded":
        raise click.ClickException(
            "the embedded store belongs to the process that fills it, which shows the page as well (`earshot demo`);"
            " set EARSHOT_STORE=clickhouse to look at a server"
        )
    try:
        store = open_store(chosen)
        try:
            app = create_app(store, chosen, KafkaPulse(chosen))
            click.echo(f"the page: http://{chosen.page_host}:{chosen.page_port}")
            serve(app, chosen)
        finally:
            store.close()
    except (OpenToStrangers, PageCannotListen, StoreError) as error:
        raise click.ClickException(str(error)) from error

"""`earshot schema`: the contract."""

from pathlib import Path

import click


@click.group()
def schema() -> None:
    """Export the events' JSON Schema and AsyncAPI; check compatibility."""


@schema.command()
@click.option("--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to write to.")
def export(output: Path) -> None:
    """Write one JSON Schema file per event, and an AsyncAPI 3.0 document of all topics."""
    from schemas.export import export as write

    for path in write(output):
        click.echo(path)


@schema.command()
@click.option("--update", is_flag=True, help="Agree on the schemas as they are, if nothing breaks.")
@click.option("--break", "allow_break", is_flag=True, help="With --update: agree even if something breaks.")
def check(update: bool, allow_break: bool) -> None:
    """Refuse a change that would break producers or consumers of this major version."""
    from schemas.compatibility import changes_since_snapshot
    from schemas.export import SNAPSHOT, write_snapshot

    problems = changes_since_snapshot() if SNAPSHOT.exists() else []
    if problems and not (update and allow_break):
        for problem in problems:
            click.echo(problem, err=True)
        raise click.ClickException(f"{len(problems)} breaking changes; they need a new major version")
    if update:
        click.echo(f"wrote {write_snapshot()}")
    else:
        click.echo("compatible")

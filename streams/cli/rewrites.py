"""`earshot rewrites`: the rewrite table, for who looks after it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.settings import settings

if TYPE_CHECKING:
    from streams.serve.standing import Shown

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="JSON, one object a line, for programs")


@click.group()
def rewrites() -> None:
    """Look after the rewrite table: what is served, and what is not."""


@rewrites.command("list")
@click.option("--text", help="only those with these words in a text or a state")
@click.option("--user", help="one person's instead of everybody's")
@click.option("--blocked", is_flag=True, help="only those that are blocked")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True)
@_AS_JSON
def list_rewrites(text: str | None, user: str | None, blocked: bool, limit: int, as_json: bool) -> None:
    """The table, the best supported first, and refreshes that wait for a yes."""
    from streams.serve.standing import read_standing, told_held
    from streams.serve.table_topic import matching

    standing = read_standing(settings())
    found = list(matching(standing.rewrites, text, user, blocked))
    for refresh in standing.held:
        click.echo(told_held(refresh), err=True)
    for one in found[:limit]:
        click.echo(_json(standing.shown(one)) if as_json else _line(standing.shown(one)))
    if len(found) > limit:
        click.echo(f"and {len(found) - limit:,} more; --limit shows them", err=as_json)
    if not found:
        click.echo("no rewrites", err=as_json)


@rewrites.command()
@click.argument("rewrite")
@_AS_JSON
def show(rewrite: str, as_json: bool) -> None:
    """One REWRITE (its id or key) in full: the chains it came from, and how it does."""
    from streams.serve.standing import read_standing, told, told_held
    from streams.serve.table_topic import one_of

    standing = read_standing(settings())
    found = one_of(standing.rewrites, rewrite)
    if as_json:
        click.echo(_json(standing.shown(found), indent=2))
        return
    for line in told(standing.shown(found)):
        click.echo(line)
    for refresh in standing.held:
        if found.source in refresh.sources:
            click.echo(told_held(refresh))


@rewrites.command()
@click.argument("domain")
def accept(domain: str) -> None:
    """Let the refresh of a DOMAIN pass that was held back, since it changes too many answers at once."""
    from streams.serve.standing import let_pass
    from streams.serve.table_writer import TableWriter

    writer = TableWriter(settings())
    try:
        refresh = let_pass(settings(), writer, domain)
    finally:
        writer.close()
    click.echo(f"{refresh.changes:,} changes in domain {domain!r} may pass")


@rewrites.command()
@click.argument("rewrite")
@click.option("--because", required=True, help="why; it is shown to everybody who asks")
def block(rewrite: str, because: str) -> None:
    """Serve a REWRITE (its id or key) no longer."""
    _set_blocked(rewrite, because)


@rewrites.command()
@click.argument("rewrite")
def unblock(rewrite: str) -> None:
    """Serve a blocked REWRITE (its id or key) again."""
    _set_blocked(rewrite, None)


@rewrites.command()
@click.option("--dry-run", is_flag=True, help="only say what would change")
def rollback(dry_run: bool) -> None:
    """Put what everybody is served back to the snapshot before the last.

    What changed since is restored, what is new is blocked; every server follows at once, and what is learned changes
    neither until `resume`. What single people have taught stays.
    """
    from streams.serve.table_topic import roll_back
    from streams.serve.table_writer import TableWriter

    writer = TableWriter(settings())
    try:
        done = roll_back(settings(), writer, dry_run)
    finally:
        writer.close()
    would = "would be " if dry_run else ""
    click.echo(f"snapshot {done.number}: {done.restored:,} {would}restored, {done.blocked:,} {would}blocked")


@rewrites.command()
@click.option("--dry-run", is_flag=True, help="only say what would change")
def resume(dry_run: bool) -> None:
    """Let what is learned change again what a roll-back has fixed or blocked."""
    from streams.serve.table_topic import resume as free
    from streams.serve.table_writer import TableWriter

    writer = TableWriter(settings())
    try:
        freed = free(settings(), writer, dry_run)
    finally:
        writer.close()
    click.echo(f"{freed:,} rewrites {'would be ' if dry_run else ''}freed")


@rewrites.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def export(file: Path) -> None:
    """Write the table to FILE, a line of JSON a rewrite; `earshot rewrite --table FILE` answers from it."""
    from streams.serve.table_topic import read_table

    table = read_table(settings())
    part = file.with_name(f".{file.name}.part")
    with part.open("wb") as lines:
        lines.writelines(table[key].to_bytes() + b"\n" for key in sorted(table))
    part.replace(file)
    click.echo(f"{len(table):,} rewrites in {file}")


@rewrites.command()
@click.option("--gently", is_flag=True, help="leave the processor to others first")
@click.option("--keep", type=click.IntRange(min=1), default=2, show_default=True, help="snapshots that stay")
def snapshot(gently: bool, keep: int) -> None:
    """Put what is served on disk, up to date with the topics, for a start to read. `serve` does so by itself."""
    from streams.serve.loading import make_snapshot

    if gently:
        os.nice(10)
    made = make_snapshot(settings(), keep)
    click.echo(f"snapshot {made.number}: {made.entries:,} rewrites")


@rewrites.command()
@click.argument("user")
def token(user: str) -> None:
    """The token with which USER may ask `serve` about themselves; made from EARSHOT_SERVE_TOKEN."""
    from streams.serve.access import user_token

    secret = settings().serve_token
    if secret is None:
        raise click.ClickException("EARSHOT_SERVE_TOKEN is not set: without it nobody needs a token")
    click.echo(user_token(secret, user))


def _set_blocked(name: str, because: str | None) -> None:
    from streams.serve.standing import read_standing
    from streams.serve.table_topic import blocked, one_of
    from streams.serve.table_writer import TableWriter

    standing = read_standing(settings())
    rewrite = one_of(standing.rewrites, name)
    if rewrite.blocked == (because is not None):
        raise click.ClickException(f"{name} is {'blocked' if rewrite.blocked else 'not blocked'} already")
    changed = blocked(rewrite, because)
    writer = TableWriter(settings())
    try:
        writer.put_rewrites([changed])
    finally:
        writer.close()
    click.echo(_line(standing.shown(changed)))


def _json(shown: "Shown", indent: int | None = None) -> str:
    return shown.model_dump_json(indent=indent, exclude_none=True)


def _line(shown: "Shown") -> str:
    one, trial = shown.rewrite, shown.trial
    source = one.source_texts[0] if one.source_texts else one.source
    gain = f"{one.source_success.mean:.0%} -> {one.target_success.mean:.0%}"
    uses = f", {trial.uses:,} uses, worse P = {trial.worse:.2f}" if trial is not None else ""
    state = f"  blocked: {one.blocked_because}" if one.blocked else ""
    return f"{one.event_id}  {source!r} -> {one.target_text!r}  {gain}, {one.users:,} people{uses}{state}"

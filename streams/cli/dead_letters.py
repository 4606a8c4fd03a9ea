"""`earshot dead-letters`: the records nobody could use."""

import sys
from datetime import UTC, datetime, timedelta

import click

from schemas.dead_letter import DeadLetterCause

_SHOWN_BYTES = 2000
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Since(click.ParamType):
    """A point in time, or how long ago: `2026-03-02T18:00`, `90m`, `2d`."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        text = str(value)
        if text[-1:] in _UNITS and text[:-1].isdecimal():
            return datetime.now(UTC) - timedelta(seconds=int(text[:-1]) * _UNITS[text[-1]])
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{text!r} is neither a time such as 2026-03-02T18:00 nor an age such as 90m or 2d", param, ctx)
        return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


_cause = click.option("--cause", type=click.Choice([cause.value for cause in DeadLetterCause]), help="Only this cause.")
_since = click.option("--since", type=Since(), help="Only records of this time (UTC) or later; or an age: 90m, 2d.")


@click.group(name="dead-letters")
def dead_letters() -> None:
    """List, show and replay records nobody could use."""


@dead_letters.command(name="list")
@_cause
@_since
@click.option("--limit", type=click.IntRange(min=1), help="At most this many.")
def list_letters(cause: str | None, since: datetime | None, limit: int | None) -> None:
    """One line for each dead letter, oldest first."""
    from itertools import islice

    from infra.settings import settings
    from streams.dead_letters import Selection, read_letters

    selection = Selection(cause=DeadLetterCause(cause) if cause else None, since=since)
    count = 0
    for stored in islice(read_letters(settings(), selection), limit):
        letter = stored.letter
        count += 1
        click.echo(
            f"{letter.event_id[:13]}  {letter.occurred_at:%Y-%m-%d %H:%M:%S}  {letter.cause:21}  "
            f"{letter.topic}/{letter.partition}/{letter.offset}  {letter.reason}"
        )
    click.echo(f"{count} dead letters" if count else "no dead letters", err=True)


@dead_letters.command()
@click.argument("event_id")
@click.option("--raw", is_flag=True, help="Write the record's value to standard output, byte by byte.")
def show(event_id: str, raw: bool) -> None:
    """Everything about one dead letter; the beginning of its id is enough."""
    from infra.settings import settings
    from streams.dead_letters import find_letter

    stored = find_letter(settings(), event_id)
    if raw:
        sys.stdout.buffer.write(stored.value or b"")
        return
    letter = stored.letter
    for name, text in (
        ("id", letter.event_id),
        ("given up by", letter.role),
        ("cause", letter.cause.value),
        ("reason", letter.reason),
        ("record", f"topic {letter.topic}, partition {letter.partition}, offset {letter.offset}"),
        ("appended", letter.occurred_at.isoformat()),
        ("replayed", f"{letter.replay_count} times"),
        ("key", _text(stored.key)),
        ("value", f"{letter.size_bytes:,} bytes"),
    ):
        click.echo(f"{name + ':':13}{text}")
    click.echo(_text(stored.value))


@dead_letters.command()
@click.option("--id", "event_id", help="Only this one; the beginning of its id is enough.")
@_cause
@_since
@click.option("--limit", type=click.IntRange(min=1), help="At most this many.")
@click.option("--most", type=click.IntRange(min=1), default=3, show_default=True, help="Replays a letter gets at most.")
@click.option("--from-beginning", is_flag=True, help="Also those that an earlier replay of everything has passed.")
@click.option("--dry-run", is_flag=True, help="Only say what would be replayed.")
def replay(
    event_id: str | None,
    cause: str | None,
    since: datetime | None,
    limit: int | None,
    most: int,
    from_beginning: bool,
    dry_run: bool,
) -> None:
    """Put records back on the topic they came from.

    Without --id, --cause and --since it goes on where the last replay ended.
    """
    from infra.settings import settings
    from streams.dead_letters import Selection, StoredLetter, find_letter, replay_letters

    def tell(stored: StoredLetter, sent: bool) -> None:
        letter = stored.letter
        if not sent:
            click.echo(f"{letter.event_id}  refused: replayed {letter.replay_count} times already", err=True)
        elif dry_run:
            click.echo(f"{letter.event_id}  {letter.cause}  to {letter.topic}")

    if event_id is not None:
        event_id = find_letter(settings(), event_id).letter.event_id
    done = replay_letters(
        settings(),
        Selection(event_id, DeadLetterCause(cause) if cause else None, since),
        limit=limit,
        most_replays=most,
        from_beginning=from_beginning,
        on_letter=tell,
        dry_run=dry_run,
    )
    verb = "would be replayed" if dry_run else "replayed"
    click.echo(f"{done.sent if dry_run else done.acknowledged} {verb}, {done.refused} refused")


def _text(content: bytes | None) -> str:
    if content is None:
        return "none"
    text = content[:_SHOWN_BYTES].decode(errors="backslashreplace")
    printable = "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in text)
    left = len(content) - _SHOWN_BYTES
    return printable if left <= 0 else f"{printable}... and {left:,} bytes more (--raw writes all)"

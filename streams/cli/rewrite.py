"""`earshot rewrite`: what one request would be rewritten to, and why."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from infra.settings import Settings, settings
from streams.serve.asked import DeviceContext, RewriteRequest

if TYPE_CHECKING:
    from streams.serve.app import Explanation

_SHOWN_CANDIDATES = 5
_SHOWN_PARTS = 5


@click.command()
@click.argument("text")
@click.option("--user", "user_id", help="the person's pseudonym; without it only the global layer answers")
@click.option("--n-best", multiple=True, metavar="TEXT", help="another hypothesis of the recogniser; may be repeated")
@click.option("--device-type", help="speaker, display, phone, car, ...")
@click.option("--device-state", help="idle, playing, ...")
@click.option("--local-time", metavar="HH:MM", help="where the device stands")
@click.option("--place", help="where it stands")
@click.option("--url", help="a running `earshot worker serve`; by default the one that the settings name")
@click.option("--table", metavar="FILE|topic", help="answer in this process, from an export or from the topic")
@click.option("--json", "as_json", is_flag=True, help="for programs")
def rewrite(
    text: str,
    user_id: str | None,
    n_best: tuple[str, ...],
    device_type: str | None,
    device_state: str | None,
    local_time: str | None,
    place: str | None,
    url: str | None,
    table: str | None,
    as_json: bool,
) -> None:
    """Say what TEXT would be rewritten to: candidates, scores, guards, and why.

    \b
    earshot rewrite "play maj and dragons" --user U
    """
    device = DeviceContext(type=device_type, state=device_state, local_time=local_time, place=place)
    asked = RewriteRequest(text=text, user_id=user_id, n_best=n_best, device=device)
    explanation = _ask(asked, url, settings()) if table is None else _in_process(asked, table, settings())
    if as_json:
        click.echo(explanation.model_dump_json(indent=2, exclude_none=True))
        return
    for line in told(text, explanation):
        click.echo(line)


def told(text: str, explanation: "Explanation") -> list[str]:
    """An explanation in lines for a person."""
    words = f"{json.dumps(text, ensure_ascii=False)} -> "
    words += json.dumps(explanation.text, ensure_ascii=False) if explanation.arm != "none" else "as it is"
    detail = [explanation.reason.value, explanation.layer, f"{explanation.score:.2f}" if explanation.score else None]
    lines = [f"{words}  ({', '.join(filter(None, detail))})", *(f"  {note}" for note in explanation.notes)]
    for one in explanation.candidates[:_SHOWN_CANDIDATES]:
        lines.append(f"  {one.score:.2f}  {one.text!r}  {one.layer}, {one.users} people, {one.found_by} by {one.via}")
        counted = list(one.counted.items())[:_SHOWN_PARTS]
        reasons = [f"{name} {part:+.1f}" for name, part in counted]
        if one.evidence:
            reasons.insert(0, f"by the table itself {one.evidence:.2f}")
        lines.append(f"        through {one.through!r}: {', '.join(reasons)}")
    if not explanation.candidates:
        lines.append("  no candidates")
    return [*lines, f"  index {explanation.index_version}"]


def _ask(asked: RewriteRequest, url: str | None, chosen: Settings) -> "Explanation":
    from streams.serve.app import Explanation
    from streams.serve.client import ServeClient

    host = f"[{chosen.serve_host}]" if ":" in chosen.serve_host else chosen.serve_host
    with ServeClient(url or f"http://{host}:{chosen.serve_port}", chosen.serve_token) as client:
        return Explanation.model_validate_json(client.explain(asked))


def _in_process(asked: RewriteRequest, table: str, chosen: Settings) -> "Explanation":
    from models.rewrite.index import RewriteIndex
    from models.rewrite.ranker import Ranker
    from streams.serve.app import explained
    from streams.serve.decide import Considered, Decider
    from streams.serve.feed import Tables, catch_up
    from streams.serve.loading import load_tables, request_encoder
    from streams.serve.preference_book import PreferenceBook
    from streams.serve.table import entry_of
    from streams.serve.table_topic import read_table_file

    encoder = request_encoder()
    if table == "topic":
        tables = load_tables(chosen, encoder)
        catch_up(chosen, tables)
    else:
        tables = Tables(chosen, RewriteIndex(encoder), PreferenceBook())
        for one in read_table_file(Path(table)):
            tables.index.put(entry_of(one))
    decider = Decider(tables.index, Ranker.load(), tables.book.tastes, chosen.rewrite_holdout)
    considered = Considered()
    return explained(decider, asked, decider.decide(asked, considered), considered)

"""`earshot preferences`: what a person taught, for the person, or for who looks after it."""

from typing import TYPE_CHECKING

import click

from infra.settings import settings

if TYPE_CHECKING:
    from schemas.preference import Preference
    from streams.serve.client import ServeClient


@click.command()
@click.argument("user")
@click.option("--for", "request", help="only those that matter for a request, the most relevant first")
@click.option("--explain", metavar="ID", help="one preference in full: where it comes from, and what became of it")
@click.option("--delete", metavar="ID", help="forget one preference")
@click.option("--delete-all", is_flag=True, help="forget all of them")
@click.option("--yes", is_flag=True, help="do not ask before all are forgotten")
@click.option("--json", "as_json", is_flag=True, help="print JSON")
@click.option("--url", help="address of `serve`; default: from EARSHOT_SERVE_HOST and EARSHOT_SERVE_PORT")
def preferences(
    user: str,
    request: str | None,
    explain: str | None,
    delete: str | None,
    delete_all: bool,
    yes: bool,
    as_json: bool,
    url: str | None,
) -> None:
    """What USER taught: list it, explain it, delete it. Asks `serve`, which has to run."""
    chosen = [
        name for name, given in (("--explain", explain), ("--delete", delete), ("--delete-all", delete_all)) if given
    ]
    if len(chosen) > 1:
        raise click.UsageError(f"{' and '.join(chosen)} cannot be used together")
    with _client(url) as client:
        if explain is not None:
            _explain(client, user, explain, as_json=as_json)
        elif delete is not None:
            if not client.forget_preference(user, delete):
                raise click.ClickException(
                    f"{user} has no preference {delete}; `earshot preferences {user}` lists them"
                )
            click.echo(f"forgotten: {delete}")
        elif delete_all:
            if not yes:
                click.confirm(f"forget everything that {user} taught?", abort=True)
            click.echo(f"forgotten: {client.forget_preferences(user):,} preferences")
        else:
            _list(client, user, request, as_json=as_json)


def _list(client: "ServeClient", user: str, request: str | None, *, as_json: bool) -> None:
    found = client.preferences(user, request, k=100)
    if as_json:
        for one in found:
            click.echo(one.model_dump_json(exclude_none=True))
        return
    for one in found:
        score = f"  {one.score:.2f}" if one.score is not None else ""
        score += "  only for its case" if one.applies is False else ""
        click.echo(f"{_line(one.preference)}{score}")
    if not found:
        about = f" that matters for {request!r}" if request is not None else ""
        click.echo(f"nothing is known of {user}{about}")


def _explain(client: "ServeClient", user: str, preference_id: str, *, as_json: bool) -> None:
    one = client.preference(user, preference_id)
    if one is None:
        raise _no_such(user, preference_id)
    if as_json:
        click.echo(one.model_dump_json(indent=2, exclude_none=True))
        return
    for line in explained(one):
        click.echo(line)


def _no_such(user: str, preference_id: str) -> click.ClickException:
    return click.ClickException(f"{user} has no preference {preference_id}; `earshot preferences {user}` lists them")


def explained(one: "Preference") -> list[str]:
    """A preference in lines for a person: what it says, where it comes from, whether it holds and why."""
    lines = [in_words(one), f"  {one.event_id}, {one.status}, about {one.attribute}"]
    how = {
        "customer-initiated": "told outright",
        "system-initiated": "answered when asked",
        "statement": "said in passing",
        "inferred": "inferred from what was chosen",
    }[one.source.value]
    at = f"{one.occurred_at:%Y-%m-%d %H:%M} UTC"
    lines.append(f"  {how} ({one.explicitness}) on {at}, understood with {one.confidence:.0%} by {one.detector}")
    if one.evidence_turn_ids:
        lines.append(f"  rests on turns {', '.join(one.evidence_turn_ids)}")
    if one.canonical_value is not None:
        lines.append(f"  taken for {one.canonical_value}")
    if one.valid_to is not None:
        lines.append(f"  holds until {one.valid_to:%Y-%m-%d %H:%M} UTC")
    if one.strength < 1:
        lines.append(f"  strength {one.strength:.2f}; what was only shown fades")
    if one.supersedes is not None:
        lines.append(f"  takes the place of {one.supersedes}")
    lines.append(f"  agreed to under terms {one.consent_version}")
    return lines


def in_words(one: "Preference") -> str:
    """A preference as a sentence."""
    who = {"user": "you", "household": "your household", "device": "on this device you"}.get(
        one.scope.value, one.person
    )
    if one.stands_for is not None:
        return f"{who} call the {one.stands_for} {one.value!r}"
    likes = "like" if one.polarity.value == "like" else "do not like"
    if one.scope.value in ("household", "person"):
        likes = "likes" if one.polarity.value == "like" else "does not like"
    return " ".join(part for part in (who, likes, one.value, one.condition, one.time) if part)


def _line(one: "Preference") -> str:
    status = "" if one.status.value == "active" else f"  ({one.status})"
    return f"{one.event_id}  {one.occurred_at:%Y-%m-%d}  {one.attribute:12}  {in_words(one)}{status}"


def _client(url: str | None) -> "ServeClient":
    from streams.serve.client import ServeClient

    chosen = settings()
    host = f"[{chosen.serve_host}]" if ":" in chosen.serve_host else chosen.serve_host
    return ServeClient(url or f"http://{host}:{chosen.serve_port}", chosen.serve_token)

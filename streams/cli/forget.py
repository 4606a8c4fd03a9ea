"""`earshot forget`: one person, everywhere."""

import sys

import click


@click.command()
@click.argument("user")
@click.option(
    "--within", type=click.FloatRange(min=0), default=60.0, show_default=True, help="Seconds that a worker gets for it."
)
def forget(user: str, within: float) -> None:
    """Forget USER (the id as it stands in events): preferences, own rewrites and every row of the store.

    Prints what each table and topic held before and holds after, and fails if anything is left. What the person said
    and did stays on the topics of events until they let go of it by age; it is not stored again.
    """
    from infra.kafka.topics import RETENTION
    from infra.settings import settings
    from streams.forgetting import forget_person

    done = forget_person(settings(), user, within)
    width = max(map(len, done.before))
    for name in done.before:
        click.echo(f"{name:{width}}  {done.before[name]:>9,} -> {done.after.get(name, 0):,}")
    if done.left:
        click.echo(f"{done.left:,} are left; is a sink running? It forgets when it reads of it: try again", err=True)
        sys.exit(1)
    click.echo(
        f"nothing is left of {user!r}; the events are gone from their topics within {RETENTION.days} days", err=True
    )

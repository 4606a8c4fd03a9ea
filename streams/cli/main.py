"""`earshot`: everything a person starts by hand."""

import os
import sys
import traceback
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import click

from streams.cli.lazy import LazyGroup

_INTERRUPTED = 130
_FAILED = 1


@dataclass
class Invocation:
    """How this run was asked for."""

    debug: bool = False


def _version() -> str:
    try:
        return version("earshot")
    except PackageNotFoundError:
        return "from a folder that is not installed"


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    commands_at={
        "demo": ("streams.cli.demo:demo", "Start everything on this machine and watch feedback appear."),
        "up": ("streams.cli.stack:up", "Start Kafka and the store and wait until they are ready."),
        "down": ("streams.cli.stack:down", "Stop what `up` started; its data stay."),
        "status": ("streams.cli.stack:status", "Say what runs and what it holds."),
        "migrate": ("streams.cli.migrate:migrate", "Bring the store's tables up to date."),
        "worker": ("streams.cli.worker:worker", "Run one role: detect, classify, sink or serve."),
        "rewrite": ("streams.cli.rewrite:rewrite", "Say what a request would be rewritten to, and why."),
        "rewrites": ("streams.cli.rewrites:rewrites", "List, show, block, roll back and export rewrites."),
        "preferences": ("streams.cli.preferences:preferences", "List, explain and delete what a person taught."),
        "page": ("streams.cli.page:page", "Serve the live page."),
        "produce": (
            "streams.cli.produce:produce",
            "Send a recording, a file of events or a data set to Kafka.",
        ),
        "record": ("streams.cli.record:record", "Keep what passes through topics as a recording."),
        "replay": (
            "streams.cli.replay:replay",
            "Play a recording into Kafka or straight through the processors.",
        ),
        "dead-letters": (
            "streams.cli.dead_letters:dead_letters",
            "List, show and replay records nobody could use.",
        ),
        "alarms": ("streams.cli.alarms:alarms", "List components that broke, where and since when."),
        "forget": ("streams.cli.forget:forget", "Forget one person everywhere, and prove it."),
        "schema": (
            "streams.cli.schema:schema",
            "Export the events' JSON Schema and AsyncAPI; check compatibility.",
        ),
        "simulate": (
            "streams.cli.simulate:simulate",
            "Simulate a fleet of people and assistants, with hidden truth.",
        ),
        "evaluate": ("streams.cli.evaluate:evaluate", "Measure detectors on data with known answers."),
        "train": ("streams.cli.train:train", "Make the models that ship again."),
        "score": ("streams.cli.score:score", "Score a file of rows with a model."),
    },
)
@click.version_option(_version(), prog_name="earshot")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_obj
def cli(invocation: Invocation | None, debug: bool) -> None:
    """Hears what people do right after an assistant answers them, and acts on it within a second.

    Settings come from EARSHOT_* environment variables; the defaults suit one machine.
    """
    if invocation is not None:
        invocation.debug = debug


def main(arguments: list[str] | None = None) -> None:
    """Run `earshot` and end the process: 0 if all went well, 2 for a wrong command line, 130 when interrupted,
    1 otherwise.

    An error is one line on standard error; `--debug` adds the traceback.
    """
    invocation = Invocation(debug=bool(os.environ.get("EARSHOT_DEBUG")))
    try:
        status = cli.main(args=arguments, prog_name="earshot", standalone_mode=False, obj=invocation)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        sys.exit(_INTERRUPTED)
    except BrokenPipeError:
        # The reader went away (`earshot ... | head`): not an error, and nothing more may be written.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_FAILED)
    except Exception as error:  # noqa: BLE001  # the last place that can turn an error into a line for a person
        if invocation.debug:
            traceback.print_exc()
        click.echo(f"earshot: {_for_a_person(error)}", err=True)
        sys.exit(_FAILED)
    sys.exit(status if isinstance(status, int) else 0)


def _for_a_person(error: Exception) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        problems = "; ".join(
            f"EARSHOT_{'_'.join(map(str, problem['loc'])).upper()} is {problem['input']!r}: {problem['msg']}"
            if error.title == "Settings"
            else f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            for problem in error.errors()[:3]
        )
        return problems or str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    if type(error).__module__.partition(".")[0] in ("streams", "infra", "processors", "models"):
        return str(error)  # ours: written for a person, one line each unless it lists several faults
    text = " ".join(str(error).split("\n")[0].split())
    return f"{type(error).__name__}: {text} (--debug shows where)" if text else f"{type(error).__name__}"


if __name__ == "__main__":
    main()

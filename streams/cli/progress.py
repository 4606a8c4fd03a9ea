"""A line on the terminal that moves while something large goes on; nothing where nobody looks."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


def counting(total: int | None = None) -> Progress:
    """A progress display for `total` records, or for an unknown number; it writes to standard error."""
    columns = [
        SpinnerColumn(),
        TextColumn("{task.description}"),
        *([BarColumn(), MofNCompleteColumn()] if total is not None else [TextColumn("{task.completed:,} records")]),
        TimeElapsedColumn(),
    ]
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)

"""A progress bar for long work, on standard error, and only where somebody looks at it."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Called with what is done next, and how many steps are done of how many.
Progress = Callable[[str, int, int], None]


def silent(step: str, done: int, total: int) -> None:
    """No progress is shown."""


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Gives a function to call with the next step, how many are done, and of how many."""
    if not sys.stderr.isatty():
        yield silent
        return
    from rich import progress as bars
    from rich.console import Console

    columns = bars.TextColumn("{task.description}"), bars.BarColumn(), bars.MofNCompleteColumn()
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda step, done, total: bar.update(
            task, description=f"{title}: {step}", completed=done, total=total
        )

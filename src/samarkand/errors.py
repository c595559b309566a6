"""What went wrong, where, and the way out.

Every error that a user can cause is a `SamarkandError` that holds one or more `Problem`s. The
command line prints them, one a line, and exits with 1; a caller of the library reads `.problems`.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One fault in one file. `line` counts from 1; 0 means the file as a whole."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.message}" if where else self.message


class SamarkandError(Exception):
    """The base of all errors that this package raises on purpose."""

    def __init__(self, problems: Iterable[Problem] | str) -> None:
        found = [Problem("", 0, problems)] if isinstance(problems, str) else list(problems)
        self.problems: tuple[Problem, ...] = tuple(found)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class FormatError(SamarkandError):
    """A file in somebody's annotation format that cannot be read."""


class CorpusError(SamarkandError):
    """A corpus folder, or a value in it, that is not as the layout wants it."""

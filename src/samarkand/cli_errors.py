"""Errors that a user can cause, printed by a command without a traceback."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

import typer

from samarkand.errors import SamarkandError


def clean(command: Callable[..., Any]) -> Callable[..., Any]:
    """Errors that a user can cause are printed, without a traceback, and exit with 1."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except SamarkandError as error:
            print(error, file=sys.stderr)
        except BrokenPipeError:
            sys.stderr.close()
        except OSError as error:
            said = (error.strerror or str(error)).lower()
            print(f"{error.filename}: {said}" if error.filename else said, file=sys.stderr)
        raise typer.Exit(1)

    return run

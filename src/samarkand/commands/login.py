"""How a command comes to a doccano server: the address, and who logs in."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from samarkand.errors import SamarkandError

if TYPE_CHECKING:
    from doccano_client import DoccanoClient


def connected(url: str, home: Path | None) -> "DoccanoClient":
    """Logged in at that server, or at the one of `up`."""
    try:
        from samarkand.doccano import remote, server
    except ImportError:
        message = "doccano-client is not installed; pip install 'samarkand[doccano]'"
        raise SamarkandError(message) from None
    folder = home or server.default_home()
    said = server.status(folder)
    found = url or (said.url if said.running else "")
    if not found:
        raise SamarkandError("no doccano runs here; `samarkand doccano up`, or --server URL")

    def ask(what: str) -> str:
        if not os.isatty(0):
            wanted = f"set {remote.USERNAME} and {remote.PASSWORD}, or {remote.TOKEN}"
            raise SamarkandError(f"doccano's {what} is wanted; {wanted}")
        return str(typer.prompt(f"doccano {what}", hide_input=what == "password"))

    return remote.connect(found, folder, ask)

"""What the tests ask a doccano server: as an annotator's browser or an administrator would.

SAMARKAND_DOCCANO_ENV may name an environment that has it installed already, to save a minute.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from samarkand.doccano import processes, remote, server
from samarkand.doccano.answers import Example, key_of
from samarkand.formats import doccano


def call(client: Any, method: str, path: str, **options: Any) -> Any:
    """The JSON of an answer, if it has any."""
    return json.loads(remote.request(client, method, path, **options) or b"null")


def examples(client: Any, project: int) -> list[Example]:
    """The documents of a project, in their order."""
    path = f"v1/projects/{project}/examples"
    rows = call(client, "GET", path, params={"limit": 1000})["results"]
    return [Example(row["id"], row["meta"]) for row in rows]


def doc_of(example: Example) -> str:
    """The document that an example is of; empty for a stranger's."""
    key = key_of((example.meta or {}).get(doccano.KEY))
    return key.doc if key else ""


def fresh_home(folder: Path, factory: pytest.TempPathFactory) -> Path:
    """The folder of a server that was never started; what is installed is one for all tests."""
    folder.mkdir(exist_ok=True)
    (folder / "env").symlink_to(os.environ.get("SAMARKAND_DOCCANO_ENV") or _installed(factory))
    (folder / "samarkand-doccano").touch()
    return folder


def _installed(factory: pytest.TempPathFactory) -> Path:
    """An environment that `up` made, shared by the processes of this run."""
    base = factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "doccano-installed"
    with processes.locked(home.with_suffix(".lock")):
        if not server.status(home).installed:
            server.up(home, 0)
            server.down(home)
    return home / "env"

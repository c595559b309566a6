"""What the tests ask a doccano server: as an annotator's browser or an administrator would."""

import json
from typing import Any

from samarkand.doccano import remote
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

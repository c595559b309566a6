"""What is remembered of a layer's project between push and pull.

What was sent is the base of the three-way merge that brings edits back. It is kept beside the
corpus in `.samarkand/doccano/`, which git passes over: a project belongs to the folder that it was
pushed from. A layer has one file: the hash of what follows, a line about the project, then the
documents as JSON Lines.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import msgspec

from samarkand import files
from samarkand import jsonl as decoding
from samarkand.corpus import Corpus
from samarkand.errors import FormatError, SamarkandError
from samarkand.formats import jsonl

FOLDER = ".samarkand/doccano"


class Sent(msgspec.Struct, frozen=True):
    """The server's numbers of a document, and of the spans and relations that it was sent with."""

    number: int
    spans: tuple[int, ...] = ()
    links: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Pushed:
    """The project of a layer, and what it was sent: documents, and one layer of that name.

    `sent` has the numbers of the documents of `base`. `left` are documents of the server, by
    number, that the next push deletes, each with the fingerprint of what it said when that was
    decided: one that was edited since is not deleted.
    """

    url: str
    project: int
    layer: str
    base: Corpus
    sent: Mapping[str, Sent] = field(default_factory=dict)
    left: Mapping[int, str] = field(default_factory=dict)


class _Mark(msgspec.Struct, forbid_unknown_fields=True):
    """The first line. `sha256` is that of the lines after it."""

    sha256: str


class _Head(msgspec.Struct, forbid_unknown_fields=True):
    """The second line."""

    url: str
    project: int
    layer: str
    sent: dict[str, Sent]
    left: dict[int, str]


def _path(root: Path, layer: str) -> Path:
    return root / FOLDER / f"{quote(layer, safe='')}.jsonl"


def load(root: Path, layer: str) -> Pushed | None:
    """What was pushed of a layer; None if nothing was. Errors: SamarkandError for a broken file."""
    path = _path(root, layer)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _broken(path, (error.strerror or str(error)).lower()) from None
    mark, _, rest = content.partition(b"\n")
    first, _, lines = rest.partition(b"\n")
    try:
        if hashlib.sha256(rest).hexdigest() != msgspec.json.decode(mark, type=_Mark).sha256:
            raise _broken(path, "its lines are not those that were written")
        head = msgspec.json.decode(first, type=_Head)
        base = jsonl.read({str(path): lines}, layer, first=3).corpus
    except (msgspec.MsgspecError, UnicodeError, RecursionError, FormatError) as error:
        raise _broken(path, decoding.explain(error) if content else "it is empty") from None
    if head.layer != layer:
        raise _broken(path, f"it is of layer {head.layer}, wanted {layer}")
    return Pushed(head.url, head.project, layer, base, head.sent, head.left)


def _broken(path: Path, said: str) -> SamarkandError:
    way = (
        "what was pushed is not known any more. If there are edits in doccano, export them there; "
        "then remove the file, and the next push makes a new project"
    )
    return SamarkandError(f"{path} is broken: {said}; {way}")


def save(root: Path, pushed: Pushed) -> None:
    """Remember what was pushed."""
    files.write(root / FOLDER / ".gitignore", b"*\n")
    (content,) = jsonl.write(pushed.base, pushed.layer).values()
    head = _Head(
        pushed.url,
        pushed.project,
        pushed.layer,
        dict(sorted(pushed.sent.items())),
        dict(sorted(pushed.left.items())),
    )
    rest = msgspec.json.encode(head) + b"\n" + content
    mark = msgspec.json.encode(_Mark(hashlib.sha256(rest).hexdigest()))
    files.write(_path(root, pushed.layer), mark + b"\n" + rest)

"""What git holds of a folder at a revision: its bytes, whatever a checkout would make of them."""

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from samarkand import files
from samarkand.errors import Problem, SamarkandError


class NoRevisionError(SamarkandError):
    """There is no such revision; what git says of it."""


@contextmanager
def extracted(root: Path, revision: str, parts: Sequence[str]) -> Iterator[Path]:
    """A folder with these parts of `root` as they were in a revision, while the block lasts.

    Errors of the block name a path in the folder as `revision:path`. Errors: NoRevisionError;
    SamarkandError where there is no git, and for a submodule and missing objects.
    """
    try:
        wanted = ("--verify", "--end-of-options", f"{revision}^{{commit}}")
        commit = _line(_git(root, "rev-parse", *wanted))
        prefix = _line(_git(root, "rev-parse", "--show-prefix")).rstrip("/")
        top = Path(_line(_git(root, "rev-parse", "--show-toplevel")))
        entries = _git(top, "ls-tree", "-r", "-z", f"{commit}:{prefix}", *parts)
        content, links = _blobs(top, revision, entries)
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip()
        raise NoRevisionError(said.removeprefix("fatal: ")) from None
    except OSError:
        message = f"'{revision}' is no folder, and there is no git to look for a revision"
        raise SamarkandError(message) from None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            files.write_tree(folder, content)
            for path, target in links.items():  # which whoever reads follows or refuses
                link = folder / path
                files.guard(link.parent, folder)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(target)
            yield folder
        except SamarkandError as error:
            raise SamarkandError(
                replace(problem, path=f"{revision}:{Path(problem.path).relative_to(folder)}")
                if problem.path.startswith(name)
                else problem
                for problem in error.problems
            ) from None


def _blobs(top: Path, revision: str, entries: bytes) -> tuple[dict[str, bytes], dict[str, str]]:
    """The content of files, and the targets of symbolic links, from what `git ls-tree -z` says.

    Errors: SamarkandError for a submodule, which has its files elsewhere, and missing objects.
    """
    found: list[tuple[str, bytes, bytes]] = []
    for entry in entries.split(b"\0")[:-1]:
        said, _, path = entry.partition(b"\t")
        mode, _, id = said.split(b" ")
        if mode == b"160000":
            message = "a submodule, whose files are in no revision of this repository"
            raise SamarkandError([Problem(f"{revision}:{os.fsdecode(path)}", 0, message)])
        found.append((os.fsdecode(path), mode, id))
    ids = b"".join(id + b"\n" for *_, id in found)
    data = memoryview(_git(top, "cat-file", "--batch", given=ids))
    content: dict[str, bytes] = {}
    links: dict[str, str] = {}
    at = 0
    for name, mode, id in found:
        begin = bytes(data[at : at + 200]).index(b"\n") + at + 1
        kind, _, size = bytes(data[at + len(id) + 1 : begin - 1]).partition(b" ")
        if kind != b"blob":
            message = f"git has lost its content: {os.fsdecode(id)} is {os.fsdecode(kind)}"
            raise SamarkandError([Problem(f"{revision}:{name}", 0, message)])
        at = begin + int(size)
        blob = bytes(data[begin:at])
        at += 1  # a line end
        if mode == b"120000":
            links[name] = os.fsdecode(blob)
        else:
            content[name] = blob
    return content, links


def _line(said: bytes) -> str:
    return os.fsdecode(said.removesuffix(b"\n"))


def _git(root: Path, *arguments: str, given: bytes | None = None) -> bytes:
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, input=given, capture_output=True, check=True)  # noqa: S603
    return done.stdout


_HINT = "was this dataset built by this version?"

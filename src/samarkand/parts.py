"""A source in parts that are read one at a time, so that it may be larger than memory.

A format says what of its sources can be read alone (`Reader.PARTS`). Folders of documents are cut
between documents, large files between lines, or between the items of a JSON array.
"""

import mmap
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from samarkand import files
from samarkand.formats.base import DOCUMENTS, ITEMS, LINES, Files

#: So many bytes are in a part, or somewhat more.
SIZE = 32 * 1024 * 1024


@dataclass(frozen=True)
class Part:
    """Some files of a source; or bytes `[begin, end)` of one, from line or item `first` on.

    `end` is 0 for whole files.
    """

    paths: tuple[str, ...]
    begin: int = 0
    end: int = 0
    first: int = 1


def parts(source: Path, suffixes: tuple[str, ...], kind: str, size: int = SIZE) -> list[Part]:
    """The parts of a file or folder, in order; one where it cannot be cut.

    `kind` is what a format's PARTS says. Errors: SamarkandError, as `files.sizes` has them.
    """
    found = files.sizes(source, suffixes)
    names = [path.rpartition("/")[2] for path in found]
    if len(set(names)) < len(names) or kind not in (DOCUMENTS, LINES, ITEMS):
        return [Part(tuple(found))]  # where names clash, all must be known to tell them apart
    if kind == DOCUMENTS:
        return _documents(found, suffixes, size)
    cut = _lines if kind == LINES else _items
    folder = source.parent if source.is_file() else source
    return [part for path in found for part in cut(folder / path, path, size)]


def _documents(found: dict[str, int], suffixes: tuple[str, ...], size: int) -> list[Part]:
    """Files in parts of about that size, those of one stem together.

    Where a suffix is the whole name of a file (it begins with a letter), all parts need that file.
    """
    names = tuple(end for end in suffixes if end[:1].isalpha())
    shared = [path for path in found if names and path.endswith(names)]
    stems: dict[str, list[str]] = {}
    for path in found:
        if path in shared:
            continue
        end = max((end for end in suffixes if path.endswith(end)), key=len, default="")
        stems.setdefault(path.removesuffix(end), []).append(path)
    made: list[list[str]] = [[]]
    room = size
    for paths in stems.values():
        weight = sum(found[path] for path in paths)
        if made[-1] and room < weight:
            made.append([])
            room = size
        made[-1] += paths
        room -= weight
    return [Part((*shared, *paths)) for paths in made]


def _lines(file: Path, path: str, size: int) -> list[Part]:
    """A file in parts that end with a line."""
    made: list[Part] = []
    begin, first, whole = 0, 1, file.stat().st_size
    with file.open("rb") as opened:
        while begin < whole:
            opened.seek(begin + size)
            end = min(whole, begin + size + len(opened.readline()))
            opened.seek(begin)
            lines = opened.read(end - begin).count(b"\n")
            made.append(Part((path,), begin, end, first))
            begin, first = end, first + lines
    return made or [Part((path,))]


def _items(file: Path, path: str, size: int) -> list[Part]:
    """A JSON array in parts of whole items; one part where it is none, to be read and refused."""
    whole = file.stat().st_size
    if whole <= size:
        return [Part((path,))]
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            found = msgspec.json.decode(data, type=list[msgspec.Raw])
        except (msgspec.MsgspecError, UnicodeError):
            return [Part((path,))]
        start = _address(data)
        begins = [_address(item) - start for item in found]
        ends = [begin + len(item) for begin, item in zip(begins, found, strict=True)]
        del found
    made: list[Part] = []
    at = 0
    for row, end in enumerate(ends, 1):
        if end - begins[at] >= size or row == len(ends):
            made.append(Part((path,), begins[at], end, at + 1))
            at = row
    return made or [Part((path,))]


def _address(data: "msgspec.Raw | mmap.mmap") -> int:
    """Where the bytes are in memory."""
    return int(np.frombuffer(data, np.uint8).__array_interface__["data"][0])


def read(source: Path, part: Part, kind: str) -> Files:
    """The files of a part; items are an array again. Errors: SamarkandError, unreadable files."""
    folder = source.parent if source.is_file() else source
    if not part.end:
        return files.chosen(folder, part.paths)
    with (folder / part.paths[0]).open("rb") as file:
        file.seek(part.begin)
        data = file.read(part.end - part.begin)
    return {part.paths[0]: b"[" + data + b"]" if kind == ITEMS else data}

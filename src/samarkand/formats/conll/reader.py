"""CoNLL files, ours and others, as texts and mentions: files of one layout are read together."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import iob, jsonl
from samarkand.errors import Problem
from samarkand.formats.conll import own
from samarkand.formats.conll.rows import Rows, keep, parse, report
from samarkand.text import Ints, Mask

#: Our own files are read in blocks, so that the working arrays of one fit the processor's cache.
BLOCK = 500


@dataclass(frozen=True)
class Layout:
    """What files have in common that are read together: our groups (none: foreign), and columns."""

    groups: tuple[str, ...]
    width: int


@dataclass(frozen=True)
class File:
    """A file whose columns are separated by tabs, and the white space that its text begins with."""

    path: str
    layout: Layout
    data: bytes
    lead: str = ""


@dataclass(frozen=True)
class Column:
    """The mentions of a column of tags: rows of `texts`, code points, labels. Shapes: (spans,)."""

    group: str
    doc: Ints
    begin: Ints
    end: Ints
    label: pa.Array


@dataclass(frozen=True)
class Part:
    """Files of one layout: `docs` counts the documents of each, which `texts` holds."""

    groups: tuple[str, ...]  # none: foreign
    paths: list[str]
    docs: Ints
    texts: list[str]
    columns: list[Column]


def open_file(path: str, data: bytes, problems: list[Problem]) -> File | None:
    """Find out a file's layout. What is no text, or has no tags, is a problem, and None."""
    before = len(problems)
    jsonl.split(path, data, problems)
    if len(problems) > before:
        return None
    data = data if data.endswith(b"\n") else data + b"\n"
    if data.startswith(own.START):
        return _open_ours(path, data, problems)
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        problems.append(Problem(path, line, "NUL is no text; is this file CoNLL at all?"))
        return None
    if b"\t" in data:
        data = re.sub(rb"(?m)^ +(?=\t)", b"", data)
        data = re.sub(rb"(?m)^[ \t]+$", b"", data)
    else:
        data = re.sub(rb"(?m)^ +| +$", b"", data)
        data = re.sub(rb" +", b"\t", data)
    row = re.search(rb"(?m)^(?!-DOCSTART-(\s|$)|#[ \t]).+$", data) or re.search(rb"(?m)^#.+$", data)
    if row is None:
        problems.append(Problem(path, 0, "holds no token; wanted one a line, with its tag"))
        return None
    width = row.group().count(b"\t") + 1
    if width == 1:
        line = data.count(b"\n", 0, row.start()) + 1
        got = row.group().decode()
        message = f"one column, {got[:40]!r}; wanted a token, a tab or a space, and its tag"
        problems.append(Problem(path, line, message))
        return None
    return File(path, Layout((), width), data)


def _open_ours(path: str, data: bytes, problems: list[Problem]) -> File | None:
    try:
        header = own.parse_header(data[: data.index(b"\n")].decode())
    except ValueError as error:
        problems.append(Problem(path, 1, str(error)))
        return None
    return File(path, Layout(header.groups, 2 + len(header.groups)), data, header.lead)


def parts(opened: Iterable[File], problems: list[Problem], unread: Counter[str]) -> list[Part]:
    """The texts and mentions of files; each part holds files of one layout."""
    layouts: dict[Layout, list[File]] = {}
    for file in opened:
        layouts.setdefault(file.layout, []).append(file)
    found: list[Part] = []
    for layout, same in layouts.items():
        # All foreign files together show which scheme their tags are; ours is known.
        size = BLOCK if layout.groups else len(same)
        blocks = (same[first : first + size] for first in range(0, len(same), size))
        found += [_part(layout, block, problems, unread) for block in blocks]
    return found


def _part(
    layout: Layout, opened: list[File], problems: list[Problem], unread: Counter[str]
) -> Part:
    ours = bool(layout.groups)
    rows = parse({file.path: file.data for file in opened}, layout.width, ours, problems, unread)
    if ours:
        groups = (*layout.groups[1:], *layout.groups[:1])
        tags = list(zip(groups, rows.columns[2:], strict=True))
        leads = [file.lead for file in opened]
        gaps = _said_gaps(rows, problems)
    else:
        rows, tags = _foreign_tags(rows, problems, unread)
        leads = [""] * int(rows.docs.sum())
        gaps = _plain_gaps(rows)
    # Where each token begins: behind all pieces before it, and what its document begins with.
    form = rows.columns[0]
    length = pc.utf8_length(form).to_numpy().astype(np.int64)
    size = length + pc.utf8_length(gaps).to_numpy()
    bounds = np.searchsorted(rows.doc, np.arange(len(leads) + 1))
    sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(size)])
    lead = np.fromiter(map(len, leads), np.int64, len(leads))
    begin = sums[:-1] + (lead - sums[bounds[:-1]])[rows.doc]
    end = begin + length
    columns = []
    for group, column in tags:
        found = _decode(rows, column, iob.IOB2 if ours else "", problems, unread)
        if found is not None:
            label = pa.array(found.labels, pa.string()).take(pa.array(found.label))
            doc = rows.doc[found.first]
            columns.append(Column(group, doc, begin[found.first], end[found.last - 1], label))
    texts = _texts(form, gaps, bounds, leads)
    return Part(layout.groups, [file.path for file in opened], rows.docs, texts, columns)


def _texts(form: pa.Array, gaps: pa.Array, bounds: Ints, leads: list[str]) -> list[str]:
    pieces = pc.binary_join_element_wise(form, gaps, "")
    if not len(pieces):
        return leads
    offsets = np.frombuffer(pieces.buffers()[1], np.int32)[bounds].tolist()
    data = pieces.buffers()[2]
    slices = zip(leads, offsets[:-1], offsets[1:], strict=True)
    return [lead + bytes(data[a:b]).decode() for lead, a, b in slices]


def _plain_gaps(rows: Rows) -> pa.Array:
    """A space behind each token, a newline behind the sentence's last, nothing behind the last."""
    gap = np.zeros(len(rows.doc), np.int8)
    gap[:-1] = np.where(np.diff(rows.doc) > 0, 2, rows.new[1:])
    gap[-1:] = 2
    return pa.array([" ", "\n", ""]).take(pa.array(gap))


def _said_gaps(rows: Rows, problems: list[Problem]) -> pa.Array:
    """The white space behind each token as its MISC says."""
    encoded = rows.columns[1].dictionary_encode()
    gaps = []
    for code, value in enumerate(encoded.dictionary.to_pylist()):
        try:
            gaps.append(own.parse_misc(value))
        except ValueError as error:
            gaps.append("")
            _report(rows, encoded.indices.to_numpy() == code, str(error), problems)
    _report(rows, _equal(rows.columns[0], ""), "no token in the first column", problems)
    return pa.array(gaps, pa.string()).take(encoded.indices)


def _foreign_tags(
    rows: Rows, problems: list[Problem], unread: Counter[str]
) -> tuple[Rows, list[tuple[str, pa.Array]]]:
    """The columns of tags, and the rows that have a token."""
    columns = rows.columns[1:]
    if len(columns) > 1 and _equal(columns[-1], "").all():
        columns = columns[:-1]  # each line ends in a tab
    if any(len(iob.unknown(column)) for column in columns):
        unread["value of a column between token and tag"] += (len(columns) - 1) * len(rows.line)
        columns = columns[-1:]
    none = _equal(rows.columns[0], "")
    outside = np.logical_and.reduce([_equal(column, "O") for column in columns])
    unread["row without a token"] += int((none & outside).sum())
    _report(rows, none & ~outside, "a tag, and no token before it", problems)
    kept = Rows(
        rows.paths, rows.docs, rows.path, rows.line, rows.doc, rows.new, [rows.columns[0], *columns]
    )
    if none.any():
        kept = keep(kept, ~none)
    return kept, [("", column) for column in kept.columns[1:]]


def _decode(
    rows: Rows, column: pa.Array, scheme: str, problems: list[Problem], unread: Counter[str]
) -> iob.Decoded | None:
    wrong = iob.unknown(column, scheme)
    if len(wrong):
        encoded = column.take(pa.array(wrong)).dictionary_encode()
        prefixes = ", ".join(f"{prefix}-" for prefix in iob.PREFIXES[scheme or iob.BIOES])
        for code, tag in enumerate(encoded.dictionary.to_pylist()):
            mask = np.zeros(len(column), np.bool_)
            mask[wrong[encoded.indices.to_numpy() == code]] = True
            message = f"tag {tag!r}; wanted O, or one of {prefixes} and a label behind it"
            _report(rows, mask, message, problems)
        return None
    found = iob.decode(column, rows.new, scheme)
    if len(found.repaired):
        path, line = rows.where(int(found.repaired[0]))
        kind = f"broken {found.scheme} tag, repaired as conlleval does (first: {path}:{line})"
        unread[kind] += len(found.repaired)
    return found


def _equal(column: pa.Array, value: str) -> Mask:
    equal: Mask = pc.equal(column, value).to_numpy(zero_copy_only=False)
    return equal


def _report(rows: Rows, wrong: Mask, message: str, problems: list[Problem]) -> None:
    report(rows.paths, rows.path, rows.line, wrong, message, problems)

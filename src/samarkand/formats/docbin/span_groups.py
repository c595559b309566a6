"""The spans that spaCy sees in a DocBin: `doc.ents` and `doc.spans`, as columns."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from samarkand.errors import Problem
from samarkand.formats.docbin import open as docbin_open
from samarkand.formats.docbin.open import FAULTS, Bin
from samarkand.formats.docbin.packing import BEGIN, INSIDE, MISSING, SPAN, U64
from samarkand.text import Ints, Mask

#: What a token may say that a corpus has no place for. The rest follows from the word itself.
_TOKEN = {
    "TAG": "tag of a token",
    "POS": "part of speech of a token",
    "DEP": "dependency of a token",
    "LEMMA": "lemma of a token",
    "MORPH": "morphology of a token",
    "SENT_START": "start of a sentence",
}


@dataclass(frozen=True)
class Native:
    """Spans in code points of their documents, with hashes of strings; shapes (spans,).

    `place` counts into `places`: `doc.ents` is the name None, else it is that of a span group.
    """

    doc: Ints
    begin: Ints
    end: Ints
    label: U64
    id: U64
    actor: U64
    place: Ints
    places: tuple[str | None, ...]


class _Group(msgspec.Struct):
    name: str
    attrs: dict[Any, msgspec.Raw]
    spans: list[bytes]


_groups = msgspec.msgpack.Decoder(dict[bytes, list[str]] | list[bytes])
_group = msgspec.msgpack.Decoder(_Group)

#: One span group of one document: the row of the document, the name, and the spans' bytes.
_Found = tuple[int, str, list[bytes]]


def native(file: Bin, problems: list[Problem], unread: Counter[str]) -> Native:
    """Every span of a file that has a label. What spaCy would refuse is a problem."""
    places: dict[str | None, int] = {None: 0}
    found = list(_opened(file, problems, unread))
    for _, name, _ in found:
        places.setdefault(name, len(places))
    ents = _ents(file, problems, unread)
    sizes = [len(spans) for _, _, spans in found]
    records = np.frombuffer(b"".join(s for _, _, spans in found for s in spans), _PLAIN)
    doc = np.repeat(np.array([doc for doc, _, _ in found], np.int64), sizes)
    place = np.repeat(np.array([places[name] for _, name, _ in found], np.int64), sizes)
    begin, end = _measured(file, doc, records, problems)
    kept = (begin < end) & (records["label"] > 0)
    unread["span of no characters"] += int((begin == end).sum())
    unread["span without a label"] += int(((begin < end) & (records["label"] == 0)).sum())
    parts = [doc, begin, end, records["label"], records["id"], records["kb_id"], place]
    doc, begin, end, label, id, actor, place = (
        np.concatenate([a, b[kept].astype(a.dtype)]) for a, b in zip(ents, parts, strict=True)
    )
    covered, most = int((end - begin).sum()), docbin_open.MOST // 16
    if covered > most:
        message = f"spans of {covered:,} characters in all, at most {most:,}; {docbin_open.WAY_OUT}"
        problems.append(Problem(file.path, 0, message))
    return Native(doc, begin, end, label, id, actor, place, tuple(places))


def _ents(file: Bin, problems: list[Problem], unread: Counter[str]) -> tuple[npt.NDArray[Any], ...]:
    """`doc.ents`, as spaCy puts them together."""
    size = len(file.sizes)
    zero = np.zeros(size, np.uint64)
    iob, kind = (file.columns.get(name, zero) for name in ("ENT_IOB", "ENT_TYPE"))
    opens = (iob == BEGIN) & (kind > 0)
    unread["token blocked for entities"] += int(((iob == BEGIN) & (kind == 0)).sum())
    unread["token not known to be in an entity or not"] += _missing(file, iob)
    # What an inner token goes on with is the token before it that is none itself.
    outer = np.flatnonzero(iob != INSIDE)
    inner = np.flatnonzero(iob == INSIDE)
    at = np.searchsorted(outer, inner) - 1
    before = outer[at] if len(outer) else np.full(len(inner), -1)
    first = file.starts[np.searchsorted(file.starts, inner, "right") - 1]
    for wrong, fault in (
        (np.flatnonzero(iob > BEGIN), "has the ENT_IOB {}, wanted 0 to 3"),
        (
            inner[(at < 0) | (before < first) | ~opens[before]],
            "is inside an entity (its ENT_IOB is {}) that no token before it begins",
        ),
    ):
        if len(wrong):
            message = fault.format(iob[wrong[0]])
            problems.append(Problem(file.path, 0, f"{_token(file, int(wrong[0]))} {message}"))
            opens[:] = False
    start = np.flatnonzero(opens)
    stop = np.append(outer, size)[np.searchsorted(outer, start, "right")]
    doc = np.searchsorted(file.starts, start, "right") - 1
    origin = file.places[file.starts[doc]]
    begin = file.places[start] - origin
    end = file.places[stop - 1] + file.sizes[stop - 1] - origin
    said = [file.columns.get(name, zero)[start] for name in ("ENT_TYPE", "ENT_ID", "ENT_KB_ID")]
    return doc, begin, end, *said, np.zeros(len(start), np.int64)


def _missing(file: Bin, iob: U64) -> int:
    """Tokens of unknown state in documents that know it of others."""
    told = np.append(0, np.cumsum(iob != MISSING))[file.starts]
    partly = np.diff(told) > 0
    return int((np.diff(file.starts) - np.diff(told))[partly].sum())


def _token(file: Bin, token: int) -> str:
    doc = file.doc(token)
    return f"document {doc}, token {token - file.starts[doc - 1]}"


def _opened(file: Bin, problems: list[Problem], unread: Counter[str]) -> Iterator[_Found]:
    """The span groups of each document, under each name that it has there."""
    left = docbin_open.MOST // _PLAIN.itemsize
    for doc, data in enumerate(file.span_groups):
        if not data:
            continue
        seen = set()
        try:
            told = _groups.decode(data)
            parts = told.items() if isinstance(told, dict) else [(one, None) for one in told]
            for packed, names in parts:
                group = _group.decode(packed)
                unread["attribute of a span group"] += len(group.attrs)
                for name in [group.name] if names is None else names:
                    if name in seen:
                        raise ValueError(f"span group '{name}' stands twice")
                    seen.add(name)
                    if any(len(span) != _PLAIN.itemsize for span in group.spans):
                        wanted = f"a span of '{name}' is not {_PLAIN.itemsize} bytes"
                        raise ValueError(wanted)
                    left -= len(group.spans)
                    if left < 0:
                        raise ValueError(f"too many spans in one file; {docbin_open.WAY_OUT}")
                    yield doc, name, group.spans
        except (*FAULTS, ValueError) as error:
            message = f"document {doc + 1}: span groups: {docbin_open.explain(error)}"
            problems.append(Problem(file.path, 0, message))
            if left < 0:
                return


#: A span's bytes, without MessagePack's head.
_PLAIN = np.dtype([(name, SPAN[name]) for name in SPAN.names or () if name != "head"])


def _measured(
    file: Bin, doc: Ints, records: npt.NDArray[Any], problems: list[Problem]
) -> tuple[Ints, Ints]:
    """Where spans begin and end, in code points; spans that are out of place are problems."""
    start, end = (records[name].astype(np.int64) for name in ("start", "end"))
    size = np.diff(file.starts)[doc]
    outside = (start < 0) | (end < start) | (size < end)
    _report(
        file, doc, outside, problems,
        lambda row: f"{start[row]} to {end[row]}, but there are {size[row]}",
    )  # fmt: skip
    start, end = np.where(outside, 0, start), np.where(outside, 0, end)
    some = start < end
    first = file.starts[doc]
    origin = file.places[first]
    here = np.minimum(first + start, max(len(file.sizes) - 1, 0))
    last = np.where(some, first + end - 1, here)
    begins = np.where(some, file.places[here] - origin, 0)
    ends = np.where(some, file.places[last] - origin, 0)
    ends[some] += file.sizes[last[some]]
    told = [records[name].astype(np.int64) for name in ("start_char", "end_char")]
    _report(
        file, doc, some & ((told[0] != begins) | (told[1] != ends)), problems,
        lambda row: f"{start[row]} to {end[row]} says characters {told[0][row]} to "
        f"{told[1][row]}, but these are {begins[row]} to {ends[row]}; were tokens merged or split "
        "after it was made?",
    )  # fmt: skip
    return begins, ends


def _report(
    file: Bin, doc: Ints, wrong: Mask, problems: list[Problem], say: Callable[[int], str]
) -> None:
    problems.extend(
        Problem(file.path, 0, f"document {doc[row] + 1}: a span of tokens {say(row)}")
        for row in np.flatnonzero(wrong).tolist()
    )


def strings(file: Bin, native: Native, problems: list[Problem], unread: Counter[str]) -> list[Any]:
    """Labels, ids and actors of spans as strings; the latter two null where there is none."""
    found = []
    for column in (native.label, native.id, native.actor):
        code = file.strings.codes(column)
        unknown = np.flatnonzero(code < 0)
        if column is not native.label:
            kind = "id" if column is native.id else "knowledge base id"
            unread[f"{kind} of a span that is a number"] += len(unknown)
        elif len(unknown):
            doc = native.doc[unknown[0]] + 1
            message = f"document {doc}: a span's label is not in 'strings'"
            problems.append(Problem(file.path, 0, f"{message} ({column[unknown[0]]})"))
        found.append(file.strings.array.take(pa.array(code, mask=code <= 0)))
    found[0] = pc.fill_null(found[0], "")
    return found


def count_tokens(file: Bin, unread: Counter[str]) -> None:
    """Count what tokens say that a corpus has no place for."""
    for name, kind in _TOKEN.items():
        if name not in file.columns:
            continue
        column = file.columns[name]
        said = column > 0
        if name == "SENT_START":
            said = column == 1
            said[file.starts[:-1][np.diff(file.starts) > 0]] = False  # always one
        if name == "MORPH":
            said &= file.strings.codes(column) != file.strings.values.index("_")
        unread[kind] += int(said.sum())
    unread["text category"] += sum(map(len, file.cats))

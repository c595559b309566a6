"""Columns as the bytes of a spaCy DocBin, without making a Doc.

A DocBin is zlib-compressed MessagePack (spacy/tokens/_serialize.py of spaCy 3.8): one array of
64-bit numbers with a row a token and a column an attribute, where strings are their hashes; which
tokens have a space behind them; how many tokens each document has; the strings; and for each
document its span groups and user data, as MessagePack of their own.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from samarkand import text
from samarkand.text import Ints, Mask, TextIndex
from samarkand.tokens import Tokens

U64 = npt.NDArray[np.uint64]
I32 = npt.NDArray[np.int32]

#: What `zlib` is told: higher levels take three times as long for a tenth less.
_LEVEL = 2

#: The attributes of a token in a file, in spaCy's order; the last two only where they are given.
ATTRIBUTES = ("ORTH", "ENT_IOB", "ENT_TYPE", "ENT_KB_ID", "ENT_ID")

#: spaCy's codes for a token of unknown state, inside an entity, outside of all, beginning one.
MISSING, INSIDE, OUTSIDE, BEGIN = range(4)

#: A span as a group holds it: MessagePack's head of 40 bytes, then `struct`'s ">QQQllll".
SPAN = np.dtype(
    [("head", "u1", 2), ("id", ">u8"), ("kb_id", ">u8"), ("label", ">u8"),
     ("start", ">i4"), ("end", ">i4"), ("start_char", ">i4"), ("end_char", ">i4")]
)  # fmt: skip
_SPAN_HEAD = (0xC4, 40)


@dataclass(frozen=True)
class Spans:
    """Spans of given tokens, in the order of the documents; shapes (spans,).

    `doc` is the row of the text; `first` and `last` are rows of the tokens, half-open. `id` and
    `actor` hold null where there is none; both are given, or neither.
    """

    doc: Ints
    first: Ints
    last: Ints
    label: pa.Array
    id: pa.Array | None = None
    actor: pa.Array | None = None


@dataclass(frozen=True)
class _Words:
    """spaCy's tokens: those given, and the white space between them that is no single space.

    `first` and `last` count bytes of all texts; `space`: a space is behind the token and not in it;
    `lengths`: tokens a document; `row`: which of these tokens each given one is.
    """

    first: I32
    last: I32
    space: Mask
    lengths: Ints
    row: Ints


class _Strings:
    """The strings of a file, and their hashes."""

    def __init__(self) -> None:
        self.used: dict[str, None] = {}  # in their order

    def hashes(self, column: pa.Array) -> U64:
        """The hash of each string of a column; 0 for null."""
        encoded = column.dictionary_encode()
        strings = encoded.dictionary.to_pylist()
        self.used.update(dict.fromkeys(strings))
        known = np.array([*map(hash_of(), strings), 0], np.uint64)
        code = encoded.indices.fill_null(len(strings)) if column.null_count else encoded.indices
        found: U64 = known[code.to_numpy()]
        return found


@cache
def hash_of() -> Any:
    """spaCy's function from a string to its number: its hash, or that of a symbol such as ORG."""
    from spacy.strings import get_string_id

    return get_string_id


@cache
def attribute_ids() -> dict[str, int]:
    """spaCy's numbers of attributes, by name."""
    from spacy.attrs import IDS

    return dict(IDS)


def pack(
    texts: pa.Array,
    tokens: Tokens,
    ents: Spans | None,
    groups: Mapping[str, Spans],
    extras: Sequence[bytes] | None = None,
) -> bytes:
    """Documents as one DocBin, not yet compressed.

    `tokens` are of `texts`; what lies between them becomes tokens as spaCy makes them of white
    space. `ents` do not overlap; without them no token says whether it is in an entity. Every
    document has every span group, and `extras`, MessagePack, as its user data.
    Errors: ValueError for more than 4 GiB of tokens.
    """
    ix = text.index(texts)
    words = _words(ix, tokens)
    strings = _Strings()
    columns, attributes = _columns(ix, words, strings, ents)
    content = {
        "version": "0.1",
        "attrs": attributes,
        "tokens": columns.reshape(-1).view(np.uint8).data,
        "spaces": words.space.tobytes(),
        "lengths": words.lengths.astype("<i4").tobytes(),
        "strings": (),
        "cats": [{}] * len(ix),
        "flags": [{"has_unknown_spaces": False}] * len(ix),
        "span_groups": _span_groups(ix, words, strings, groups),
    }
    if extras is not None:
        content["user_data"] = extras
    content["strings"] = list(strings.used)
    return msgspec.msgpack.encode(content)


def compressed(files: Iterable[bytes]) -> Iterator[bytes]:
    """The files as they are stored. One is compressed while the next one is made."""
    with ThreadPoolExecutor(1) as thread:
        last: Future[bytes] | None = None
        for file in files:
            done, last = last, thread.submit(zlib.compress, file, _LEVEL)
            if done is not None:
                yield done.result()
        if last is not None:
            yield last.result()


def _words(ix: TextIndex, tokens: Tokens) -> _Words:
    """The tokens that spaCy has of texts whose tokens without white space are given.

    A space behind a token is the token's; what else is between two tokens is a token.
    """
    counts = np.bincount(tokens.doc, minlength=len(ix))
    stop = np.cumsum(counts)
    some = np.flatnonzero(counts)
    opening = (stop - counts)[some]
    starts = ix.starts.astype(np.int32)
    begin, end = _in_bytes(ix, tokens, counts)
    # What lies before each token, and behind the last one of each document.
    before = np.empty_like(begin)
    before[1:] = end[:-1]
    before[opening] = starts[some]
    rest = starts[:-1].copy()
    rest[some] = end[stop[some] - 1]
    single = (ix.data[before] == ord(" ")) & (before < begin)
    single[opening] = False
    last = some[rest[some] < starts[some + 1]]
    last = last[ix.data[rest[last]] == ord(" ")]
    before += single
    rest[last] += 1
    inner, outer = np.flatnonzero(before < begin), np.flatnonzero(rest < starts[1:])
    white = np.concatenate([before[inner], rest[outer]])
    order = np.argsort(white)
    place = np.concatenate([inner, stop[outer]])[order] + np.arange(len(order))
    given = np.ones(len(begin) + len(order), np.bool_)
    given[place] = False
    row = np.flatnonzero(given)
    edges = np.empty((2, len(given)), np.int32)
    edges[:, row] = begin, end
    edges[0, place] = white[order]
    edges[1, place] = np.concatenate([begin[inner], starts[outer + 1]])[order]
    space = np.zeros(len(given), np.bool_)
    space[row[:-1]] = single[1:]
    space[row[stop[last] - 1]] = True
    lengths = counts + np.bincount(tokens.doc[inner], minlength=len(ix))
    lengths[outer] += 1
    return _Words(edges[0], edges[1], space, lengths, row)


def _in_bytes(ix: TextIndex, tokens: Tokens, counts: Ints) -> tuple[I32, I32]:
    """Where the tokens begin and end in the bytes of all texts."""
    origin = np.repeat(ix.points[:-1], counts)
    # All tokens are asked for: a table of all characters is quicker than to search for each.
    leads = np.flatnonzero(ix.data.view(np.int8) >= -64)  # of UTF-8, all bytes but 0x80 to 0xBF
    first = np.append(leads.astype(np.int32), np.int32(len(ix.data)))
    return first[origin + tokens.begin], first[origin + tokens.end]


def _columns(
    ix: TextIndex, words: _Words, strings: _Strings, ents: Spans | None
) -> tuple[U64, list[int]]:
    """The array of tokens, and the numbers of its attributes."""
    named = [] if ents is None else [ents.label, ents.actor, ents.id]
    given = [column for column in named if column is not None] or [pa.nulls(0, pa.string())]
    array = np.empty((len(words.first), 2 + len(given)), "<u8")
    array[:, 0] = _orth(ix, words, strings)
    array[:, 1] = MISSING if ents is None else OUTSIDE
    array[:, 2:] = 0
    if ents is not None:
        first, last = words.row[ents.first], words.row[ents.last - 1] + 1
        size = last - first
        inside = np.arange(size.sum()) + np.repeat(first - (np.cumsum(size) - size), size)
        array[inside, 1] = INSIDE
        array[first, 1] = BEGIN
        for place, column in enumerate(given, 2):
            array[inside, place] = np.repeat(strings.hashes(column), size)
    return array, [attribute_ids()[name] for name in ATTRIBUTES[: array.shape[1]]]


def _orth(ix: TextIndex, words: _Words, strings: _Strings) -> U64:
    """The hash of each token's text."""
    # The texts' bytes as strings without a copy: token, what follows it, token, ...
    edges = np.empty(2 * len(words.first) + 1, np.int32)
    edges[:-1:2], edges[1::2], edges[-1] = words.first, words.last, len(ix.data)
    both = pa.StringArray.from_buffers(
        len(edges) - 1, pa.py_buffer(edges), pa.py_buffer(np.ascontiguousarray(ix.data))
    )
    found = strings.hashes(both)[::2]
    for between in ("", " "):
        if not (found == hash_of()(between)).any():
            strings.used.pop(between, None)
    return found


def _span_groups(
    ix: TextIndex, words: _Words, strings: _Strings, groups: Mapping[str, Spans]
) -> list[bytes]:
    """The span groups of each document."""
    if not groups:
        return [msgspec.msgpack.encode([])] * len(ix)
    opening = np.cumsum(words.lengths) - words.lengths
    parts: dict[str, list[bytes]] = {}
    for name, spans in groups.items():
        first, last = words.row[spans.first], words.row[spans.last - 1] + 1
        records = np.zeros(len(spans.doc), SPAN)
        records["head"] = _SPAN_HEAD
        for field, column in (("id", spans.id), ("kb_id", spans.actor), ("label", spans.label)):
            if column is not None:
                records[field] = strings.hashes(column)
        records["start"] = first - opening[spans.doc]
        records["end"] = last - opening[spans.doc]
        for field, edge in (("start_char", words.first[first]), ("end_char", words.last[last - 1])):
            place = edge - ix.starts[spans.doc]  # in bytes
            records[field] = text.from_unit(ix, text.UTF8, spans.doc, place)
        parts[name] = _group(name, records, np.searchsorted(spans.doc, np.arange(len(ix) + 1)))
    encode = msgspec.msgpack.encode
    return [
        encode({group: [name] for name, group in zip(parts, found, strict=True)})
        for found in zip(*parts.values(), strict=True)
    ]


def _group(name: str, records: npt.NDArray[Any], edges: Ints) -> list[bytes]:
    """One group of each document."""
    data = records.tobytes()
    head = msgspec.msgpack.encode({"name": name, "attrs": {}}).replace(b"\x82", b"\x83", 1)
    head += msgspec.msgpack.encode("spans")
    return [
        head + _array_head(last - first) + data[first * SPAN.itemsize : last * SPAN.itemsize]
        for first, last in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    ]


def _array_head(size: int) -> bytes:
    """MessagePack's head of an array."""
    if size < 16:
        return bytes([0x90 | size])
    return b"\xdc" + size.to_bytes(2) if size < 1 << 16 else b"\xdd" + size.to_bytes(4)

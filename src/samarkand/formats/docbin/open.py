"""A DocBin's bytes as columns, with every fault of the file.

The file may be anybody's. MessagePack is decoded by msgspec, which makes plain values only; spaCy's
own decoder would call what other packages registered for it (srsly's `msgpack_decoders`).
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sized
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import jsonl, words
from samarkand.errors import Problem
from samarkand.formats.docbin.packing import U64, attribute_ids, hash_of
from samarkand.text import Ints, Mask

#: The most bytes that a file may hold once it is decompressed, that its texts may have, and that
#: its spans may take: a few kilobytes can say many gigabytes.
MOST = 1 << 30

#: What to do about more than that.
WAY_OUT = "divide the documents among several files"

#: What reading somebody's MessagePack raises.
FAULTS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


#: What msgspec calls the kinds of MessagePack, and what MessagePack does.
_KINDS = {"object": "map", "int": "integer", "bytes": "bin"}


def explain(error: Exception) -> str:
    """What is wrong with somebody's MessagePack, in the words of this package."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"a string is not UTF-8: its byte {error.start} is 0x{error.object[error.start]:02x}"
    said = re.sub(r"^Expected `(.+)`, got `(.+)`$", r"wanted \1, got \2", jsonl.explain(error))
    if not said.startswith("wanted "):
        return said
    return re.sub(r"\w+", lambda word: _KINDS.get(word[0], word[0]), said)


class Key:
    """A key of a map, equal to itself alone, so that a key that stands twice is seen."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _key(kind: type, value: Any) -> Any:
    return kind(value)


_keys = msgspec.msgpack.Decoder(dict[Key, msgspec.Raw], dec_hook=_key)


def entries(data: bytes | msgspec.Raw) -> dict[Any, msgspec.Raw]:
    """A map of MessagePack, its values not decoded. Errors: one of FAULTS, ValueError."""
    found: dict[Any, msgspec.Raw] = {}
    for key, value in _keys.decode(data).items():
        try:
            if key.value in found:
                raise ValueError(f"key {key.value!r} stands twice")
            found[key.value] = value
        except TypeError:
            raise ValueError(f"{key.value!r} is no key") from None
    return found


class _Content(msgspec.Struct):
    attrs: list[int]
    tokens: bytes
    spaces: bytes
    lengths: bytes
    strings: list[str]
    cats: list[dict[Any, Any]]
    flags: list[dict[Any, Any]] | None = None
    span_groups: list[bytes] | None = None
    user_data: list[bytes | None] | None = None
    version: str = ""


class _Strings:
    """The strings of a file, to be found by their hashes; spaCy's symbols are among them."""

    def __init__(self, strings: list[str]) -> None:
        from spacy.symbols import NAMES

        numbers = [*range(len(NAMES)), *map(hash_of(), strings)]
        self.values = [*NAMES, *strings]
        self.array = pa.array(self.values, pa.string())
        self._numbers = pa.array(np.array(numbers, np.uint64))

    def codes(self, hashes: U64) -> Ints:
        """The row of each hash in `values`; -1 for one of no string."""
        found = pc.index_in(pa.array(np.ascontiguousarray(hashes)), self._numbers)
        return np.asarray(found.fill_null(-1).to_numpy(), np.int64)


@dataclass(frozen=True)
class Bin:
    """An open file. `columns`: the tokens' attributes by name.

    `starts`: the first token of each document, and the end; `places`: where each token begins, and
    the end, in code points of all texts; `sizes`: of each token; `unsure`: which documents do not
    know their white space.
    """

    path: str
    columns: dict[str, U64]
    strings: _Strings
    starts: Ints
    texts: pa.Array
    places: Ints
    sizes: Ints
    unsure: Mask
    cats: list[dict[Any, Any]]
    span_groups: list[bytes]
    user_data: list[bytes | None]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def doc(self, token: int) -> int:
        """The document that a token is in, counted from 1."""
        return int(np.searchsorted(self.starts, token, "right"))


def open_file(path: str, data: bytes, problems: list[Problem], unread: Counter[str]) -> Bin | None:
    """The columns of a file; None, and problems, for what is no DocBin."""
    try:
        content = _decode(_decompress(data), unread)
        return _check(path, content)
    except FAULTS as error:
        problems.append(Problem(path, 0, f"not a DocBin: {explain(error)}"))
    except ValueError as error:
        problems.append(Problem(path, 0, str(error)))
    return None


def _decompress(data: bytes) -> bytes:
    """Errors: ValueError for what zlib cannot, or may not, decompress."""
    machine = zlib.decompressobj()
    try:
        found = machine.decompress(data, MOST)
    except zlib.error as error:
        said = str(error).rpartition(": ")[2]
        raise ValueError(f"not a DocBin: {said}; save it with DocBin.to_disk") from None
    if not machine.eof:
        if machine.unconsumed_tail:
            raise ValueError(f"more than {MOST:,} bytes once decompressed; {WAY_OUT}")
        raise ValueError("ends too early; was it copied whole?")
    if machine.unused_data:
        behind = f"{words.count(len(machine.unused_data), 'byte')} behind the end of the DocBin"
        raise ValueError(f"{behind}; DocBins are joined by DocBin.merge")
    return found


def _decode(data: bytes, unread: Counter[str]) -> _Content:
    known = {field.name: field.type for field in msgspec.structs.fields(_Content)}
    values = {}
    for key, raw in entries(data).items():
        if key not in known:
            unread[f"DocBin's {key}"] += 1
            continue
        try:
            values[key] = msgspec.msgpack.decode(raw, type=known[key])
        except FAULTS as error:
            raise ValueError(f"not a DocBin: '{key}': {explain(error)}") from None
    return msgspec.convert(values, _Content)


def _check(path: str, content: _Content) -> Bin:
    """Errors: ValueError for the first thing that does not fit the others."""
    lengths = _frombuffer("lengths", content.lengths, "<i4").astype(np.int64)
    columns = _columns(content)
    size = len(columns["ORTH"])
    if (lengths < 0).any() or lengths.sum() != size:
        wanted = f"{lengths.sum():,} in {words.count(len(lengths), 'document')}"
        raise ValueError(f"'tokens' holds {words.count(size, 'token')}, 'lengths' says {wanted}")
    spaces = _frombuffer("spaces", content.spaces, "u1")
    if len(spaces) != size or (spaces > 1).any():
        raise ValueError(f"'spaces' is not {words.count(size, 'byte')} of 0 or 1")
    count = len(lengths)
    flags = [{}] * count if content.flags is None else content.flags
    groups = [b""] * count if content.span_groups is None else content.span_groups
    told = content.user_data
    told = [None] * count if told is None else told
    several: dict[str, Sized] = {
        "cats": content.cats,
        "flags": flags,
        "span_groups": groups,
        "user_data": told,
    }
    for name, values in several.items():
        if len(values) != count:
            raise ValueError(
                f"'{name}' is of {words.count(len(values), 'document')}, not {count:,}"
            )
    strings = _Strings(content.strings)
    unsure = np.array([bool(flag.get("has_unknown_spaces")) for flag in flags], np.bool_)
    starts = np.append(0, np.cumsum(lengths))
    # What is not known is a space behind each word, as in spaCy.
    spaced = (spaces > 0) | np.repeat(unsure, lengths)
    texts, places, sizes = _texts(columns["ORTH"], spaced, starts, strings)
    return Bin(
        path, columns, strings, starts, texts, places, sizes, unsure, content.cats, groups, told
    )


def _frombuffer(name: str, data: bytes, kind: str) -> npt.NDArray[Any]:
    width = np.dtype(kind).itemsize
    if len(data) % width:
        raise ValueError(f"'{name}' is {words.count(len(data), 'byte')}, no multiple of {width}")
    return np.frombuffer(data, kind)


def _columns(content: _Content) -> dict[str, U64]:
    """The attributes of the tokens, by name."""
    names = {number: name for name, number in attribute_ids().items()}
    unknown = [number for number in content.attrs if number not in names]
    if unknown or len(set(content.attrs)) < len(content.attrs):
        raise ValueError(f"'attrs' holds {content.attrs}, wanted numbers of spaCy's, each once")
    if attribute_ids()["ORTH"] not in content.attrs:
        raise ValueError("'attrs' lacks 65 (ORTH), the words of the documents")
    flat = _frombuffer("tokens", content.tokens, "<u8")
    if len(flat) % len(content.attrs):
        raise ValueError(
            f"'tokens' holds {words.count(len(flat), 'number')}, not {len(content.attrs)} a token"
        )
    table = flat.reshape(-1, len(content.attrs))
    return {names[number]: table[:, place] for place, number in enumerate(content.attrs)}


def _texts(orth: U64, spaced: Mask, starts: Ints, strings: _Strings) -> tuple[pa.Array, Ints, Ints]:
    """The texts; where each token begins, and the end; the size of each token; in code points."""
    code = strings.codes(orth)
    for wrong, fault in ((code < 0, "a word that is not in 'strings'"), (code == 0, "no text")):
        if wrong.any():
            token = int(np.flatnonzero(wrong)[0])
            doc = int(np.searchsorted(starts, token, "right"))
            place = f"document {doc}, token {token - starts[doc - 1]}"
            raise ValueError(f"{place} has {fault} (its ORTH is {orth[token]})")
    size = np.fromiter(map(len, strings.values), np.int64, len(strings.values))[code]
    places = np.append(0, np.cumsum(size + spaced))
    # Every string without and with a space behind it; the texts are these, one behind the other.
    both = pa.concat_arrays([strings.array, pc.binary_join_element_wise(strings.array, " ", "")])
    widths = pc.binary_length(both).to_numpy().astype(np.int64)
    choice = code + spaced * len(strings.values)
    if widths[choice].sum() > MOST:
        raise ValueError(f"more than {MOST:,} bytes of text; {WAY_OUT}")
    words = both.take(pa.array(choice))
    edges = np.frombuffer(words.buffers()[1] or bytes(4), np.int32)[: len(words) + 1][starts]
    texts = pa.StringArray.from_buffers(
        len(starts) - 1, pa.py_buffer(edges), words.buffers()[2] or pa.py_buffer(b"")
    )
    return texts, places, size


def user_data(file: Bin, problems: list[Problem]) -> Iterator[tuple[int, dict[Any, msgspec.Raw]]]:
    """The user data of each document that has any, and the document's row."""
    for doc, data in enumerate(file.user_data):
        if not data:
            continue
        try:
            yield doc, entries(data)
        except (*FAULTS, ValueError) as error:
            message = f"document {doc + 1}: user data: {explain(error)}"
            problems.append(Problem(file.path, 0, message))

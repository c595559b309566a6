"""What every annotation format shares: files in memory, document ids, the frame of a reading.

A format is a module with `read`, `write` and `narrow`. It sees no disk: files are bytes by
relative path. `read(write(c)) == narrow(c)` holds for each, so `narrow` tells what is lost.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from samarkand import files, lines, schema
from samarkand.corpus import Corpus, Layer, entity_rows, from_columns, infer_labels
from samarkand.errors import FormatError, Problem

Files = Mapping[str, bytes]

#: How a source can be cut so that its parts can be read alone, in any order (see `Reader.PARTS`):
#: between files of different stems, between lines, between the items of a JSON array. A source that
#: cannot be cut is read as a whole.
DOCUMENTS, LINES, ITEMS, WHOLE = "documents", "lines", "items", "whole"

#: Folder names that say which split a document is in, as corpora are commonly laid out.
SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "dev": "validation",
    "devel": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


@dataclass(frozen=True)
class Reading:
    """What was read; what could be read but not represented, counted by kind; what was inferred.

    `notes` says what the files leave open and was worked out: the unit of offsets, say.
    """

    corpus: Corpus
    unread: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Reader(Protocol):
    """What the module of a format offers that can be read alone."""

    @property
    def SUFFIXES(self) -> tuple[str, ...]:  # noqa: N802
        """The ends of the names of the files it reads."""

    @property
    def PARTS(self) -> str:  # noqa: N802
        """What of a source can be read alone: files of one stem (DOCUMENTS), LINES or ITEMS, or
        nothing less than all of it (WHOLE)."""

    def read(self, files: Files, layer: str, first: int = 1) -> Reading:
        """Files as a corpus with one layer. Errors: FormatError.

        `first` is the number of the first line or item, where the one file given is a part of a
        larger one: it counts in messages, and in the ids of documents that have no other.
        """


class Format(Reader, Protocol):
    """What a format's module offers."""

    def write(self, corpus: Corpus, layer: str) -> Files:
        """One layer of a corpus as files."""

    def narrow(self, corpus: Corpus, layer: str) -> Corpus:
        """The part of the corpus that the format can say: what reading its files gives back."""


def frame(documents: pa.Table, layer: Layer) -> Corpus:
    """A corpus of documents and one layer; its label schema is what the layer uses.

    Foreign files have no actor table, label schema or provenance; a repository has.
    """
    return Corpus(documents, infer_labels([layer]), layers={layer.name: layer})


def documents(rows: Iterable[tuple[str, str, str | None]]) -> pa.Table:
    """A documents table of (document id, text, split) and nothing else."""
    docs, texts, splits = zip(*sorted(rows), strict=True) if (rows := list(rows)) else ((),) * 3
    columns = {"doc": docs, "text": texts, "split": splits}
    return from_columns(schema.DOCUMENTS, columns, len(docs))


def bare(table: pa.Table, splits: bool = False) -> pa.Table:
    """The documents with their text alone (and their split): what most formats can say of them."""
    names = ["doc", "text", "split"] if splits else ["doc", "text"]
    columns = {name: table[name] for name in names}
    return from_columns(schema.DOCUMENTS, columns, len(table))


def doc_ids(paths: Sequence[str]) -> dict[str, tuple[str, str | None]]:
    """A document id and a split for each path (without its suffix).

    A folder called train, dev or test says the split. The id is the file's name, with the folders
    before it where two files bear one name, and with `-` for what is not safe in a file name.
    Errors: FormatError where two files still come to one id.
    """
    names = {path: path.rpartition("/")[2] for path in paths}
    if len(set(names.values())) < len(names):
        names = {path: path.replace("/", "-") for path in paths}
    found: dict[str, tuple[str, str | None]] = {}
    owner: dict[str, str] = {}
    splits: dict[str, str | None] = {}  # of each folder
    for path, name in names.items():
        doc = name
        if not files.is_slug(doc):
            doc = re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip("._-").rstrip(".")[:200]
            if not files.is_slug(doc):
                message = "no document id can be made of this file name; name it in a-z, 0-9, . _ -"
                raise FormatError([Problem(path, 0, message)])
        if doc in owner:
            message = f"both this file and {owner[doc]} come to the document id '{doc}'"
            raise FormatError([Problem(path, 0, message)])
        owner[doc] = path
        folder = path.rpartition("/")[0]
        if folder not in splits:
            parts = reversed(folder.lower().split("/"))
            splits[folder] = next((SPLIT_FOLDERS[f] for f in parts if f in SPLIT_FOLDERS), None)
        found[path] = doc, splits[folder]
    return found


def renamed(ids: Mapping[str, tuple[str, str | None]], documents: pa.Table) -> tuple[str, ...]:
    """A note on each file whose name could not be the id, or the start of the ids, of documents.

    `ids` is what `doc_ids` made of the names.
    """
    docs = documents["doc"].to_pylist()
    known = set(docs)
    notes = []
    for path, (doc, _) in sorted(ids.items()):
        if doc == path or doc in (path.rpartition("/")[2], path.replace("/", "-")):
            continue
        if doc in known or any(name.startswith(f"{doc}-") for name in docs):
            notes.append(f"'{path}' cannot be a document's id; it is called '{doc}'")
    return tuple(notes)


def everything(corpus: Corpus, layer: str) -> Corpus:
    """All that there is to say of a layer's documents: what `narrow` is of a format that can.

    Left out are spans that cover nothing, references to what is not there, and scores that are no
    numbers.
    """
    kept, documents = corpus.layers[layer], corpus.documents
    entities = kept.entities
    here = pc.is_in(entities["doc"], documents["doc"].combine_chunks())
    entities = finite(entities.filter(pc.and_(here, pc.less(entities["begin"], entities["end"]))))
    many = pc.greater(pc.list_value_length(entities["fragments"]), 1).fill_null(False)
    entities = _where(entities, "fragments", many)
    relations = finite(kept.relations)
    found = [_there(entities, relations, end) for end in ("head", "tail")]
    relations = relations.filter(pc.and_(*found))
    relations = _where(relations, "object", _there(entities, relations, "object"))
    stances = finite(kept.stances)
    ids: dict[str, set[str]] = {doc: set() for doc in documents["doc"].to_pylist()}
    for doc, id in zip(entities["doc"].to_pylist(), entities["id"].to_pylist(), strict=True):
        ids[doc].add(id)
    docs, rows = stances["doc"].to_pylist(), lines.from_table("stances", stances)
    whole = [
        doc in ids and ids[doc] >= lines.referred(row) for doc, row in zip(docs, rows, strict=True)
    ]
    stances = stances.filter(pa.array(whole, pa.bool_()))
    return frame(documents, Layer(layer, entities, relations, stances))


def finite(table: pa.Table) -> pa.Table:
    """The table without scores that are no numbers."""
    return _where(table, "score", pc.is_finite(table["score"]).fill_null(False))


def _there(entities: pa.Table, relations: pa.Table, column: str) -> pa.Array:
    return pa.array(entity_rows(entities, relations["doc"], relations[column]) >= 0)


def _where(table: pa.Table, column: str, mask: Any) -> pa.Table:
    """The table with that column null where the mask is false."""
    values = pc.if_else(mask, table[column], pa.scalar(None, table[column].type))
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(column), values)


def by_document(docs: Iterable[str], rows: Iterable[Any], table: pa.Table) -> dict[str, list[Any]]:
    """The rows of each document, documents without any among them."""
    found: dict[str, list[Any]] = {doc: [] for doc in docs}
    for doc, row in zip(table["doc"].to_pylist(), rows, strict=True):
        found[doc].append(row)
    return found


def numbered(layer: Layer, prefix: Mapping[str, str]) -> Layer:
    """The layer with ids of the form prefix + number, for formats that know no others.

    `prefix` maps table names to prefixes. Ids of that form stay; each other one takes the lowest
    number free in its document, in canonical order. What refers to an entity follows it.
    """
    tables: dict[str, pa.Table] = {}
    entity: dict[tuple[str, str], str] = {}
    for name in schema.TABLES:
        table = layer.table(name)
        if name in prefix and not pc.all(_numbered(table["id"], prefix[name])).as_py():
            docs, ids = table["doc"].to_pylist(), table["id"].to_pylist()
            new = _renumber(docs, ids, prefix[name])
            table = _with(table, "id", new)
            if name == "entities":
                entity = dict(zip(zip(docs, ids, strict=True), new, strict=True))
        tables[name] = table
    if entity:
        tables["relations"] = _follow(tables["relations"], ("head", "tail", "object"), entity)
        tables["stances"] = _follow(tables["stances"], ("holder", "target"), entity)
        stances = tables["stances"]
        chains = [
            [entity.get((doc, id), id) for id in chain]
            for doc, chain in zip(
                stances["doc"].to_pylist(), stances["source_chain"].to_pylist(), strict=True
            )
        ]
        tables["stances"] = _with(stances, "source_chain", chains)
    return Layer(layer.name, **tables, provenance=layer.provenance)


#: The number of an id that stays: of at most nine digits, written in the one way.
_NUMBER = "(0|[1-9][0-9]{0,8})"


def _numbered(ids: pa.ChunkedArray, prefix: str) -> pa.ChunkedArray:
    return pc.match_substring_regex(ids, f"^{re.escape(prefix)}{_NUMBER}$")


def _renumber(docs: Sequence[str], ids: Sequence[str], prefix: str) -> list[str]:
    form = re.compile(re.escape(prefix) + _NUMBER)
    taken = {(doc, id) for doc, id in zip(docs, ids, strict=True) if form.fullmatch(id)}
    last: dict[str, int] = {}
    new = []
    for doc, id in zip(docs, ids, strict=True):
        if not form.fullmatch(id):
            number = last.get(doc, 0) + 1
            while (doc, f"{prefix}{number}") in taken:
                number += 1
            last[doc] = number
            id = f"{prefix}{number}"
        new.append(id)
    return new


def _follow(
    table: pa.Table, columns: Iterable[str], entity: Mapping[tuple[str, str], str]
) -> pa.Table:
    docs = table["doc"].to_pylist()
    for column in columns:
        ids = table[column].to_pylist()
        new = [entity.get((doc, id), id) for doc, id in zip(docs, ids, strict=True)]
        table = _with(table, column, new)
    return table


def _with(table: pa.Table, column: str, values: Any) -> pa.Table:
    place = table.schema.get_field_index(column)
    wanted = table.schema.field(column)
    return table.set_column(place, wanted, pa.array(values, wanted.type))

"""One DocBin as tables: its spans, and what `doc._.samarkand` says besides.

The spans of the Doc are what counts: what `doc._.samarkand` says of one is found by the span's id,
and holds for its score, its attributes, and the text it was annotated on while it stays in place.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import files, lines, schema, text
from samarkand.corpus import entity_rows, from_columns
from samarkand.errors import Problem
from samarkand.formats.docbin import span_groups as docbin_spans
from samarkand.formats.docbin.open import FAULTS, Bin, entries, explain, open_file, user_data
from samarkand.formats.docbin.own import KEY, NAME, Extra
from samarkand.formats.docbin.span_groups import Native
from samarkand.labels import ENTS, Group, ents_group
from samarkand.text import Ints

#: The attribute that keeps an id that several spans of a document have, as spaCy's rules give it.
SHARED = "span_id"

Tables = dict[str, pa.Table]
_extra = msgspec.msgpack.Decoder(Extra | None)


@dataclass
class Gathered:
    """What the files say together. `owner`: where each document id was found; `group`: of each
    label; `flat`: whether a group is."""

    problems: list[Problem] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    notes: dict[str, int] = field(default_factory=dict)
    owner: dict[str, str] = field(default_factory=dict)
    group: dict[str, str] = field(default_factory=dict)
    flat: dict[str, bool] = field(default_factory=dict)

    def groups(self) -> list[Group]:
        """The groups of labels, in the order in which they were found."""
        labels: dict[str, list[str]] = {name: [] for name in self.flat}
        for label, name in self.group.items():
            labels[name].append(label)
        return [Group(name, tuple(labels[name]), flat) for name, flat in self.flat.items()]


def read_file(
    path: str, data: bytes, stem: Callable[[str], str], split: str | None, all: Gathered
) -> Tables | None:
    """The documents, entities, relations and stances of a file; None where it has problems.

    `stem` names documents that say no id; `split` is what the path says.
    """
    before = len(all.problems)
    file = open_file(path, data, all.problems, all.unread)
    if file is None:
        return None
    extras = _extras(file, all)
    docs = _ids(file, extras, stem, all)
    native = docbin_spans.native(file, all.problems, all.unread)
    strings = docbin_spans.strings(file, native, all.problems, all.unread)
    if len(all.problems) > before:
        return None
    docbin_spans.count_tokens(file, all.unread)
    if file.unsure.any():
        said = "documents whose white space is unknown, read with a space behind each word"
        all.notes[said] = all.notes.get(said, 0) + int(file.unsure.sum())
    names = pa.array(docs, pa.string())
    tables = {"documents": _documents(file, names, extras, split)}
    more = {name: _lines(name, docs, extras) for name in ("entities", "unaligned")}
    tables["entities"] = _entities(file, names, native, strings, extras, more, all)
    for name in ("relations", "stances"):
        tables[name] = _lines(name, docs, extras)
    told = more | {name: tables[name] for name in ("relations", "stances")}
    _repeated(path, told, all.problems)
    return tables if len(all.problems) == before else None


def _extras(file: Bin, all: Gathered) -> list[Extra | None]:
    """`doc._.samarkand` of each document; user data of others is counted."""
    found: list[Extra | None] = [None] * len(file)
    for doc, data in user_data(file, all.problems):
        for key, raw in data.items():
            if key != KEY:
                all.unread[f"user data {_named(key)}"] += 1
                continue
            try:
                extra = found[doc] = _extra.decode(raw)
                if extra is not None:
                    entries(raw)  # no key twice
                    _check(extra)
                    _group(extra, all)
            except (*FAULTS, ValueError) as error:
                message = f"document {doc + 1}: doc._.{NAME}: {explain(error)}"
                all.problems.append(Problem(file.path, 0, message))
    return found


def _named(key: Any) -> str:
    """User data in words: a custom attribute of a Doc, a Token or a Span, or another key."""
    if isinstance(key, tuple) and len(key) == 4 and key[0] == "._.":
        owner = "doc" if key[2] is None else "token" if key[3] is None else "span"
        return f"{owner}._.{key[1]}"
    return f"{key!r}"


def _check(extra: Extra) -> None:
    """Errors: ValueError."""
    if not files.is_slug(extra.doc):
        raise ValueError(f"'doc': {extra.doc!r} is no document id; use letters, digits, . _ -")
    for entity in extra.entities:
        if entity.fragments is not None:
            fault = f"'entities': {entity.entity!r} has fragments"
            raise ValueError(f"{fault}; what is discontinuous stands in 'unaligned'")


def _group(extra: Extra, all: Gathered) -> None:
    """Take up the groups of labels; of two groups of one label the first holds."""
    for group in extra.groups:
        all.flat.setdefault(group.name, group.flat)
        for label in group.labels:
            if all.group.setdefault(label, group.name) != group.name:
                said = f"documents that put the label '{label}' into the group '{group.name}', "
                said += f"read as of '{all.group[label]}'"
                all.notes[said] = all.notes.get(said, 0) + 1


def _ids(
    file: Bin, extras: list[Extra | None], stem: Callable[[str], str], all: Gathered
) -> list[str]:
    """The id of each document. Two of one id are a problem."""
    found = []
    for row, extra in enumerate(extras):
        if extra is not None:
            doc = extra.doc
        else:
            name = stem(file.path)
            doc = name if len(extras) == 1 else f"{name[:190]}-{row + 1}"
        place = f"document {row + 1} of {file.path}"
        if all.owner.setdefault(doc, place) != place:
            message = f"document {row + 1} has the id '{doc}' of {all.owner[doc]}"
            all.problems.append(Problem(file.path, 0, message))
        found.append(doc)
    return found


def _documents(
    file: Bin, names: pa.Array, extras: list[Extra | None], split: str | None
) -> pa.Table:
    columns: dict[str, Any] = {"doc": names, "text": file.texts}
    for name in ("title", "published", "language", "event", "split", "license", "sha256"):
        columns[name] = [extra and getattr(extra, name) for extra in extras]
    if split is not None:
        columns["split"] = [split] * len(extras)
    columns["metadata"] = lines.pairs([extra.metadata if extra else {} for extra in extras])
    return from_columns(schema.DOCUMENTS, columns, len(extras))


def _lines(name: str, docs: list[str], extras: list[Extra | None]) -> pa.Table:
    """One list of all `doc._.samarkand` as a table."""
    rows = [
        (doc, row) for doc, e in zip(docs, extras, strict=True) if e for row in getattr(e, name)
    ]
    kind = name if name in schema.TABLES else "entities"
    return lines.to_table(kind, [doc for doc, _ in rows], [row for _, row in rows])


def _repeated(path: str, tables: Tables, problems: list[Problem]) -> None:
    """Ids that stand twice in what `doc._.samarkand` says are problems."""
    for name, table in tables.items():
        key = pc.binary_join_element_wise(table["doc"], table["id"], "\0")
        if pc.count_distinct(key).as_py() < len(key):
            doc, _, id = next(k for k, n in Counter(key.to_pylist()).items() if n > 1).partition(
                "\0"
            )
            message = f"document '{doc}': doc._.{NAME}: '{name}': id {id!r} stands twice"
            problems.append(Problem(path, 0, message))


def _entities(
    file: Bin,
    names: pa.Array,
    native: Native,
    strings: list[pa.Array],
    extras: list[Extra | None],
    more: Tables,
    all: Gathered,
) -> pa.Table:
    """The spans of the Docs with what is known besides, and those that are no span of a Doc."""
    order = _order(file, names, native, all.unread)
    doc, begin, end = (column[order] for column in (native.doc, native.begin, native.end))
    label, id, actor = (column.take(pa.array(order)) for column in strings)
    _place(native, order, label, all)
    own = np.array([extra is not None for extra in extras], np.bool_)
    taken: dict[int, set[str]] = {
        row: {entity.entity for entity in extra.unaligned}
        for row, extra in enumerate(extras)
        if extra is not None and extra.unaligned
    }
    id, shared = _unique(doc, id, own, taken, all.unread)
    columns: dict[str, Any] = {
        "doc": names.take(pa.array(doc)),
        "id": id,
        "begin": begin.astype(np.int32),
        "end": end.astype(np.int32),
        "text": text.cover(text.index(file.texts), doc, begin, end),
        "label": label,
        "actor": actor,
    }
    if len(more["entities"]):
        columns |= _known(more["entities"], columns, all.unread)
    if shared:
        columns["attributes"] = _with_shared(columns.get("attributes"), shared, len(doc))
    table = from_columns(schema.ENTITIES, columns, len(doc))
    return pa.concat_tables([table, more["unaligned"]]) if len(more["unaligned"]) else table


def _order(file: Bin, names: pa.Array, native: Native, unread: Counter[str]) -> Ints:
    """The rows of spans by the id of their document and by position, as a corpus has them.

    Those that say what another one says are left out.
    """
    origin = np.zeros(len(file), np.int64)  # as if the texts stood in the order of their ids
    by_id = pc.sort_indices(names).to_numpy()
    lengths = np.diff(file.places[file.starts])[by_id]
    origin[by_id] = np.cumsum(lengths) - lengths
    size = native.end - native.begin
    key = (origin[native.doc] + native.begin) * (size.max(initial=0) + 1) + size
    sort = [native.actor, native.id, native.label, key]
    order = np.lexsort(sort[2:])
    if (np.diff(key[order]) == 0).any():
        order = np.lexsort(sort)
        again = np.append(False, np.all([np.diff(c[order]) == 0 for c in sort], axis=0))
        unread["span that says what another one says"] += int(again.sum())
        order = order[~again]
    found: Ints = order
    return found


def _place(native: Native, order: Ints, label: pa.Array, all: Gathered) -> None:
    """Take up the labels that no group has yet; count spans in a group other than their label's."""
    encoded = label.dictionary_encode()
    labels, code = encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int64)
    pair, count = np.unique(native.place[order] * len(labels) + code, return_counts=True)
    for number, times in zip(pair.tolist(), count.tolist(), strict=True):
        place, name = native.places[number // len(labels)], labels[number % len(labels)]
        ents = ents_group(all.groups()) or ENTS
        group = all.group.setdefault(name, ents if place is None else place)
        all.flat.setdefault(group, False)
        if group != (ents if place is None else place):
            all.unread["span in another group than others of its label"] += times


def _unique(
    doc: Ints, id: pa.Array, own: np.ndarray, taken: dict[int, set[str]], unread: Counter[str]
) -> tuple[pa.Array, dict[int, str]]:
    """An id for each span, and the ids that several spans share, by row.

    A span keeps its id if it is the first of its document with it; in documents of others, the
    only one. Each other one is called T and the lowest number free.
    """
    encoded = id.dictionary_encode()
    code = encoded.indices.fill_null(-1).to_numpy().astype(np.int64)
    key = doc * (len(encoded.dictionary) + 1) + code
    if (code < 0).all() and not taken:  # of others who use no ids
        place = np.arange(len(doc))
        opening = np.append(True, np.diff(doc) != 0)[: len(doc)]
        number = 1 + place - np.maximum.accumulate(np.where(opening, place, 0))
        return pc.binary_join_element_wise("T", pa.array(number).cast(pa.string()), ""), {}
    same = np.sort(key)
    again = np.isin(key, same[1:][np.diff(same) == 0])
    rows = np.flatnonzero(np.isin(doc, [*doc[(code < 0) | again].tolist(), *taken]))
    if not len(rows):
        return id, {}
    ids, shared = id.to_pylist(), {}
    for here, members in groupby(rows.tolist(), key=lambda row: int(doc[row])):
        mine = list(members)
        claimed = set(taken.get(here, ()))
        times = Counter(ids[row] for row in mine)
        free = []
        for row in mine:
            known = ids[row] is not None and (own[here] or times[ids[row]] == 1)
            if known and ids[row] not in claimed:
                claimed.add(ids[row])
                continue
            if own[here]:
                unread["id of a span that another one has"] += ids[row] is not None
            elif ids[row] is not None:
                shared[row] = ids[row]
            free.append(row)
        for row, new in zip(free, _numbers(claimed), strict=False):
            ids[row] = new
    return pa.array(ids, pa.string()), shared


def _numbers(claimed: set[str]) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        if f"T{number}" not in claimed:
            yield f"T{number}"


def _known(extra: pa.Table, spans: dict[str, Any], unread: Counter[str]) -> dict[str, Any]:
    """The score, the attributes and the text of the spans that `extra` has by their ids."""
    docs, ids = (pa.chunked_array([spans[name]]) for name in ("doc", "id"))
    row = entity_rows(extra, docs, ids)
    unread["score or attributes of a span that is gone"] += len(extra) - len(
        np.unique(row[row >= 0])
    )
    place = pa.array(row, mask=row < 0)
    told = extra.take(place).combine_chunks()
    stays = pc.and_(
        pc.equal(told["begin"], pa.array(spans["begin"])),
        pc.equal(told["end"], pa.array(spans["end"])),
    )
    said = pc.if_else(pc.fill_null(stays, False), told["text"], spans["text"])
    return {"score": told["score"], "attributes": told["attributes"], "text": said}


def _with_shared(attributes: Any, shared: dict[int, str], size: int) -> pa.Array:
    """The attributes of spans, and the ids that they share."""
    found: Iterable[Any] = attributes.to_pylist() if attributes is not None else [None] * size
    values = [{pair["name"]: pair["value"] for pair in value or ()} for value in found]
    for row, id in shared.items():
        values[row][SHARED] = id
    return lines.pairs(values)

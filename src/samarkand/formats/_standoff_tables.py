"""From what the lines of standoff files say to the tables of a layer.

Here ids are resolved, texts compared and attributes gathered, a block of documents at a time;
every fault is told with its line.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import schema, text
from samarkand.corpus import from_columns
from samarkand.errors import Problem
from samarkand.formats import _standoff as standoff
from samarkand.formats._standoff_line import cut, unpack
from samarkand.text import Ints

#: What is written as a space in covered text: NUL, and everything at which some tool ends a line.
ENDS = "\0\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
#: The attribute that holds a relation's status.
STATUS = "status"


@dataclass(frozen=True)
class Block:
    """Documents that are read together, their lines, and where faults are told."""

    docs: pa.Array
    texts: pa.Array
    index: text.TextIndex
    paths: Sequence[str]  # of the .ann files
    lines: standoff.Lines
    problems: list[Problem]
    unread: Counter[str]

    def fault(self, line: int, message: str) -> None:
        """A fault of a line, given by its row."""
        path, number = self.paths[self.lines.doc[line]], int(self.lines.number[line])
        self.problems.append(Problem(path, number, message))


def tables(block: Block, plain: bool) -> tuple[pa.Table, pa.Table]:
    """The entities and the relations that the lines of a block say, each in canonical order."""
    sizes = text.lengths(block.index)
    rows = standoff.parse(block.lines, sizes, block.paths, block.problems, plain)
    block.unread.update(rows.unread)
    known = _unique(block, rows)
    for name, column in _POINTERS:
        _resolve(block, known, rows.tables[name], column)
    entities = _by_position(block, rows.tables["entities"])
    keys = _packed(block, entities, "key")
    relations = rows.tables["relations"]
    head, tail = (_find(keys, _packed(block, relations, end)) for end in ("head", "tail"))
    joined = (head >= 0) & (tail >= 0)
    block.unread["relation of an event"] += int((~joined).sum())
    order = np.flatnonzero(joined)
    order = order[np.argsort(_packed(block, relations, "key")[order], kind="stable")]
    relations, head, tail = relations.take(order), head[order], tail[order]
    carried = np.concatenate([keys, _packed(block, relations, "key")])
    targets = _packed(block, rows.tables["attributes"], "target")
    block.unread["attribute of an event"] += int((_find(carried, targets) < 0).sum())
    return (
        _entities(block, entities, rows),
        _relations(block, relations, entities["id"].take(head), entities["id"].take(tail), rows),
    )


#: The columns of `standoff.TABLES` that point to another line.
_POINTERS = (("relations", "head"), ("relations", "tail"), ("attributes", "target"),
             ("actors", "target"))  # fmt: skip


def _packed(block: Block, table: pa.Table, column: str) -> Ints:
    """The ids in a column, packed together with the row of their document."""
    return _ints(table, column) | block.lines.doc[_ints(table, "line")] << 38


def _ints(table: pa.Table, column: str) -> Ints:
    values: Ints = table[column].to_numpy()
    return values


def _find(keys: Ints, wanted: Ints) -> Ints:
    """The place among `keys` of each one wanted, -1 where it is not among them."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    order = np.argsort(keys, kind="stable")
    place = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
    return np.where(keys[place] == wanted, place, -1)


def _unique(block: Block, rows: standoff.Rows) -> Ints:
    """All ids, packed and sorted; one that is given twice is a fault."""
    tables = [t.select(["line", "key"]) for name, t in rows.tables.items() if name != "fragments"]
    ids = pa.concat_tables(tables)
    packed = _packed(block, ids, "key")
    known = np.sort(packed)
    if (known[1:] == known[:-1]).any():
        line = _ints(ids, "line")
        order = np.lexsort((line, packed))
        again = np.flatnonzero(packed[order[1:]] == packed[order[:-1]])
        for one, other in zip(line[order[again]], line[order[again + 1]], strict=True):
            id = block.lines.at(other).partition("\t")[0]
            block.fault(other, f"{id} stands on line {block.lines.number[one]} already")
    return known


def _resolve(block: Block, known: Ints, table: pa.Table, column: str) -> None:
    """Everything that is pointed to must be in the file."""
    missing = np.flatnonzero(_find(known, _packed(block, table, column)) < 0)
    for line, own, other in zip(
        *(_ints(table, name)[missing].tolist() for name in ("line", "key", column)), strict=True
    ):
        block.fault(line, f"{unpack(own)} points to {unpack(other)}, which is not in the file")


def _by_position(block: Block, entities: pa.Table) -> pa.Table:
    doc = block.lines.doc[_ints(entities, "line")]
    order = np.lexsort((_ints(entities, "end"), _ints(entities, "begin"), doc))
    return entities.take(order)


def _entities(block: Block, entities: pa.Table, rows: standoff.Rows) -> pa.Table:
    line, doc = _ints(entities, "line"), block.lines.doc[_ints(entities, "line")]
    covered = text.cover(block.index, doc, _ints(entities, "begin"), _ints(entities, "end"))
    fragments = None
    if len(rows.tables["fragments"]):
        fragments, covered = _fragments(block, line, covered, rows.tables["fragments"])
    _compare(block, entities, covered, fragments)
    keys = _packed(block, entities, "key")
    columns = {
        "doc": block.docs.take(pa.array(doc)),
        "id": entities["id"],
        "begin": entities["begin"],
        "end": entities["end"],
        "text": covered,
        "fragments": fragments,
        "label": entities["label"],
        "actor": _actors(block, keys, rows.tables["actors"]),
        "attributes": pairs(len(keys), *_attributes(block, keys, rows.tables["attributes"])),
    }
    return from_columns(schema.ENTITIES, columns, len(entities))


def _fragments(
    block: Block, line: Ints, covered: pa.Array, table: pa.Table
) -> tuple[pa.Array, pa.Array]:
    """The fragments column, and the covered text with that of discontinuous entities joined."""
    at = _find(line, _ints(table, "line"))
    table = table.take(np.argsort(at, kind="stable"))
    at.sort()
    begin, end = _ints(table, "begin"), _ints(table, "end")
    said = text.cover(block.index, block.lines.doc[line[at]], begin, end)
    flat = [pa.array(begin, pa.int32()), pa.array(end, pa.int32()), said]
    offsets = pa.array(np.searchsorted(at, np.arange(len(line) + 1)), pa.int32())
    none = np.diff(offsets.to_numpy()) == 0
    column = pa.ListArray.from_arrays(
        offsets,
        pa.StructArray.from_arrays(flat, fields=list(schema.SPAN)),
        type=schema.SPANS,
        mask=pa.array(none),
    )
    pieces = pa.ListArray.from_arrays(offsets, said)
    joined = pc.binary_join(pieces.filter(pa.array(~none)), " ")
    return column, pc.replace_with_mask(covered, pa.array(~none), joined)


def _compare(
    block: Block, entities: pa.Table, covered: pa.Array, fragments: pa.Array | None
) -> None:
    """The text that each line gives must be what its offsets cover, but for line ends."""
    differs = np.flatnonzero(pc.not_equal(entities["said"], covered).to_numpy())
    for row in differs.tolist():
        said, wanted = entities["said"][row].as_py(), covered[row].as_py()
        if len(said) == len(wanted) and all(
            one == other or (one == " " and other in ENDS)
            for one, other in zip(said, wanted, strict=True)
        ):
            continue
        line, id = entities["line"][row].as_py(), entities["id"][row].as_py()
        pieces = fragments[row].as_py() if fragments is not None else None
        where = ";".join(
            f"{piece['begin']}-{piece['end']}"
            for piece in pieces or [{name: entities[name][row] for name in ("begin", "end")}]
        )
        said, wanted = _around_difference(said, wanted)
        message = f"{id} says {said!r} but {where} of the text is {wanted!r}."
        block.fault(line, f"{message} Was the text edited after annotation?")


def _around_difference(one: str, other: str, most: int = 60) -> tuple[str, str]:
    """Two texts, cut to where they differ if they are long."""
    same = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    skip = same - 10 if same > most // 2 and max(len(one), len(other)) > most else 0
    mark = "…" if skip else ""
    return mark + cut(one[skip:], most), mark + cut(other[skip:], most)


def _actors(block: Block, keys: Ints, table: pa.Table) -> pa.Array | None:
    """The actor of each entity; a second one is a fault."""
    if not len(table):
        return None
    at = _find(keys, _packed(block, table, "target"))
    order = np.lexsort((_ints(table, "line"), at))
    for row in order[1:][(at[order[1:]] == at[order[:-1]]) & (at[order[1:]] >= 0)].tolist():
        id = unpack(table["target"][row].as_py())
        block.fault(table["line"][row].as_py(), f"{id} has an actor already; keep one of them")
    place = np.full(len(keys), -1, np.int64)
    place[at[at >= 0]] = np.flatnonzero(at >= 0)
    return table["actor"].combine_chunks().take(pa.array(place, mask=place < 0))


def _attributes(
    block: Block, keys: Ints, table: pa.Table
) -> tuple[Ints, pa.Array, pa.Array]:
    """Row, name and value of the attributes of what has those keys, by row and name.

    A name that one row has twice is a fault.
    """
    at = _find(keys, _packed(block, table, "target"))
    rank = ranks(table["name"].combine_chunks())
    order = np.lexsort((_ints(table, "line"), rank, at))
    order = order[at[order] >= 0]
    same = (np.diff(at[order]) == 0) & (np.diff(rank[order]) == 0)
    for row in order[1:][same].tolist():
        id, name = unpack(table["target"][row].as_py()), table["name"][row].as_py()
        message = f"{id} has the attribute {name} already; keep one of them"
        block.fault(table["line"][row].as_py(), message)
    chosen = table.take(order)
    return at[order], chosen["name"].combine_chunks(), chosen["value"].combine_chunks()


def ranks(names: pa.Array) -> Ints:
    """The place of each name among the distinct ones in order."""
    coded = names.dictionary_encode()
    rank: Ints = pc.rank(coded.dictionary).to_numpy().astype(np.int64)
    return rank[coded.indices.to_numpy()]


def pairs(size: int, row: Ints, name: pa.Array, value: pa.Array) -> pa.Array:
    """Attributes as a column of that size; `row` is sorted."""
    flat = pa.StructArray.from_arrays([name, value], fields=list(schema.PAIRS.value_type))
    offsets = pa.array(np.searchsorted(row, np.arange(size + 1)), pa.int32())
    return pa.ListArray.from_arrays(offsets, flat, type=schema.PAIRS)


def divide(size: int, row: Ints, name: pa.Array, value: pa.Array) -> tuple[pa.Array, pa.Array]:
    """The attributes of relations, by row and name, as a status column and an attributes column."""
    is_status = pc.and_(pc.equal(name, STATUS), pc.is_in(value, pa.array(schema.STATUSES)))
    chosen = is_status.to_numpy(False)
    place = np.full(size, -1, np.int64)
    place[row[chosen]] = np.flatnonzero(chosen)
    status = value.take(pa.array(place, mask=place < 0))
    rest = pc.invert(is_status)
    return status, pairs(size, row[~chosen], name.filter(rest), value.filter(rest))


def _relations(
    block: Block, relations: pa.Table, head: pa.Array, tail: pa.Array, rows: standoff.Rows
) -> pa.Table:
    size = len(relations)
    keys = _packed(block, relations, "key")
    status, attributes = divide(size, *_attributes(block, keys, rows.tables["attributes"]))
    columns = {
        "doc": block.docs.take(pa.array(block.lines.doc[_ints(relations, "line")])),
        "id": relations["id"],
        "label": relations["label"],
        "head": head,
        "tail": tail,
        "status": status,
        "attributes": attributes,
    }
    return from_columns(schema.RELATIONS, columns, size)

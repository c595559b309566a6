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
from samarkand.formats.brat import lines as standoff
from samarkand.formats.brat.line import cut, unpack
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
    """The entities and the relations that the lines of a block say."""
    sizes = text.lengths(block.index)
    rows = standoff.parse(block.lines, sizes, block.paths, block.problems, plain)
    block.unread.update(rows.unread)
    ids = _unique(block, rows)
    entities = rows.tables["entities"] = _sorted(block, rows.tables["entities"])
    relations, attributes, actors = (
        rows.tables[name] for name in ("relations", "attributes", "actors")
    )
    carried = _keys(_packed(block, entities, "key"))
    head = _resolve(block, ids, carried, relations, "head")
    tail = _resolve(block, ids, carried, relations, "tail")
    kept = np.flatnonzero((head >= 0) & (tail >= 0))
    block.unread["relation of an event"] += len(relations) - len(kept)
    if len(kept) < len(relations):
        relations, head, tail = relations.take(kept), head[kept], tail[kept]
    carried_relations = _keys(_packed(block, relations, "key"))
    of_entity = _resolve(block, ids, carried, attributes, "target")
    of_relation = _find(carried_relations, _packed(block, attributes, "target"))
    of_event = (of_entity < 0) & (of_relation < 0)
    block.unread["attribute of an event"] += int(of_event.sum())
    actor = _actors(block, len(entities), _resolve(block, ids, carried, actors, "target"), actors)
    pairs_of = [_attributes(block, at, attributes) for at in (of_entity, of_relation)]
    return (
        _entities(block, rows, actor, pairs(len(entities), *pairs_of[0])),
        _relations(
            block, relations, entities["id"].take(head), entities["id"].take(tail), pairs_of[1]
        ),
    )


def _sorted(block: Block, entities: pa.Table) -> pa.Table:
    """Entities in canonical order, as they are already but for lines that were read exactly."""
    doc = block.lines.doc[_ints(entities, "line")]
    begin, end, key = (_ints(entities, name) for name in ("begin", "end", "key"))
    labels = entities["label"].combine_chunks()
    order = standoff.in_order(doc, begin, end, key, lambda some: labels.take(pa.array(some)))
    return entities if (np.diff(order) == 1).all() else entities.take(order).combine_chunks()


@dataclass(frozen=True)
class _Keys:
    """Packed ids to be found: sorted, and the row of each."""

    packed: Ints
    row: Ints


def _keys(packed: Ints) -> _Keys:
    row = np.argsort(packed)
    return _Keys(packed[row], row)


def _find(keys: _Keys, wanted: Ints) -> Ints:
    """The row of each one wanted, -1 where there is none."""
    if not len(keys.packed):
        return np.full(len(wanted), -1, np.int64)
    place = np.minimum(np.searchsorted(keys.packed, wanted), len(keys.packed) - 1)
    return np.where(keys.packed[place] == wanted, keys.row[place], -1)


def _packed(block: Block, table: pa.Table, column: str) -> Ints:
    """The ids in a column, packed together with the row of their document."""
    return _ints(table, column) | block.lines.doc[_ints(table, "line")] << 38


def _ints(table: pa.Table, column: str) -> Ints:
    values: Ints = table[column].to_numpy()
    return values


def _unique(block: Block, rows: standoff.Rows) -> _Keys:
    """The ids of all lines; one that is given twice is a fault."""
    tables = [t.select(["line", "key"]) for name, t in rows.tables.items() if name != "fragments"]
    ids = pa.concat_tables(tables)
    keys = _keys(_packed(block, ids, "key"))
    if (keys.packed[1:] == keys.packed[:-1]).any():
        line, packed = _ints(ids, "line"), _packed(block, ids, "key")
        order = np.lexsort((line, packed))
        again = np.flatnonzero(packed[order[1:]] == packed[order[:-1]])
        for one, other in zip(line[order[again]], line[order[again + 1]], strict=True):
            id = block.lines.at(other).partition("\t")[0]
            block.fault(other, f"{id} stands on line {block.lines.number[one]} already")
    return keys


def _resolve(block: Block, ids: _Keys, entities: _Keys, table: pa.Table, column: str) -> Ints:
    """The row of the entity that each line points to, -1 if it is none: an event, say.

    An id that is not in the file at all is a fault.
    """
    wanted = _packed(block, table, column)
    found = _find(entities, wanted)
    others = np.flatnonzero(found < 0)
    missing = others[_find(ids, wanted[others]) < 0]
    for line, own, other in zip(
        *(_ints(table, name)[missing].tolist() for name in ("line", "key", column)), strict=True
    ):
        block.fault(line, f"{unpack(own)} points to {unpack(other)}, which is not in the file")
    return found


def _entities(
    block: Block, rows: standoff.Rows, actor: pa.Array | None, attributes: pa.Array
) -> pa.Table:
    entities = rows.tables["entities"]
    line = _ints(entities, "line")
    doc = block.lines.doc[line]
    covered = text.cover(block.index, doc, _ints(entities, "begin"), _ints(entities, "end"))
    fragments = None
    if len(rows.tables["fragments"]):
        fragments, covered = _fragments(block, line, covered, rows.tables["fragments"])
    _compare(block, entities, covered, fragments)
    columns = {
        "doc": block.docs.take(pa.array(doc)),
        "text": covered,
        "fragments": fragments,
        "actor": actor,
        "attributes": attributes,
    }
    columns |= {name: entities[name] for name in ("id", "begin", "end", "label")}
    return from_columns(schema.ENTITIES, columns, len(entities))


def _fragments(
    block: Block, line: Ints, covered: pa.Array, table: pa.Table
) -> tuple[pa.Array, pa.Array]:
    """The fragments column, and the covered text with that of discontinuous entities joined."""
    at = _find(_keys(line), _ints(table, "line"))
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


def _actors(block: Block, size: int, at: Ints, table: pa.Table) -> pa.Array | None:
    """The actor of each of `size` entities; `at` is whose each is. A second one is a fault."""
    if not len(table):
        return None
    order = np.lexsort((_ints(table, "line"), at))
    again = (np.diff(at[order]) == 0) & (at[order[1:]] >= 0)
    for row in order[1:][again].tolist():
        id = unpack(table["target"][row].as_py())
        block.fault(table["line"][row].as_py(), f"{id} has an actor already; keep one of them")
    place = np.full(size, -1, np.int64)
    place[at[at >= 0]] = np.flatnonzero(at >= 0)
    return table["actor"].combine_chunks().take(pa.array(place, mask=place < 0))


def _attributes(block: Block, at: Ints, table: pa.Table) -> tuple[Ints, pa.Array, pa.Array]:
    """Row, name and value of the attributes, by row and name; `at` is the row that has each.

    A name that one row has twice is a fault.
    """
    rank = standoff.ranks(table["name"].combine_chunks())
    order = np.lexsort((_ints(table, "line"), rank, at))
    order = order[at[order] >= 0]
    same = (np.diff(at[order]) == 0) & (np.diff(rank[order]) == 0)
    for row in order[1:][same].tolist():
        id, name = unpack(table["target"][row].as_py()), table["name"][row].as_py()
        message = f"{id} has the attribute {name} already; keep one of them"
        block.fault(table["line"][row].as_py(), message)
    chosen = table.select(["name", "value"]).take(order)
    return at[order], chosen["name"].combine_chunks(), chosen["value"].combine_chunks()


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
    block: Block,
    relations: pa.Table,
    head: pa.ChunkedArray,
    tail: pa.ChunkedArray,
    attributes: tuple[Ints, pa.Array, pa.Array],
) -> pa.Table:
    status, others = divide(len(relations), *attributes)
    columns = {
        "doc": block.docs.take(pa.array(block.lines.doc[_ints(relations, "line")])),
        "id": relations["id"],
        "label": relations["label"],
        "head": head,
        "tail": tail,
        "status": status,
        "attributes": others,
    }
    return from_columns(schema.RELATIONS, columns, len(relations))

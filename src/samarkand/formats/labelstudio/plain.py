"""The tables of tasks whose results are labels with one label each, and relations, all in order.

That is what most exports are made of. Such tasks are read by columns; `read` says which tasks were
not, for whatever reason, and `samarkand.formats.labelstudio.rows` reads those, or says why not.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import schema, text
from samarkand.corpus import from_columns
from samarkand.formats.labelstudio import shape as labelstudio_shape
from samarkand.formats.labelstudio.names import STANCE
from samarkand.formats.labelstudio.shape import Found, Results
from samarkand.formats.labelstudio.task import Opened
from samarkand.text import Ints, Mask


def read(tasks: list[Opened], texts: pa.Array) -> tuple[pa.Table, pa.Table, Mask]:
    """Entities and relations of the plain ones of some tasks, and which tasks are not plain.

    `texts` are the tasks' texts. Entities are sorted by task and position.
    """
    found = labelstudio_shape.find([task.result for task in tasks])
    docs = pa.array([task.doc for task in tasks], pa.string())
    odd = found.odd
    entities = _entities(found, texts, docs, odd)
    relations = _relations(found, entities["id"], docs, odd)
    task = found.regions.task
    order = np.lexsort((entities["end"], entities["begin"], task))
    entities = entities.take(pa.array(order[~odd[task[order]]]))
    if odd.any():
        relations = relations.filter(pa.array(~odd[found.relations.task]))
    return entities, relations, odd


def _strings(found: Found, results: Results, name: str) -> pa.Array:
    """The values of that name; empty where there are none."""
    return labelstudio_shape.strings(found.data, *results.values[name])


def _entities(found: Found, texts: pa.Array, docs: pa.Array, odd: Mask) -> pa.Table:
    """The entities of all tasks; marks the tasks that have one that is not plain as odd."""
    regions = found.regions
    if not len(regions.task):
        return schema.empty(schema.ENTITIES)
    task = regions.task
    begin, begins = labelstudio_shape.numbers(found.data, *regions.values["start"])
    end, ends = labelstudio_shape.numbers(found.data, *regions.values["end"])
    index = text.index(texts)
    strange = ~begins | ~ends | odd[task] | (begin >= end) | ~text.inside(index, task, end)
    begin[strange] = end[strange] = 0
    covered = text.cover(index, task, begin, end)
    strange |= ~pc.equal(_strings(found, regions, "text"), covered).to_numpy(False)
    strange |= pc.equal(_strings(found, regions, "from_name"), STANCE).to_numpy(False)
    odd[task[strange]] = True
    columns = {
        "doc": docs.take(pa.array(task)),
        "id": _strings(found, regions, "id"),
        "begin": begin,
        "end": end,
        "text": covered,
        "label": _strings(found, regions, "labels"),
    }
    return from_columns(schema.ENTITIES, columns, len(task))


def _relations(found: Found, ids: pa.ChunkedArray, docs: pa.Array, odd: Mask) -> pa.Table:
    """The relations of all tasks; marks the tasks that have one that is not plain as odd.

    Their ids are R1, R2 and so on, in the order of the task.
    """
    tasks, task = len(docs), found.relations.task
    known = text.whole(ids).dictionary_encode()
    codes = known.indices.to_numpy().astype(np.int64) * tasks + found.regions.task
    codes.sort()
    odd[codes[1:][codes[1:] == codes[:-1]] % max(tasks, 1)] = True
    if not len(task):
        return schema.empty(schema.RELATIONS)
    columns: dict[str, Any] = {
        "head": _strings(found, found.relations, "from_id"),
        "tail": _strings(found, found.relations, "to_id"),
    }
    both = pc.index_in(pa.concat_arrays(columns.values()), known.dictionary).fill_null(-1)
    for place in np.split(both.to_numpy().astype(np.int64), 2):
        odd[task[~_among(place * tasks + task, codes)]] = True
    first = np.searchsorted(task, np.arange(tasks))
    number = pa.array(np.arange(len(task)) - first[task] + 1).cast(pa.string())
    columns |= {
        "doc": docs.take(pa.array(task)),
        "id": pc.binary_join_element_wise("R", number, ""),
        "label": _strings(found, found.relations, "labels"),
    }
    return from_columns(schema.RELATIONS, columns, len(task))


def _among(values: Ints, known: Ints) -> Mask:
    """Which values are among known ones, which are sorted."""
    if not len(known):
        return np.zeros(len(values), np.bool_)
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.asarray(known[at] == values)

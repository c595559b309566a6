"""Two versions of a layer: which rows were removed, added and changed, and in which columns."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.checking import LAYER
from bench.common import CORPUS, Clock, digest
from bench.generate import LABELS, RELATION_LABELS, SEED

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

FOLDER = "versions"
VERSIONS, TABLES = ("before", "after"), ("entities", "relations")

Row = dict[str, Any]
#: What one side found in one table: keys, and with the changed ones the names of their columns.
Found = tuple[Iterable[tuple[str, str]], Iterable[tuple[str, str]], Iterable[tuple[str, str, str]]]


def prepare(data: Path, _: int) -> None:
    """Both versions, each table as Parquet and as JSON Lines; the rest of the corpus is as read."""
    import msgspec
    import numpy as np
    import pyarrow.parquet as pq

    from samarkand import schema, store
    from samarkand.corpus import Layer, table

    layer = store.read(data / CORPUS, [LAYER]).layers[LAYER]
    rows = {name: layer.table(name).to_pylist() for name in TABLES}
    edited = _edited(rows, np.random.default_rng(SEED))
    after = Layer(LAYER, **{name: table(schema.TABLES[name], edited[name]) for name in TABLES})
    (data / FOLDER).mkdir(exist_ok=True)
    encoder = msgspec.json.Encoder()
    for version, one in zip(VERSIONS, (layer, after), strict=True):
        for name in TABLES:
            path = data / FOLDER / f"{version}-{name}"
            pq.write_table(one.table(name), path.with_suffix(".parquet"))
            said = map(_said, one.table(name).to_pylist())
            path.with_suffix(".jsonl").write_bytes(encoder.encode_lines(said))


def _edited(rows: Mapping[str, list[Row]], random: "np.random.Generator") -> dict[str, list[Row]]:
    """The second version. Of the entities, about 1 % are removed, 2 % relabelled, 1 % end a
    character earlier, and 1 % are new. The relations of what is removed go with it; of the others,
    2 % are relabelled, 1 % have other evidence, and 1 % are new.
    """
    entities = list(_reworked(rows["entities"], LABELS, random, gone=0.01))
    there = {(row["doc"], row["id"]) for row in entities}
    left = [
        row
        for row in rows["relations"]
        if {(row["doc"], row["head"]), (row["doc"], row["tail"])} <= there
    ]
    return {
        "entities": entities,
        "relations": list(_reworked(left, RELATION_LABELS, random, gone=0)),
    }


def _reworked(
    rows: list[Row], labels: tuple[str, ...], random: "np.random.Generator", gone: float
) -> Iterator[Row]:
    chances = zip(rows, random.random(len(rows)).tolist(), strict=True)
    for number, (row, chance) in enumerate(chances):
        other = labels[labels.index(row["label"]) - 1]
        if chance < 0.02:
            yield row | {"label": other}
        elif chance < 0.03:
            yield _shorter(row)
        elif chance >= 0.03 + gone:
            yield row
        if chance > 0.99:
            yield row | {"id": f"N{number}", "label": other}


def _shorter(row: Row) -> Row:
    """What is annotated ends a character earlier, where it is not empty then."""
    if "evidence" in row:
        return row | {"evidence": [_shorter(span) for span in row["evidence"]]}
    cut = int(len(row["text"]) > 1)
    return row | {"end": row["end"] - cut, "text": row["text"][: len(row["text"]) - cut]}


def _said(row: Row) -> Row:
    """A row with the columns that say something, as in a layer's files."""
    return {name: value for name, value in row.items() if value not in (None, [])}


def ours(data: Path, clock: Clock) -> str:
    """From two layers to tables of what was removed, added and changed."""
    import pandas  # pyarrow would import it inside the clock  # noqa: F401
    import pyarrow.parquet as pq

    from samarkand import diff
    from samarkand.corpus import Layer

    before, after = (
        Layer(LAYER, *(pq.read_table(_file(data, version, name, "parquet")) for name in TABLES))
        for version in VERSIONS
    )
    with clock:
        found = diff.layers(before, after)
    return _digest(_found(found.tables[name]) for name in TABLES)


def dictionaries(data: Path, clock: Clock) -> str:
    """From lists of dictionaries, as JSON Lines are read, to dictionaries by document and id."""
    import msgspec

    decoder = msgspec.json.Decoder()
    tables = [
        [
            decoder.decode_lines(_file(data, version, name, "jsonl").read_bytes())
            for version in VERSIONS
        ]
        for name in TABLES
    ]
    results = []
    with clock:
        for before, after in tables:
            old = {(row["doc"], row["id"]): row for row in before}
            new = {(row["doc"], row["id"]): row for row in after}
            removed = {key: row for key, row in old.items() if key not in new}
            added = {key: row for key, row in new.items() if key not in old}
            changed = {}
            for key, row in new.items():
                was = old.get(key)
                if was is not None and was != row:
                    names = {n for n in was.keys() | row.keys() if was.get(n) != row.get(n)}
                    changed[key] = was, row, names
            results.append((removed, added, changed))
    return _digest(
        (removed, added, ((*key, n) for key, (_, _, names) in changed.items() for n in names))
        for removed, added, changed in results
    )


def _file(data: Path, version: str, name: str, suffix: str) -> Path:
    return data / FOLDER / f"{version}-{name}.{suffix}"


def _found(delta: Any) -> Found:
    changed = (
        (*key, name)
        for name, mask in delta.differs.items()
        for key in _keys(delta.new.filter(mask))
    )
    return _keys(delta.removed), _keys(delta.added), changed


def _keys(table: "pa.Table") -> Iterable[tuple[str, str]]:
    return zip(*(table[name].to_pylist() for name in ("doc", "id")), strict=True)


def _digest(tables: Iterable[Found]) -> str:
    """Of what was removed, added and changed, in any order."""
    return digest(*(sorted(map(" ".join, part)) for found in tables for part in found))

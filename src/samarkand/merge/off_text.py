"""Annotations that do not say what the text does: one side edited the text, the other them.

Where neither side is preferred they stay as they are, and are told.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from samarkand import schema
from samarkand.changes import Row
from samarkand.merge import edits
from samarkand.merge.edits import SIDES, Attempt, Break
from samarkand.merge.three_way import Conflict, named, taken


def breaks(attempt: Attempt, prefer: str) -> Iterator[Break]:
    """What does not say what its text does, since one side changed the text and the other it."""
    documents = attempt.tables["", "documents"].full
    texts = dict(
        zip(*(attempt.corpus.documents[n].to_pylist() for n in ("doc", "text")), strict=True)
    )
    changed = {k[0]: r["text"] for k, r in documents.base.items() if r["text"] != texts.get(k[0])}
    changed = {doc: texts[doc] for doc in changed if doc in texts}
    docs = pa.array(sorted(changed), pa.string())
    for layer in attempt.corpus.layers.values() if changed else ():
        for name in schema.TABLES:
            rows = layer.table(name)
            for row in rows.filter(pc.is_in(rows["doc"], docs)).to_pylist():
                text = changed[row["doc"]]
                for span in edits.spans(name, row):
                    if text[slice(*span[:2])] != span[2]:
                        yield from _off(attempt, (layer.name, name), row, span, text, prefer)
                        break


def _off(
    attempt: Attempt,
    at: tuple[str, str],
    row: Row,
    span: tuple[int, int, str],
    text: str,
    prefer: str,
) -> Iterator[Break]:
    table, key = attempt.tables[at], (row["doc"], row["id"])
    versions = [table.version(side, key, row) for side in (0, 1)]
    documents = attempt.tables["", "documents"].full
    base = documents.base[key[:1]]
    new = [(mine.get(key[:1], base) or base)["text"] == text for mine in documents.edits]
    own = [v is not None and span in edits.spans(at[1], v) for v in versions]
    if all(new) or any(n and o for n, o in zip(new, own, strict=True)):
        return  # a fault of that side's own
    changer = new.index(True)
    who = named(at[1], row)
    begin, end, said = span
    words = (
        f"{SIDES[changer]} changed the text; {who} of {SIDES[1 - changer]} says {said!r} "
        f"but {begin}-{end} of it is {text[begin:end]!r}; {taken(prefer)}"
    )
    side, place = 1 - changer, edits.place(*at, table.own_key(1 - changer, key) or key)
    if not prefer:
        words += "it was kept as it is"
    elif prefer == SIDES[changer]:
        words += edits.words_of_left_out(who, prefer, versions[changer])
    else:
        side, place = changer, edits.of_document(row["doc"])
        words += f"the text stays, and what {SIDES[changer]} changed in this document was left out"
    found = Conflict(*at, *key, (), table.full.base.get(key), versions[0], versions[1], words)
    yield Break(found, ((side, place),) if prefer else ())

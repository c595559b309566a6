"""Documents and layers that cannot be merged row by row: one side removed what the other edited,
or both wrote another text.
"""

from collections.abc import Iterator, Sequence

from samarkand.changes import Row
from samarkand.diff import Diff
from samarkand.merge import edits
from samarkand.merge.edits import SIDES, Break, Full
from samarkand.merge.three_way import Conflict, taken


def documents(full: Full, prefer: str) -> Iterator[Break]:
    """Documents of which both sides have another text, or that one removed and the other needs."""
    table = full["", "documents"]
    annotated: tuple[set[str], set[str]] = (set(), set())
    for (layer, _), sides in full.items():
        for docs, mine in zip(annotated, sides.edits, strict=True):
            docs.update(key[0] for key, row in mine.items() if row and layer)
    for key in sorted({*table.edits[0], *table.edits[1]}):
        base = table.base.get(key)
        rows = [mine.get(key, base) for mine in table.edits]
        if rows[0] and rows[1]:
            yield from _two_texts(base, rows[0], rows[1], prefer)
        elif base and (rows[0] or rows[1]):
            gone = rows.index(None)
            if key[0] in annotated[1 - gone]:
                yield _removed(base, rows, "annotated", prefer)
            elif key in table.edits[1 - gone]:
                yield _removed(base, rows, "changed", prefer)


def _two_texts(base: Row | None, ours: Row, theirs: Row, prefer: str) -> Iterator[Break]:
    """A document that has another text on each side, and in the base if it is there."""
    texts = ours["text"], theirs["text"]
    if texts[0] == texts[1] or (base and base["text"] in texts):
        return
    what = "changed the text" if base else "added this document, with different texts"
    if prefer:
        left = [1 - SIDES.index(prefer)]
        done = f"{taken(prefer)}the other text was left out, with what was annotated in it"
    elif base:
        left, done = [0, 1], "it and its annotations were kept as they were"
    else:
        left, done = [int(texts[0] < texts[1])], "one of them was kept"
    doc = ours["doc"]
    words = f"both sides {what}; {done}"
    found = Conflict("", "documents", doc, "", ("text",), base, ours, theirs, words)
    yield Break(found, tuple((side, edits.of_document(doc)) for side in left))


def _removed(base: Row, rows: Sequence[Row | None], did: str, prefer: str) -> Break:
    gone = rows.index(None)
    stays = prefer != SIDES[gone]
    words = f"{SIDES[gone]} removed this document, {SIDES[1 - gone]} {did} it; {taken(prefer)}"
    words += "it was kept" if stays else "it was removed"
    found = Conflict("", "documents", base["doc"], "", (), base, rows[0], rows[1], words)
    return Break(found, ((gone if stays else 1 - gone, edits.of_document(base["doc"])),))


def layers(changes: Sequence[Diff], prefer: str) -> Iterator[Break]:
    """Layers of the base that one side removed and the other changed."""
    for name in sorted({name for side in changes for name in side.layers}):
        both = [side.layers.get(name) for side in changes]
        for gone, (mine, other) in enumerate((both, both[::-1])):
            if mine and mine.there == (True, False) and other and other.there[1]:
                stays = prefer != SIDES[gone]
                words = f"{SIDES[gone]} removed this layer, {SIDES[1 - gone]} changed it; "
                words += taken(prefer) + ("it was kept" if stays else "it was removed")
                found = Conflict(name, "", "", "", (), None, None, None, words)
                yield Break(found, ((gone if stays else 1 - gone, edits.of_layer(name)),))

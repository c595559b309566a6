"""Laws of the merge where everything may change: texts, documents, layers, actors and labels too."""

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from samarkand import schema
from samarkand.check import ERROR, check
from samarkand.corpus import Corpus, Layer, digest, table
from samarkand.merge import Merged, merge
from tests.corpora import LAYER, corpora, versions

lawful = settings(max_examples=40)
PREFER = pytest.mark.parametrize("prefer", ["ours", "theirs"])
OTHER = "model/b"
ACTORS = [
    {"actor": "china", "name": "China", "kind": "state"},
    {"actor": "xi-jinping", "name": "Xi", "country": "china"},
]
PROPOSITIONS = (("P:talks", "Talks are good"), ("P:tariffs", "Tariffs are good"))
HOMONYMS = (("May", "a month and a surname"),)


@st.composite
def bases(draw: st.DrawFn) -> Corpus:
    """A corpus with two layers, actors and propositions."""
    base = draw(corpora())
    labels = replace(base.labels, name="laws", propositions=PROPOSITIONS, homonyms=HOMONYMS)
    layer = base.layers[LAYER]
    layers = {LAYER: layer, OTHER: replace(layer, name=OTHER)}
    return replace(base, labels=labels, actors=table(schema.ACTORS, ACTORS), layers=layers)


@st.composite
def sides(draw: st.DrawFn, base: Corpus) -> Corpus:
    """Another version of it, each part of it changed or not, and nothing in it dangling."""
    side = replace(draw(versions(base)), actors=base.actors, labels=base.labels)
    side = replace(side, layers={**side.layers, OTHER: base.layers[OTHER]})
    for change in draw(st.lists(st.sampled_from(CHANGES), max_size=3, unique=True)):
        side = draw(change(side))
    return side


@st.composite
def text_changed(draw: st.DrawFn, side: Corpus) -> Corpus:
    """Another text of one document, sometimes with its annotations moved along."""
    rows = side.documents.to_pylist()
    if not rows:
        return side
    row = draw(st.sampled_from(rows))
    head = draw(st.sampled_from(["On Monday ", "Q"]))
    row["text"] = head + row["text"]
    row["sha256"] = digest(row["text"])
    moved = side
    if draw(st.booleans()):
        moved = replace(
            side, layers={n: shifted(v, row["doc"], len(head)) for n, v in side.layers.items()}
        )
    return replace(moved, documents=table(schema.DOCUMENTS, rows))


def shifted(layer: Layer, doc: str, by: int) -> Layer:
    """A layer with all spans of one document moved."""
    tables = {}
    for name, columns in schema.SPAN_COLUMNS.items():
        rows = layer.table(name).to_pylist()
        for row in rows:
            spans = [span for column in columns for span in row[column] or ()]
            for span in spans if row["doc"] == doc else ():
                span["begin"], span["end"] = span["begin"] + by, span["end"] + by
            if name == "entities" and row["doc"] == doc:
                row["begin"], row["end"] = row["begin"] + by, row["end"] + by
        tables[name] = table(schema.TABLES[name], rows)
    return replace(layer, **tables)


def kept(side: Corpus, wanted: Any) -> Corpus:
    """Only the rows that are wanted, and of the others only what can stand without the rest."""
    layers = {}
    for layer in side.layers.values():
        rows = {
            name: [row for row in layer.table(name).to_pylist() if wanted(name, row)]
            for name in schema.TABLES
        }
        ids = {(row["doc"], row["id"]) for row in rows["entities"]}
        ids |= {
            (row["doc"], word)
            for name in rows
            for row in rows[name]
            for word in (*schema.RESERVED, None)
        }

        def sound(row: dict[str, Any], columns: tuple[str, ...], ids: set[Any] = ids) -> bool:
            said = [row[column] for column in columns]
            if row.get("target", "").startswith("P:"):
                said.remove(row["target"])
            return all((row["doc"], id) in ids for id in (*said, *row.get("source_chain", ())))

        rows["relations"] = [
            row for row in rows["relations"] if sound(row, ("head", "tail", "object"))
        ]
        rows["stances"] = [row for row in rows["stances"] if sound(row, ("holder", "target"))]
        tables = {name: table(schema.TABLES[name], rows[name]) for name in schema.TABLES}
        layers[layer.name] = replace(layer, **tables)
    return replace(side, layers=layers)


@st.composite
def document_removed(draw: st.DrawFn, side: Corpus) -> Corpus:
    rows = side.documents.to_pylist()
    gone = draw(st.sampled_from([row["doc"] for row in rows] or [""]))
    left = table(schema.DOCUMENTS, [row for row in rows if row["doc"] != gone])
    return replace(kept(side, lambda name, row: row["doc"] != gone), documents=left)


@st.composite
def layer_removed(draw: st.DrawFn, side: Corpus) -> Corpus:
    gone = draw(st.sampled_from([LAYER, OTHER]))
    return replace(side, layers={name: v for name, v in side.layers.items() if name != gone})


@st.composite
def actor_removed(draw: st.DrawFn, side: Corpus) -> Corpus:
    gone = draw(st.sampled_from([("xi-jinping",), ("xi-jinping", "china")]))
    rows = [row for row in side.actors.to_pylist() if row["actor"] not in gone]
    left = kept(side, lambda name, row: row.get("actor") not in gone)
    return replace(left, actors=table(schema.ACTORS, rows))


@st.composite
def label_removed(draw: st.DrawFn, side: Corpus) -> Corpus:
    gone = draw(
        st.sampled_from(
            [*side.labels.labels, *(kind.name for kind in side.labels.relations), "P:talks"]
        )
    )
    labels = replace(
        side.labels,
        groups=tuple(
            replace(group, labels=tuple(n for n in group.labels if n != gone))
            for group in side.labels.groups
        ),
        relations=tuple(kind for kind in side.labels.relations if kind.name != gone),
        propositions=tuple(pair for pair in side.labels.propositions if pair[0] != gone),
    )
    return replace(
        kept(side, lambda name, row: gone not in (row.get("label"), row.get("target"))),
        labels=labels,
    )


@st.composite
def proposition_used(draw: st.DrawFn, side: Corpus) -> Corpus:
    """A stance on a proposition, which its side has."""
    docs, names = side.documents["doc"].to_pylist(), [name for name, _ in side.labels.propositions]
    if not docs or not names or LAYER not in side.layers:
        return side
    row = {
        "doc": draw(st.sampled_from(docs)),
        "id": "S99",
        "holder": "AUTHOR",
        "target": draw(st.sampled_from(names)),
    }
    rows = [
        each
        for each in side.layers[LAYER].stances.to_pylist()
        if (each["doc"], each["id"]) != (row["doc"], "S99")
    ]
    stances = table(schema.STANCES, [*rows, row])
    return replace(
        side, layers={**side.layers, LAYER: replace(side.layers[LAYER], stances=stances)}
    )


CHANGES = (
    text_changed,
    document_removed,
    layer_removed,
    actor_removed,
    label_removed,
    proposition_used,
)


@st.composite
def threes(draw: st.DrawFn) -> tuple[Corpus, Corpus, Corpus]:
    base = draw(bases())
    return base, draw(sides(base)), draw(sides(base))


def errors(corpus: Corpus) -> set[tuple[str, ...]]:
    """What check finds, but for ids, which may be others after a merge."""
    return {(f.check, f.layer, f.doc, f.table) for f in check(corpus) if f.severity == ERROR}


@PREFER
@lawful
@given(three=threes())
def test_with_a_side_the_merge_has_no_error_that_neither_side_has(
    prefer: str, three: tuple[Corpus, Corpus, Corpus]
) -> None:
    base, ours, theirs = three
    merged = merge(base, ours, theirs, prefer)
    assert errors(merged.corpus) <= errors(ours) | errors(theirs)
    for conflict in merged.conflicts:
        assert f"{prefer} was taken" in conflict.words or "was left out; " in conflict.words


NEEDED = {"dangling-argument", "duplicate-id", "unknown-document", "unknown-actor"}
NEEDED |= {"unknown-label", "unknown-proposition"}


@lawful
@given(three=threes())
def test_nothing_that_is_needed_is_lost(three: tuple[Corpus, Corpus, Corpus]) -> None:
    base, ours, theirs = three
    found = errors(merge(base, ours, theirs).corpus)
    found -= errors(base) | errors(ours) | errors(theirs)
    assert not {fault for fault in found if fault[0] in NEEDED}


def mirrored(merged: Merged) -> list[str]:
    """The conflicts with the sides exchanged, but for their words."""
    return sorted(
        repr(replace(conflict, ours=conflict.theirs, theirs=conflict.ours, words=""))
        for conflict in merged.conflicts
    )


def told(merged: Merged) -> list[str]:
    return sorted(repr(replace(conflict, words="")) for conflict in merged.conflicts)


@lawful
@given(three=threes(), prefer=st.sampled_from(["", "ours", "theirs"]))
def test_the_sides_may_be_exchanged(three: tuple[Corpus, Corpus, Corpus], prefer: str) -> None:
    base, ours, theirs = three
    swapped = {"": "", "ours": "theirs", "theirs": "ours"}[prefer]
    one, other = merge(base, ours, theirs, prefer), merge(base, theirs, ours, swapped)
    assert one.corpus == other.corpus
    assert told(one) == mirrored(other)


@lawful
@given(data=st.data(), prefer=st.sampled_from(["", "ours", "theirs"]))
def test_where_one_side_changed_nothing_the_merge_is_the_other(
    data: st.DataObject, prefer: str
) -> None:
    base = data.draw(bases())
    side = data.draw(sides(base))
    for ours, theirs in ((base, side), (side, base), (side, side)):
        merged = merge(base, ours, theirs, prefer)
        assert merged.conflicts == ()
        assert merged.corpus == side


@PREFER
@lawful
@given(three=threes())
def test_a_preferred_side_says_nothing_where_nothing_is_in_conflict(
    prefer: str, three: tuple[Corpus, Corpus, Corpus]
) -> None:
    plain, taken = merge(*three), merge(*three, prefer)
    if not plain.conflicts and not taken.conflicts:
        assert plain.corpus == taken.corpus


@lawful
@given(three=threes(), prefer=st.sampled_from(["", "ours", "theirs"]))
def test_what_nobody_edited_stays_under_its_id(
    three: tuple[Corpus, Corpus, Corpus], prefer: str
) -> None:
    merged = merge(*three, prefer).corpus
    for layer in merged.layers:
        for name in schema.TABLES:
            base, ours, theirs = (
                {repr(row) for row in side.layers.get(layer, Layer(layer)).table(name).to_pylist()}
                for side in three
            )
            assert base & ours & theirs <= {
                repr(row) for row in merged.layers[layer].table(name).to_pylist()
            }


@lawful
@given(three=threes())
def test_a_document_that_is_needed_stays_with_its_annotations(
    three: tuple[Corpus, Corpus, Corpus],
) -> None:
    base, ours, theirs = three
    merged = merge(base, ours, theirs)
    there = [set(side.documents["doc"].to_pylist()) for side in (base, ours, theirs)]
    now = set(merged.corpus.documents["doc"].to_pylist())
    for doc in there[0] & now - (there[1] & there[2]):
        (keeper,) = [
            side for side, docs in zip((ours, theirs), there[1:], strict=True) if doc in docs
        ]
        for layer in keeper.layers.keys() & merged.corpus.layers:
            for name in schema.TABLES:
                mine, found = (
                    [row for row in side.layers[layer].table(name).to_pylist() if row["doc"] == doc]
                    for side in (keeper, merged.corpus)
                )
                assert mine == found

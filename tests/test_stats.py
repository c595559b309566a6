"""What is in a corpus, against plain counting."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from typer.testing import CliRunner

from samarkand import schema, stats, store
from samarkand.cli import app
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import SamarkandError
from tests.corpora import LAYER, corpora

TEXTS = [("d1", "Ann met Bo", "train", "e"), ("d2", "Ann met Cy", "test", "f")]


def entity(doc: str, number: int, begin: int, end: int, text: str) -> dict[str, object]:
    span = {"begin": begin, "end": end, "text": text}
    return {"doc": doc, "id": f"T{number}", "label": "PERSON", "actor": text.lower(), **span}


def small() -> Corpus:
    documents = [
        {"doc": doc, "text": text, "split": split, "event": event}
        for doc, text, split, event in TEXTS
    ]
    entities = [
        *(entity("d1", 1, 0, 3, "Ann"), entity("d1", 2, 8, 10, "Bo")),
        *(entity("d2", 1, 0, 3, "Ann"), entity("d2", 2, 8, 10, "Cy")),
    ]
    relations = [
        {"doc": doc, "id": "R1", "label": "MEETS", "head": "T1", "tail": "T2"}
        for doc in ("d1", "d2")
    ]
    back = {"doc": "d1", "id": "R2", "label": "MEETS", "head": "T2", "tail": "T1"}
    stances = [
        {"doc": "d1", "id": "S1", "holder": "T1", "target": "T2", "polarity": 2, "act": "SUPPORT"},
        {"doc": "d1", "id": "S2", "holder": "T1", "target": "P:peace", "act": "STATE"},
    ]
    layer = Layer(
        "hand/a",
        table(schema.ENTITIES, entities),
        table(schema.RELATIONS, [*relations, back]),
        table(schema.STANCES, stances),
    )
    return Corpus(table(schema.DOCUMENTS, documents), layers={"hand/a": layer})


def rows_of(corpus: Corpus, title: str) -> list[tuple[stats.Cell, ...]]:
    (found,) = (t for t in stats.stats(corpus) if t.title == title)
    return list(found.rows)


def test_every_figure_of_a_small_corpus() -> None:
    assert [(t.title, t.rows) for t in stats.stats(small())] == [
        (
            "documents, and words in each",
            (
                ("train", 1, 1, 3, 3, 3, 3, "", ""),
                ("test", 1, 1, 3, 3, 3, 3, "", ""),
                ("all", 2, 2, 6, 3, 3, 3, "", ""),
            ),
        ),
        ("words in a document", (("0-99", 2),)),
        (
            "hand/a: annotations",
            (("entities", 2, 2, 4, 66.7), ("relations", 2, 1, 3, 50.0), ("stances", 2, 0, 2, 33.3)),
        ),
        ("hand/a: entities by label", (("PERSON", 2, 2, 4),)),
        ("hand/a: relations by label", (("MEETS", 2, 1, 3),)),
        ("hand/a: stances by act", (("STATE", 1, 0, 1), ("SUPPORT", 1, 0, 1))),
        (
            "hand/a: stances by target and polarity",
            (("(mentions, spans, none)", 1, 0, 1), ("P:peace", 0, 1, 1), ("all", 1, 1, 2)),
        ),
        (
            "hand/a: actors in the most documents, of 3",
            (("ann", 2, 2, 100.0), ("bo", 1, 1, 50.0), ("cy", 1, 1, 50.0)),
        ),
        ("hand/a: pairs of actors, of 2", (("ann - bo", 2, 1, 3), ("ann - cy", 1, 0, 1))),
        ("hand/a: actors that train has not", (("test", 2, 1, 2, 1, 50.0),)),
    ]


def test_the_text_has_bars() -> None:
    said = stats.text(stats.stats(small()))
    assert "  ann - bo          2        1    3  " + "█" * 20 + "\n" in said
    assert "  ann - cy          1        0    1  " + "█" * 7 + "\n" in said


@given(corpora())
@settings(max_examples=60, deadline=None)
def test_counts_against_the_plain_version(corpus: Corpus) -> None:
    found = {t.title: t for t in stats.stats(corpus)}
    layer = corpus.layers[LAYER]
    for kind, column in (("entities", "label"), ("relations", "label"), ("stances", "act")):
        wanted = Counter(value or "none" for value in layer.table(kind)[column].to_pylist())
        made = found.get(f"{LAYER}: {kind} by {column}")
        assert {row[0]: row[-1] for row in made.rows} == wanted if made else not wanted
    assert json.loads(stats.to_json(list(found.values()))) == [
        {"title": t.title, "columns": list(t.columns), "rows": [list(row) for row in t.rows]}
        for t in found.values()
    ]
    assert stats.page(list(found.values()), "x").count("<h2>") == len(found)


def test_a_layer_that_is_not_there() -> None:
    with pytest.raises(SamarkandError, match="there is no layer x; there are: hand/a"):
        stats.stats(small(), ["x"])


def test_the_command_prints_or_writes(tmp_path: Path) -> None:
    store.write(small(), tmp_path / "corpus")
    page = tmp_path / "stats.html"
    done = CliRunner().invoke(app, ["stats", str(tmp_path / "corpus")])
    assert (done.exit_code, done.stdout) == (0, stats.text(stats.stats(small())) + "\n")
    options = ["--format", "html", "--out", str(page)]
    done = CliRunner().invoke(app, ["stats", str(tmp_path / "corpus"), *options])
    assert (done.exit_code, done.stdout) == (0, f"{page}: 10 tables\n")
    assert "<script" not in page.read_text()
    done = CliRunner().invoke(app, ["stats", str(tmp_path / "corpus"), "--format", "csv"])
    assert (done.exit_code, done.stderr) == (1, "--format is text, json or html; got 'csv'\n")

"""One small corpus that the tests of both ways of writing a CAS pin, and edits of it."""

from typing import Any

from samarkand import schema
from samarkand.corpus import Corpus, Layer, digest, infer_labels, table

LAYER = "hand/a"
TEXT = "👋 Xi met Putin.\r\nHe backed\t“talks”."


def span(exact: str) -> dict[str, Any]:
    begin = TEXT.index(exact)
    return {"begin": begin, "end": begin + len(exact), "text": exact}


def entity(id: str, exact: str, **more: Any) -> dict[str, Any]:
    return {"doc": "d", "id": id, "label": "PERSON", **span(exact), **more}


def corpus(**document: Any) -> Corpus:
    """A document with two entities and a discontinuous one, a relation and a stance."""
    pieces = [span("met"), span("He")]
    entities = [
        entity("T1", "Xi", actor="xi-jinping", score=0.5),
        entity("T2", "Putin", attributes=[{"name": "mention", "value": "name"}]),
        {
            **{"doc": "d", "id": "T3", "label": "EVENT", "text": "met He", "fragments": pieces},
            **{"begin": pieces[0]["begin"], "end": pieces[1]["end"]},
        },
    ]
    relation = {
        **{"doc": "d", "id": "R1", "label": "MEETS", "head": "T1", "tail": "T2", "object": "T3"},
        **{"evidence": [span("met Putin")], "status": "ASSERTED", "score": 0.25},
        "attributes": [{"name": "status", "value": "kept"}],
    }
    stance = {
        **{"doc": "d", "id": "S1", "holder": "T1", "target": "SPAN", "polarity": 2},
        **{"target_spans": [span("talks")], "act": "SUPPORT", "cue": [span("backed")]},
        **{"content": [span("“talks”")], "source_chain": ["AUTHOR", "T2"], "explicit": True},
        **{"status": "ASSERTED", "score": 0.75},
    }
    row = {"doc": "d", "text": TEXT, "title": "Xi met Putin", "language": "en", "split": "test"}
    row |= {"sha256": digest(TEXT), "metadata": [{"name": "genre", "value": "report"}], **document}
    layer = Layer(
        LAYER,
        table(schema.ENTITIES, entities),
        table(schema.RELATIONS, [relation]),
        table(schema.STANCES, [stance]),
    )
    return Corpus(table(schema.DOCUMENTS, [row]), infer_labels([layer]), layers={LAYER: layer})

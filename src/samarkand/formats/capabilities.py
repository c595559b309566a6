"""What each format can carry, found by narrowing a corpus that has everything in it."""

from samarkand import schema
from samarkand.corpus import Corpus, Layer, digest, table
from samarkand.formats.base import Format
from samarkand.labels import Group, LabelSchema, RelationType
from samarkand.losses import losses, totals

LAYER = "hand/a"
_TEXT = "Xi 👋 met Putin and the foreign and defence ministers.\nHe backed “talks”.\r\n"


def _span(exact: str) -> dict[str, object]:
    begin = _TEXT.index(exact)
    return {"begin": begin, "end": begin + len(exact), "text": exact}


def _entity(id: str, label: str, *exact: str, **more: object) -> dict[str, object]:
    pieces = [_span(piece) for piece in exact]
    text = " ".join(exact)
    place = {"begin": pieces[0]["begin"], "end": pieces[-1]["end"], "text": text}
    fragments = pieces if len(pieces) > 1 else None
    return {"doc": "d", "id": id, "label": label, "fragments": fragments, **place, **more}


def everything() -> Corpus:
    """The smallest corpus that uses every column of every table."""
    some = [{"name": "mention", "value": "nominal"}]
    entities = [
        _entity("xi", "PERSON", "Xi", actor="xi-jinping", score=0.5),
        _entity("T2", "PERSON", "Putin", actor="vladimir-putin"),
        _entity("T3", "ROLE", "foreign", "ministers"),
        _entity("T4", "PERSON", "ministers", attributes=some),
        _entity("T5", "ROLE", "foreign and defence ministers"),
        _entity("T6", "ROLE", "defence ministers"),
        _entity("T7", "ROLE", "inisters"),
    ]
    relation = {
        "doc": "d", "id": "R1", "label": "MEETS_WITH", "head": "xi", "tail": "T2", "object": "T5",
        "evidence": [_span("met Putin")], "status": "ASSERTED", "score": 0.5, "attributes": some,
    }  # fmt: skip
    stance = {
        "doc": "d", "id": "S1", "holder": "xi", "target": schema.SPAN_TARGET,
        "target_spans": [_span("talks")], "polarity": 2, "act": "SUPPORT", "cue": [_span("backed")],
        "content": [_span("talks")], "source_chain": [schema.AUTHOR], "explicit": True,
        "status": "ASSERTED", "score": 0.5, "attributes": some,
    }  # fmt: skip
    document = {
        "doc": "d", "text": _TEXT, "title": "Xi met Putin", "published": None, "language": "en",
        "event": "e", "split": "test", "license": "CC-BY-4.0", "sha256": digest(_TEXT),
        "metadata": [{"name": "genre", "value": "report"}],
    }  # fmt: skip
    layer = Layer(
        LAYER,
        table(schema.ENTITIES, entities),
        table(schema.RELATIONS, [relation]),
        table(schema.STANCES, [stance]),
    )
    labels = LabelSchema(
        name="everything",
        groups=(Group("ents", ("PERSON",), True), Group("domain", ("ROLE",))),
        relations=(RelationType("MEETS_WITH"),),
        acts=("SUPPORT",),
        polarity=((-2, "against"), (2, "for")),
    )
    return Corpus(table(schema.DOCUMENTS, [document]), labels, layers={LAYER: layer})


#: What a user asks about, and the changes in the loss report that answer it with no.
QUESTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "exact text": (("documents", "text"),),
    "document metadata": (("documents", "title"), ("documents", "metadata")),
    "splits": (("documents", "split"),),
    "entities": (("entities", "all"),),
    "nested or crossing entities": (("entities", "nested"),),
    "discontinuous entities": (("entities", "fragments"),),
    "entity ids": (("entities", "id"),),
    "actors": (("entities", "actor"),),
    "entity attributes": (("entities", "attributes"),),
    "scores": (("entities", "score"), ("relations", "score")),
    "relations": (("relations", "all"),),
    "evidence": (("relations", "evidence"),),
    "relation status": (("relations", "status"),),
    "relation objects": (("relations", "object"),),
    "stances": (("stances", "all"),),
}


def carried(*forms: Format) -> dict[str, bool]:
    """For each question, whether the format carries it; of several, one after the other."""
    corpus = narrowed = everything()
    for form in forms:
        narrowed = form.narrow(narrowed, LAYER)
    changes = {(c.table, c.column) for c in losses(corpus, narrowed, LAYER)}
    layer = narrowed.layers[LAYER]
    before, after = totals(corpus, LAYER), totals(narrowed, LAYER)
    changes |= {key for key, count in before.items() if count and not after[key]}
    changes |= {(name, "all") for name in schema.TABLES if not after[name, ""]}
    left = set(layer.entities["text"].to_pylist())
    if not {"foreign and defence ministers", "defence ministers"} <= left:
        changes.add(("entities", "nested"))
    if layer.entities["fragments"].null_count == len(layer.entities):
        changes.add(("entities", "fragments"))
    return {question: not changes & set(says) for question, says in QUESTIONS.items()}


def capability_table(formats: dict[str, Format]) -> str:
    """A Markdown table: a row a question, a column a format."""
    columns = {name: carried(form) for name, form in formats.items()}
    head = ["", *columns]
    rows = [[q, *("yes" if said[q] else "no" for said in columns.values())] for q in QUESTIONS]
    return _markdown(head, rows)


def fidelity_table(formats: dict[str, Format]) -> str:
    """A Markdown table: from the format of the row to that of the column, the numbers of the
    questions that are answered with no; and the questions with their numbers."""
    numbers = {question: str(number) for number, question in enumerate(QUESTIONS, 1)}
    rows = []
    for name, form in formats.items():
        cells = []
        for other in formats.values():
            said = carried(form, other)
            lost = [numbers[question] for question in QUESTIONS if not said[question]]
            cells.append(" ".join(lost) or "all")
        rows.append([f"**{name}**", *cells])
    legend = "\n".join(f"{number}. {question}" for question, number in numbers.items())
    return f"{legend}\n\n{_markdown(['', *formats], rows)}"


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)

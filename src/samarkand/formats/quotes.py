"""Annotations by quotation: JSON Lines that name the text they mean, instead of its offsets.

People and language models quote text; they cannot count characters. A file is `<doc>.txt` with
its annotations in `<doc>.jsonl` beside it (see docs/formats.md). A quotation is anchored exactly,
or reported with its candidates (see `samarkand.anchor`).
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import msgspec
import pyarrow as pa

from samarkand import anchor, jsonl, lines, schema
from samarkand.anchor import Quote
from samarkand.corpus import Corpus, Layer, unwritable
from samarkand.errors import FormatError, Problem
from samarkand.formats.base import (
    DOCUMENTS,
    Files,
    Reading,
    bare,
    doc_ids,
    documents,
    frame,
    renamed,
)

SUFFIXES = (".txt", ".jsonl")
PARTS = DOCUMENTS


class Selector(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A quotation as an object; where it needs no more than `exact`, a plain string will do."""

    exact: str
    occurrence: int | None = None
    prefix: str = ""
    suffix: str = ""
    part: bool = False


Quotes = list[str | Selector]


class Entity(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    entity: str
    label: str
    exact: str = ""
    occurrence: int | None = None
    prefix: str = ""
    suffix: str = ""
    part: bool = False
    fragments: Quotes | None = None
    actor: str | None = None
    score: float | None = None
    attributes: dict[str, str] = {}


class Relation(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    relation: str
    label: str
    head: str
    tail: str
    object: str | None = None
    evidence: Quotes = []
    status: str | None = None
    score: float | None = None
    attributes: dict[str, str] = {}


class Stance(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    stance: str
    holder: str
    target: str
    target_spans: Quotes = []
    polarity: lines.Int8 | None = None
    act: str | None = None
    cue: Quotes = []
    content: Quotes = []
    source_chain: list[str] = []
    explicit: bool | None = None
    status: str | None = None
    score: float | None = None
    attributes: dict[str, str] = {}


_KINDS: dict[str, type[Any]] = {"entities": Entity, "relations": Relation, "stances": Stance}


def read(files: Files, layer: str, first: int = 1) -> Reading:
    """Texts and their quotations as a corpus.

    Errors: FormatError with every line that is not of this shape, or whose quotation does not
    occur, or may be meant in more than one place, with the candidates.
    """
    problems: list[Problem] = []
    stems = [path.removesuffix(".txt") for path in files if path.endswith(".txt")]
    ids = doc_ids(stems)
    rows: dict[str, list[Any]] = {name: [] for name in schema.TABLES}
    docs: dict[str, list[str]] = {name: [] for name in schema.TABLES}
    texts = []
    for path in sorted(files):
        if path.endswith(".jsonl") and path.removesuffix(".jsonl") not in ids:
            stem = path.removesuffix(".jsonl")
            problems.append(Problem(path, 0, f"there is no {stem}.txt beside it"))
    for stem in sorted(stems):
        text = jsonl.utf8(f"{stem}.txt", files[f"{stem}.txt"], problems)
        doc, split = ids[stem]
        texts.append((doc, text or "", split))
        if text is None or f"{stem}.jsonl" not in files:
            continue
        for name, row in _annotations(f"{stem}.jsonl", files[f"{stem}.jsonl"], text, problems):
            rows[name].append(row)
            docs[name].append(doc)
    if problems:
        raise FormatError(problems)
    tables = {name: lines.to_table(name, docs[name], rows[name]) for name in schema.TABLES}
    table = documents(texts)
    return Reading(frame(table, Layer(layer, **tables)), notes=renamed(ids, table))


def _annotations(
    path: str, data: bytes, text: str, problems: list[Problem]
) -> list[tuple[str, lines.Line]]:
    found: list[tuple[str, lines.Line]] = []
    seen: dict[tuple[str, str], int] = {}
    for number, line in enumerate(jsonl.split(path, data, problems), 1):
        try:
            value = jsonl.objects(line)
            name = next((n for n, key in lines.ID_KEYS.items() if key in value), None)
            if name is None:
                wanted = ", ".join(lines.ID_KEYS.values())
                raise ValueError(f"one of the keys {wanted} is needed, got {', '.join(value)}")
            quoted = msgspec.convert(value, _KINDS[name])
            id = getattr(quoted, lines.ID_KEYS[name])
            if (name, id) in seen:
                raise ValueError(f"id {id!r} stands on line {seen[name, id]} already")
            seen[name, id] = number
            found.append((name, _PLACED[name](text, quoted)))
        except (ValueError, msgspec.ValidationError) as error:
            problems.append(Problem(path, number, jsonl.explain(error)))
    return found


def _entity(text: str, line: Entity) -> lines.Entity:
    if bool(line.exact) == (line.fragments is not None):
        raise ValueError("wanted either 'exact' or 'fragments'")
    if line.fragments is not None:
        fragments = sorted(_spans(text, line.fragments), key=lambda span: span.begin)
        if len(fragments) < 2:
            raise ValueError("'fragments' are two or more; use 'exact' for one")
        if any(a.end > b.begin for a, b in pairwise(fragments)):
            raise ValueError("'fragments' overlap")
        covered = " ".join(span.text for span in fragments)
        place = lines.Span(fragments[0].begin, fragments[-1].end, covered)
    else:
        fragments = None
        chosen = Quote(line.exact, line.occurrence, line.prefix, line.suffix, line.part)
        place = _span(text, chosen)
    return lines.Entity(
        line.entity, line.label, place.begin, place.end, place.text, fragments,
        line.actor, line.score, line.attributes,
    )  # fmt: skip


def _relation(text: str, line: Relation) -> lines.Relation:
    fields = msgspec.structs.asdict(line)
    return lines.Relation(**(fields | {"evidence": _spans(text, line.evidence)}))


def _stance(text: str, line: Stance) -> lines.Stance:
    fields = msgspec.structs.asdict(line)
    for column in schema.SPAN_COLUMNS["stances"]:
        fields[column] = _spans(text, fields[column])
    return lines.Stance(**fields)


_PLACED: dict[str, Callable[[str, Any], lines.Line]] = {
    "entities": _entity,
    "relations": _relation,
    "stances": _stance,
}


def _spans(text: str, quotes: Quotes) -> list[lines.Span]:
    chosen = [
        Quote(q) if isinstance(q, str) else Quote(**msgspec.structs.asdict(q)) for q in quotes
    ]
    return [_span(text, quote) for quote in chosen]


def _span(text: str, quote: Quote) -> lines.Span:
    begin = anchor.anchor(text, quote)
    return lines.Span(begin, begin + len(quote.exact), quote.exact)


def write(corpus: Corpus, layer: str) -> Files:
    """One layer as texts and quotations, each as short as it can be found again by.

    Errors: FormatError for a text that starts with a byte order mark.
    """
    narrowed = narrow(corpus, layer)
    if problems := unwritable(narrowed.documents):
        raise FormatError(problems)
    texts = dict(
        zip(narrowed.documents["doc"].to_pylist(), narrowed.documents["text"].to_pylist(),
            strict=True)
    )  # fmt: skip
    parts: dict[str, list[Any]] = {doc: [] for doc in texts}
    for name in schema.TABLES:
        table = narrowed.layers[layer].table(name)
        rows = lines.from_table(name, table)
        for doc, row in zip(table["doc"].to_pylist(), rows, strict=True):
            parts[doc].append(_QUOTED[name](texts[doc], row))
    written = {f"{doc}.txt": text.encode() for doc, text in texts.items()}
    return written | {f"{doc}.jsonl": jsonl.encode(rows) for doc, rows in parts.items() if rows}


def _quote(text: str, span: lines.Span) -> str | Selector:
    found = anchor.quote(text, span.begin, span.end)
    if found == Quote(found.exact):
        return found.exact
    return Selector(found.exact, found.occurrence, part=found.part)


def _quote_entity(text: str, row: lines.Entity) -> Entity:
    fragments, chosen = None, Quote("")
    if row.fragments is not None:
        fragments = [_quote(text, span) for span in row.fragments]
    else:
        chosen = anchor.quote(text, row.begin, row.end)
    return Entity(
        row.entity, row.label, chosen.exact, chosen.occurrence, part=chosen.part,
        fragments=fragments, actor=row.actor, score=row.score, attributes=row.attributes,
    )  # fmt: skip


def _quote_relation(text: str, row: lines.Relation) -> Relation:
    fields = msgspec.structs.asdict(row)
    return Relation(**(fields | {"evidence": [_quote(text, span) for span in row.evidence]}))


def _quote_stance(text: str, row: lines.Stance) -> Stance:
    fields = msgspec.structs.asdict(row)
    for column in schema.SPAN_COLUMNS["stances"]:
        fields[column] = [_quote(text, span) for span in fields[column]]
    return Stance(**fields)


_QUOTED: dict[str, Callable[[str, Any], Any]] = {
    "entities": _quote_entity,
    "relations": _quote_relation,
    "stances": _quote_stance,
}


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """Documents keep their text alone; annotations keep everything."""
    kept = corpus.layers[layer]
    entities: pa.Table = kept.entities
    return frame(bare(corpus.documents), Layer(layer, entities, kept.relations, kept.stances))

"""BioC: the parts of a document, as they stand in the file."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import msgspec

from samarkand import files, jsonl
from samarkand.errors import Problem
from samarkand.formats.bioc import decode as bioc
from samarkand.formats.bioc.decode import Item

#: Which passage, and which sentence in it: ids are unique in there. Empty: the document.
Scope = tuple[int, ...]


@dataclass
class Report:
    """What is found on the way. `kinds` counts what is told in a note."""

    problems: list[Problem] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


@dataclass
class Segment:
    """A text at its offset in the document: a passage's, or a sentence's."""

    item: Item
    offset: int
    text: str
    passage: int
    sentence: bool
    begin: int = 0  # in code points, once the unit of the offset is known


@dataclass
class Mention:
    """An annotation; `id` and `spans` (code points) are set when they are known."""

    item: Item
    scope: Scope
    value: bioc.Annotation
    id: str = ""
    spans: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Link:
    """A relation, or a stance of ours in the form of one."""

    item: Item
    scope: Scope
    value: bioc.Relation
    extra: bioc.RelationExtra
    id: str = ""


@dataclass
class Document:
    item: Item
    doc: str
    metadata: dict[str, str]
    extra: bioc.DocumentExtra
    infons: list[dict[str, Any]] = field(default_factory=list)  # of each passage
    segments: list[Segment] = field(default_factory=list)
    mentions: list[Mention] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    text: str = ""
    whole: bool = True  # whether all of it could be read


def document(item: Item, stem: str, number: int, to: Report) -> Document | None:
    """A document of a file and all that is in it; faults go to the report."""
    before = len(to.problems)
    value = bioc.convert(item, bioc.Document, to.problems)
    if value is None:
        return None
    infons = dict(value.infons or {})
    extra = ours(item, infons, bioc.DocumentExtra, to)
    id = "" if value.id is None else str(value.id)
    doc, fields = id, bioc.others(item, bioc.Document)
    if not files.is_slug(doc):
        doc = f"{stem}-{number}"
        fields = {"id": id or None} | fields
    metadata: dict[str, str] = {}
    for said in (infons, fields, item.metadata):
        for key, one in said.items():
            if (text := jsonl.as_string(one)) is None:
                continue
            if metadata.setdefault(key, text) != text:
                to.unread[f"'{key}' of a document that its infons say otherwise"] += 1
    found = Document(item, doc, metadata | extra.metadata, extra)
    for at, one in enumerate(value.passages):
        _passage(item.below("passages", at, one), at, found, to)
    _annotations(item, value, (), found, to)
    found.whole = len(to.problems) == before
    return found


def _passage(item: Item, at: int, found: Document, to: Report) -> None:
    passage = bioc.convert(item, bioc.Passage, to.problems)
    found.infons.append({})
    if passage is None:
        return
    _count(item, bioc.Passage, "passage", to)
    found.infons[-1] = passage.infons or {}
    sentences = passage.sentences or []
    whole = passage.text if passage.text or not sentences else None
    if whole is not None or not sentences:
        found.segments.append(Segment(item, passage.offset, whole or "", at, False))
    for number, one in enumerate(sentences):
        below = item.below("sentences", number, one)
        sentence = bioc.convert(below, bioc.Sentence, to.problems)
        to.unread["sentence"] += 1
        if sentence is None:
            continue
        _count(below, bioc.Sentence, "sentence", to)
        if whole is None:
            segment = Segment(below, sentence.offset, sentence.text or "", at, True)
            found.segments.append(segment)
        _annotations(below, sentence, (at, number), found, to)
    _annotations(item, passage, (at,), found, to)


def _annotations(item: Item, part: Any, scope: Scope, found: Document, to: Report) -> None:
    for at, one in enumerate(part.annotations or []):
        below = item.below("annotations", at, one)
        mention = bioc.convert(below, bioc.Annotation, to.problems)
        if mention is not None:
            _count(below, bioc.Annotation, "annotation", to)
            found.mentions.append(Mention(below, scope, mention))
    for at, one in enumerate(part.relations or []):
        below = item.below("relations", at, one)
        relation = bioc.convert(below, bioc.Relation, to.problems)
        if relation is not None:
            _count(below, bioc.Relation, "relation", to)
            relation.infons = dict(relation.infons or {})
            extra = ours(below, relation.infons, bioc.RelationExtra, to)
            found.links.append(Link(below, scope, relation, extra))


def _count(item: Item, kind: type[msgspec.Struct], name: str, to: Report) -> None:
    for key in bioc.others(item, kind):
        to.unread[f"key '{key}' of a {name}"] += 1


def ours(item: Item, infons: dict[str, Any], kind: type[bioc.T], to: Report) -> bioc.T:
    """What our infon says; it is taken out of the infons."""
    said = infons.pop(bioc.OURS, None)
    if said is None:
        return kind()
    try:
        if not isinstance(said, str):
            raise ValueError("wanted a string of JSON")
        return msgspec.convert(jsonl.objects(said.encode()), kind)
    except (ValueError, msgspec.ValidationError) as error:
        to.problems.append(item.problem(f"infon '{bioc.OURS}': {jsonl.explain(error)}"))
        return kind()


def name_all(parts: list[Mention] | list[Link], prefix: str, to: Report) -> None:
    """Give each part an id that is its own in the document.

    Ids may begin anew in each passage (so says the BioC DTD); then the later ones get a number.
    """
    taken = {str(part.value.id) for part in parts}
    first: dict[str, Scope] = {}
    seen: set[tuple[Scope, str]] = set()
    for part in parts:
        id = "" if part.value.id is None else str(part.value.id)
        if id and (part.scope, id) in seen:
            where = ("document", "passage", "sentence")[len(part.scope)]
            to.problems.append(part.item.problem(f"id '{id}' stands in this {where} already"))
        seen.add((part.scope, id))
        if not id:
            to.kinds["no id"] += 1
            part.id = _free(f"{prefix}{{}}", 1, taken)
        elif id in first:
            to.kinds["id again"] += 1
            part.id = _free(f"{id}-{{}}", 2, taken)
        else:
            part.id = id
        first.setdefault(id, part.scope)


def _free(form: str, number: int, taken: set[str]) -> str:
    while form.format(number) in taken:
        number += 1
    taken.add(form.format(number))
    return form.format(number)

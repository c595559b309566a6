"""A CAS as a document and its annotations."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from samarkand import files, lines, schema
from samarkand.formats.cas import own
from samarkand.formats.cas import types as types_of
from samarkand.formats.cas.check import INITIAL
from samarkand.formats.cas.known import unrenamed
from samarkand.formats.cas.narrowing import NO_LANGUAGE
from samarkand.formats.cas.shape import ENTITY, KNOWN, OTHER, OWN, RELATION
from samarkand.formats.cas.source import Source


@dataclass
class Document:
    """A document's columns (its id too, where the file says it) and its rows, by table."""

    columns: dict[str, Any] = field(default_factory=dict)
    rows: dict[str, list[Any]] = field(default_factory=dict)


def read_cas(source: Source) -> Document:
    """What one CAS says. Faults go to the source's problems."""
    if source.loaded.other_views:
        source.unread["view beside the first"] += source.loaded.other_views
        source.unread["annotation of another view"] += source.loaded.elsewhere
    text = source.loaded.cas.get_view(INITIAL).sofa_string or ""
    found: dict[str, list[Any]] = {kind: [] for kind in (ENTITY, RELATION, OWN, KNOWN, OTHER)}
    for fs in sorted(source.loaded.cas.select_all_fs(), key=_order):
        found[source.shape(fs).kind].append(fs)
    for fs in found[OTHER]:
        source.unread[fs.type.short_name] += 1
    ours = own.gather(source, found[OWN])
    columns = _metadata(source, found[KNOWN]) | own.document(source, ours)
    text = columns["text"] = own.restored(source, ours, text)
    ids, entities = own.entities(source, ours, text, _entities(source, found[ENTITY], text))
    relations = own.relations(source, ours, text, ids)
    relations += _relations(source, found[RELATION], ids)
    own.number(relations, "relation", "R")
    stances = own.stances(source, ours, text, set(ids.values()))
    gone = sum(len(spans) for owner in ours.spans.values() for spans in owner.values())
    source.unread["SamarkandSpan of what is gone"] += gone
    for fs in [*found[ENTITY], *found[RELATION]]:
        for feature in source.shape(fs).linked:
            if _holds(getattr(fs, feature)):
                source.unread[f"{fs.type.short_name}.{unrenamed(feature)}"] += 1
    return Document(columns, dict(zip(schema.TABLES, (entities, relations, stances), strict=True)))


def _order(fs: Any) -> tuple[int, int, int]:
    begin, end = (getattr(fs, name, 0) for name in ("begin", "end"))
    if not isinstance(begin, int) or not isinstance(end, int):  # no annotation, but so called
        begin = end = 0
    return begin, end, fs.xmiID


def _metadata(source: Source, found: Iterable[Any]) -> dict[str, Any]:
    """Language, title, and the id that DocumentMetaData gives.

    INCEpTION writes the document's name as its title and at the end of its address, and as its id
    the annotator (addOrUpdateDocumentMetadata in its FormatSupport.java): then the name is the id.
    """
    columns: dict[str, Any] = {}
    for fs in found:
        said = source.plain(fs)
        if said.get("language", NO_LANGUAGE) != NO_LANGUAGE:
            columns["language"] = said["language"]
        if fs.type.name == types_of.METADATA:
            id, title = said.get("documentId"), said.get("documentTitle")
            if title and said.get("documentUri", "").rpartition("/")[2] == title:
                id, title = own.stem(title), None
            columns["title"] = title
            if id and files.is_slug(id):
                columns["doc"] = id
    return columns


def _entities(source: Source, found: list[Any], text: str) -> list[tuple[Any, lines.Entity]]:
    """Entities that have no id yet, each with what it was read from."""
    rows = []
    for fs in found:
        if fs.begin == fs.end:
            source.unread[f"{fs.type.short_name} of no text"] += 1
            continue
        label, attributes = _said(source, fs)
        covered = text[fs.begin : fs.end]
        row = lines.Entity("", label, fs.begin, fs.end, covered, attributes=attributes)
        rows.append((fs, row))
    return rows


def _relations(source: Source, found: list[Any], ids: dict[int, str]) -> list[lines.Relation]:
    rows = []
    for fs in found:
        head, tail = own.ends(fs, ids)
        if head is None or tail is None:
            source.unread[f"{fs.type.short_name} between what are no entities"] += 1
            continue
        label, attributes = _said(source, fs)
        rows.append(lines.Relation("", label, head, tail, attributes=attributes))
    return rows


def _said(source: Source, fs: Any) -> tuple[str, dict[str, str]]:
    """The label and the attributes that a feature structure's plain features say.

    A label that is not the type's name is of some layer: an attribute keeps which.
    """
    shape = source.shape(fs)
    attributes = source.plain(fs)
    label = attributes.pop(shape.label, "") if shape.label else ""
    if label and shape.layer:
        attributes.setdefault("layer", shape.layer)
    return label or shape.name, attributes


def _holds(value: Any) -> bool:
    """Whether a feature points to anything: an array or list of nothing holds nothing."""
    kind = getattr(value, "type", None)
    if kind is None or kind.short_name.startswith("Empty"):
        return value is not None and kind is None
    return bool(getattr(value, "elements", True))

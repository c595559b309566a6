"""What a GATE XML file says: its text, its features, and its annotations and relations.

Here every element is looked at on its own; what needs others (nodes, members) is left to `gate`.
"""

import re
from collections import Counter
from dataclasses import dataclass, field

from samarkand.errors import Problem
from samarkand.formats.gate.xml import Element, parse

#: Types of annotations that describe the text.
DESCRIPTIVE = ("Token", "SpaceToken", "Sentence", "Split", "Lookup")
#: The set that holds the mark-up of the file that GATE made the document from.
MARKUP = "Original markups"

_NUMBER = re.compile(r"[0-9]{1,18}")


@dataclass
class Annotation:
    """An annotation, whose members are the numbers of nodes, or a relation, whose are ids."""

    line: int
    owner: str  # the name of its set, "" for the default one
    id: int | None
    type: str
    members: list[int]
    features: dict[str, str]


@dataclass
class Document:
    """What a file says. `nodes` gives the place in the text of each node, by number."""

    path: str
    problems: list[Problem]
    unread: Counter[str]
    text: str | None = None
    features: dict[str, str] = field(default_factory=dict)
    nodes: dict[int, int] = field(default_factory=dict)
    annotations: list[Annotation] = field(default_factory=list)
    relations: list[Annotation] = field(default_factory=list)
    seen: set[tuple[str, str, int | None]] = field(default_factory=set)

    def fault(self, line: int, message: str) -> None:
        self.problems.append(Problem(self.path, line, message))


def parsed(document: Document, data: bytes) -> bool:
    """Fill in what a file says. False where it cannot be read on; faults go to its problems."""

    def take(element: Element, around: Element) -> None:
        if element.name == "TextWithNodes":
            _text(document, element)
        elif element.name == "GateDocumentFeatures":
            document.features |= _features(document, element)
        elif element.name in ("AnnotationSet", "RelationSet"):
            owner = element.attributes.get("Name", "")
            _once(document, element, f"<{element.name}>", owner, None)
        elif element.name == "Annotation":
            _annotation(document, element, around.attributes.get("Name", ""))
        else:
            _relation(document, element, around.attributes.get("Name", ""))

    if not parse(document.path, data, take, document.problems, document.unread):
        return False
    if document.text is None:
        document.fault(0, "there is no <TextWithNodes>, which holds the text")
        return False
    return True


def _text(document: Document, element: Element) -> None:
    if document.text is not None:
        document.fault(element.line, "a second <TextWithNodes>; a document has one text")
        return
    document.text = element.text
    for node in element.children:
        number = _number(document, node, "id")
        if number in document.nodes:
            document.fault(node.line, f"node {number} stands twice")
        if number is not None:
            document.nodes[number] = node.at


def _features(document: Document, element: Element) -> dict[str, str]:
    """The features in an element; those without a value, which GATE does not write, are counted."""
    found: dict[str, str] = {}
    for feature in element.children:
        if feature.name != "Feature":
            continue
        parts = {part.name: part.text for part in feature.children}
        if "Name" not in parts or len(parts) < len(feature.children):
            document.fault(feature.line, "a feature has one <Name> and one <Value>")
        elif parts["Name"] in found:
            document.fault(feature.line, f"the feature {parts['Name']!r} stands twice")
        elif "Value" not in parts:
            document.unread["feature without a value"] += 1
        else:
            found[parts["Name"]] = parts["Value"]
    return found


def _once(document: Document, element: Element, kind: str, owner: str, id: int | None) -> None:
    """What bears one name, or id, twice is a fault."""
    if (kind, owner, id) in document.seen:
        called = f"the set {owner!r}" if owner else "the default set"
        what = f"{kind} {id} of {called}" if id is not None else f"{kind} for {called}"
        document.fault(element.line, f"{what} stands twice")
    document.seen.add((kind, owner, id))


def _annotation(document: Document, element: Element, owner: str) -> None:
    type_, id = element.attributes.get("Type"), None
    if "Id" in element.attributes:
        id = _number(document, element, "Id")
    if id is not None:
        _once(document, element, "annotation", owner, id)
    if owner == MARKUP:
        document.unread["annotation of the original mark-up"] += 1
        return
    if type_ in DESCRIPTIVE:
        document.unread[f"{type_} annotation"] += 1
        return
    nodes = [_number(document, element, key) for key in ("StartNode", "EndNode")]
    features = _features(document, element)
    if type_ == "":
        document.fault(element.line, "the Type of an annotation is empty; it is the label")
    if type_ is not None and None not in nodes:
        members = [node for node in nodes if node is not None]
        annotation = Annotation(element.line, owner, id, type_, members, features)
        document.annotations.append(annotation)


def _relation(document: Document, element: Element, owner: str) -> None:
    id = _number(document, element, "Id")
    members = element.attributes.get("Members", "0").split(";")
    if not all(_NUMBER.fullmatch(member) for member in members):
        message = f"Members are {';'.join(members)!r}; wanted ids with ; between them"
        document.fault(element.line, message)
    elif id is not None and "Type" in element.attributes:
        _once(document, element, "relation", owner, id)
        if any(part.name == "UserData" and part.text.strip() for part in element.children):
            document.unread["user data of a relation"] += 1
        ids, type_ = [int(member) for member in members], element.attributes["Type"]
        features = _features(document, element)
        relation = Annotation(element.line, owner, id, type_, ids, features)
        document.relations.append(relation)


def _number(document: Document, element: Element, key: str) -> int | None:
    """An attribute that is a number; None where it is missing, or, which is a fault, another."""
    said = element.attributes.get(key)
    if said is None or _NUMBER.fullmatch(said):
        return None if said is None else int(said)
    message = f"the {key} of <{element.name}> is {said[:40]!r}; wanted a whole number"
    document.fault(element.line, message)
    return None

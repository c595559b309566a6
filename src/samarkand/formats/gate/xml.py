"""The elements of a GATE XML file, each with its line: strict, bounded, and without entities.

Only the elements that GATE writes may be there, each where GATE puts it (`DocumentStaxUtils` of
gate-core), so nothing nests deeper than these do. A document type declaration is refused, and with
it all that one can declare.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from samarkand.errors import FormatError, Problem
from samarkand.jsonl import MAX_LINE

#: The most bytes that a file may have.
MAX_FILE = 256 * 1024 * 1024

#: The elements that may stand in each element; "" is the file.
CHILDREN: dict[str, tuple[str, ...]] = {
    "": ("GateDocument",),
    "GateDocument": ("GateDocumentFeatures", "TextWithNodes", "AnnotationSet", "RelationSet"),
    "GateDocumentFeatures": ("Feature",),
    "TextWithNodes": ("Node",),
    "AnnotationSet": ("Annotation",),
    "Annotation": ("Feature",),
    "RelationSet": ("Relation",),
    "Relation": ("UserData", "Feature"),
    "Feature": ("Name", "Value"),
}
#: The elements that hold text.
TEXTS = ("TextWithNodes", "Name", "Value", "UserData")
#: The attributes that mean something; those of NEEDED have to be there.
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "GateDocument": ("version",),
    "Node": ("id",),
    "AnnotationSet": ("Name",),
    "Annotation": ("Id", "Type", "StartNode", "EndNode"),
    "RelationSet": ("Name",),
    "Relation": ("Id", "Type", "Members"),
    "Name": ("className", "itemClassName"),
    "Value": ("className", "itemClassName"),
}
NEEDED: dict[str, tuple[str, ...]] = {
    "Node": ("id",),
    "Annotation": ("Type", "StartNode", "EndNode"),
    "Relation": ("Id", "Type", "Members"),
}
#: The elements that are handed over when they end; all others stay in the one they stand in.
HANDED = (
    *("GateDocumentFeatures", "TextWithNodes", "AnnotationSet", "Annotation"),
    *("RelationSet", "Relation"),
)


@dataclass(slots=True)
class Element:
    """An element. `at` is where it stands in the text of the one around it, in code points."""

    name: str
    line: int
    at: int = 0
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element"] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    size: int = 0  # of the pieces, in code points

    @property
    def text(self) -> str:
        return "".join(self.pieces)


#: What is called with each element of HANDED, and the element that it stands in.
Take = Callable[[Element, Element], None]


def parse(
    path: str, data: bytes, take: Take, problems: list[Problem], unread: Counter[str]
) -> bool:
    """Go through a file; what is wrong with it goes to `problems`. False where that ends it."""
    if len(data) > MAX_FILE:
        message = f"a file of {len(data):,} bytes; a document has at most {MAX_FILE:,}"
        problems.append(Problem(path, 0, message))
        return False
    parser = DefusedExpatParser(forbid_dtd=True)
    parser.setContentHandler(_Handler(path, parser, take, problems, unread))
    try:
        parser.feed(data)
        parser.close()
    except SAXParseException as error:
        problems.append(Problem(path, error.getLineNumber() or 0, _not_xml(error, data)))
    except DefusedXmlException:
        message = "a document type declaration (<!DOCTYPE ...>); GATE writes none: take it out"
        problems.append(Problem(path, parser.getLineNumber() or 0, message))
    except FormatError as error:
        problems += error.problems
    except (LookupError, ValueError) as error:  # from the codec that the file names
        problems.append(Problem(path, 1, f"{error}; save the file as UTF-8"))
    else:
        return True
    return False


def _not_xml(error: SAXParseException, data: bytes) -> str:
    said, column = error.getMessage(), (error.getColumnNumber() or 0) + 1
    if "invalid token" in said:
        start = data[:200].partition(b"?>")[0].lower()
        try:
            if b"encoding" not in start or b"utf-8" in start:
                data.decode()
        except UnicodeDecodeError as fault:
            return f"byte {fault.start} of the file is not UTF-8; save the file as UTF-8"
    if "invalid character number" in said:
        said += " (a control character, or half of a surrogate pair, as old versions write emoji)"
    return f"not XML: {said}, at character {column} of the line"


def _too_long(what: str, size: int) -> str:
    return f"{what} has {size:,} characters; only a text has more than {MAX_LINE:,}"


class _Handler(ContentHandler):
    """Follows the elements of a file."""

    def __init__(
        self,
        path: str,
        parser: DefusedExpatParser,
        take: Take,
        problems: list[Problem],
        unread: Counter[str],
    ) -> None:
        super().__init__()
        self._path, self._parser, self._take = path, parser, take
        self._problems, self._unread = problems, unread
        self._open = [Element("", 0)]

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        around, line = self._open[-1], self._parser.getLineNumber() or 0
        name = name.rpartition(":")[2]
        wanted = CHILDREN.get(around.name, ())
        if name not in wanted:
            place = f"in <{around.name}>" if around.name else "as the outermost element"
            expected = f"wanted {' or '.join(wanted)}" if wanted else "it holds no elements"
            hint = "" if around.name else ". Is this GATE XML?"
            message = f"<{name}> {place}; {expected}{hint}"
            raise FormatError([Problem(self._path, line, message)])
        element = Element(name, line, around.size, dict(attrs.items()))
        for key in NEEDED.get(name, ()):
            if key not in element.attributes:
                self._fault(element, f"<{name}> has no {key}")
        for key, value in element.attributes.items():
            if len(value) > MAX_LINE:
                self._fault(element, _too_long(f"{key} of <{name}>", len(value)))
            if key not in ATTRIBUTES.get(name, ()) and not key.startswith("xmlns"):
                self._unread[f"attribute {key} of <{name}>"] += 1
        self._open.append(element)

    def characters(self, content: str) -> None:
        around = self._open[-1]
        if around.name in TEXTS:
            around.pieces.append(content)
            around.size += len(content)
        elif (around.name == "Node" or content.strip()) and not around.size:
            around.size = len(content)  # so that it is told once
            self._fault(around, f"text in <{around.name}>: {content.strip()[:40]!r}")

    def endElement(self, name: str) -> None:  # noqa: N802
        element = self._open.pop()
        around = self._open[-1]
        if element.name != "TextWithNodes" and element.size > MAX_LINE:
            self._fault(element, _too_long(f"<{element.name}>", element.size))
        if element.name in HANDED:
            self._take(element, around)
        else:
            around.children.append(element)

    def _fault(self, element: Element, message: str) -> None:
        self._problems.append(Problem(self._path, element.line, message))

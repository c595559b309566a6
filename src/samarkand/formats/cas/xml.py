"""XML as a flat list of elements, each with its line; whatever could do harm is refused.

A file is looked at here before dkpro-cassis gives it to lxml. No CAS has a DOCTYPE, so none is
read: without one there is no entity to expand, and no other file or address to fetch.
"""

from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from samarkand import jsonl
from samarkand.errors import Problem

#: Elements within elements; a type system's are eight deep, a CAS's three.
MAX_DEPTH = 16
#: Bytes in one element's tag or text: what libxml2, which dkpro-cassis reads with, allows.
MAX_STRING = 10_000_000


@dataclass
class Element:
    """`name` is `{namespace}name`, or the name alone where there is no namespace.

    `depth` is 1 for the root; `parent` is the name of the element that it is in; `text` is what
    stands between the tags, without what other elements say.
    """

    name: str
    attributes: dict[str, str]
    depth: int
    line: int
    parent: str
    pieces: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.pieces)


class _RefusedError(Exception):
    """What is well-formed and not read all the same."""


def elements(path: str, data: bytes, problems: list[Problem]) -> list[Element] | None:
    """The elements of a file in the order of their start tags; None where there was a problem."""
    if jsonl.utf8(path, data, problems) is None or not _short(path, data, problems):
        return None
    parser = expat.ParserCreate(namespace_separator="}")
    found = _listen(parser)
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        said = expat.ErrorString(error.code)
        if said == expat.errors.XML_ERROR_BAD_CHAR_REF:
            said += "; export it as XML 1.0, which has no control characters"
        problems.append(Problem(path, error.lineno, f"not XML 1.0: {said}"))
        return None
    except _RefusedError as error:
        problems.append(Problem(path, parser.CurrentLineNumber, str(error)))
        return None
    return found


def _listen(parser: Any) -> list[Element]:
    found: list[Element] = []
    within: list[Element] = []

    def declaration(version: str, encoding: str | None, standalone: int) -> None:
        if version not in ("1.0", "1.1"):
            raise _RefusedError(f"says that it is XML {version}; there are 1.0 and 1.1")
        if encoding is not None and encoding.lower() not in ("utf-8", "utf8"):
            raise _RefusedError(f"says that it is in {encoding}; save the file as UTF-8")

    def doctype(*_: Any) -> None:
        raise _RefusedError("a DOCTYPE, which no CAS has; it is not read: take it out")

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(within) == MAX_DEPTH:
            raise _RefusedError(f"elements more than {MAX_DEPTH} deep; a CAS has none such")
        said = {_named(key): value for key, value in attributes.items()}
        parent = within[-1].name if within else ""
        made = Element(_named(name), said, len(within) + 1, parser.CurrentLineNumber, parent)
        found.append(made)
        within.append(made)

    parser.XmlDeclHandler = declaration
    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda name: within.pop()
    parser.CharacterDataHandler = lambda text: within[-1].pieces.append(text)
    return found


def _named(name: str) -> str:
    return "{" + name if "}" in name else name


def _short(path: str, data: bytes, problems: list[Problem]) -> bool:
    """Whether no element's tag or text is too long; found before a parser makes copies of it."""
    parts = data.split(b"<")
    longest = max(parts, key=len)
    if len(longest) <= MAX_STRING:
        return True
    before = parts[: parts.index(longest)]
    line = sum(part.count(b"\n") for part in before) + 1
    message = f"an element of {len(longest):,} bytes; one has at most {MAX_STRING:,}"
    problems.append(Problem(path, line, message))
    return False

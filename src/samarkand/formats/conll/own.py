"""What our own CoNLL files say besides tokens and tags: their columns, and the white space.

MISC is that of CoNLL-U; SpacesAfter and SpacesBefore, with their escapes, are UDPipe's.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

START = b"-DOCSTART-\tcolumns="
_FIXED = "columns=FORM,MISC"
_NAME = ",NER:"
_BEFORE, _AFTER, _NONE, _ONE = "SpacesBefore=", "SpacesAfter=", "SpaceAfter=No", "_"

_ESCAPES = {" ": r"\s", "\t": r"\t", "\r": r"\r", "\n": r"\n", "|": r"\p", "\\": "\\\\"}
_PLAIN = {escape: character for character, escape in _ESCAPES.items()}


@dataclass(frozen=True)
class Header:
    """A file's groups of labels, first one first, and the white space that its text begins with."""

    groups: tuple[str, ...]
    lead: str = ""


def header(value: Header) -> str:
    """The first line of a file. The first group has the last column."""
    groups = (*value.groups[1:], *value.groups[:1])
    columns = _FIXED + "".join(_NAME + quote(name, safe="") for name in groups)
    lead = [_BEFORE + escape(value.lead)] if value.lead else []
    return "\t".join(["-DOCSTART-", columns, *lead])


def parse_header(line: str) -> Header:
    """What the first line of a file says. Errors: ValueError."""
    _, columns, *rest = line.split("\t")
    groups = [unquote(name) for name in columns.removeprefix(_FIXED).split(_NAME)]
    if not columns.startswith(_FIXED + _NAME) or len(set(groups[1:])) < len(groups[1:]):
        wanted = f"{_FIXED}{_NAME}GROUP, and {_NAME}GROUP for each further one"
        raise ValueError(f"{columns!r}; wanted {wanted}")
    if not rest:
        return Header((*groups[-1:], *groups[1:-1]))
    if len(rest) > 1 or not rest[0].startswith(_BEFORE):
        raise ValueError(f"{rest[-1]!r}; wanted nothing, or {_BEFORE}... once, behind the columns")
    return Header((*groups[-1:], *groups[1:-1]), unescape(rest[0].removeprefix(_BEFORE)))


def misc(gap: str) -> str:
    """The white space behind a token as its MISC."""
    return {" ": _ONE, "": _NONE}.get(gap) or _AFTER + escape(gap)


def parse_misc(value: str) -> str:
    """The white space that a MISC says. Errors: ValueError."""
    if value.startswith(_AFTER):
        return unescape(value.removeprefix(_AFTER))
    known = {_ONE: " ", _NONE: ""}
    if value not in known:
        raise ValueError(f"MISC is {value!r}; wanted {_ONE}, {_NONE} or {_AFTER}...")
    return known[value]


def escape(gap: str) -> str:
    """White space with UDPipe's escapes."""
    return "".join(_ESCAPES.get(character, character) for character in gap)


def unescape(value: str) -> str:
    """White space without UDPipe's escapes. Errors: ValueError for what is no white space."""
    gap = "".join(_PLAIN.get(part, part) for part in re.findall(r"\\.|.", value, re.DOTALL))
    if not gap.isspace():
        raise ValueError(rf"{value!r} is no white space; \s, \t, \r and \n stand for it")
    return gap

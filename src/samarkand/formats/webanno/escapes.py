"""How WebAnno TSV writes text and values: what is escaped, stacked, and referred to.

The escapes are those of INCEpTION's `Escaping.java`; `->` counts as one character.
"""

import re

_RESERVED = re.compile(r"->|[\\\[\]|_;\t\n*]")
_VALUE = {"\t": "\\t", "\n": "\\n"}
_UNVALUE = {"t": "\t", "n": "\n"}
#: What is escaped by its own name; other control characters by a backslash before them.
_TEXT = {"\t": "t", "\n": "n", "\f": "f", "\r": "r", "\b": "b", "\\": "\\"}
_UNTEXT = {letter: character for character, letter in _TEXT.items()}
#: What is a value for sure in the tool: it reads `\` before `|` as an escape, wherever that stands,
#: and a carriage return as the end of the line.
_SAYABLE = re.compile(r"[^\x00-\x08\x0b-\x1f]*[^\x00-\x08\x0b-\x1f\\]")
_MARKED = re.compile(r"\[([0-9]{1,9})\]\Z")
_REFERENCE = re.compile(
    r"([0-9]{1,9}-[0-9]{1,9}(?:\.[0-9]{1,9})?)(?:\[([0-9]{1,9})(?:_([0-9]{1,9}))?\])?"
)
_LINK = re.compile(r"(.*)->([0-9]{1,9})-([0-9]{1,9})", re.DOTALL)


def escape_value(value: str) -> str:
    """The value of a feature as it stands in a cell."""
    if not _RESERVED.search(value):
        return value
    return _RESERVED.sub(lambda m: _VALUE.get(m[0], "\\" + m[0]), value)


def unescape_value(cell: str) -> str | None:
    """What a cell says; None for `*` and `_`, which say nothing."""
    if cell in ("*", "_", ""):
        return None
    if "\\" not in cell:
        return cell
    return re.sub(r"\\(->|[\\\[\]|_;tn*])", lambda m: _UNVALUE.get(m[1], m[1]), cell)


def escape_text(text: str) -> str:
    """One line of a sentence's text as it stands behind `#Text=`."""
    return re.sub(
        r"[\x00-\x0a\x0c-\x1f\\]", lambda m: "\\" + _TEXT.get(m[0], m[0]), text
    )  # 0x0b alone stays as it is


def unescape_text(line: str) -> str:
    """What stands behind `#Text=`, read."""
    if "\\" not in line:
        return line
    return re.sub(r"\\([\x00-\x07\x0e-\x1f\\tnfrb])", lambda m: _UNTEXT.get(m[1], m[1]), line)


def sayable(value: str) -> bool:
    """Whether the tool reads the value back as it was written."""
    return _SAYABLE.fullmatch(value) is not None


def stack(cell: str) -> list[tuple[str, int]]:
    """The values of a cell, still escaped, each with the number in brackets behind it, or 0."""
    found = []
    for part in parts(cell, "|"):
        number = 0
        if part.endswith("]"):
            marked = _MARKED.search(part)
            if marked is not None:
                part, number = part[: marked.start()], int(marked[1])
        found.append((part, number))
    return found


def parts(text: str, separator: str) -> list[str]:
    """What stands between separators that are not escaped: `|` of a stack, or `;` of links."""
    if "\\" not in text:
        return text.split(separator)
    found, at = [], 0
    for match in re.finditer(r"\\.|[|;]", text, re.DOTALL):
        if match[0] == separator:
            found.append(text[at : match.start()])
            at = match.end()
    return [*found, text[at:]]


def reference(part: str) -> tuple[str, int, int] | None:
    """`1-2`, `1-2[3]` or `1-2[3_4]` as (unit, number, number); None for what is neither."""
    match = _REFERENCE.fullmatch(part)
    return None if match is None else (match[1], int(match[2] or 0), int(match[3] or 0))


def link(part: str) -> tuple[str, int, int] | None:
    """`coref->1-2` as (value, chain, link); None for what is not so."""
    match = _LINK.fullmatch(part)
    return None if match is None else (match[1], int(match[2]), int(match[3]))

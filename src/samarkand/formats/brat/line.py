"""One line of a brat standoff file, read against the whole grammar (brat.nlplab.org/standoff.html).

What it says goes into `Found`; what is wrong with it is told in one sentence.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from samarkand.jsonl import MAX_LINE
from samarkand.words import count

#: The value of an attribute that is only there or not.
FLAG = "true"
#: The normalization resource that holds our actors, and the type that refers to one.
ACTOR, REFERENCE = "actor", "Reference"

LETTERS = "TREAMN#"
MAX_DIGITS = 9
_NUMBER = f"[0-9]{{1,{MAX_DIGITS}}}"
_ID = re.compile(rf"([{LETTERS}])({_NUMBER})")

#: What a line of each kind looks like: to people, and to the reader.
SHAPES = {
    "T": ("T1<tab>LABEL BEGIN END<tab>TEXT", r"([^ \t]+) ([^\t]*)\t(.*)"),
    "R": (
        "R1<tab>LABEL Arg1:T1 Arg2:T2",
        rf"([^ \t]+) ([^ \t:]+):([TE]{_NUMBER}) ([^ \t:]+):([TE]{_NUMBER})\t?",
    ),
    "E": (
        "E1<tab>LABEL:T1 ROLE:T2",
        rf"[^ \t:]+:T{_NUMBER}(?: [^ \t:]+:[TE]{_NUMBER})* ?\t?",
    ),
    "A": ("A1<tab>NAME T1 VALUE", rf"([^ \t]+) ([TRE]{_NUMBER})(| [^\t]*)\t?"),
    "M": ("M1<tab>NAME T1", rf"([^ \t]+) ([TRE]{_NUMBER})()\t?"),
    "N": (
        "N1<tab>Reference T1 RESOURCE:ID<tab>TEXT",
        rf"([^ \t]+) ([TRE]{_NUMBER}) ([^ \t:]+):([^ \t]+)(?:\t(.*))?",
    ),
    "#": ("#1<tab>TYPE T1<tab>NOTE", r".*"),
    "*": ("*<tab>Equiv T1 T2", rf"[^ \t]+(?: [TE]{_NUMBER})+ ?\t?"),
}
_LINE = {
    letter: re.compile(rf"({re.escape(letter)}{'' if letter == '*' else _NUMBER})\t{body}")
    for letter, (_, body) in SHAPES.items()
}
_FRAGMENTS = re.compile(r"[0-9]+ [0-9]+(?:;[0-9]+ [0-9]+)*")


@dataclass(frozen=True)
class Found:
    """What was read: rows as tuples, by kind of row, and the count of what is not represented."""

    rows: dict[str, list[tuple[Any, ...]]] = field(
        default_factory=lambda: {
            name: []
            for name in ("entities", "fragments", "relations", "attributes", "actors", "others")
        }
    )
    unread: Counter[str] = field(default_factory=Counter)


def pack(letter: str, width: Any, number: Any) -> Any:
    """An id as one number above 0 and under 2**38. T1 and T01 are two ids: the width counts."""
    return (LETTERS.index(letter) << 34) | (width << 30) | number


def key(id: str) -> int:
    """The packed form of an id."""
    packed: int = pack(id[0], len(id) - 1, int(id[1:]))
    return packed


def unpack(packed: int) -> str:
    """The id of a packed form."""
    width, number = (packed >> 30) & 0xF, packed & (1 << 30) - 1
    return f"{LETTERS[packed >> 34]}{number:0{width}}"


def read(row: int, line: str, size: int, found: Found) -> str:
    """Read the line in that row, about a text of `size` code points; what is wrong, or nothing."""
    length = len(line.encode())
    if length > MAX_LINE:
        return f"a line of {length:,} bytes; a line has at most {MAX_LINE:,}"
    letter = line[0]
    shape = _LINE.get(letter)
    if shape is None:
        wanted = ", ".join([*LETTERS, "*"])
        return f"the line starts with {excerpt(line, 20)}; a line starts with one of {wanted}"
    match = shape.fullmatch(line)
    if match is None:
        id, tab, _ = line.partition("\t")
        if tab and letter != "*" and not _ID.fullmatch(id):
            return f"the id is {excerpt(id, 20)}; an id is a letter and at most nine digits"
        _remember(row, line, found)
        return f"the line is {excerpt(line)}; wanted {SHAPES[letter][0]}"
    if letter == "T":
        return _entity(row, match, size, found)
    if letter == "R":
        return _relation(row, match, found)
    if letter in "AM":
        _, name, target, value = match.groups()
        entry = (row, key(match[1]), key(target), name, value.strip(" ") or FLAG)
        found.rows["attributes"].append(entry)
    elif letter == "N":
        _normalization(row, match, found)
    else:
        _remember(row, line, found)
        found.unread[{"E": "event", "#": "note", "*": "equivalence"}[letter]] += 1
    return ""


def _remember(row: int, line: str, found: Found) -> None:
    """Keep the line's id, if it has one: it may not be given twice, and others may point to it."""
    id = line.partition("\t")[0]
    if _ID.fullmatch(id):
        found.rows["others"].append((row, key(id)))


def _entity(row: int, match: re.Match[str], size: int, found: Found) -> str:
    id, label, offsets, said = match.groups()
    fault = _offsets(id, offsets, size)
    if fault:
        _remember(row, match[0], found)
        return fault
    pieces = [tuple(map(int, piece.split(" "))) for piece in offsets.split(";")]
    begin, end = pieces[0][0], pieces[-1][1]
    found.rows["entities"].append((row, key(id), id, label, begin, end, said))
    if len(pieces) > 1:
        found.rows["fragments"] += [(row, *piece) for piece in pieces]
    return ""


def _offsets(id: str, offsets: str, size: int) -> str:
    """What is wrong with the offsets of an entity in a text of `size` code points."""
    if not _FRAGMENTS.fullmatch(offsets):
        wanted = "wanted whole numbers, BEGIN END or BEGIN END;BEGIN END"
        return f"{id} has the offsets {excerpt(offsets)}; {wanted}"
    before = "", 0
    for piece in offsets.split(";"):
        first, last = piece.split(" ")
        for offset in (first, last):
            if len(offset) > MAX_DIGITS or int(offset) > size:
                return (
                    f"{id} has the offset {cut(offset, 20)} but the text has "
                    f"{count(size, 'character')}. Was the text edited after annotation?"
                )
        begin, end = int(first), int(last)
        if begin == end:
            return f"{id} covers nothing: it begins and ends at {begin}"
        if begin > end:
            return f"{id} ends at {end}, before it begins at {begin}"
        if begin < before[1]:
            return (
                f"{id} has the fragment {begin}-{end} after {before[0]}; "
                "fragments stand from left to right and do not overlap"
            )
        before = f"{begin}-{end}", end
    return ""


def _relation(row: int, match: re.Match[str], found: Found) -> str:
    id, label, role, head, other_role, tail = match.groups()
    if role == other_role:
        _remember(row, match[0], found)
        return f"{id} has the role {role} twice; wanted {SHAPES['R'][0]}"
    if (role, other_role) == ("Arg2", "Arg1"):
        head, tail = tail, head
    elif (role, other_role) != ("Arg1", "Arg2"):
        found.unread["relation role names"] += 1
    found.rows["relations"].append((row, key(id), id, label, key(head), key(tail)))
    return ""


def _normalization(row: int, match: re.Match[str], found: Found) -> None:
    id, kind, target, resource, entry, name = match.groups()
    if (kind, resource) == (REFERENCE, ACTOR) and target.startswith("T"):
        found.rows["actors"].append((row, key(id), key(target), entry))
        found.unread["actor name"] += (name or entry) != entry
    else:
        _remember(row, match[0], found)
        found.unread["normalization"] += 1


def excerpt(text: str, most: int = 60) -> str:
    """The text in quotation marks, cut where it is long."""
    return repr(cut(text, most))


def cut(text: str, most: int) -> str:
    """The text, or its beginning and an ellipsis where it is longer than `most`."""
    return text if len(text) <= most else text[: most - 1] + "…"

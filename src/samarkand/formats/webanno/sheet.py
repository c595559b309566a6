"""A WebAnno TSV file, divided into sentences and rows: what INCEpTION reads line by line."""

from collections import Counter
from dataclasses import dataclass, field

from samarkand import jsonl
from samarkand.errors import Problem
from samarkand.formats.webanno import header
from samarkand.formats.webanno.escapes import unescape_text

#: A line of ours: what is said of the document, which INCEpTION passes over.
OURS = "#samarkand="
SHAPE = "SENTENCE-TOKEN<tab>BEGIN-END<tab>TEXT and a cell for each feature"


@dataclass(frozen=True)
class Sheet:
    """One file: its columns of annotations, its sentences, and its rows, undivided.

    `first` is the row with which each sentence begins; `ours` is the line that we wrote of the
    document and its number.
    """

    path: str
    columns: list[header.Column]
    texts: list[str] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    rows: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    ours: list[tuple[int, str]] = field(default_factory=list)


def open_file(
    path: str, data: bytes, problems: list[Problem], unread: Counter[str]
) -> Sheet | None:
    """Divide a file into sentences and rows. What is wrong with it is a problem, and None."""
    before = len(problems)
    lines = jsonl.split(path, data, problems)
    if len(problems) > before:
        return None
    head = [line.decode() for line in lines[: _head(lines)]]
    found = header.parse(path, head, problems)
    if found is None:
        return None
    columns, size = found
    if b"\0" in data:
        _no_nul(path, lines, problems)
    sheet = Sheet(path, columns)
    opened: list[str] | None = None  # the text of a sentence whose tokens are still to come
    within = False  # a sentence's tokens
    for number, line in enumerate(lines[size:], size + 1):
        if line[:1].isdigit():
            if opened is not None:
                sheet.texts.append("\n".join(opened))
                sheet.first.append(len(sheet.rows))
                opened, within = None, True
            elif not within:
                problems.append(Problem(path, number, "a token, and no #Text= before it"))
                return None
            sheet.rows.append(line)
            sheet.lines.append(number)
        elif line.startswith(b"#"):
            within = False
            opened = _comment(sheet, number, line.decode(), opened, unread)
        elif line:
            got = line[:60].decode(errors="ignore")
            problems.append(Problem(path, number, f"{got!r}; wanted {SHAPE}"))
        else:
            if opened is not None:
                problems.append(Problem(path, number, "a #Text= without tokens behind it"))
            opened, within = None, False
    if opened is not None:
        problems.append(Problem(path, len(lines), "a #Text= without tokens behind it"))
    return sheet if len(problems) == before else None


def _head(lines: list[bytes]) -> int:
    """How many lines stand before the first that neither declares anything nor is the first."""
    return next(
        (n for n, line in enumerate(lines) if n and not line.startswith(b"#T_")), len(lines)
    )


def _no_nul(path: str, lines: list[bytes], problems: list[Problem]) -> None:
    """NUL is text only where the format has it: escaped in a sentence's text, and in a token."""
    for number, line in enumerate(lines, 1):
        if b"\0" not in line:
            continue
        rest = line.replace(b"\\\0", b"")
        if not line.startswith(b"#"):
            fields = line.split(b"\t")
            rest = b"".join(fields[:2] + fields[3:])
        if b"\0" in rest:
            problems.append(Problem(path, number, "a NUL character; is this a text file?"))


def _comment(
    sheet: Sheet, number: int, line: str, opened: list[str] | None, unread: Counter[str]
) -> list[str] | None:
    """Read a line above a sentence; the text of the sentence so far."""
    if line.startswith("#Text="):
        return [*(opened or []), unescape_text(line.removeprefix("#Text="))]
    if line.startswith(OURS):
        sheet.ours.append((number, line.removeprefix(OURS)))
    elif line.startswith("#Sentence.id="):
        unread["id of a sentence"] += 1
    else:
        unread["line of comment"] += 1
    return opened

"""Find what is wrong with a corpus: every fault of every kind in one pass.

A check is a pure function `(view) -> Iterator[Fault]` over a prepared corpus (see
`samarkand.checks.view`); its name with `-` for `_` is its id, the first line of its docstring
what it finds. CHECKS lists them all. A check never prints and never stops at the first fault.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from samarkand import layout, lines
from samarkand.checks import documents, ids, near, scheme, spans
from samarkand.checks.view import Fault, View, view
from samarkand.corpus import Corpus
from samarkand.errors import Problem
from samarkand.words import count

ERROR, WARNING = "error", "warning"

#: Every check and how grave its findings are, in the order of the documentation.
CHECKS: dict[Callable[[View], Iterator[Fault]], str] = {
    documents.text_changed: ERROR,
    documents.not_nfc: WARNING,
    documents.control_character: ERROR,
    documents.zero_width_character: ERROR,
    documents.unknown_split: ERROR,
    documents.event_across_splits: ERROR,
    documents.test_event_older: ERROR,
    near.near_duplicate_across_splits: ERROR,
    spans.span_outside_text: ERROR,
    spans.empty_span: ERROR,
    spans.span_edge_whitespace: ERROR,
    spans.covered_text_differs: ERROR,
    spans.fragments_order: ERROR,
    spans.overlap_in_flat_group: ERROR,
    ids.duplicate_id: ERROR,
    ids.unsafe_id: ERROR,
    ids.unknown_document: ERROR,
    ids.dangling_argument: ERROR,
    ids.self_relation: WARNING,
    ids.symmetric_twice: ERROR,
    ids.duplicate_annotation: ERROR,
    scheme.unknown_label: ERROR,
    scheme.unknown_attribute: ERROR,
    scheme.unknown_actor: ERROR,
    scheme.unknown_proposition: ERROR,
    scheme.argument_type: ERROR,
    scheme.missing_evidence: ERROR,
    scheme.missing_cue: WARNING,
    scheme.polarity_off_scale: ERROR,
    scheme.act_off_scale: ERROR,
    scheme.status_off_scale: ERROR,
    scheme.score_off_scale: ERROR,
    scheme.one_form_two_labels: WARNING,
    scheme.layer_without_provenance: ERROR,
}


@dataclass(frozen=True, order=True)
class Finding:
    """One fault that one check found.

    `severity` is error or warning; `layer` is "" for the corpus itself; `table` is documents,
    actors, layer, entities, relations or stances; `id` is the annotation's (or actor's);
    `where` is a code point offset in the document's text, -1 if the fault is not in the text.
    """

    check: str
    severity: str
    layer: str
    doc: str
    table: str
    id: str
    message: str
    where: int = -1


def check(corpus: Corpus) -> list[Finding]:
    """All findings of all checks, sorted. An empty list means that nothing is wrong.

    Errors: ValueError for more than 2 GiB of text.
    """
    prepared = view(corpus)
    return sorted(
        Finding(name(function), severity, **asdict(fault))
        for function, severity in CHECKS.items()
        for fault in function(prepared)
    )


def name(function: Callable[[View], Iterator[Fault]]) -> str:
    """A check's id."""
    return function.__name__.replace("_", "-")


def locate(root: Path, finding: Finding) -> tuple[str, int]:
    """The file that a finding is in, and the line; 0 for the file as a whole."""
    return _locate(Path(root), finding, {})


def render(findings: Iterable[Finding], root: Path) -> str:
    """Findings as lines `path:line: severity check: message`, and a last line with their number."""
    located = _located(findings, root)
    shown = [
        f"{path}{f':{line}' if line else ''}: {found.severity} {found.check}: {found.message}"
        for path, line, found in located
    ]
    counts = Counter(found.severity for _, _, found in located)
    numbers = ", ".join(count(counts[severity], severity) for severity in (ERROR, WARNING))
    return "\n".join([*shown, numbers])


def to_json(findings: Iterable[Finding], root: Path) -> str:
    """Findings as a JSON list of objects, sorted by path and line as in `render`."""
    listed: list[dict[str, Any]] = []
    for path, line, found in _located(findings, root):
        fields = asdict(found)
        del fields["where"]
        listed.append({"path": path, "line": line} | fields)
    return json.dumps(listed, ensure_ascii=False, indent=1)


def problems_to_json(problems: Iterable[Problem]) -> str:
    """What could not be read, as a JSON list like that of `to_json`; the check is `unreadable`."""
    listed = [asdict(found) | {"severity": ERROR, "check": "unreadable"} for found in problems]
    return json.dumps(listed, ensure_ascii=False, indent=1)


def table() -> str:
    """The checks as a Markdown table: id, severity, what it finds."""
    rows = ["| id | severity | what it finds |", "|---|---|---|"]
    for function, severity in CHECKS.items():
        first = (function.__doc__ or "").partition("\n")[0]
        rows.append(f"| `{name(function)}` | {severity} | {first} |")
    return "\n".join(rows)


#: The line of each annotation, article or actor, by its kind and id, for each file read so far.
_Places = dict[str, dict[tuple[str, str], int]]

#: The key that holds the id on a line, by kind.
_ID_KEYS = lines.ID_KEYS | {"documents": "doc", "actors": "actor"}


def _located(findings: Iterable[Finding], root: Path) -> list[tuple[str, int, Finding]]:
    places: _Places = {}
    return sorted((*_locate(Path(root), found, places), found) for found in findings)


def _locate(root: Path, finding: Finding, places: _Places) -> tuple[str, int]:
    if finding.table == "layer":
        return str(root / layout.LAYERS / finding.layer / "layer.toml"), 0
    if finding.where >= 0:
        path = root / layout.TEXTS / f"{finding.doc}.txt"
        text = path.read_bytes().decode(errors="replace") if path.is_file() else ""
        return str(path), text.count("\n", 0, finding.where) + 1 if text else 0
    if finding.table == "documents":
        path, key = root / layout.ARTICLES, finding.doc
    elif finding.table == "actors":
        path, key = root / layout.ACTORS, finding.id
    else:
        path, key = root / layout.LAYERS / finding.layer / f"{finding.doc}.jsonl", finding.id
    if str(path) not in places:
        places[str(path)] = _lines(path)
    return str(path), places[str(path)].get((finding.table, key), 0)


def _lines(path: Path) -> dict[tuple[str, str], int]:
    """The first line of each id in a file of JSON lines; none where there is no such file."""
    found: dict[tuple[str, str], int] = {}
    data = path.read_bytes() if path.is_file() else b""
    for number, line in enumerate(data.split(b"\n"), 1):
        try:
            value = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue
        for kind, key in _ID_KEYS.items():
            if isinstance(value, dict) and key in value:
                found.setdefault((kind, str(value[key])), number)
    return found

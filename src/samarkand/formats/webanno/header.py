"""The head of a WebAnno TSV file: its version, and what its columns hold."""

import re
from dataclasses import dataclass

from samarkand.errors import Problem

#: The versions that write text the same way; older ones are written by no INCEpTION.
VERSIONS = ("3.2", "3.3")
FORMAT = "#FORMAT=WebAnno TSV "
_LAYER = re.compile(r"#T_(SP|RL|CH)=([^|]*)(?:\|(.*))?")
_NAME = re.compile(r"[^\W\d_]\w*(?:\.[^\W\d_]\w*)*")
_ROLE = re.compile(r"ROLE_(?:(.*):)?(.+?)_(.+)")

SPAN, RELATION, CHAIN = "span", "relation", "chain"
_KINDS = {"SP": SPAN, "RL": RELATION, "CH": CHAIN}

#: What a column holds: a feature; nothing but that there is an annotation; where a relation comes
#: from; the roles and the targets of links; the numbers of a chain and of a link in it.
FEATURE, PLACE, SOURCE = "feature", "place", "source"
ROLES, TARGETS, LINK = "roles", "targets", "link"


@dataclass(frozen=True)
class Column:
    """A column of annotations. `target` is the layer that a reference in it leads to."""

    layer: str
    kind: str
    holds: str
    feature: str = ""
    target: str = ""


def short(layer: str) -> str:
    """The last part of a layer's name, which people know it by."""
    return layer.rpartition(".")[2]


def parse(path: str, lines: list[str], problems: list[Problem]) -> tuple[list[Column], int] | None:
    """The columns of annotations of a file, and how many lines its head has.

    None where the file is not of this format, or its head has faults.
    """
    before = len(problems)
    first = lines[0] if lines else ""
    if not first.startswith(FORMAT):
        got = f"{first[:60]!r}" if first else "nothing"
        message = f"{got}; wanted '{FORMAT}3.3' in the first line. Is this WebAnno TSV 3?"
        problems.append(Problem(path, 1, message))
        return None
    version = first.removeprefix(FORMAT)
    if version not in VERSIONS:
        wanted = " or ".join(VERSIONS)
        message = (
            f"version {version[:20]!r}; wanted {wanted}: "
            "import it into INCEpTION and export it as WebAnno TSV v3.3"
        )
        problems.append(Problem(path, 1, message))
        return None
    columns: list[Column] = []
    size = 1
    for size, line in enumerate(lines[1:], 1):
        if not line.startswith("#T_"):
            break
        try:
            columns += _layer(line, {column.layer for column in columns})
        except ValueError as error:
            problems.append(Problem(path, size + 1, str(error)))
    else:
        size = len(lines)
    return (columns, size) if len(problems) == before else None


def _layer(line: str, known: set[str]) -> list[Column]:
    match = _LAYER.fullmatch(line)
    if match is None:
        raise ValueError(
            f"{line[:60]!r}; wanted #T_SP=, #T_RL= or #T_CH= with a layer and features"
        )
    kind, layer = _KINDS[match[1]], match[2]
    if not _NAME.fullmatch(layer):
        raise ValueError(f"{layer[:60]!r} is no name of a layer; wanted letters, digits, _ and .")
    if layer in known:
        raise ValueError(f"the layer {layer} is declared twice")
    names = [name for name in (match[3] or "").split("|") if name]
    columns: list[Column] = []
    for name in names:
        columns.append(_column(kind, layer, name, columns[-1] if columns else None))
    held = [(column.holds, column.feature) for column in columns]
    for holds, feature in held:
        if held.count((holds, feature)) > 1:
            raise ValueError(f"the feature {feature or holds} of {layer} is declared twice")
    if kind == RELATION and not any(column.holds == SOURCE for column in columns):
        raise ValueError(f"the relation layer {layer} has no BT_ column, which says where from")
    if kind == CHAIN and not any(column.holds == LINK for column in columns):
        raise ValueError(
            f"the chain layer {layer} has no referenceRelation, which numbers its links"
        )
    behind = [*[column.holds for column in columns[1:]], ""]
    if any(
        c.holds == ROLES and after != TARGETS for c, after in zip(columns, behind, strict=False)
    ):
        raise ValueError(f"a ROLE_ column of {layer} has no column of targets behind it")
    return columns or [Column(layer, kind, PLACE)]


def _column(kind: str, layer: str, name: str, before: Column | None) -> Column:
    if kind == RELATION and name.startswith("BT_"):
        return Column(layer, kind, SOURCE, target=name.removeprefix("BT_"))
    if kind == CHAIN and name in ("referenceRelation", "referenceType"):
        return Column(layer, kind, LINK if name == "referenceRelation" else FEATURE, name)
    if kind == SPAN and name.startswith("ROLE_"):
        match = _ROLE.fullmatch(name)
        if match is None:
            raise ValueError(f"{name[:60]!r}; wanted ROLE_LAYER:FEATURE_LINKTYPE")
        return Column(layer, kind, ROLES, match[2])
    if kind == SPAN and before is not None and before.holds == ROLES:
        return Column(layer, kind, TARGETS, before.feature, name)
    if not _NAME.fullmatch(name) or "." in name:
        raise ValueError(f"{name[:60]!r} is no name of a feature; wanted letters, digits and _")
    return Column(layer, kind, FEATURE, name)

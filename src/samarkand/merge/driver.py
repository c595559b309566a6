"""The merge driver for git: two branches that annotate one article merge as annotations.

git calls it for the files that .gitattributes names, with three versions of one file (see
https://git-scm.com/docs/gitattributes#_defining_a_custom_merge_driver). What conflicts stands in
the file between git's markers, so that `samarkand check` and git both see that it is unresolved.
"""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from samarkand import blocks, files, jsonl, layout, lines, schema
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import CorpusError, Problem, SamarkandError
from samarkand.merge import merge
from samarkand.merge.three_way import Conflict, by_field, combine

#: The files that it merges: of layers, of the tables of articles and actors, and corpus.toml.
#: The label schema is left to git, which keeps its comments and classes.
PATTERNS = (
    *(f"{layout.LAYERS}/**/*.jsonl", f"{layout.LAYERS}/**/{layout.LAYER}"),
    *(layout.ARTICLES, layout.ACTORS, layout.ABOUT),
)
NAME = "samarkand"
#: The key of the tables that are not a layer's.
KEYS = {layout.ARTICLES: "doc", layout.ACTORS: "actor"}

Version = tuple[str, bytes]


class Toml(NamedTuple):
    """A TOML file as a dataclass: what it is, and how it is read and written."""

    what: str
    read: Callable[[str, bytes], Any]
    write: Callable[[Any], bytes]


#: The TOML files that are merged field by field, by their name.
TOML = {
    layout.LAYER: Toml("provenance", layout.parse_provenance, layout.dump_provenance),
    Path(layout.ABOUT).name: Toml("corpus.toml", layout.parse_about, layout.dump_about),
}


def install(root: Path) -> str:
    """Register the driver with the git repository that `root` is in, and name its files.

    The driver is a setting of this clone; the names go into `.gitattributes`, to be committed.
    Returns what was done. Errors: SamarkandError where there is no git repository.
    """
    _git(root, "rev-parse", "--git-dir")
    command = f'"{sys.executable}" -m samarkand.cli merge-driver %O %A %B %P'
    for key, value in (
        ("name", "annotations merged as annotations"),
        ("driver", command),
        ("recursive", "binary"),
    ):
        _git(root, "config", f"merge.{NAME}.{key}", value)
    path = root / ".gitattributes"
    old = path.read_text(encoding="utf-8") if path.is_file() else ""
    wanted = [f"{pattern} merge={NAME}" for pattern in PATTERNS]
    new = [line for line in wanted if line not in old.splitlines()]
    if new:
        ended = old if not old or old.endswith("\n") else old + "\n"
        files.write(path, (ended + "\n".join(new) + "\n").encode())
    done = "commit it" if new else "as it did"
    return f"git merges annotations as annotations in this clone; {path} names the files: {done}"


def _git(root: Path, *arguments: str) -> None:
    command = ["git", "-C", str(root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError:
        raise SamarkandError("there is no git on this machine") from None
    if done.returncode:
        said = done.stderr.strip().removeprefix("fatal: ")
        raise SamarkandError([Problem(str(root), 0, said or "git refused")])


def run(base: Path, ours: Path, theirs: Path, path: str) -> list[str]:
    """Merge three versions of the file `path` into `ours`; returns the conflicts in words.

    Errors: SamarkandError for a version that cannot be read; then git's own merge has been made.
    """
    versions = [(path, file.read_bytes()) for file in (base, ours, theirs)]
    try:
        table = next((name for name in KEYS if path.endswith(name)), None)
        if kind := TOML.get(Path(path).name):
            content, conflicts = _merged_toml(kind, versions, _text_merge(base, ours, theirs))
        elif table:
            content, conflicts = _merged_objects(KEYS[table], versions)
        else:
            content, conflicts = _merged_layer(versions)
    except SamarkandError as error:
        _as_text(base, ours, theirs)
        raise SamarkandError(
            replace(problem, message=f"{problem.message}; it was merged as text")
            for problem in error.problems
        ) from None
    except Exception:
        _as_text(base, ours, theirs)  # whatever it was, no side may be lost
        raise
    files.write(ours, content)
    return [str(conflict) for conflict in conflicts]


def _as_text(base: Path, ours: Path, theirs: Path) -> None:
    files.write(ours, _text_merge(base, ours, theirs))


def _text_merge(base: Path, ours: Path, theirs: Path) -> bytes:
    """What git makes of it, with its markers where it cannot."""
    names = ("-L", "ours", "-L", "base", "-L", "theirs")
    command = ["git", "merge-file", "-q", "-p", *names, str(ours), str(base), str(theirs)]
    return subprocess.run(command, capture_output=True, check=False).stdout  # noqa: S603


def _merged_toml(
    kind: Toml, versions: Sequence[Version], text: bytes
) -> tuple[bytes, Sequence[Conflict]]:
    """A file of fields, merged field by field.

    Where a version or git's own merge, `text`, says what came of it, that is taken, with its
    comments. What conflicts stays between git's markers.
    """
    said = [kind.read(*version) if version[1].strip() else None for version in versions]
    conflicts: list[Conflict] = []
    merged = by_field("", kind.what, said, "", conflicts)
    if conflicts:
        whole = _marked([data for _, data in versions])
        return (text if b"<<<<<<< " in text else whole), conflicts
    for (_, data), one in zip(versions[1:], said[1:], strict=True):
        if one == merged:
            return data, ()
    try:
        if kind.read(versions[0][0], text) == merged:
            return text, ()
    except SamarkandError:
        pass  # git's markers are in it
    return kind.write(merged), ()


def _merged_layer(versions: Sequence[Version]) -> tuple[bytes, Sequence[Conflict]]:
    path = versions[0][0]
    name = Path(path).parent.as_posix().partition(f"{layout.LAYERS}/")[2] or "layer"
    doc = Path(path).stem
    base, ours, theirs = (Corpus(layers={name: _layer(name, doc, v)}) for v in versions)
    merged = merge(base, ours, theirs)
    in_conflict: dict[tuple[str, str], Conflict] = {}
    for conflict in merged.conflicts:
        in_conflict.setdefault((conflict.table, conflict.id), conflict)
    parts = []
    for table_name in schema.TABLES:
        rows = merged.corpus.layers[name].table(table_name)
        ids = rows["id"].to_pylist()
        for id, line in zip(ids, lines.from_table(table_name, rows), strict=True):
            found = in_conflict.get((table_name, id))
            if found is None:
                parts.append(jsonl.encode([line]))
            else:
                three = (found.base, found.ours, found.theirs)
                parts.append(_marked([_line(table_name, row) for row in three]))
    return b"".join(parts), merged.conflicts


def _layer(name: str, doc: str, version: Version) -> Layer:
    problems: list[Problem] = []
    file = blocks.File(version[0], doc, version[1])
    tables = blocks.read([file], [], problems)
    if problems:
        raise CorpusError(problems)
    return Layer(name, **tables)


def _line(name: str, row: Mapping[str, Any] | None) -> bytes:
    """A row as its line; nothing for no row."""
    if row is None:
        return b""
    return jsonl.encode(lines.from_table(name, table(schema.TABLES[name], [row])))


def _marked(versions: Sequence[bytes]) -> bytes:
    """Three versions of a line between git's markers, as `merge.conflictStyle=diff3` has them."""
    base, ours, theirs = versions
    return b"".join(
        [
            b"<<<<<<< ours\n",
            ours,
            b"||||||| base\n",
            base,
            b"=======\n",
            theirs,
            b">>>>>>> theirs\n",
        ]
    )


def _merged_objects(key: str, versions: Sequence[Version]) -> tuple[bytes, Sequence[Conflict]]:
    """A table of one object a line, merged by its key and then key by key."""
    base, ours, theirs = (_objects(key, version) for version in versions)
    everything = {name for side in (base, ours, theirs) for row in side.values() for name in row}
    conflicts: list[Conflict] = []
    parts = []
    for id in sorted({*base, *ours, *theirs}):
        sides = [
            {name: side[id].get(name) for name in sorted(everything)} if id in side else None
            for side in (base, ours, theirs)
        ]
        row, found = combine("", f"{key}s", sides[0], sides[1], sides[2])
        conflicts += found
        encoded = [_object(key, side) for side in sides]
        parts.append(_marked(encoded) if found else _object(key, row))
    return b"".join(parts), conflicts


def _objects(key: str, version: Version) -> dict[str, dict[str, Any]]:
    """The objects of a file by their key. Errors: CorpusError for a line that is none."""
    problems: list[Problem] = []
    found: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(jsonl.split(*version, problems), 1):
        try:
            row = jsonl.objects(line)
            if not isinstance(row.get(key), str) or row[key] in found:
                raise ValueError(f"wanted one line for each {key}, with its id as '{key}'")
            found[row[key]] = row
        except ValueError as error:
            problems.append(Problem(version[0], number, str(error)))
    if problems:
        raise CorpusError(problems)
    return found


def _object(key: str, row: Mapping[str, Any] | None) -> bytes:
    """An object as its line, its keys in the order in which a corpus is written."""
    if row is None:
        return b""
    first = (layout.Actor if key == "actor" else layout.Article).__struct_fields__
    names = [*first, *(name for name in sorted(row) if name not in first)]
    return jsonl.encode([{name: row[name] for name in names if row.get(name) is not None}])

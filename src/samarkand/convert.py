"""From one annotation format to another, with a report of what is lost on the way."""

import multiprocessing
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from samarkand import check, files, parts, store
from samarkand.corpus import Corpus
from samarkand.errors import Problem, SamarkandError
from samarkand.formats import FORMATS, JOINED, READERS
from samarkand.formats.base import LINES, WHOLE, Format, Reader, Reading
from samarkand.losses import Loss, losses, totals
from samarkand.parts import Part
from samarkand.progress import Progress, silent
from samarkand.words import count

T = TypeVar("T")

#: The name under which the layout in git can be a source like any format.
REPOSITORY = "samarkand"

#: The checks without which annotations have no certain place: such a corpus is not converted.
BROKEN = (
    "unknown-document",
    "span-outside-text",
    "empty-span",
    "fragments-order",
    "covered-text-differs",
    "duplicate-id",
    "dangling-argument",
)


@dataclass(frozen=True)
class Report:
    """What was converted. `unread`: what the source says that a corpus cannot hold; `notes`: what
    it left open and was worked out; `lost`: what the corpus holds that the target cannot say."""

    documents: int
    entities: int
    relations: int
    stances: int
    unread: tuple[tuple[str, int], ...]
    notes: tuple[str, ...]
    lost: tuple[Loss, ...]

    def __str__(self) -> str:
        sizes = {"document": self.documents, "entity": self.entities}
        sizes |= {"relation": self.relations, "stance": self.stances}
        counts = ", ".join(count(size, noun) for noun, size in sizes.items())
        unread = [f"not read, {what}: {times:,}" for what, times in self.unread]
        lost = [f"not written, {change}" for change in self.lost]
        return "\n".join([counts, *self.notes, *unread, *lost])


def read(source: Path, form: str, layer: str) -> Reading:
    """Read a file or folder of that format as a corpus with one layer.

    Errors: SamarkandError for an unknown format, a missing source, no file of that format in it,
    or files that cannot be read.
    """
    if form != REPOSITORY:
        return reader(form).read(files_of(source, form), layer)
    corpus = store.read(source, [layer])
    broken = [found for found in check.check(corpus) if found.check in BROKEN]
    if broken:
        hint = "nothing was converted: these annotations do not say what they are about"
        raise SamarkandError(f"{check.render(broken, source)}; {hint}")
    return Reading(corpus)


def files_of(source: Path, form: str) -> dict[str, bytes]:
    """The files of that format, by relative path. Errors: SamarkandError where there are none."""
    suffixes = reader(form).SUFFIXES
    found = files.tree(source, suffixes)
    if not found:
        wanted = " or ".join(f"*{suffix}" for suffix in suffixes)
        message = f"no {wanted} in it; is this {form}?"
        raise SamarkandError([Problem(str(source), 0, message)])
    return found


def get(form: str) -> Format:
    """The format of that name. Errors: SamarkandError that lists the formats."""
    if form in READERS and form not in FORMATS:
        raise SamarkandError(f"{form} is only read; {', '.join(sorted(FORMATS))} are written")
    return _named(form, FORMATS)


def reader(form: str) -> Reader:
    """The format of that name, to read it. Errors: SamarkandError that lists the formats."""
    return _named(form, READERS)


def _named(form: str, formats: Mapping[str, T]) -> T:
    if form not in formats:
        known = ", ".join(sorted(formats))
        raise SamarkandError(f"no format is called '{form}'; there are {known}")
    return formats[form]


def report(reading: Reading, target: str, layer: str) -> Report:
    """What writing this reading in the target format loses."""
    corpus: Corpus = reading.corpus
    narrowed = get(target).narrow(corpus, layer)
    kept = corpus.layers[layer]
    return Report(
        len(corpus.documents),
        len(kept.entities),
        len(kept.relations),
        len(kept.stances),
        tuple(sorted(reading.unread.items())),
        reading.notes,
        tuple(losses(corpus, narrowed, layer)),
    )


def convert(
    source: Path,
    target: Path,
    source_format: str,
    target_format: str,
    layer: str = "hand/a",
    lossy: bool = False,
    progress: Progress = silent,
    jobs: int = 1,
    size: int = parts.SIZE,
) -> Report:
    """Convert a file or folder; `target` becomes a folder, whole or not at all.

    A large source is read in parts of about `size` bytes, `jobs` of them side by side, where its
    format can be cut; a format that has one file for all then has one for each part.
    Errors: SamarkandError where something would be lost and `lossy` is not set (the message is
    the report), or the target is there already.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise SamarkandError([Problem(str(target), 0, "is there already; choose another place")])
    get(target_format)
    found = _parts(source, source_format, size)
    with files.folder(target) as new:
        tasks = [
            _Task(source, part, source_format, target_format, layer, new / f".part-{number}")
            for number, part in enumerate(found)
        ]
        reports: list[Report] = []
        docs: set[str] = set()
        counts: Counter[tuple[str, str]] = Counter()
        for task, (said, names, values) in zip(tasks, _done(tasks, jobs), strict=True):
            _once(docs, names)
            reports.append(said)
            counts.update(values)
            _placed(new, task.out, target_format)
            progress("converting", len(reports), len(tasks))
        said = summed(reports, counts)
        if (said.lost or said.unread) and not lossy:
            message = f"{said}\nnothing was written; --lossy converts what can be converted"
            raise SamarkandError(message)
    return said


@dataclass(frozen=True)
class _Task:
    """A part of a source to convert into the folder `out`."""

    source: Path
    part: Part | None
    source_format: str
    target_format: str
    layer: str
    out: Path


#: What became of a part, its documents, and how many values each of its columns has.
_Result = tuple[Report, list[str], dict[tuple[str, str], int]]


def _parts(source: Path, form: str, size: int) -> Sequence[Part | None]:
    """The parts of a source; a corpus folder is one."""
    if form == REPOSITORY:
        return [None]
    suffixes, kind = reader(form).SUFFIXES, reader(form).PARTS
    found = parts.parts(source, suffixes, kind, size)
    if not any(part.paths for part in found):
        files_of(source, form)  # says that there are none
    return found


def _done(tasks: Sequence[_Task], jobs: int) -> Iterator[_Result]:
    """What became of each task, in their order."""
    if jobs <= 1 or len(tasks) == 1:
        yield from map(_convert, tasks)
        return
    context = multiprocessing.get_context("spawn")  # threads do not survive a fork
    try:
        with ProcessPoolExecutor(min(jobs, len(tasks)), mp_context=context) as pool:
            yield from pool.map(_convert, tasks)
    except BrokenProcessPool:
        message = "a process was killed, perhaps for want of memory; try fewer --jobs"
        raise SamarkandError(message) from None


def _convert(task: _Task) -> _Result:
    """Convert one part."""
    if task.part is None:
        reading = read(task.source, task.source_format, task.layer)
    else:
        form = reader(task.source_format)
        content = parts.read(task.source, task.part, form.PARTS)
        reading = form.read(content, task.layer, task.part.first)
    said = report(reading, task.target_format, task.layer)
    files.write_tree(task.out, get(task.target_format).write(reading.corpus, task.layer))
    docs: list[str] = reading.corpus.documents["doc"].to_pylist()
    return said, docs, totals(reading.corpus, task.layer)


def _once(docs: set[str], names: list[str]) -> None:
    """Errors: SamarkandError for a document that stands in two parts of a source."""
    twice = docs & set(names)
    if twice:
        hint = "documents are told apart by their ids"
        raise SamarkandError(f"document '{min(twice)}' stands twice in the source; {hint}")
    docs.update(names)


def _placed(folder: Path, part: Path, form: str) -> None:
    """Move the files of a part where they belong: behind those before them, or numbered.

    What is no document's but belongs to the whole is one file (see JOINED).
    """
    kind, joined = get(form).PARTS, JOINED.get(form, {})
    for file in sorted(part.rglob("*")) if part.is_dir() else ():
        if file.is_dir():
            continue
        to = folder / file.relative_to(part)
        to.parent.mkdir(parents=True, exist_ok=True)
        if not to.exists():
            file.rename(to)
        elif file.name in joined:
            to.write_bytes(joined[file.name](to.read_bytes(), file.read_bytes()))
        elif kind in (LINES, WHOLE):  # what is read as a whole are tables of lines
            with file.open("rb") as more, to.open("ab") as whole:
                shutil.copyfileobj(more, whole)
        elif to.read_bytes() != file.read_bytes():
            number = int(part.name.rpartition("-")[2]) + 1
            file.rename(to.with_name(f"{to.stem}-{number:05}{to.suffix}"))
    shutil.rmtree(part, ignore_errors=True)


def summed(reports: Sequence[Report], totals: Mapping[tuple[str, str], int]) -> Report:
    """The reports of parts as one of the whole, which has so many values in each column."""
    unread: Counter[str] = Counter()
    lost: dict[tuple[str, str, str], Loss] = {}
    for said in reports:
        unread.update(dict(said.unread))
        for loss in said.lost:
            key = (loss.table, loss.column, loss.change)
            old = lost.get(key, replace(loss, count=0))
            total = totals.get((loss.table, loss.column), loss.total)
            lost[key] = replace(old, count=old.count + loss.count, total=total)
    documents, entities, relations, stances = (
        sum(getattr(said, name) for said in reports) for name in _COUNTS
    )
    notes = tuple(dict.fromkeys(note for said in reports for note in said.notes))
    counts = tuple(sorted(unread.items()))
    return Report(documents, entities, relations, stances, counts, notes, tuple(lost.values()))


_COUNTS = ("documents", "entities", "relations", "stances")

"""From one annotation format to another, with a report of what is lost on the way."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from samarkand import check, files, store
from samarkand.corpus import Corpus
from samarkand.errors import Problem, SamarkandError
from samarkand.formats import FORMATS, READERS
from samarkand.formats.base import Format, Reader, Reading
from samarkand.losses import Loss, losses
from samarkand.progress import Progress, silent

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
        counts = (
            f"{self.documents:,} documents, {self.entities:,} entities, "
            f"{self.relations:,} relations, {self.stances:,} stances"
        )
        unread = [f"not read, {what}: {count:,}" for what, count in self.unread]
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
) -> Report:
    """Convert a file or folder; `target` becomes a folder, whole or not at all.

    Errors: SamarkandError where something would be lost and `lossy` is not set (the message is
    the report), or the target is there already.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise SamarkandError([Problem(str(target), 0, "is there already; choose another place")])
    get(target_format)
    progress("reading", 0, 3)
    reading = read(source, source_format, layer)
    progress("comparing", 1, 3)
    said = report(reading, target_format, layer)
    if (said.lost or said.unread) and not lossy:
        message = f"{said}\nnothing was written; --lossy converts what can be converted"
        raise SamarkandError(message)
    progress("writing", 2, 3)
    written = get(target_format).write(reading.corpus, layer)
    with files.folder(target) as new:
        files.write_tree(new, written)
    return said

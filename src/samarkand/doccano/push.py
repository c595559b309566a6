"""A layer to a doccano server: a project with the scheme's labels, and its documents."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from doccano_client import DoccanoClient

from samarkand import convert, diff, files, layout
from samarkand.corpus import Corpus
from samarkand.doccano import numbering, remote, state
from samarkand.doccano import project as projects
from samarkand.doccano.answers import fingerprint
from samarkand.doccano.fetch import Fetched, fetched
from samarkand.doccano.state import Pushed, Sent
from samarkand.errors import SamarkandError
from samarkand.formats import doccano
from samarkand.progress import Progress, silent
from samarkand.words import count


@dataclass(frozen=True)
class Report:
    """`sent` documents were uploaded, `same` were there already; `empty` ones doccano refuses.

    `removed` ones were deleted from the project, since the corpus has them no more. `notes` are of
    documents of the project that are not ours.
    """

    url: str
    project: int
    sent: int
    same: int
    empty: int
    removed: int = 0
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        gone = f", {self.removed:,} removed" if self.removed else ""
        left = f", {self.empty:,} without text left out" if self.empty else ""
        where = f"{self.url}projects/{self.project}"
        said = (
            f"{count(self.sent, 'document')} sent, {self.same:,} were there as they are{gone}{left}"
        )
        return "\n".join([f"{said}: {where}", *self.notes])


def push(
    root: Path,
    layer: str,
    client: DoccanoClient,
    docs: Sequence[str] = (),
    progress: Progress = silent,
) -> Report:
    """Send a layer, or what changed of it since it was last sent, to its project.

    `docs` names the documents wanted, all of them by default: then those that the corpus has no
    more are deleted there. A project is made where there is none. Errors: SamarkandError for a
    corpus that `check` refuses, for an unknown document, for edits on the server that were not
    pulled, and for an upload that fails: then it can be done again.
    """
    progress("reading the corpus", 0, 4)
    corpus = convert.read(root, convert.REPOSITORY, layer).corpus
    known = corpus.documents["doc"].to_pylist()
    wanted, empty = _wanted(corpus, docs)
    progress("looking at the project", 1, 4)
    pushed, found = _project(root, corpus, layer, client)
    there = projects.of(pushed.base, layer, wanted)
    changed = sorted(_changed(there, projects.of(corpus, layer, wanted), layer))
    removed = [] if docs else sorted(set(pushed.sent) - set(wanted))
    new = projects.of(corpus, layer, changed)
    old = [pushed.sent[doc].number for doc in (*changed, *removed) if doc in pushed.sent]
    old += [number for number in pushed.left if number in found.rows]
    progress("sending", 2, 4)
    projects.delete(client, pushed.project, found.strays)
    sent: dict[str, Sent] = {}
    if changed:
        sent, found = _send(client, pushed, new, known, found, bool(old))
    progress("remembering", 3, 4)
    # Before anything is deleted: a push that is cut short here leaves no more than what is known
    # to be of no use.
    rest = set(pushed.sent) - {*changed, *removed}
    now = replace(
        pushed,
        base=projects.joined(projects.of(pushed.base, layer, rest), new),
        sent={doc: pushed.sent[doc] for doc in rest} | sent,
        left={number: fingerprint(found.rows[number]) for number in old},
    )
    state.save(root, now)
    if old:
        projects.delete(client, pushed.project, old)
        state.save(root, replace(now, left={}))
    same = len(wanted) - len(changed)
    return Report(
        client.baseurl, pushed.project, len(changed), same, empty, len(removed), found.notes
    )


def _wanted(corpus: Corpus, docs: Sequence[str]) -> tuple[list[str], int]:
    """The documents to send, and how many cannot be sent for want of text."""
    rows = zip(*(corpus.documents[name].to_pylist() for name in ("doc", "text")), strict=True)
    texts = dict(rows)
    unknown = [doc for doc in docs if doc not in texts]
    if unknown:
        raise SamarkandError(f"there is no document '{unknown[0]}' in the corpus")
    chosen = list(docs) or list(texts)
    full = [doc for doc in chosen if texts[doc].strip()]
    return full, len(chosen) - len(full)


def _project(
    root: Path, corpus: Corpus, layer: str, client: DoccanoClient
) -> tuple[Pushed, Fetched]:
    """The layer's project as it is remembered, or a new one; and what it says.

    Errors: SamarkandError.
    """
    path = root / layout.LAYERS / "guidelines.md"
    files.guard(path, root)
    guidelines = path.read_text(encoding="utf-8") if path.is_file() else ""
    pushed = state.load(root, layer)
    if pushed is not None and pushed.url != client.baseurl:
        message = f"layer {layer} was pushed to {pushed.url}; pull it from there first"
        raise SamarkandError(f"{message}, or remove {root / state.FOLDER}")
    if pushed is not None and projects.exists(client, pushed.project):
        found = _unedited(client, pushed, corpus.documents["doc"].to_pylist())
        projects.update(client, pushed.project, guidelines)
    else:
        number = projects.create(client, corpus, layer, guidelines)
        pushed = Pushed(client.baseurl, number, layer, projects.of(corpus, layer, ()))
        found = Fetched(pushed.base)
        state.save(root, pushed)
    projects.labels(client, pushed.project, corpus, layer)
    return pushed, found


def _unedited(client: DoccanoClient, pushed: Pushed, known: Collection[str]) -> Fetched:
    """What the project says. Errors: SamarkandError for edits on the server since the push."""
    found = fetched(client, pushed, known)
    if found.lost or diff.diff(pushed.base, found.theirs):
        message = "doccano has edits that are not in the corpus yet"
        raise SamarkandError(f"{message}; `samarkand doccano pull {pushed.layer}` brings them")
    return found


def _changed(old: Corpus, new: Corpus, layer: str) -> set[str]:
    """The documents of which `new` says something else than `old`."""
    found = diff.diff(old, new)
    deltas = [found.documents, *found.layers[layer].tables.values()]
    parts = [part["doc"] for d in deltas for part in (d.removed, d.added, d.old)]
    return {doc for part in parts for doc in part.to_pylist()}


def _send(
    client: DoccanoClient,
    pushed: Pushed,
    new: Corpus,
    known: Collection[str],
    before: Fetched,
    again: bool,
) -> tuple[dict[str, Sent], Fetched]:
    """Upload documents. Returns their numbers, and what the project said last.

    That is asked once more `again`: somebody may have annotated meanwhile what is about to be
    deleted.
    """
    rows = dict(zip(new.documents["doc"].to_pylist(), doccano.rows(new, pushed.layer), strict=True))
    there = len(before.rows) - len(before.strays)
    try:
        remote.upload(client, pushed.project, doccano.encode(list(rows.values())))
        sent = None if again else numbering.quick(client, pushed.project, rows, there)
        if sent is not None:
            return sent, before
        found = _unedited(client, pushed, known)
        sent = numbering.exact(found, rows)
    except SamarkandError:
        with suppress(SamarkandError):  # what cannot be deleted now, the next push deletes
            strays = fetched(client, pushed, known).strays
            projects.delete(client, pushed.project, strays)
        raise
    numbers = {each.number for each in sent.values()}
    projects.delete(client, pushed.project, [n for n in found.strays if n not in numbers])
    return sent, found

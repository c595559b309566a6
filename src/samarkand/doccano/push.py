"""A layer to a doccano server: a project with the scheme's labels, and its documents."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from doccano_client import DoccanoClient

from samarkand import convert, diff, files, layout
from samarkand.corpus import Corpus
from samarkand.doccano import project as projects
from samarkand.doccano import remote
from samarkand.doccano.project import Example, Pushed
from samarkand.doccano.pull import fetched
from samarkand.errors import SamarkandError
from samarkand.formats import doccano
from samarkand.progress import Progress, silent
from samarkand.words import count


@dataclass(frozen=True)
class Report:
    """`sent` documents were uploaded, `same` were there already; `empty` ones doccano refuses."""

    url: str
    project: int
    sent: int
    same: int
    empty: int

    def __str__(self) -> str:
        left = f", {self.empty:,} without text left out" if self.empty else ""
        where = f"{self.url}projects/{self.project}"
        sent = count(self.sent, "document")
        return f"{sent} sent, {self.same:,} were there as they are{left}: {where}"


def push(
    root: Path,
    layer: str,
    client: DoccanoClient,
    docs: Sequence[str] = (),
    progress: Progress = silent,
) -> Report:
    """Send a layer, or what changed of it since it was last sent, to its project.

    `docs` names the documents wanted, all of them by default. A project is made where there is
    none. Errors: SamarkandError for a corpus that `check` refuses, for an unknown document, for
    edits on the server that were not pulled, and for an upload that fails: then the project is as
    it was, and it can be done again.
    """
    progress("reading the corpus", 0, 4)
    corpus = convert.read(root, convert.REPOSITORY, layer).corpus
    wanted, empty = _wanted(corpus, docs)
    progress("looking at the project", 1, 4)
    pushed = _project(root, corpus, layer, client)
    there = projects.of(pushed.base, layer, wanted)
    new = projects.of(corpus, layer, wanted)
    changed = sorted(_changed(there, new, layer))
    progress("sending", 2, 4)
    first = _send(client, pushed, projects.of(corpus, layer, changed), changed)
    progress("remembering", 3, 4)
    rest = set(pushed.base.documents["doc"].to_pylist()) - set(changed)
    base = projects.joined(projects.of(pushed.base, layer, rest), projects.of(new, layer, changed))
    known = {doc: pair for doc, pair in pushed.first.items() if doc in rest} | first
    sent = remote.clock(client) if changed else pushed.sent
    projects.save(root, replace(pushed, base=base, sent=sent, first=known))
    return Report(client.baseurl, pushed.project, len(changed), len(wanted) - len(changed), empty)


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


def _project(root: Path, corpus: Corpus, layer: str, client: DoccanoClient) -> Pushed:
    """The layer's project as it is remembered, or a new one. Errors: SamarkandError."""
    path = root / layout.LAYERS / "guidelines.md"
    files.guard(path, root)
    guidelines = path.read_text(encoding="utf-8") if path.is_file() else ""
    pushed = projects.load(root, layer)
    if pushed is not None and pushed.url != client.baseurl:
        message = f"layer {layer} was pushed to {pushed.url}; pull it from there first"
        raise SamarkandError(f"{message}, or remove {root / projects.FOLDER}")
    if pushed is not None and projects.exists(client, pushed.project):
        _no_edits(client, pushed)
        projects.update(client, pushed.project, guidelines)
    else:
        number = projects.create(client, corpus, layer, guidelines)
        pushed = Pushed(client.baseurl, number, layer, projects.of(corpus, layer, ()))
        projects.save(root, pushed)
    projects.labels(client, pushed.project, corpus, layer)
    return pushed


def _no_edits(client: DoccanoClient, pushed: Pushed) -> None:
    """Errors: SamarkandError for edits on the server since the push."""
    theirs, conflicts = fetched(client, pushed)
    if conflicts or diff.diff(pushed.base, theirs):
        message = "doccano has edits that are not in the corpus yet"
        raise SamarkandError(f"{message}; `samarkand doccano pull {pushed.layer}` brings them")


def _changed(old: Corpus, new: Corpus, layer: str) -> set[str]:
    """The documents of which `new` says something else than `old`."""
    found = diff.diff(old, new)
    deltas = [found.documents, *found.layers[layer].tables.values()]
    parts = [part["doc"] for d in deltas for part in (d.removed, d.added, d.old)]
    return {doc for part in parts for doc in part.to_pylist()}


def _send(
    client: DoccanoClient, pushed: Pushed, corpus: Corpus, docs: Sequence[str]
) -> dict[str, tuple[int, int]]:
    """Upload documents, then delete what stood in their place; or leave all as it was.

    Returns the numbers that the server gave, as `project.numbering` has them.
    """
    before = projects.examples(client, pushed.project)
    known = set(pushed.base.documents["doc"].to_pylist())
    sent = set(docs)
    stray = [each.number for each in before if each.doc in sent and each.doc not in known]
    projects.delete(client, pushed.project, stray)  # left by an upload that was cut short
    old = [each.number for each in before if each.doc in sent & known]
    if not docs:
        return {}
    rows = doccano.rows(corpus, pushed.layer)
    there = {each.number for each in before}

    def came() -> list[Example]:
        after = projects.examples(client, pushed.project)
        new = [e for e in after if e.number not in there and e.doc in sent]
        return sorted(new, key=lambda e: e.number)

    try:
        remote.upload(client, pushed.project, doccano.encode(rows))
        new = came()
        if sorted(each.doc for each in new) != sorted(docs):
            raise SamarkandError(f"doccano took {len(new):,} of {count(len(docs), 'document')}")
        if old:  # somebody may have annotated meanwhile what is about to be replaced
            _no_edits(client, pushed)
    except BaseException:
        with suppress(SamarkandError):  # what cannot be deleted now, the next push deletes
            projects.delete(client, pushed.project, [each.number for each in came()])
        raise
    projects.delete(client, pushed.project, old)
    names = corpus.documents["doc"].to_pylist()
    sizes = [(len(row.entities), len(row.relations)) for row in rows]
    counts = dict(zip(names, sizes, strict=True))
    return projects.numbering(client, pushed.project, new, counts)

"""A layer back from a doccano server: a three-way merge of what was edited there and here."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from doccano_client import DoccanoClient

from samarkand import changes, diff, store
from samarkand.corpus import Corpus, Provenance
from samarkand.doccano import project as projects
from samarkand.doccano import state
from samarkand.doccano.answers import Annotation, Member, fingerprint
from samarkand.doccano.fetch import Fetched, comparable, fetched
from samarkand.doccano.remote import begin_export, call
from samarkand.doccano.state import Pushed
from samarkand.errors import SamarkandError
from samarkand.merge import merge
from samarkand.progress import Progress, silent
from samarkand.words import count

#: The side of `ours` is the corpus, that of `theirs` the server.
SIDES = ("ours", "theirs")


@dataclass(frozen=True)
class Report:
    """What came, `theirs`, in the terms of annotation; the conflicts, and whose side was taken.

    Each conflict says in words what was done. `notes` are of documents of the project that are not
    ours.
    """

    theirs: tuple[str, ...]
    conflicts: tuple[str, ...]
    taken: str
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        came = "\n".join(self.theirs) or "nothing was changed in doccano"
        return "\n".join([came, *self.conflicts, *self.notes])


def pull(
    root: Path,
    layer: str,
    client: DoccanoClient,
    take: str = "",
    progress: Progress = silent,
) -> Report:
    """Bring what was edited in a layer's project into the layer.

    What was pushed is the base of the merge, so what was edited in the corpus meanwhile stays.
    `take` is "ours" or "theirs": whose version of a conflict is taken. Errors: SamarkandError for a
    layer that was not pushed, a label that the scheme has not, and for conflicts where `take` does
    not say what to do; then nothing was written.
    """
    if take not in ("", *SIDES):
        raise SamarkandError(f"--take is ours (the corpus) or theirs (doccano); got '{take}'")
    pushed = _pushed(root, layer, client)
    progress("exporting", 0, 3)
    task = begin_export(client, pushed.project)
    ours = store.read(root, [layer])  # meanwhile
    found = fetched(client, pushed, ours.documents["doc"].to_pylist(), task)
    progress("merging", 1, 3)
    _known_labels(ours, found.theirs, layer)
    here = set(ours.documents["doc"].to_pylist())
    docs = found.edited & here
    absent, now = (
        projects.of(side, layer, found.edited - here) for side in (pushed.base, found.theirs)
    )
    missed = {change.doc for change in changes.changes(diff.diff(absent, now))}
    old, mine, edited = (
        comparable(projects.of(side, layer, docs), ours, layer)
        for side in (pushed.base, ours, found.theirs)
    )
    merged = merge(old, mine, edited, prefer=take)
    gone = [f"{doc}: it was edited in doccano, and is not in the corpus" for doc in sorted(missed)]
    conflicts = [*found.lost, *gone, *map(str, merged.conflicts)]
    if conflicts and not take:
        hint = "nothing was written; --take ours (the corpus) or --take theirs (doccano) decides"
        raise SamarkandError(
            "\n".join([*conflicts, f"{count(len(conflicts), 'conflict')}; {hint}"])
        )
    progress("writing", 2, 3)
    edits = changes.changes(diff.diff(mine, merged.corpus))
    rest = replace(ours, layers={layer: projects.without(ours.layers[layer], docs)})
    whole = projects.joined(rest, merged.corpus).layers[layer]
    if edits:
        made = _signed(ours.layers[layer].provenance, edits, client, pushed, found)
        store.write_layer(replace(whole, provenance=made), root)
    state.save(root, _settled(pushed, found, missed))
    return Report(tuple(changes.summary(edits)), tuple(conflicts), take, found.notes)


def _pushed(root: Path, layer: str, client: DoccanoClient) -> Pushed:
    """What was pushed of a layer to that server. Errors: SamarkandError."""
    pushed = state.load(root, layer)
    if pushed is None:
        raise SamarkandError(f"layer {layer} was not pushed from {root}")
    if pushed.url != client.baseurl:
        raise SamarkandError(f"layer {layer} was pushed to {pushed.url}, not to {client.baseurl}")
    if not projects.exists(client, pushed.project):
        raise SamarkandError(f"project {pushed.project} is not on {pushed.url} any more")
    return pushed


def _settled(pushed: Pushed, found: Fetched, missed: set[str]) -> Pushed:
    """What is remembered once it was decided about all edits.

    What could not be taken over is as if it had not been pushed, so that the next push sends it,
    and deletes what the server has of it.
    """
    docs = set(pushed.sent) - found.lost_docs - missed
    rows = [*found.lost_rows, *(pushed.sent[doc].number for doc in missed)]
    left = {number: mark for number, mark in pushed.left.items() if number in found.rows}
    return replace(
        pushed,
        base=projects.of(found.theirs, pushed.layer, docs),
        sent={doc: pushed.sent[doc] for doc in docs},
        left=left | {number: fingerprint(found.rows[number]) for number in rows},
    )


def _known_labels(corpus: Corpus, theirs: Corpus, layer: str) -> None:
    """Errors: SamarkandError for a label that neither the scheme nor the layer has."""
    scheme = {
        "entities": set(corpus.labels.labels),
        "relations": {kind.name for kind in corpus.labels.relations},
    }
    for name, known in scheme.items():
        mine, other = (c.layers[layer].table(name)["label"] for c in (corpus, theirs))
        new = set(other.unique().to_pylist()) - set(mine.unique().to_pylist()) - known
        if known and new:
            label = sorted(new)[0]
            message = (
                f"'{label}' is no label of the scheme; was one renamed in doccano? Rename it back "
                "there, or add it to annotations/schema.toml"
            )
            raise SamarkandError(message)


def _signed(
    made: Provenance | None,
    edits: Sequence[changes.Change],
    client: DoccanoClient,
    pushed: Pushed,
    found: Fetched,
) -> Provenance | None:
    """The layer's provenance with who edited how much."""
    if made is None:
        return None
    people = _people(client, pushed, found, {edit.doc for edit in edits})
    counts = Counter(kind for edit in edits for kind in edit.kinds)
    said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))
    where = f"{pushed.url}projects/{pushed.project}"
    line = f"{date.today().isoformat()} doccano {where}: {said}; by {', '.join(people)}"
    return replace(made, edits=(*made.edits, line))


def _people(client: DoccanoClient, pushed: Pushed, found: Fetched, docs: set[str]) -> list[str]:
    """Who made the annotations of these documents that were not sent.

    doccano records who made an annotation, not who changed or removed one: where there are more
    members than those, they are "or others".
    """
    path = f"v1/projects/{pushed.project}"
    members = call(client, list[Member], "GET", f"{path}/members")
    names = {each.user: each.username for each in members}
    made: set[str] = set()
    for doc in sorted(docs & found.new.keys()):
        of = f"{path}/examples/{pushed.sent[doc].number}"
        for kind, new in zip(("spans", "relations"), found.new[doc], strict=True):
            rows = call(client, list[Annotation], "GET", f"{of}/{kind}") if new else []
            users = {row.user for row in rows if row.id in new and row.user is not None}
            made |= {names.get(user, f"user {user}") for user in users}
    if not made or made != set(names.values()):
        return [*sorted(made), *(["or others"] if made else sorted(names.values()))]
    return sorted(made)

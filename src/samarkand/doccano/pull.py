"""A layer back from a doccano server: a three-way merge of what was edited there and here."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from doccano_client import DoccanoClient

from samarkand import changes, diff, store
from samarkand.corpus import Corpus, Provenance
from samarkand.doccano import project as projects
from samarkand.doccano.project import Pushed
from samarkand.doccano.remote import call, export
from samarkand.errors import FormatError, SamarkandError
from samarkand.formats import doccano
from samarkand.merge import merge
from samarkand.progress import Progress, silent
from samarkand.words import count

#: The side of `ours` is the corpus, that of `theirs` the server.
SIDES = ("ours", "theirs")


@dataclass(frozen=True)
class Report:
    """What came, `theirs`, in the terms of annotation; the conflicts, and whose side was taken.

    Each conflict says in words what was done.
    """

    theirs: tuple[str, ...]
    conflicts: tuple[str, ...]
    taken: str

    def __str__(self) -> str:
        came = "\n".join(self.theirs) or "nothing was changed in doccano"
        return "\n".join([came, *self.conflicts])


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
    pushed = projects.load(root, layer)
    if pushed is None:
        raise SamarkandError(f"layer {layer} was not pushed from {root}")
    if pushed.url != client.baseurl:
        raise SamarkandError(f"layer {layer} was pushed to {pushed.url}, not to {client.baseurl}")
    if not projects.exists(client, pushed.project):
        raise SamarkandError(f"project {pushed.project} is not on {pushed.url} any more")
    progress("exporting", 0, 3)
    theirs, lost = fetched(client, pushed)
    progress("merging", 1, 3)
    ours = store.read(root, [layer])
    _known_labels(ours, theirs, layer)
    sent = set(pushed.base.documents["doc"].to_pylist())
    docs = sent & set(ours.documents["doc"].to_pylist())
    absent, now = (projects.of(side, layer, sent - docs) for side in (pushed.base, theirs))
    for edit in sorted({change.doc for change in changes.changes(diff.diff(absent, now))}):
        lost.append(f"{edit}: it was edited in doccano, and is not in the corpus any more")
    old, mine, edited = (
        _comparable(projects.of(side, layer, docs), ours, layer)
        for side in (pushed.base, ours, theirs)
    )
    merged = merge(old, mine, edited, prefer=take)
    conflicts = [*lost, *map(str, merged.conflicts)]
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
        made = _signed(ours.layers[layer].provenance, edits, client, pushed)
        store.write_layer(replace(whole, provenance=made), root)
    base = projects.joined(absent, projects.of(theirs, layer, docs))
    projects.save(root, replace(pushed, base=base))
    return Report(tuple(changes.summary(edits)), tuple(conflicts), take)


def _comparable(side: Corpus, like: Corpus, layer: str) -> Corpus:
    """The corpus with all that an export does not hold as the repository has it."""
    made = like.layers[layer].provenance
    found = replace(side.layers[layer], provenance=made)
    rest = {"labels": like.labels, "actors": like.actors, "about": like.about}
    return replace(side, layers={layer: found}, **rest)


def fetched(client: DoccanoClient, pushed: Pushed) -> tuple[Corpus, list[str]]:
    """What the project says now, and what of that cannot be taken over, in words.

    Of a document whose text was edited, or that was deleted, what was pushed stands. What doccano
    could not show of a mention goes with it when the mention is removed, and comments stay there.
    Errors: SamarkandError for an export that cannot be read.
    """
    base = pushed.base
    rows = zip(*(base.documents[name].to_pylist() for name in ("doc", "text")), strict=True)
    texts: Mapping[str, str] = dict(rows)
    lines: dict[str, bytes] = {}
    lost: list[str] = []
    exported = [line for line in export(client, pushed.project).split(b"\n") if line.strip()]
    for line in sorted(exported, key=_number):
        row = json.loads(line)
        doc = projects.doc_of(row)
        if doc not in texts:
            lost.append(f"document {row['id']} of the project was not pushed; it was passed over")
        elif row["text"] != texts[doc]:
            lost.append(f"{doc}: its text was edited in doccano; what was pushed stands")
            lines.setdefault(doc, b"")
        else:
            lines.setdefault(doc, line)
    gone = [doc for doc in texts if doc not in lines]
    lost += [f"{doc}: it was deleted in doccano; what was pushed stands" for doc in gone]
    good = {doc: _as_sent(line, pushed.first.get(doc)) for doc, line in lines.items() if line}
    content = b"".join(line + b"\n" for line in good.values())
    try:
        reading = doccano.read({"doccano.jsonl": content}, pushed.layer, unit=doccano.UNIT)
    except FormatError as error:
        raise SamarkandError(f"what doccano exports cannot be read: {error}") from None
    kept = projects.of(base, pushed.layer, set(texts) - set(good))
    unlike = projects.of(base, pushed.layer, good)
    theirs = merge(doccano.narrow(unlike, pushed.layer), unlike, reading.corpus).corpus
    theirs = replace(theirs, documents=unlike.documents)
    return projects.joined(kept, _comparable(theirs, base, pushed.layer)), lost


def _as_sent(line: bytes, first: tuple[int, int] | None) -> bytes:
    """A line with the ids that its spans and relations were sent with; new ones get new ids."""
    if first is None:
        return line
    row = json.loads(line)
    key = json.loads(row[doccano.KEY])
    spans = _ids(row["entities"], first[0], key.get("spans", {}).get("id", []))
    links = _ids(row["relations"], first[1], key.get("links", {}).get("id", []))
    for span in row["entities"]:
        span["id"] = spans[span["id"]]
    for link in row["relations"]:
        link |= {end: spans[link[end]] for end in ("from_id", "to_id")} | {"id": links[link["id"]]}
    return json.dumps(row).encode()


def _ids(rows: Sequence[Mapping[str, Any]], first: int, sent: Sequence[int]) -> dict[int, int]:
    """The id for each of the server's numbers."""
    known = {first + place: id for place, id in enumerate(sent)}
    new = sorted(row["id"] for row in rows if row["id"] not in known)
    return known | {number: max(sent, default=0) + place for place, number in enumerate(new, 1)}


def _number(line: bytes) -> int:
    return int(json.loads(line)["id"])


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
    made: Provenance | None, edits: Sequence[changes.Change], client: DoccanoClient, pushed: Pushed
) -> Provenance | None:
    """The layer's provenance with who edited how much."""
    if made is None:
        return None
    people = _people(client, pushed, {edit.doc for edit in edits})
    counts = Counter(kind for edit in edits for kind in edit.kinds)
    said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(counts.items()))
    where = f"{pushed.url}projects/{pushed.project}"
    line = f"{date.today().isoformat()} doccano {where}: {said}; by {', '.join(people)}"
    return replace(made, edits=(*made.edits, line))


def _people(client: DoccanoClient, pushed: Pushed, docs: set[str]) -> list[str]:
    """Who made annotations in these documents since they were sent.

    doccano records who made an annotation, not who changed or removed one: where there are more
    members than those, they are "or others".
    """
    members = call(client, "GET", f"v1/projects/{pushed.project}/members")
    names = {int(each["user"]): str(each["username"]) for each in members}
    made: set[str] = set()
    for example in projects.examples(client, pushed.project):
        for kind in ("spans", "relations") if example.doc in docs else ():
            path = f"v1/projects/{pushed.project}/examples/{example.number}/{kind}"
            rows: list[dict[str, Any]] = call(client, "GET", path)
            sent = datetime.fromisoformat(pushed.sent) + timedelta(seconds=1)
            new = [row for row in rows if datetime.fromisoformat(row["created_at"]) >= sent]
            made |= {names.get(int(row["user"]), f"user {row['user']}") for row in new}
    if not made or made != set(names.values()):
        return [*sorted(made), *(["or others"] if made else sorted(names.values()))]
    return sorted(made)

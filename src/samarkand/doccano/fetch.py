"""What a layer's project on a doccano server says now, against what was sent to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from doccano_client import DoccanoClient

from samarkand import jsonl
from samarkand.corpus import Corpus
from samarkand.doccano import project as projects
from samarkand.doccano.answers import Exported, Key, decode, fingerprint, key_of, untouched
from samarkand.doccano.remote import begin_export, export
from samarkand.doccano.state import Pushed, Sent
from samarkand.errors import FormatError, SamarkandError
from samarkand.formats import doccano
from samarkand.merge import merge


@dataclass(frozen=True, eq=False)
class Fetched:
    """`theirs` is what the project says; for the documents of `lost`, what was pushed stands.

    `edited` are the documents that are not as they were sent; `theirs` has the others as pushed.
    `rows` are the project's documents by number. `strays` are those that an upload which was cut
    short left there and nobody has touched. `lost` says in words what cannot be taken over:
    `lost_docs` are the documents, and `lost_rows` what the server has of them. `notes` are of
    documents that are not ours. `new` has the numbers of the spans and of the relations that were
    not sent, for each document with any.
    """

    theirs: Corpus
    edited: frozenset[str] = frozenset()
    rows: Mapping[int, Exported] = field(default_factory=dict)
    strays: tuple[int, ...] = ()
    lost: tuple[str, ...] = ()
    lost_docs: frozenset[str] = frozenset()
    lost_rows: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()
    new: Mapping[str, tuple[set[int], set[int]]] = field(default_factory=dict)


@dataclass
class _Sorted:
    """The documents of a project, as they are sorted into kinds; see `Fetched`."""

    good: dict[str, tuple[Exported, Key]] = field(default_factory=dict)
    strays: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    lost_docs: set[str] = field(default_factory=set)
    lost_rows: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def exported(client: DoccanoClient, project: int, task: str = "") -> dict[int, Exported]:
    """A project's documents by number. Errors: SamarkandError for an export of another shape."""
    lines = export(client, project, task).split(b"\n")
    where = f"doccano at {client.baseurl}: export of project {project}, line"
    found = [
        decode(line, Exported, f"{where} {number}") for number, line in enumerate(lines, 1) if line
    ]
    return {row.id: row for row in sorted(found, key=lambda row: row.id)}


def fetched(client: DoccanoClient, pushed: Pushed, docs: Iterable[str], task: str = "") -> Fetched:
    """What the project says now. `docs` are the corpus's documents; `task`, an export of it begun.

    What doccano could not show of a mention goes with it when the mention is removed, and comments
    stay there. Errors: SamarkandError for an export that cannot be read.
    """
    base, layer = pushed.base, pushed.layer
    task = task or begin_export(client, pushed.project)
    before = dict(zip(base.documents["doc"].to_pylist(), _rows(base, layer), strict=True))
    rows = exported(client, pushed.project, task)
    found = _sorted(rows, pushed, {*docs, *pushed.sent})
    sent = {doc: _as_sent(row, key, pushed.sent[doc]) for doc, (row, key) in found.good.items()}
    edited = {doc: row for doc, (row, _) in sent.items() if _ordered(row) != before[doc]}
    content = jsonl.encode(list(edited.values()))
    try:
        reading = doccano.read({"doccano.jsonl": content}, layer, unit=doccano.UNIT)
    except FormatError as error:
        raise SamarkandError(f"what doccano exports cannot be read: {error}") from None
    kept = projects.of(base, layer, pushed.sent.keys() - edited.keys())
    unlike = projects.of(base, layer, edited)
    theirs = merge(doccano.narrow(unlike, layer), unlike, reading.corpus).corpus
    theirs = replace(theirs, documents=unlike.documents)
    return Fetched(
        projects.joined(kept, comparable(theirs, base, layer)),
        frozenset(edited),
        rows,
        tuple(found.strays),
        tuple(found.lost),
        frozenset(found.lost_docs),
        tuple(found.lost_rows),
        tuple(found.notes),
        {doc: new for doc, (_, new) in sent.items() if any(new)},
    )


def comparable(side: Corpus, like: Corpus, layer: str) -> Corpus:
    """The corpus with all that an export does not hold as the repository has it."""
    made = like.layers[layer].provenance
    found = replace(side.layers[layer], provenance=made)
    rest = {"labels": like.labels, "actors": like.actors, "about": like.about}
    return replace(side, layers={layer: found}, **rest)


def _sorted(rows: Mapping[int, Exported], pushed: Pushed, known: set[str]) -> _Sorted:
    """Which document of the project is what. `known` are the documents that may be ours."""
    columns = (pushed.base.documents[name].to_pylist() for name in ("doc", "text"))
    texts = dict(zip(*columns, strict=True))
    docs = {sent.number: doc for doc, sent in pushed.sent.items()}
    found = _Sorted()

    def lose(doc: str, number: int, said: str) -> None:
        found.lost.append(f"{doc}: {said}")
        found.lost_rows.append(number)

    for number, row in rows.items():
        key = key_of(row.samarkand)
        if doc := docs.get(number):
            if row.text == texts[doc] and key is not None and _is_of(key, doc, pushed.sent[doc]):
                found.good[doc] = row, key
            else:
                part = "text was" if row.text != texts[doc] else "metadata were"
                lose(doc, number, f"its {part} edited in doccano; what was pushed stands")
        elif number in pushed.left and pushed.left[number] == fingerprint(row):
            continue
        elif key is not None and key.doc in known and untouched(row):
            found.strays.append(number)
        elif number in pushed.left or (key is not None and key.doc in known):
            doc = key.doc if key is not None else "no document"
            said = f"document {number} of the project, which the next push would delete,"
            lose(doc, number, f"{said} was edited in doccano; what is in the corpus stands")
        else:
            found.notes.append(f"document {number} of the project is not from here; passed over")
    for doc in sorted(set(docs.values()) - {docs[n] for n in docs.keys() & rows.keys()}):
        found.lost.append(f"{doc}: it was deleted in doccano; what was pushed stands")
    found.lost_docs.update(set(texts) - set(found.good))
    return found


def _rows(base: Corpus, layer: str) -> list[doccano.Row]:
    return [_ordered(row) for row in doccano.rows(base, layer)]


def _ordered(row: doccano.Row) -> doccano.Row:
    """A row with its spans and relations by id, so that it can be compared."""
    entities = sorted(row.entities, key=lambda span: span.id)
    return doccano.Row(
        row.text, entities, sorted(row.relations, key=lambda link: link.id), row.samarkand
    )


def _is_of(key: Key, doc: str, sent: Sent) -> bool:
    """Whether a key is the one that a document was sent with."""
    sizes = len(key.spans.id), len(key.links.id)
    return key.doc == doc and sizes == (len(sent.spans), len(sent.links))


def _as_sent(row: Exported, key: Key, sent: Sent) -> tuple[doccano.Row, tuple[set[int], set[int]]]:
    """A document with the ids that its spans and relations were sent with; new ones get new ids.

    And the server's numbers of the new ones.
    """
    spans = _ids([span.id for span in row.entities], sent.spans, key.spans.id)
    links = _ids([link.id for link in row.relations], sent.links, key.links.id)
    entities = [
        doccano.Span(spans[s.id], s.label, s.start_offset, s.end_offset) for s in row.entities
    ]
    relations = [
        doccano.Link(links[r.id], spans.get(r.from_id, -1), spans.get(r.to_id, -1), r.type)
        for r in row.relations
    ]
    new = (
        {span.id for span in row.entities} - set(sent.spans),
        {link.id for link in row.relations} - set(sent.links),
    )
    return doccano.Row(row.text, entities, relations, row.samarkand), new


def _ids(numbers: Sequence[int], known: Sequence[int], sent: Sequence[int]) -> dict[int, int]:
    """The id for each of the server's numbers."""
    ids = dict(zip(known, sent, strict=False))
    new = sorted(set(numbers) - ids.keys())
    return ids | {number: max(sent, default=0) + place for place, number in enumerate(new, 1)}

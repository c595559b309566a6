"""The server's numbers of documents that were uploaded, and of their spans and relations.

It numbers those of one upload in their order, document after document.
"""

from collections.abc import Mapping, Sequence

from doccano_client import DoccanoClient

from samarkand.doccano.answers import Annotation, Example, Exported, Page
from samarkand.doccano.fetch import Fetched
from samarkand.doccano.remote import call
from samarkand.doccano.state import Sent
from samarkand.errors import SamarkandError
from samarkand.formats import doccano
from samarkand.words import count


def quick(
    client: DoccanoClient, project: int, rows: Mapping[str, doccano.Row], before: int
) -> dict[str, Sent] | None:
    """The numbers of rows, by document, from those of the first and the last one.

    `before` is how many documents the project had. None where others stand between them, or where
    the server has not as many as were sent: then `exact` has to look at each.
    """
    path = f"v1/projects/{project}/examples"
    sent = list(rows.values())
    ends: list[Example] = []
    for place, row in ((before, sent[0]), (before + len(sent) - 1, sent[-1])):
        page = call(client, Page, "GET", path, params={"limit": 1, "offset": place})
        if page.count != before + len(sent) or len(page.results) != 1:
            return None
        if (page.results[0].meta or {}).get(doccano.KEY) != row.samarkand:
            return None
        ends += page.results
    start = ends[0].id
    if ends[1].id - start + 1 != len(sent):
        return None
    spans = _numbers(client, path, "spans", start, [len(row.entities) for row in sent])
    links = _numbers(client, path, "relations", start, [len(row.relations) for row in sent])
    if spans is None or links is None:
        return None
    parts = zip(rows, range(start, start + len(sent)), spans, links, strict=True)
    return {doc: Sent(number, a, b) for doc, number, a, b in parts}


def _numbers(
    client: DoccanoClient, path: str, kind: str, start: int, sizes: Sequence[int]
) -> list[tuple[int, ...]] | None:
    """The numbers of the spans or relations of each document; None where others are among them.

    `start` is the number of the first document, `sizes` how many each was sent with.
    """
    filled = [place for place, size in enumerate(sizes) if size]
    first = last = 0
    if filled:
        ends = [
            [row.id for row in call(client, list[Annotation], "GET", f"{path}/{number}/{kind}")]
            for number in (start + filled[0], start + filled[-1])
        ]
        first, last = min(ends[0], default=0), max(ends[1], default=0)
        if last - first + 1 != sum(sizes):
            return None
    found = []
    for size in sizes:
        found.append(tuple(range(first, first + size)))
        first += size
    return found


def exact(found: Fetched, rows: Mapping[str, doccano.Row]) -> dict[str, Sent]:
    """The numbers of rows, by document, from an export of the project.

    Errors: SamarkandError where the server has not all that was sent.
    """
    untouched = [found.rows[number] for number in found.strays]
    came = {row.samarkand: row for row in untouched}  # of several copies the last, the highest
    sent = {
        doc: Sent(
            came[row.samarkand].id,
            tuple(sorted(span.id for span in came[row.samarkand].entities)),
            tuple(sorted(link.id for link in came[row.samarkand].relations)),
        )
        for doc, row in rows.items()
        if row.samarkand in came and _whole(row, came[row.samarkand])
    }
    if len(sent) < len(rows):
        raise SamarkandError(f"doccano took {len(sent):,} of {count(len(rows), 'document')}")
    return sent


def _whole(row: doccano.Row, came: Exported) -> bool:
    sizes = len(came.entities), len(came.relations)
    return sizes == (len(row.entities), len(row.relations))

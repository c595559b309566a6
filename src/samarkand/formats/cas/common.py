"""What the two ways of writing a UIMA CAS share: from documents to a reading, and the type system.

A CAS of ours has DKPro's NamedEntity, Token and Sentence, so that INCEpTION shows it, and five
types of our own for everything else (see `cas/types`). INCEpTION keeps what its project has
layers for: import the TypeSystem.xml in the project's layer settings first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from samarkand import lines, schema
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import FormatError, Problem
from samarkand.formats.base import Reading, doc_ids, frame, renamed
from samarkand.formats.cas import writer
from samarkand.formats.cas.reader import Document

#: The name under which a type system is written.
TYPE_SYSTEM = "TypeSystem.xml"


def reading(
    layer: str,
    found: Mapping[str, Document],
    suffix: str,
    unread: Counter[str],
    notes: Sequence[str],
    problems: list[Problem],
) -> Reading:
    """Documents, by their files' paths without suffix, as a corpus.

    Errors: FormatError with the problems, or where two documents have one id.
    """
    paths = doc_ids([path for path, each in found.items() if not each.columns.get("doc")])
    if not problems:
        names = _named(found, suffix, paths, problems)
    if problems:
        raise FormatError(sorted(problems))
    documents = [{**each.columns, **names[path]} for path, each in found.items()]
    tables = {}
    for name in schema.TABLES:
        rows = [(names[path]["doc"], row) for path in found for row in found[path].rows[name]]
        tables[name] = lines.to_table(name, [doc for doc, _ in rows], [row for _, row in rows])
    counts = {kind: count for kind, count in sorted(unread.items()) if count}
    corpus = frame(table(schema.DOCUMENTS, documents), Layer(layer, **tables))
    return Reading(corpus, counts, (*notes, *renamed(paths, corpus.documents)))


def _named(
    found: Mapping[str, Document],
    suffix: str,
    paths: Mapping[str, tuple[str, str | None]],
    problems: list[Problem],
) -> dict[str, dict[str, Any]]:
    """The id and the split of each document: what its file says, or else its path."""
    names: dict[str, dict[str, Any]] = {}
    owner: dict[str, str] = {}
    for path, each in found.items():
        doc, split = paths.get(path) or (each.columns["doc"], doc_ids([path])[path][1])
        if doc in owner:
            message = f"this file and {owner[doc]}{suffix} are both of document '{doc}'"
            problems.append(Problem(path + suffix, 0, f"{message}; read them one by one"))
        owner[doc] = path
        names[path] = {"doc": doc, "split": each.columns.get("split") or split}
    return names


def type_system(corpus: Corpus, layer: str) -> bytes:
    """The types of a narrowed corpus as a UIMA type system description."""
    said: str = writer.type_system(corpus.layers[layer]).to_xml()
    return said.encode()

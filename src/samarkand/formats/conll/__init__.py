r"""CoNLL: one token a line, its tag last, a blank line behind each sentence.

Foreign files (CoNLL-2003 and what is like it) are read as they come: columns separated by tabs, or
by spaces where a file has no tab; the token first. The last column holds the tags; where every
column behind the token holds nothing but tags, all do (nested mentions, as in LitBank). They are
IOB1, IOB2, BIOES or BILOU, as found; broken ones are repaired as conlleval does, and counted.
`-DOCSTART-` starts a document: `<file>-0001` and so on, or `<file>` where there is but one. There
is no text, so tokens are joined by a space and sentences by a newline. A file called train, dev or
test is that split.

Our own files, `<doc>.conll`, keep the text. They say so in their first line, which other readers
skip (spaces here stand for tabs, and \s for a space in the text):

    -DOCSTART- columns=FORM,MISC,NER:domain,NER:ents SpacesBefore=\s

    Xi      _               O  B-PER
    spoke   SpaceAfter=No   O  O
    .       SpacesAfter=\n  O  O

Each group of labels has a column, in IOB2; the first group is last, where CoNLL-2003's tags are.
Labels of no group are the group `other`. MISC is that of CoNLL-U
(https://universaldependencies.org/format.html), with the SpacesAfter and SpacesBefore, and the
escapes \s \t \r \n, of UDPipe (https://ufal.mff.cuni.cz/udpipe/1/users-manual).
Tokens are those of `samarkand.tokens`, cut where a mention begins or ends.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import iob, schema, text
from samarkand.corpus import Corpus, Layer, doc_codes, from_columns
from samarkand.cuts import WHITE
from samarkand.errors import FormatError, Problem
from samarkand.formats.base import (
    DOCUMENTS,
    SPLIT_FOLDERS,
    Files,
    Reading,
    bare,
    doc_ids,
    documents,
    frame,
    renamed,
)
from samarkand.formats.conll import reader as conll_read
from samarkand.formats.conll import writer
from samarkand.formats.conll.reader import Column, Part
from samarkand.labels import Group, LabelSchema
from samarkand.text import Ints, TextIndex

SUFFIXES = (".conll", ".tsv", ".iob", ".iob2", ".bio", ".bioes", ".bilou", "_conll.txt")
PARTS = DOCUMENTS

#: The group of labels that are in none.
OTHER = "other"


def read(files: Files, layer: str, first: int = 1) -> Reading:
    """Tokens and tags as a corpus; our own files with their texts and groups.

    Errors: FormatError with every file that is no text, and every place where columns are missing
    or a tag is none.
    """
    problems: list[Problem] = []
    unread: Counter[str] = Counter()
    opened = [conll_read.open_file(path, files[path], problems) for path in sorted(files)]
    parts = conll_read.parts([file for file in opened if file], problems, unread)
    group = _groups(parts, problems)
    if problems:
        raise FormatError(sorted(problems))
    stems = {path: _stem(path) for path in files}
    names = doc_ids(sorted(set(stems.values())))
    rows, columns = _joined(parts, {path: names[stem] for path, stem in stems.items()})
    table = documents(rows)
    notes = renamed(names, table)
    ids = pa.array([doc for doc, _, _ in rows], pa.string())
    place = pc.index_in(ids, table["doc"]).to_numpy().astype(np.int64)
    entities = _entities(
        table,
        place[_concat([column.doc for column in columns])],
        _concat([column.begin for column in columns]),
        _concat([column.end for column in columns]),
        pa.chunked_array([column.label for column in columns], pa.string()).combine_chunks(),
    )
    counts = {kind: count for kind, count in sorted(unread.items()) if count}
    made = Layer(layer, entities)
    if not all(part.groups for part in parts):  # a foreign file has no groups
        return Reading(frame(table, made), counts, notes)
    groups = dict.fromkeys(name for part in parts for name in part.groups)
    return Reading(_corpus(table, made, groups, group), counts, notes)


def write(corpus: Corpus, layer: str) -> Files:
    """One layer, one file a document: `<doc>.conll`."""
    return writer.write(narrow(corpus, layer), layer)


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """Documents keep their text alone; mentions their label and place, without white space around.

    Discontinuous mentions go, and those of nothing but white space, outside their text, or with
    white space in their label. Of mentions of one group that overlap, the longest stays.
    """
    table = bare(corpus.documents)
    entities = corpus.layers[layer].entities
    ix = text.index(table["text"])
    doc = doc_codes(table, entities["doc"])
    begin, end = (entities[name].to_numpy().astype(np.int64) for name in ("begin", "end"))
    nameable = [name for name in entities["label"].unique().to_pylist() if _nameable(name)]
    kept = pc.is_in(entities["label"], pa.array(nameable, pa.string())).to_numpy()
    kept &= entities["fragments"].is_null().to_numpy() & (doc >= 0) & (begin >= 0) & (begin <= end)
    kept[kept] = text.inside(ix, doc[kept], end[kept])
    doc, label = doc[kept], entities["label"].filter(pa.array(kept)).combine_chunks()
    begin, end = _trim(ix, doc, begin[kept], end[kept])
    group = {name: group.name for group in reversed(corpus.labels.groups) for name in group.labels}
    group = {name: group.get(name, OTHER) for name in label.unique().to_pylist()}
    stays = begin < end
    for name in set(group.values()):
        labels = [label for label in group if group[label] == name]
        code = pc.index_in(label, pa.array(labels, pa.string()))
        mine = np.flatnonzero(stays & code.is_valid().to_numpy(False))
        first, last = (ix.points[doc[mine]] + offset[mine] for offset in (begin, end))
        codes = code.take(pa.array(mine)).to_numpy().astype(np.int64)
        stays[mine] = ~iob.overlapped(first, last, first, last, codes, labels)
    label = label.filter(pa.array(stays))
    made = Layer(layer, _entities(table, doc[stays], begin[stays], end[stays], label))
    names = dict.fromkeys([*(group.name for group in corpus.labels.groups), OTHER])
    return _corpus(table, made, names, {name: group[name] for name in label.unique().to_pylist()})


def _nameable(label: str) -> bool:
    """Whether a label can stand in a tag."""
    return bool(label) and not any(character.isspace() for character in label)


def _trim(ix: TextIndex, doc: Ints, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Spans without the white space at their edges; one of nothing else is empty."""
    covered = text.cover(ix, doc, begin, end)
    right = pc.utf8_ltrim(covered, WHITE)
    inner = pc.utf8_rtrim(right, WHITE)
    size = [
        pc.utf8_length(column).to_numpy().astype(np.int64) for column in (covered, right, inner)
    ]
    begin = begin + size[0] - size[1]
    return begin, begin + size[2]


def _entities(table: pa.Table, doc: Ints, begin: Ints, end: Ints, label: pa.Array) -> pa.Table:
    """Mentions with ids T1, T2, ... in each document; `doc` counts the rows of `table`."""
    rank = pc.rank(label, tiebreaker="dense").to_numpy().astype(np.int64)
    order = np.lexsort((rank, end, begin, doc))
    doc, begin, end = doc[order], begin[order], end[order]
    number = np.arange(1, len(doc) + 1) - np.searchsorted(doc, doc)
    columns = {
        "doc": table["doc"].take(pa.array(doc)),
        "id": pc.binary_join_element_wise("T", pa.array(number).cast(pa.string()), ""),
        "begin": begin.astype(np.int32),
        "end": end.astype(np.int32),
        "text": text.cover(text.index(table["text"]), doc, begin, end),
        "label": label.take(pa.array(order)),
    }
    return from_columns(schema.ENTITIES, columns, len(doc))


def _corpus(table: pa.Table, made: Layer, names: Iterable[str], group: Mapping[str, str]) -> Corpus:
    """A corpus whose label schema has the groups of the labels in use, none overlapping itself."""
    labels = {name: tuple(sorted(k for k, v in group.items() if v == name)) for name in names}
    groups = tuple(Group(name, used, flat=True) for name, used in labels.items() if used)
    known = LabelSchema(name="inferred", version="0.1.0", groups=groups)
    return Corpus(table, known, layers={made.name: made})


def _joined(
    parts: Iterable[Part], names: Mapping[str, tuple[str, str | None]]
) -> tuple[list[tuple[str, str, str | None]], list[Column]]:
    """(document id, text, split) of all parts, and their mentions, whose rows count in these.

    Errors: FormatError where two documents come to one id.
    """
    rows: list[tuple[str, str, str | None]] = []
    columns: list[Column] = []
    owner: dict[str, str] = {}
    for part in parts:
        for column in part.columns:
            moved = column.doc + len(rows)
            columns.append(Column(column.group, moved, column.begin, column.end, column.label))
        texts = iter(part.texts)
        for path, count in zip(part.paths, part.docs.tolist(), strict=True):
            doc, split = names[path]
            if not part.groups:
                split = split or SPLIT_FOLDERS.get(doc.lower())
            several = [f"{doc[:190]}-{number:04}" for number in range(1, count + 1)]
            for id in several if count > 1 else [doc]:
                if owner.setdefault(id, path) != path:
                    message = f"both this file and {owner[id]} come to the document id '{id}'"
                    raise FormatError([Problem(path, 0, message)])
                rows.append((id, next(texts), split))
    return rows, columns


def _stem(path: str) -> str:
    """A path without its suffix."""
    return path.removesuffix(next((suffix for suffix in SUFFIXES if path.endswith(suffix)), ""))


def _groups(parts: Iterable[Part], problems: list[Problem]) -> dict[str, str]:
    """The group of each label of our own files; a label of two groups is a problem."""
    group: dict[str, str] = {}
    for part in parts:
        for column in part.columns if part.groups else ():
            for label in column.label.unique().to_pylist():
                if group.setdefault(label, column.group) == column.group:
                    continue
                doc = column.doc[column.label.index(label).as_py()]
                path = part.paths[np.searchsorted(np.cumsum(part.docs), doc, "right")]
                message = (
                    f"label '{label}' stands in the columns of two groups, '{group[label]}' and "
                    f"'{column.group}'; a label is of one group"
                )
                problems.append(Problem(path, 0, message))
    return group


def _concat(columns: list[Ints]) -> Ints:
    return np.concatenate([np.zeros(0, np.int64), *columns])

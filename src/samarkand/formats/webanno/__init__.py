r"""WebAnno TSV 3.2 and 3.3, as INCEpTION and WebAnno import and export it: one file a document.

The format is told in the appendix "WebAnno TSV 3.3 File format" of INCEpTION's user guide, and in
its reader and writer (inception-io-webanno-tsv, `Tsv3XDeserializer`, `Tsv3XSerializer`). Offsets
count UTF-16 code units.

**Other people's files.** Every span layer becomes entities, and every relation layer relations,
from `Governor` to `Dependent`. The label is the feature `value`, `label`, `entity`, `type` or
`referenceType`, the first that the layer has, else its only feature, else the layer's name; the
other features are attributes, and so is the layer (`layer`) unless it is DKPro's NamedEntity or
the label says it. The links of a slot are relations, by their role; the links of a chain are
entities, with a relation from each to the next. Layers of words and syntax (POS, lemma, dependency
and so on), annotations that cover nothing, ids of sentences and lines of comment are counted.

**Our files.** `<doc>.tsv` has three layers, which TypeSystem.xml declares: INCEpTION makes them
when that file is imported into a project's layers (`ProjectLayersPanel.importUimaTypeSystemFile`;
it adds no feature to built-in layers such as NamedEntity, so ours are custom ones).

    SamarkandEntity     value (the label), actor, attributes by their names
    SamarkandRelation   value (the label), status, attributes
    SamarkandStance     on the cue: act, polarity, status, explicit, holder, target, attributes,
                        and links of the roles holder, target and source to entities

Each has `samarkandId`, the id, and `samarkand`, in JSON what else there is: scores, pieces of
discontinuous entities, evidence, objects, white space at the edges. INCEpTION keeps both as it
keeps any feature. If somebody changes what a feature says, or moves an annotation, that counts, and
the JSON gives way. What is said of the document stands in a comment, `#samarkand=`, above the
first sentence: INCEpTION's reader passes over it, so it does not come back from there.

The text is kept exactly, in INCEpTION too: the format knows no text between sentences but a newline
and spaces, so a sentence ends where the rest of the white space behind it is just that. White
space before the first word that is more than spaces stands in the comment.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import lines, schema, text
from samarkand.corpus import Corpus, Layer, doc_codes, entity_rows, from_columns
from samarkand.cuts import WHITE
from samarkand.errors import FormatError, Problem
from samarkand.formats.base import DOCUMENTS, Files, Reading, doc_ids, frame, renamed
from samarkand.formats.webanno import own, writer
from samarkand.formats.webanno import rows as webanno_rows
from samarkand.formats.webanno import sheet as webanno_sheet
from samarkand.formats.webanno import tables as webanno_tables
from samarkand.formats.webanno.cells import Reader
from samarkand.formats.webanno.sheet import Sheet
from samarkand.formats.webanno.tables import Tables
from samarkand.text import Mask
from samarkand.words import count

SUFFIXES = (".tsv",)
PARTS = DOCUMENTS

#: Files are read in blocks, so that the working arrays of one fit the processor's cache.
BLOCK = 200


def read(files: Files, layer: str, first: int = 1) -> Reading:
    """WebAnno TSV files as a corpus.

    Errors: FormatError with every line that is not of the format, every token that is not what its
    offsets cover, and every reference that leads nowhere.
    """
    problems: list[Problem] = []
    ids = doc_ids([path.removesuffix(".tsv") for path in files if path.endswith(".tsv")])
    stems = sorted(ids, key=lambda stem: ids[stem][0])
    tables, documents = Tables(), list[dict[str, object]]()
    in_points: list[str] = []
    for start in range(0, len(stems), BLOCK):
        some = {f"{stem}.tsv": ids[stem] for stem in stems[start : start + BLOCK]}
        _block({path: files[path] for path in some}, some, tables, documents, in_points, problems)
    if problems:
        raise FormatError(sorted(problems))
    made = {
        name: lines.to_table(name, tables.docs[name], tables.rows[name]) for name in schema.TABLES
    }
    columns = {name: [row.get(name) for row in documents] for name in schema.DOCUMENTS.names}
    table = from_columns(schema.DOCUMENTS, columns, len(documents))
    counts = {kind: count for kind, count in sorted(tables.unread.items()) if count}
    notes = (*_notes(in_points), *renamed(ids, table))
    return Reading(frame(table, Layer(layer, **made)), counts, notes)


def _block(
    files: Files,
    ids: dict[str, tuple[str, str | None]],
    tables: Tables,
    documents: list[dict[str, object]],
    in_points: list[str],
    problems: list[Problem],
) -> None:
    """Read some files into the tables, and what is said of their documents."""
    opened = [
        webanno_sheet.open_file(path, data, problems, tables.unread) for path, data in files.items()
    ]
    sheets = [sheet for sheet in opened if sheet is not None]
    said = [_said(sheet, problems) for sheet in sheets]
    before = len(problems)
    rows = webanno_rows.parse(sheets, [one.lead for one in said], problems)
    if len(problems) > before:  # what is wrong with the other files' annotations is said as well
        wrong = {problem.path for problem in problems}
        good = [pair for pair in zip(sheets, said, strict=True) if pair[0].path not in wrong]
        sheets, said = [sheet for sheet, _ in good], [one for _, one in good]
        rows = webanno_rows.parse(sheets, [one.lead for one in said], problems)
    if rows is None:
        return
    in_points += rows.in_points
    for file, (sheet, one) in enumerate(zip(sheets, said, strict=True)):
        doc, split = ids[sheet.path]
        webanno_tables.add(Reader(rows, file, problems), doc, rows.texts[file], tables)
        documents.append(
            {
                "doc": doc, "text": rows.texts[file], "title": one.title,
                "published": one.published, "language": one.language, "event": one.event,
                "split": one.split or split, "license": one.license, "sha256": one.sha256,
                "metadata": [{"name": n, "value": v} for n, v in sorted(one.metadata.items())],
            }
        )  # fmt: skip


def _said(sheet: Sheet, problems: list[Problem]) -> own.Document:
    """What our line says of a document."""
    if len(sheet.ours) > 1:
        message = f"a second line {webanno_sheet.OURS}; there is one a document"
        problems.append(Problem(sheet.path, sheet.ours[1][0], message))
    for number, line in sheet.ours[:1]:
        try:
            return own.document(line)
        except ValueError as error:
            problems.append(Problem(sheet.path, number, str(error)))
    return own.Document()


def _notes(in_points: list[str]) -> tuple[str, ...]:
    if not in_points:
        return ()
    return (
        f"the offsets of {count(len(in_points), 'file')} count code points, and not the UTF-16 "
        f"code units of the format (first: {min(in_points)})",
    )


def write(corpus: Corpus, layer: str) -> Files:
    """One layer as `<doc>.tsv` for each document, and TypeSystem.xml with the layers."""
    return writer.write(narrow(corpus, layer), layer)


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """All but what has no token to stand on.

    Lost are entities that cover nothing but white space, with their relations and stances; stances
    of a text that is all white space; relations whose ends, and objects that, are not there.
    """
    kept = corpus.layers[layer]
    table = corpus.documents
    entities = kept.entities.filter(pa.array(_visible(table, kept.entities)))
    relations, stances = kept.relations, kept.stances
    for end in ("head", "tail"):
        there = entity_rows(entities, relations["doc"], relations[end]) >= 0
        relations = relations.filter(pa.array(there))
    there = entity_rows(entities, relations["doc"], relations["object"].fill_null("")) >= 0
    place = relations.schema.get_field_index("object")
    object_ = pc.if_else(pa.array(there), relations["object"], pa.scalar(None, pa.string()))
    relations = relations.set_column(place, relations.schema.field(place), object_)
    stances = stances.filter(pa.array(_anchored(table, kept, entities, stances)))
    return frame(table, Layer(layer, entities, relations, stances))


def _visible(documents: pa.Table, entities: pa.Table) -> Mask:
    """Which entities lie in their text and cover something that can be seen."""
    ix = text.index(documents["text"])
    doc = doc_codes(documents, entities["doc"])
    begin, end = (entities[name].to_numpy().astype(np.int64) for name in ("begin", "end"))
    good: Mask = (doc >= 0) & (begin >= 0) & (begin < end)
    good[good] = text.inside(ix, doc[good], end[good])
    covered = text.cover(ix, doc[good], begin[good], end[good])
    good[good] = pc.not_equal(pc.utf8_trim(covered, WHITE), "").to_numpy(False)
    return good


def _anchored(documents: pa.Table, kept: Layer, entities: pa.Table, stances: pa.Table) -> Mask:
    """Which stances have a text with a word in it, and refer to no entity that was dropped."""
    words = pc.not_equal(pc.utf8_trim(documents["text"], WHITE), "")
    seen = documents["doc"].filter(words)
    good = np.asarray(pc.is_in(stances["doc"], seen).to_numpy(), np.bool_).copy()
    before, after = (
        set(zip(some["doc"].to_pylist(), some["id"].to_pylist(), strict=True))
        for some in (kept.entities, entities)
    )
    gone = before - after
    if gone:
        columns = [
            stances[name].to_pylist() for name in ("doc", "holder", "target", "source_chain")
        ]
        for row, (doc, holder, target, chain) in enumerate(zip(*columns, strict=True)):
            good[row] &= not any((doc, id) in gone for id in (holder, target, *chain))
    return good

"""A narrowed corpus as WebAnno TSV files: rows as whole columns, annotations one by one."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import schema, sentences, text, tokens
from samarkand.corpus import Corpus, Layer, doc_codes
from samarkand.formats.base import Files
from samarkand.formats.webanno import marks, own, types
from samarkand.formats.webanno.escapes import escape_text
from samarkand.formats.webanno.header import FORMAT
from samarkand.formats.webanno.marks import Marks
from samarkand.formats.webanno.sheet import OURS
from samarkand.text import UTF16, Ints, TextIndex
from samarkand.tokens import Tokens

#: Documents are written in blocks, so that the working arrays of one fit the processor's cache.
BLOCK = 200


def write(narrowed: Corpus, layer: str) -> Files:
    """One file a document, and the type system."""
    documents, kept = narrowed.documents, narrowed.layers[layer]
    found = tokens.tokenize(documents["text"])
    sentence = sentences.split(documents["text"], found)
    bounds = np.arange(0, len(documents) + BLOCK, BLOCK)
    token = np.searchsorted(found.doc, bounds)
    rows = {
        name: np.searchsorted(doc_codes(documents, kept.table(name)["doc"]), bounds)
        for name in schema.TABLES
    }
    files = {types.NAME: types.write(_attributes(kept))}
    for k, first in enumerate(bounds[:-1].tolist()):
        some = documents.slice(first, BLOCK)
        if not len(some):
            break
        mine = slice(token[k], token[k + 1])
        of_block = Tokens(found.doc[mine] - first, found.begin[mine], found.end[mine])
        tables = {
            name: kept.table(name).slice(at[k], at[k + 1] - at[k]) for name, at in rows.items()
        }
        files |= _block(some, of_block, sentence[mine], Layer(layer, **tables))
    return files


def _attributes(kept: Layer) -> dict[str, list[str]]:
    """The names of the attributes that are features, by table."""
    names = {}
    for table in schema.TABLES:
        pairs = pc.list_flatten(kept.table(table)["attributes"])
        used = pc.struct_field(pairs, "name").unique().to_pylist()
        names[table] = [name for name in used if own.nameable(name, table)]
    return names


def _block(documents: pa.Table, found: Tokens, number: Ints, kept: Layer) -> Files:
    ix = text.index(documents["text"])
    made = marks.collect(documents, ix, found, kept)
    new = (np.diff(number, prepend=-1) != 0) | (np.diff(found.doc, prepend=-1) != 0)
    first = np.flatnonzero(new)
    ordinal = np.arange(len(found)) - np.repeat(first, np.diff(np.append(first, len(found)))) + 1
    ids = pc.binary_join_element_wise(_digits(number + 1), _digits(ordinal), "-")
    columns = [marks.columns(made, doc) for doc in range(len(ix))]
    bodies = _bodies(ix, found, ids, first, _headers(ix, found, first), made, columns)
    files = {}
    for doc, (name, body, said) in enumerate(
        zip(documents["doc"].to_pylist(), bodies, _said(documents, found), strict=True)
    ):
        head = "".join(f"{line}\n" for line in [f"{FORMAT}3.3", *marks.declared(columns[doc])])
        ours = "" if said is None else f"{OURS}{said}\n"
        files[f"{name}.tsv"] = f"{head}\n\n{ours}{body[1:]}".encode()
    return files


def _headers(ix: TextIndex, found: Tokens, first: Ints) -> list[str]:
    """A blank line, and the lines `#Text=` above each sentence.

    A sentence reaches to the next one, or to the end of its text; but what the format puts
    between sentences does not belong to it.
    """
    doc = found.doc[first]
    last = np.diff(doc, append=-1) != 0
    until = np.append(found.begin[first[1:]], 0)[: len(first)]
    until[last] = text.lengths(ix)[doc[last]]
    headers = []
    values = text.cover(ix, doc, found.begin[first], until).to_pylist()
    for value, ends in zip(values, last.tolist(), strict=True):
        bare = value if ends else value.rstrip(" ")
        inner = bare[:-1] if bare.endswith("\n") and not ends else value
        headers.append("\n" + "".join(f"#Text={escape_text(x)}\n" for x in inner.split("\n")))
    return headers


def _said(documents: pa.Table, found: Tokens) -> list[str | None]:
    """What is said of each document, its text apart."""
    begins = np.searchsorted(found.doc, np.arange(len(documents) + 1)).tolist()
    columns = [name for name in schema.DOCUMENTS.names if name not in ("doc", "text", "metadata")]
    rows = documents.select(columns).to_pylist()
    texts, metadata = documents["text"].to_pylist(), documents["metadata"].to_pylist()
    said = []
    for doc, (value, row, pairs) in enumerate(zip(texts, rows, metadata, strict=True)):
        some = begins[doc] < begins[doc + 1]
        lead = value[: int(found.begin[begins[doc]])] if some else value
        if some and not lead.strip(" "):
            lead = ""  # spaces are known from where the first token begins
        own_pairs = {pair["name"]: pair["value"] for pair in pairs}
        said.append(own.encode(own.Document(lead=lead or None, metadata=own_pairs, **row)))
    return said


def _bodies(
    ix: TextIndex,
    found: Tokens,
    ids: pa.Array,
    first: Ints,
    headers: list[str],
    made: Marks,
    columns: list[list[marks.Column]],
) -> list[str]:
    """The sentences of each document: the rows of their tokens, sub-tokens behind theirs."""
    subs = sorted(made.subs.items())
    parts = np.array([unit for unit, _ in subs], np.int64).reshape(-1, 3)
    token = np.concatenate([np.arange(len(found)), parts[:, 0]])
    number = np.concatenate([np.zeros(len(found), np.int64), [n for _, n in subs]]).astype(np.int64)
    order = np.lexsort((number, token))
    token, number = token[order], number[order]
    doc = found.doc[token]
    shift = ix.points[found.doc[parts[:, 0]]]
    begin = np.concatenate([found.begin, parts[:, 1] - shift])[order]
    end = np.concatenate([found.end, parts[:, 2] - shift])[order]
    name = ids.take(pa.array(token))
    sub = pc.binary_join_element_wise(name, _digits(number), ".")
    units = [_digits(text.to_unit(ix, UTF16, doc, offset)) for offset in (begin, end)]
    opens = np.zeros(len(token), np.int64)
    opens[np.searchsorted(token, first)] = np.arange(1, len(first) + 1)
    fields = [
        pa.array(["", *headers]).take(pa.array(opens)),
        pc.if_else(pa.array(number > 0), sub, name),
        "\t",
        pc.binary_join_element_wise(*units, "-"),
        "\t",
        text.cover(ix, doc, begin, end),
        "\t",
        _cells(ids, token, order - len(found), doc, parts, made, columns),
        "\n",
    ]
    wide = pa.large_string()
    rows = pc.binary_join_element_wise(
        *(pa.scalar(c, wide) if isinstance(c, str) else c.cast(wide) for c in fields),
        pa.scalar("", wide),
    )
    bounds = np.searchsorted(doc, np.arange(len(ix) + 1))
    return ["".join(rows[a:b].to_pylist()) for a, b in pairwise(bounds.tolist())]


def _cells(
    ids: pa.Array,
    token: Ints,
    part: Ints,
    doc: Ints,
    parts: Ints,
    made: Marks,
    columns: list[list[marks.Column]],
) -> pa.Array:
    """The cells of each row; `part` counts the sub-tokens, and is below 0 for a token."""
    pool = ["_\t" * len(of_document) for of_document in columns]
    chosen = doc.copy()
    names = ids.to_pylist() if made.at else []
    marked = {unit[0] for unit in made.at if unit[1] == marks.WHOLE}
    some = (part >= 0) | np.isin(token, np.array(sorted(marked), np.int64))
    for row in np.flatnonzero(some).tolist():
        whole = (int(token[row]), marks.WHOLE, marks.WHOLE)
        unit = whole if part[row] < 0 else tuple(parts[part[row]].tolist())
        chosen[row] = len(pool)
        pool.append(marks.cells(made, columns[doc[row]], unit, names))
    return pa.array(pool, pa.large_string()).take(pa.array(chosen))


def _digits(values: Ints) -> pa.Array:
    return pa.array(values).cast(pa.string())

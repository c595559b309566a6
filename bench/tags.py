"""Character spans to IOB2 tags: over given tokens, and from bare text."""

from pathlib import Path
from typing import Any

from bench.common import DOCS, TOKENS, Clock, by_document, digest, joined, spans, texts
from bench.generate import LABELS


def prepare(data: Path, _: int) -> None:
    """spaCy's Docs of all texts, and the tokens in them that are not white space, as columns."""
    import numpy as np
    import spacy
    from spacy.tokens import DocBin

    docs, rows = DocBin(attrs=[]), []
    tokenizer = spacy.blank("en").tokenizer
    for row, doc in enumerate(tokenizer.pipe(texts(data).to_pylist())):
        docs.add(doc)
        found = _offsets(doc)
        rows.append(np.column_stack([np.full(len(found), row), found]))
    docs.to_disk(data / DOCS)
    doc, begin, end = np.concatenate(rows).T
    np.savez(data / TOKENS, doc=doc, begin=begin, end=end)


def ours_given(data: Path, clock: Clock) -> str:
    """Tags over tokens that are columns."""
    import numpy as np

    from samarkand import iob
    from samarkand.tokens import Tokens

    with np.load(data / TOKENS) as file:
        tokens = Tokens(file["doc"], file["begin"], file["end"])
    given = spans(data)
    with clock:
        tagged = iob.tags(tokens, **given, labels=LABELS)
    assert not len(tagged.inexact) + len(tagged.untouched) + len(tagged.overlapped)
    return digest(np.array(tagged.names)[tagged.codes].tolist())


def spacy_given(data: Path, clock: Clock) -> str:
    """spaCy's own function, on Docs made beforehand."""
    import spacy
    from spacy.tokens import DocBin
    from spacy.training import offsets_to_biluo_tags

    vocab = spacy.blank("en").vocab
    docs = list(DocBin().from_disk(data / DOCS).get_docs(vocab))
    given = by_document(data)
    with clock:
        found = [
            offsets_to_biluo_tags(doc, entities) for doc, entities in zip(docs, given, strict=True)
        ]
    # BILOU says with L and U what IOB2 says with I and B.
    iob2 = [tag.replace("L-", "I-", 1).replace("U-", "B-", 1) for tag in joined(found)]
    white = [token.is_space for doc in docs for token in doc]
    return digest([tag for tag, skip in zip(iob2, white, strict=True) if not skip])


def ours_text(data: Path, clock: Clock) -> str:
    """Tokens and tags from text."""
    import pyarrow as pa

    from samarkand import iob
    from samarkand.tokens import tokenize

    given, column = spans(data), texts(data)
    tokenize(pa.array(["Loads spaCy's rules."]))
    with clock:
        tokens = tokenize(column)
        tagged = iob.tags(tokens, **given, labels=LABELS)
    return digest(tokens.doc, tokens.begin, tokens.end, tagged.codes)


def spacy_text(data: Path, clock: Clock) -> str:
    """spaCy's tokenizer, and its spans set as the Doc's entities: the quickest way we found."""
    import numpy as np
    import spacy
    from spacy.attrs import ENT_IOB, ENT_TYPE, IDX, IS_SPACE, LENGTH

    nlp = spacy.blank("en")
    given, column = by_document(data), texts(data).to_pylist()
    nlp("Loads spaCy's rules.")
    with clock:
        rows = []
        for doc, entities in zip(nlp.tokenizer.pipe(column), given, strict=True):
            doc.set_ents([doc.char_span(*entity) for entity in entities])
            rows.append(doc.to_array([IDX, LENGTH, IS_SPACE, ENT_IOB, ENT_TYPE]))
    number = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    begin, length, white, state, kind = np.concatenate(rows).T
    kept = white == 0
    known = np.array([nlp.vocab.strings[label] for label in LABELS], np.uint64)
    order = np.argsort(known)
    code = 2 * order[np.searchsorted(known[order], kind).clip(max=len(known) - 1)]
    tags = np.select([state == 3, state == 1], [code + 1, code + 2], 0)
    parts: list[Any] = [number, begin, begin + length, tags]
    return digest(*(part[kept] for part in parts))


def _offsets(doc: Any) -> Any:
    """Where the tokens of a Doc begin and end, those of white space left out; shape (tokens, 2)."""
    from spacy.attrs import IDX, IS_SPACE, LENGTH

    rows = doc.to_array([IDX, LENGTH, IS_SPACE]).astype("int64").reshape(-1, 3)
    rows = rows[rows[:, 2] == 0]
    rows[:, 1] += rows[:, 0]
    return rows[:, :2]

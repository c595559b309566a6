"""What a sheet's folder decides: one in quotation form, or one that is a corpus."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from samarkand import convert, layout, lines, schema, store
from samarkand.adjudication import decisions, sheet
from samarkand.adjudication.decisions import Given, Settled
from samarkand.adjudication.union import Union
from samarkand.corpus import Corpus
from samarkand.errors import Problem, SamarkandError

#: The layer of a sheet that is a corpus.
UNION = "union"


def read(folder: Path, corpus: Corpus, unions: Sequence[Union]) -> dict[str, Settled]:
    """What stays of each document. Errors: SamarkandError with all that is wrong or not decided."""
    if (folder / layout.ARTICLES).is_file():
        return _from_corpus(folder, unions)
    return _quoted(folder, corpus, unions)


def _from_corpus(folder: Path, unions: Sequence[Union]) -> dict[str, Settled]:
    """The decisions of a sheet that is a corpus: what is in its layer stays."""
    kept = store.read(folder, [UNION]).layers[UNION]
    given: dict[str, list[Given]] = {each.doc: [] for each in unions}
    for name in schema.TABLES:
        table = kept.table(name)
        rows = lines.from_table(name, table)
        for doc, row in zip(table["doc"].to_pylist(), rows, strict=True):
            path = str(folder / layout.LAYERS / UNION / f"{doc}.jsonl")
            given[doc].append(Given(row, path=path))
    problems: list[Problem] = []
    found: dict[str, Settled] = {}
    for each in unions:
        by_question = {name.question: name.actor for name in reversed(each.names)}
        names = {name.actor: by_question[name.question] for name in each.names}
        _settle(found, problems, each, given[each.doc], names, {})
    if problems:
        raise SamarkandError(problems)
    return found


def _settle(
    found: dict[str, Settled],
    problems: list[Problem],
    union: Union,
    given: Sequence[Given],
    names: Mapping[str, str],
    refused: Mapping[str, str],
) -> None:
    try:
        found[union.doc] = decisions.settle(union, given, names, refused)
    except SamarkandError as error:
        problems += error.problems


def _quoted(folder: Path, corpus: Corpus, unions: Sequence[Union]) -> dict[str, Settled]:
    """The decisions of a sheet in quotation form."""
    texts = dict(
        zip(corpus.documents["doc"].to_pylist(), corpus.documents["text"].to_pylist(), strict=True)
    )
    problems: list[Problem] = []
    found: dict[str, Settled] = {}
    for each in unions:
        path = str(folder / f"{each.doc}.jsonl")
        data, text = (layout.optional(folder, f"{each.doc}{end}") for end in (".jsonl", ".txt"))
        if data is None or text is None or text != texts[each.doc].encode():
            what = "no such file" if data is None else "the text beside it is not the corpus's"
            problems.append(Problem(path, 0, f"{what}; make a new sheet of this document"))
            continue
        decided = sheet.parse(path, data, each, problems)
        try:
            given = _given(path, text, decided, each.doc)
        except SamarkandError as error:
            problems += error.problems
            continue
        if not any(problem.path == path for problem in problems):
            _settle(found, problems, each, given, decided.names, decided.refused)
    if problems:
        raise SamarkandError(problems)
    return found


def _given(path: str, text: bytes, decided: sheet.Decided, doc: str) -> list[Given]:
    """The lines that stay. Errors: SamarkandError for quotations that are not found."""
    quoted = {f"{doc}.txt": text, f"{doc}.jsonl": b"".join(row + b"\n" for row in decided.kept)}
    try:
        layer = convert.reader("quotes").read(quoted, UNION).corpus.layers[UNION]
    except SamarkandError as error:
        raise SamarkandError(
            Problem(path, decided.numbers[each.line - 1] if each.line else 0, each.message)
            for each in error.problems
        ) from None
    number = {
        next(iter(msgspec.json.decode(row).values())): at
        for row, at in zip(decided.kept, decided.numbers, strict=True)
    }
    found = []
    for name in schema.TABLES:
        for row in lines.from_table(name, layer.table(name)):
            id = getattr(row, lines.ID_KEYS[name])
            found.append(Given(row, decided.why[id], path, number[id]))
    return found

"""UIMA CAS as JSON (JSON CAS 0.4): DOC.json for each document, with its types in it.

What Apache UIMA's uimaj-io-json and INCEpTION ("UIMA CAS JSON") write and read. Offsets count
UTF-16 code units. dkpro-cassis reads and writes the files; before it reads one, the file is checked
here (see `cas/check`).

A TypeSystem.xml is written too, and not read: INCEpTION reads a JSON CAS only if its project has a
layer for each type, and makes layers of a TypeSystem.xml.
"""

from collections import Counter

from samarkand.corpus import Corpus
from samarkand.errors import Problem
from samarkand.formats.base import DOCUMENTS, Files, Reading
from samarkand.formats.cas import common, json_check, narrowing, writer
from samarkand.formats.cas.reader import Document, read_cas
from samarkand.formats.cas.source import Source
from samarkand.formats.cas.types import library

SUFFIXES = (".json",)
PARTS = DOCUMENTS


def read(files: Files, layer: str, first: int = 1) -> Reading:
    """JSON CAS files as a corpus.

    Errors: FormatError with every fault of every file; SamarkandError without dkpro-cassis.
    """
    library()
    problems: list[Problem] = []
    unread: Counter[str] = Counter()
    found: dict[str, Document] = {}
    for path in sorted(path for path in files if path.endswith(".json")):
        loaded = json_check.load(path, files[path], problems)
        if loaded is not None:
            source = Source(path, loaded, problems, unread)
            found[path.removesuffix(".json")] = read_cas(source)
    return common.reading(layer, found, ".json", unread, (), problems)


def write(corpus: Corpus, layer: str) -> Files:
    """One layer as a JSON CAS for each document, and the type system that INCEpTION needs."""
    narrowed = narrow(corpus, layer)
    written = {common.TYPE_SYSTEM: common.type_system(narrowed, layer)}
    for doc, cas in writer.cases(narrowed, layer, in_xml=False):
        written[f"{doc}.json"] = cas.to_json(pretty_print=True).encode() + b"\n"
    return written


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """Documents and annotations keep everything that has a place in the text."""
    return narrowing.narrow(corpus, layer)

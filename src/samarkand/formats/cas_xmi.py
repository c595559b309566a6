"""UIMA CAS as XMI (XML 1.0): DOC.xmi for each document, and the TypeSystem.xml of all of them.

What UIMA, DKPro Core and INCEpTION ("UIMA CAS XMI (XML 1.0)") write and read. Offsets count UTF-16
code units. dkpro-cassis reads and writes the files; before it reads one, the file is checked here
(see `cas/check`), and one with a DOCTYPE is refused.

XML cannot hold control characters but tab, line feed and carriage return, nor U+FFFE and U+FFFF.
Where a text has some, spaces stand for them, as in what INCEpTION exports, and the document's
`controls` say what they were, by their place in code points. In attributes, tabs and line ends are
written as character references, which no reader turns into spaces.
"""

from collections import Counter

from samarkand.corpus import Corpus
from samarkand.errors import Problem
from samarkand.formats.base import DOCUMENTS, Files, Reading
from samarkand.formats.cas import common, narrowing, writer
from samarkand.formats.cas import xmi_check as check_of
from samarkand.formats.cas.reader import Document, read_cas
from samarkand.formats.cas.source import Source
from samarkand.formats.cas.types import library, well_known

SUFFIXES = (".xmi", "TypeSystem.xml", "typesystem.xml")
PARTS = DOCUMENTS


def read(files: Files, layer: str, first: int = 1) -> Reading:
    """XMI files, each with the type system beside it or in a folder above it, as a corpus.

    Without one, the types are those of DKPro Core; a note says so.
    Errors: FormatError with every fault of every file; SamarkandError without dkpro-cassis.
    """
    library()
    problems: list[Problem] = []
    unread: Counter[str] = Counter()
    notes: list[str] = []
    found: dict[str, Document] = {}
    systems: dict[str, object] = {}
    by_folder = _by_folder(files)
    for path in sorted(path for path in files if path.endswith(".xmi")):
        place = _beside(path, by_folder, problems)
        if place is None:
            continue
        if place not in systems:
            systems[place] = _types(place, files, problems, notes)
        if systems[place] is None:
            continue
        says = place or "DKPro Core (put the TypeSystem.xml of the export beside it)"
        loaded = check_of.load(path, files[path], systems[place], says, problems)
        if loaded is not None:
            source = Source(path, loaded, problems, unread)
            found[path.removesuffix(".xmi")] = read_cas(source)
    return common.reading(layer, found, ".xmi", unread, notes, problems)


def _by_folder(files: Files) -> dict[str, list[str]]:
    """The paths of the type systems in each folder; of one called TypeSystem.xml, it alone."""
    found: dict[str, list[str]] = {}
    for path in sorted(files):
        folder, _, name = path.rpartition("/")
        if name.lower().endswith("typesystem.xml"):
            found.setdefault(folder, []).append(path)
    for folder, paths in found.items():
        named = [path for path in paths if path.lower().rpartition("/")[2] == "typesystem.xml"]
        found[folder] = named or paths
    return found


def _beside(path: str, by_folder: dict[str, list[str]], problems: list[Problem]) -> str | None:
    """The path of the type system nearest to a file; empty if there is none, None at a fault."""
    folder = path
    while folder:
        folder = folder.rpartition("/")[0]
        here = by_folder.get(folder, [])
        if len(here) == 1:
            return here[0]
        if here:
            message = f"which type system is its? there are {', '.join(here)}"
            problems.append(Problem(path, 0, f"{message}; leave one, called TypeSystem.xml"))
            return None
    return ""


def _types(place: str, files: Files, problems: list[Problem], notes: list[str]) -> object:
    if place:
        return check_of.type_system(place, files[place], problems)
    notes.append("XMI without a TypeSystem.xml: its types are taken to be those of DKPro Core")
    types: object = well_known()
    return types


def write(corpus: Corpus, layer: str) -> Files:
    """One layer as an XMI file for each document, and their type system."""
    narrowed = narrow(corpus, layer)
    written = {common.TYPE_SYSTEM: common.type_system(narrowed, layer)}
    for doc, cas in writer.cases(narrowed, layer, in_xml=True):
        written[f"{doc}.xmi"] = cas.to_xmi(pretty_print=True).encode()
    return written


def narrow(corpus: Corpus, layer: str) -> Corpus:
    """Documents and annotations keep everything that has a place in the text."""
    return narrowing.narrow(corpus, layer)

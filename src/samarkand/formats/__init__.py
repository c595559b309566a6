"""Annotation formats, each a module with `read`, `write` and `narrow`: see `formats.base`."""

from collections.abc import Callable, Mapping

from samarkand.formats import (
    bioc,
    brat,
    cas_json,
    cas_xmi,
    conll,
    docbin,
    doccano,
    gate,
    jsonl,
    labelstudio,
    prodigy,
    quotes,
    re3d,
    webanno,
)
from samarkand.formats.base import Format, Reader
from samarkand.formats.cas import types as cas_types
from samarkand.formats.labelstudio import label_config
from samarkand.formats.webanno import types as webanno_types

#: Every format that is read and written, by name. A new one is one file and one line here.
FORMATS: dict[str, Format] = {
    "bioc": bioc,
    "brat": brat,
    "cas-json": cas_json,
    "cas-xmi": cas_xmi,
    "conll": conll,
    "docbin": docbin,
    "doccano": doccano,
    "jsonl": jsonl,
    "labelstudio": labelstudio,
    "prodigy": prodigy,
    "quotes": quotes,
    "re3d": re3d,
    "webanno": webanno,
}

#: Every format that is read: those, and the ones that are only read.
READERS: dict[str, Reader] = {**FORMATS, "gate": gate}

#: Files that belong to no document but to all, by format and name, and what makes one file of two
#: such files of some documents.
JOINED: Mapping[str, Mapping[str, Callable[[bytes, bytes], bytes]]] = {
    "cas-json": {"TypeSystem.xml": cas_types.joined},
    "cas-xmi": {"TypeSystem.xml": cas_types.joined},
    "labelstudio": {"label_config.xml": label_config.joined},
    "webanno": {"TypeSystem.xml": webanno_types.joined},
}

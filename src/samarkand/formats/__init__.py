"""Annotation formats, each a module with `read`, `write` and `narrow`: see `formats.base`."""

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

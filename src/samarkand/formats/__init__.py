"""Annotation formats, each a module with `read`, `write` and `narrow`: see `formats.base`."""

from samarkand.formats import brat, conll, doccano, quotes
from samarkand.formats.base import Format, Reader

#: Every format that is read and written, by name. A new one is one file and one line here.
FORMATS: dict[str, Format] = {
    "brat": brat,
    "conll": conll,
    "doccano": doccano,
    "quotes": quotes,
}

#: Every format that is read: those, and the ones that are only read.
READERS: dict[str, Reader] = {**FORMATS}

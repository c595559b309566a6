"""The types that a CAS is made of: made by dkpro-cassis, once their names are known to be names."""

import io
import keyword
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from samarkand.errors import Problem
from samarkand.formats.cas.types import ANNOTATION, library

_NUMBERS = {"uima.cas.Integer", "uima.cas.Short", "uima.cas.Long", "uima.cas.Byte"}
_FLOATS = {"uima.cas.Float", "uima.cas.Double"}
#: What every feature structure of dkpro-cassis has by that name already.
_TAKEN = {"xmiID", "get", "set", "get_covered_text"}


@dataclass(frozen=True)
class Kind:
    """A type: what says where its structures are, and what its features hold.

    `wanted` is an annotation's sofa, begin and end. `holds` gives, by a feature's name, one of
    number, float, boolean, string, ref (one id), refs (several), and other.
    """

    name: str
    short: str
    wanted: tuple[str, ...]
    holds: dict[str, str]


@dataclass
class Known:
    """A type system of dkpro-cassis, looked at once for each type."""

    types: Any
    kinds: dict[str, Kind | None] = field(default_factory=dict)

    def kind(self, name: str) -> Kind | None:
        """The type of that name, if there is one."""
        if name not in self.kinds:
            there = self.types.contains_type(name, True)
            self.kinds[name] = self._kind(self.types.get_type(name, True)) if there else None
        return self.kinds[name]

    def _kind(self, found: Any) -> Kind:
        wanted: tuple[str, ...] = ()
        if self.types.is_instance_of(found.name, ANNOTATION):
            wanted = ("sofa", "begin", "end")
        elif self.types.is_instance_of(found.name, "uima.cas.AnnotationBase"):
            wanted = ("sofa",)
        holds = {unrenamed(f.name): _holds(self.types, f) for f in found.all_features}
        if found.name == "uima.cas.FSArray":
            holds["elements"] = "refs"
        return Kind(found.name, found.short_name, wanted, holds)


def unrenamed(name: str) -> str:
    """A feature's name without what dkpro-cassis puts behind those that Python has for itself."""
    return name[:-1] if name in ("self_", "type_") else name


def _holds(types: Any, feature: Any) -> str:
    kind = feature.rangeType
    if kind.name in _NUMBERS:
        return "number"
    if kind.name in _FLOATS:
        return "float"
    if kind.name == "uima.cas.Boolean":
        return "boolean"
    if types.is_primitive(kind):
        return "string"
    if feature.name == "elements":
        return "other"
    if feature.multipleReferencesAllowed:
        return "ref"
    if kind.name in ("uima.cas.FSArray", "uima.cas.FSList"):
        return "refs"
    return "other" if types.is_primitive_collection(kind) else "ref"


def bad_name(name: str, dotted: bool = False) -> str:
    """Why a type's or feature's name cannot be one; nothing if it can.

    dkpro-cassis makes Python classes of types: a name must not be able to say anything else.
    """
    for part in name.split(".") if dotted else [name]:
        if not part.isidentifier() or unicodedata.normalize("NFKC", part) != part:
            return f"{name[:60]!r} is no name of a {'type' if dotted else 'feature'}"
        if not dotted and (keyword.iskeyword(part) or part.startswith("__") or part in _TAKEN):
            return f"a feature called {name[:60]!r} cannot be read with dkpro-cassis; rename it"
    return ""


@lru_cache(maxsize=1)
def built_in() -> frozenset[str]:
    """The names of UIMA's own types."""
    return frozenset(kind.name for kind in library().TypeSystem().get_types(built_in=True))


def undefined(path: str, defined: set[str], used: list[tuple[str, int]]) -> list[Problem]:
    """A problem for each type, with its line, that a type system uses and does not define."""
    known = defined | built_in()
    return [
        Problem(path, line, f"type {name[:80]!r} is used here and defined nowhere")
        for name, line in used
        if name.removesuffix("[]") not in known
    ]


@lru_cache(maxsize=32)
def from_xml(data: bytes) -> Any:
    """A type system description, as dkpro-cassis reads it; one is made once for many files."""
    return library().load_typesystem(io.BytesIO(data))


@lru_cache(maxsize=32)
def from_json(types: str) -> Any:
    """The types of a JSON CAS; files of one export have the same."""
    alone = f'{{"%TYPES": {types}, "%FEATURE_STRUCTURES": [], "%VIEWS": {{}}}}'
    return library().load_cas_from_json(alone).typesystem

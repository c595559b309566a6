"""What the types of somebody's CAS become: entities, relations, or nothing that a corpus holds."""

from dataclasses import dataclass
from typing import Any

from samarkand.formats.cas import types as types_of

ENTITY, RELATION, OWN, KNOWN, OTHER = "entity", "relation", "own", "known", "other"

#: Types that are read, or that follow from the text, and are not counted.
_KNOWN = (types_of.TOKEN, types_of.SENTENCE, types_of.METADATA, types_of.DOCUMENT_ANNOTATION)
#: Packages of what tools say of their own settings: layers, tag sets. Not counted either.
_SETTINGS = (
    "de.tudarmstadt.ukp.dkpro.core.api.metadata.type.Tag",
    "de.tudarmstadt.ukp.clarin.webanno.api.type.",
)
#: Packages of annotations that say how a text is built: no mentions of anything.
_LINGUISTIC = (
    "de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.",
    "de.tudarmstadt.ukp.dkpro.core.api.lexmorph.type.",
    "de.tudarmstadt.ukp.dkpro.core.api.syntax.type.",
    "de.tudarmstadt.ukp.dkpro.core.api.transform.type.",
    "org.dkpro.core.api.xml.type.",
    "org.dkpro.core.api.pdf.type.",
)
_PLACE = ("sofa", "begin", "end")


@dataclass(frozen=True)
class Shape:
    """What a type is, and its features by what becomes of them.

    `plain` hold one value, `label` of them the label, and `linked` other feature structures or
    arrays. `layer` is the type's full name, but for DKPro's NamedEntity.
    """

    kind: str
    name: str
    label: str | None = None
    plain: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    layer: str = ""


def shape(types: Any, kind: Any) -> Shape:
    """The shape of a type."""
    name, short = kind.name, kind.short_name
    plain, linked = _features(types, kind)
    if name.startswith(types_of.OWN):
        return Shape(OWN, short, None, plain, linked)
    if name in _KNOWN or name.startswith(_SETTINGS):
        return Shape(KNOWN, short, None, plain)
    about_all = types.is_instance_of(name, types_of.DOCUMENT_ANNOTATION)
    is_span = types.is_instance_of(name, types_of.ANNOTATION)
    if name.startswith(_LINGUISTIC) or about_all or not is_span:
        return Shape(OTHER, short)
    label = _label(kind, plain)
    ends = (types_of.GOVERNOR, types_of.DEPENDENT)
    related = set(ends) <= set(linked)
    return Shape(
        RELATION if related else ENTITY,
        short,
        label,
        plain,
        tuple(feature for feature in linked if not related or feature not in ends),
        "" if name == types_of.NAMED_ENTITY else name,
    )


def _features(types: Any, kind: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The features that hold one value, and those that hold other feature structures."""
    found = [feature for feature in kind.all_features if feature.name not in _PLACE]
    plain = tuple(f.name for f in found if types.is_primitive(f.rangeType))
    return plain, tuple(f.name for f in found if f.name not in plain)


def _label(kind: Any, plain: tuple[str, ...]) -> str | None:
    """The feature that says what is meant: `value`, `label`, or the only one that is a string."""
    strings = [f for f in plain if kind.get_feature(f).rangeType.name == "uima.cas.String"]
    for name in ("value", "label"):
        if name in strings:
            return name
    return strings[0] if len(strings) == 1 else None

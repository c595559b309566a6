"""One line of a doccano file, in any of the shapes that doccano reads and has written.

Which keys hold what is told by the importer of doccano 1.8.4 (data_import/datasets.py, makers.py,
label.py): `text`, `entities`, `relations` of a project with relations, `label` of one without; any
other key is metadata. Its exporter (data_export/models.py, formatters.py) writes the same, with
`Comments`. Before 1.6, `data` stood for `text`; `labels` is older still.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, get_args

import msgspec

from samarkand import jsonl
from samarkand.formats.doccano.words import KEY

ID, ENTITIES, RELATIONS, COMMENTS = "id", "entities", "relations", "Comments"
TEXTS = ("text", "data")
#: Where the spans of a project without relations are.
LISTS = ("label", "labels")

#: No offset is as large; above it, an offset is a mistake.
HUGE = 2**31 - 1
#: No text is as long; a larger offset is a mistake.
HUGE = 2**31 - 1
Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]

#: (id, begin, end, label) of a span, or (id, from, to, type) of a relation.
Item = tuple[int, int, int, str]


@dataclass(frozen=True)
class Line:
    """A line: its own id, the text, our key, metadata, spans and relations."""

    id: str | None
    text: str
    key: str | None
    metadata: dict[str, str]
    spans: list[Item]
    links: list[Item]


class _Span(msgspec.Struct):
    label: str
    start_offset: Int64
    end_offset: Int64
    id: Int64 | None = None


class _Link(msgspec.Struct):
    type: str
    from_id: Int64
    to_id: Int64
    id: Int64 | None = None


_Triple = tuple[Int64, Int64, str]
_SPAN_SHAPE = '{"id", "label", "start_offset", "end_offset"} or [BEGIN, END, LABEL]'
_LINK_SHAPE = '{"id", "from_id", "to_id", "type"}'


def read(line: bytes, unread: Counter[str]) -> Line:
    """One line. Errors: ValueError that says what is wrong with it."""
    value = jsonl.objects(line)
    text = next((key for key in TEXTS if key in value), None)
    if text is None:
        raise ValueError(f"there is no key 'text' (or 'data'); the keys are {_named(value)}")
    if not isinstance(value[text], str):
        raise ValueError(f"'{text}': wanted a string, got {_short(value[text])}")
    spans = _spans_key(value)
    key = value.get(KEY)
    if key is not None and not isinstance(key, str):
        raise ValueError(f"'{KEY}': wanted a string that holds JSON, got {_short(key)}")
    items, named = _spans(spans, _list(value, spans), unread)
    links = _links(_list(value, RELATIONS), unread)
    _no_link_to_the_nameless(links, {item[0] for item in items} - named)
    metadata = _metadata(value, (ID, text, spans, RELATIONS, COMMENTS, KEY))
    found = Line(_id(value.get(ID)), value[text], key, metadata, items, links)
    comments = _list(value, COMMENTS)
    if not isinstance(comments, list):
        raise ValueError(f"'{COMMENTS}': wanted a list, got {_short(comments)}")
    if comments:
        unread["comment"] += len(comments)
    return found


def is_one_value(data: bytes) -> bool:
    """Whether a file that is to be JSON Lines is one object or list instead, over several lines."""
    if data[:1] not in (b"{", b"[") or b"\n" not in data.rstrip() or len(data) > jsonl.MAX_LINE:
        return False
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True


def _spans_key(value: dict[str, Any]) -> str:
    """The key that holds the spans."""
    there = [key for key in (ENTITIES, *LISTS) if key in value]
    wanted = "'entities', 'label' or 'labels'"
    if not there:
        raise ValueError(
            f"there is no key {wanted}; an empty list says that there are no spans. "
            f"The keys are {_named(value)}"
        )
    lists = [key for key in there if isinstance(value[key], list)]
    if len(lists) > 1:
        both = " and ".join(f"'{key}'" for key in lists)
        raise ValueError(f"{both} are both lists; wanted one of them to hold the spans")
    return (lists or there)[0]


def _list(value: dict[str, Any], key: str) -> object:
    """What a key that wants a list has: the importer takes null, and no key, for none."""
    return [] if value.get(key) is None else value[key]


def _id(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"'{ID}': wanted a number or a name, got {_short(value)}")
    return str(value)


def _spans(key: str, given: object, unread: Counter[str]) -> tuple[list[Item], set[int]]:
    """The spans, and the ids that they bear themselves."""
    found: list[Any] = _convert(key, given, _Span | _Triple, _SPAN_SHAPE)
    _others(given, _Span, "a span", unread)
    own = [None if isinstance(span, tuple) else span.id for span in found]
    items: list[Item] = []
    for place, (id, span) in enumerate(zip(_numbered(own), found, strict=True)):
        if not isinstance(span, tuple):
            span = span.start_offset, span.end_offset, span.label
        if not -HUGE < min(span[:2]) <= max(span[:2]) < HUGE:
            raise ValueError(f"'{key}[{place}]' is at {span[0]}-{span[1]}; no text is as long")
        items.append((id, *span))
    return items, {id for id in own if id is not None}


def _no_link_to_the_nameless(links: list[Item], numbers: set[int]) -> None:
    """Errors: ValueError where a relation leads to a number that we gave a span without an id."""
    for id, head, tail, type in links:
        for end in sorted({head, tail} & numbers):
            raise ValueError(
                f"relation {id} ('{type}') leads to span {end}, but no span bears that id; "
                "relations need spans with ids"
            )


def _links(given: object, unread: Counter[str]) -> list[Item]:
    found: list[Any] = _convert(RELATIONS, given, _Link, _LINK_SHAPE)
    _others(given, _Link, "a relation", unread)
    ids = _numbered([link.id for link in found])
    return [(id, link.from_id, link.to_id, link.type) for id, link in zip(ids, found, strict=True)]


def _convert(key: str, given: object, kind: Any, shape: str) -> list[Any]:
    """A list of values of that kind. Errors: ValueError that names the first that is none."""
    if not isinstance(given, list):
        raise ValueError(f"'{key}': wanted a list of {shape}, got {_short(given)}")
    try:
        found: list[Any] = msgspec.convert(given, list[kind])
        return found
    except msgspec.ValidationError:
        for place, value in enumerate(given):
            if fault := _fault(value, get_args(kind) or (kind,)):
                raise ValueError(f"'{key}[{place}]': {fault}; wanted {shape}") from None
        raise


def _fault(value: object, kinds: Sequence[Any]) -> str:
    """What is wrong with a value that is to be of one of these kinds."""
    kind = next((k for k in kinds if isinstance(value, list) == (k is _Triple)), None)
    if kind is None or not isinstance(value, list | dict):
        return f"got {_short(value)}"
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        return f"{jsonl.explain(error)}, in {_short(value)}"
    return ""


def _others(given: Any, kind: type[msgspec.Struct], of: str, unread: Counter[str]) -> None:
    """Count the keys of objects that are not those of that kind."""
    known = set(kind.__struct_fields__)
    for value in given:
        if isinstance(value, dict) and not value.keys() <= known:
            unread.update(f"'{name}' of {of}" for name in value.keys() - known)


def _numbered(ids: Sequence[int | None]) -> list[int]:
    """The ids; those that there are not take the lowest numbers free, from 1."""
    taken = set(ids)
    free = (number for number in range(1, len(ids) + 1 + len(taken)) if number not in taken)
    return [next(free) if id is None else id for id in ids]


def _metadata(value: dict[str, Any], known: Iterable[str]) -> dict[str, str]:
    """All other keys that say something; what is no string as its JSON."""
    found = {}
    for name in value.keys() - set(known):
        said = value[name]
        if said not in (None, [], {}):
            found[name] = said if isinstance(said, str) else _json(said)
    return found


def _named(value: dict[str, Any]) -> str:
    return ", ".join(value) or "none"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _short(value: object) -> str:
    """A value as JSON, cut where it is long."""
    said = _json(value)
    return said if len(said) <= 60 else f"{said[:57]}..."

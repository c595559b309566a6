"""The key of a row: what we wrote there, read back and held against the row that it stands in."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from samarkand import files, jsonl, lines, schema
from samarkand.errors import Problem
from samarkand.formats.doccano.parsing import Columns
from samarkand.formats.doccano.words import (
    FRAGMENT,
    HUB,
    KEY,
    MENTION,
    PROPOSITION,
    Key,
    kind_of,
)
from samarkand.text import POINTS, UTF16, Mask

_decoder = msgspec.json.Decoder(Key)
_encoder = msgspec.json.Encoder()

EDITED = (
    f"the text is not the one that '{KEY}' was written for: its SHA-256 is another. Was it edited "
    f"in doccano? Put the old text back; without '{KEY}' the line is read as it stands"
)


class Head(msgspec.Struct):
    """What must be known of a key before the others are read."""

    doc: str
    unit: str
    sha256: str


_head = msgspec.json.Decoder(Head)


def heads(found: Columns, problems: list[Problem]) -> tuple[list[Head | None], Mask]:
    """Of each line's key the head, None where it has no key; and whether it fits the line."""
    keys: list[Head | None] = [None] * len(found)
    good = np.ones(len(found), np.bool_)
    for row in np.flatnonzero(found.key.is_valid().to_numpy(zero_copy_only=False)).tolist():
        try:
            keys[row] = _checked(found.key[row].as_py().encode(), found.text[row].as_buffer())
        except ValueError as error:
            good[row] = False
            path, line = found.path[row].as_py(), int(found.line[row])
            problems.append(Problem(path, line, str(error)))
    return keys, good


def _checked(said: bytes, text: pa.Buffer) -> Head:
    try:
        key = _head.decode(said)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        _alone(said)
        raise ValueError(f"'{KEY}': {error}") from None
    if not files.is_slug(key.doc):
        message = "is not safe as a file name; use letters, digits, . _ -"
        raise ValueError(f"'{KEY}': document id {key.doc!r} {message}")
    if key.unit not in (POINTS, UTF16):
        raise ValueError(f"'{KEY}': the unit is {key.unit!r}; wanted {POINTS!r} or {UTF16!r}")
    if hashlib.sha256(text).hexdigest() != key.sha256:
        raise ValueError(EDITED)
    return key


def read(said: Sequence[bytes], texts: Sequence[str]) -> list[Key | str]:
    """Keys, or what is wrong with them; those whose heads are right."""
    together = _together(said)
    found: list[Key | str] = []
    for place, text in enumerate(texts):
        try:
            key = together[place] if together else _alone(said[place])
            fault = next(_faults(key, text), None)
            found.append(f"'{KEY}': {fault}" if fault else key)
        except ValueError as error:
            found.append(str(error))
    return found


def _together(said: Sequence[bytes]) -> list[Key]:
    """All keys at once; nothing unless they are written as we write them."""
    whole = b"\n".join(said)
    try:
        found: list[Key] = _decoder.decode_lines(whole)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return []
    same = len(found) == len(said) and _encoder.encode_lines(found)[:-1] == whole
    return found if same else []


def _alone(said: bytes) -> Key:
    """Errors: ValueError that says what is wrong."""
    try:
        if not said:
            raise ValueError("empty; wanted JSON")
        jsonl.objects(said)
        return _decoder.decode(said)
    except (ValueError, msgspec.MsgspecError) as error:
        raise ValueError(f"'{KEY}': {jsonl.explain(error)}") from None


def _faults(key: Key, text: str) -> Iterator[str]:
    for name, part in (("spans", key.spans), ("links", key.links)):
        columns = msgspec.structs.astuple(part)
        if len(set(map(len, columns))) > 1:
            yield f"the lists in '{name}' are not of one length"
        if part.id != sorted(set(part.id)):
            yield f"the ids in '{name}' do not ascend"
    ids = set(key.spans.id)
    if not ids.issuperset(key.links.from_id) or not ids.issuperset(key.links.to_id):
        yield "a relation in 'links' leads to no span in 'spans'"
    named = mention_ids(key)
    mentions = set(named)
    if len(mentions) < len(named) and FRAGMENT not in key.links.type:
        yield "one mention has several spans in 'spans' and no FRAGMENT joins them"
    if "" in mentions or "" in key.links.of:
        yield "an id is empty"
    if not key.entities.keys() <= mentions:
        yield f"{_first(key.entities, mentions)!r} in 'entities' is no mention in 'spans'"
    yield from _of_relations(key, mentions, text)
    stances = {stance.stance for stance in key.stances}
    if len(stances) < len(key.stances):
        yield "an id stands twice in 'stances'"
    if len(named) < len(key.spans.id):
        shown = zip(key.spans.of, map(kind_of, key.spans.label), strict=True)
        hubs = [of for of, kind in shown if kind == HUB]
        if len(set(hubs)) < len(hubs) or not stances.issuperset(hubs):
            yield f"the stances in 'spans' are {', '.join(hubs)}; wanted those of 'stances', once"
    for stance in key.stances:
        yield from _of_stance(stance, mentions, text)


def _of_relations(key: Key, mentions: Collection[str], text: str) -> Iterator[str]:
    known = relation_ids(key)
    if len(set(known)) < len(known):
        yield "an id of a relation stands twice in 'links'"
    if not key.relations.keys() <= set(known):
        yield f"{_first(key.relations, known)!r} in 'relations' is no relation in 'links'"
    for id, more in key.relations.items():
        yield from _misplaced(f"relation {id!r}", more.evidence, text)
        if more.object is not None and more.object not in mentions:
            yield f"the object of relation {id!r} is no mention in 'spans'"


def _of_stance(stance: lines.Stance, mentions: Collection[str], text: str) -> Iterator[str]:
    name = f"stance {stance.stance!r}"
    for id in (stance.holder, stance.target, *stance.source_chain):
        if id not in mentions and id not in schema.RESERVED and not id.startswith(PROPOSITION):
            yield f"{id!r} in {name} is no mention in 'spans'"
    for spans in (stance.cue, stance.content, stance.target_spans):
        yield from _misplaced(name, spans, text)


def _misplaced(of: str, spans: Iterable[lines.Span], text: str) -> Iterator[str]:
    for span in spans:
        if not 0 <= span.begin < span.end <= len(text) or text[span.begin : span.end] != span.text:
            said = text[max(span.begin, 0) : max(span.end, 0)]
            yield f"{of} says {span.text!r} but {span.begin}-{span.end} of the text is {said!r}"


def mention_ids(key: Key) -> list[str]:
    """The ids of the mentions that were written, one a span."""
    if _is_plain(key):
        return key.spans.of
    shown = zip(key.spans.of, map(kind_of, key.spans.label), strict=True)
    return [of for of, kind in shown if kind == MENTION]


def _is_plain(key: Key) -> bool:
    """Whether all spans are mentions."""
    kinds = list(map(kind_of, key.spans.label))
    return kinds.count(MENTION) == len(kinds)


def relation_ids(key: Key) -> list[str]:
    """The ids of the relations between mentions that were written."""
    links = key.links
    if FRAGMENT not in links.type and _is_plain(key):
        return links.of
    kinds = dict(zip(key.spans.id, map(kind_of, key.spans.label), strict=True))
    ends = zip(links.from_id, links.to_id, links.type, links.of, strict=True)
    return [of for a, b, type, of in ends if type != FRAGMENT and kinds[a] == kinds[b] == MENTION]


def _first(given: Iterable[str], known: Collection[str]) -> str:
    return next(id for id in given if id not in known)

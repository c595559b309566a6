"""The annotations of documents from their tasks: spans and relations, each said once."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from samarkand.errors import Problem
from samarkand.formats.prodigy import own
from samarkand.formats.prodigy.documents import Document
from samarkand.formats.prodigy.own import Annotations, Key, Relation, Span
from samarkand.formats.prodigy.placing import Placed
from samarkand.formats.prodigy.task import (
    End,
    Line,
    Own,
    count_unread,
    relation_attributes,
    span_attributes,
)

#: The place of a span that is in the task but is not read.
_UNREAD = -1


@dataclass
class _Found:
    """What the tasks of one document say, without repeats."""

    spans: list[Span] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)
    same: dict[Key, list[int]] = field(default_factory=lambda: defaultdict(list))
    related: Counter[tuple[str, int, int]] = field(default_factory=Counter)


def annotations(
    document: Document, placed: Sequence[Placed], problems: list[Problem], unread: Counter[str]
) -> Annotations | None:
    """The annotations of a document, or None where there are problems.

    `placed` says where the spans of each of its tasks are, in code points.
    """
    before = len(problems)
    found = _Found()
    for line, places in zip(document.tasks, placed, strict=True):
        count_unread(line, unread)
        places_of = _add_spans(line, places, found, unread)
        _add_relations(line, places_of, found, problems, unread)
    added = document.own or Own(document.doc)
    problems += [document.tasks[0].problem(fault) for fault in own.faults(document.text, added)]
    if len(problems) > before:
        return None
    return own.fit(document.text, added, found.spans, found.relations, unread)


def _add_spans(line: Line, places: Placed, found: _Found, unread: Counter[str]) -> list[int]:
    """Where each span of the task is among the document's, or _UNREAD.

    What an earlier task said as well is the same span: a task that says it twice means two.
    """
    indices = []
    seen: Counter[Key] = Counter()
    for index, (span, (begin, end)) in enumerate(zip(line.task.spans or (), places, strict=True)):
        if span.answer not in (None, "accept") or span.label is None:
            what = "without a label" if span.label is None else f"with the answer '{span.answer}'"
            unread[f"span {what}"] += 1
            indices.append(_UNREAD)
            continue
        said = _span(line, index, (begin, end, span.label), unread)
        seen[said.key] += 1
        same = found.same[said.key]
        if seen[said.key] > len(same):
            same.append(len(found.spans))
            found.spans.append(said)
        else:
            _add_to(found.spans[same[seen[said.key] - 1]], said, unread)
        indices.append(same[seen[said.key] - 1])
    return indices


def _span(line: Line, index: int, key: Key, unread: Counter[str]) -> Span:
    """A span; its score is a confidence if it is one, and else an attribute like its other keys."""
    attributes = span_attributes(line, index, unread)
    score = line.value["spans"][index].get("score")
    if isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1:
        del attributes["score"]
        return Span(key, float(score), attributes)
    return Span(key, None, attributes)


def _add_to(span: Span, said: Span, unread: Counter[str]) -> None:
    """What another task adds to a span; the first one to say something is right."""
    differs = said.score is not None and span.score not in (None, said.score)
    span.score = said.score if span.score is None else span.score
    for name, value in said.attributes.items():
        differs |= span.attributes.setdefault(name, value) != value
    unread["span of which another task of its text says other things"] += differs


def _add_relations(
    line: Line,
    indices: Sequence[int],
    found: _Found,
    problems: list[Problem],
    unread: Counter[str],
) -> None:
    seen: Counter[tuple[str, int, int]] = Counter()
    spans = line.task.spans or ()
    by_place: dict[tuple[int, int, str | None], int] = {}
    for index in reversed(range(len(spans))):
        by_place[spans[index].start, spans[index].end, spans[index].label] = index
    for index, relation in enumerate(line.task.relations or ()):
        try:
            head = _end(line, relation.head, relation.head_span, "head", by_place)
            tail = _end(line, relation.child, relation.child_span, "child", by_place)
        except ValueError as fault:
            problems.append(line.problem(f"relations[{index}]: {fault}"))
            continue
        if head is None or tail is None:
            unread["relation of a token that is in no span"] += 1
        elif relation.label is None:
            unread["relation without a label"] += 1
        elif _UNREAD in (indices[head], indices[tail]):
            unread["relation of a span that is not read"] += 1
        else:
            key = relation.label, indices[head], indices[tail]
            attributes = relation_attributes(line, index, unread)
            seen[key] += 1
            if seen[key] > found.related[key]:
                found.related[key] += 1
                found.relations.append(Relation(*key, attributes))


def _end(
    line: Line,
    token: int,
    end: End | None,
    name: str,
    by_place: dict[tuple[int, int, str | None], int],
) -> int | None:
    """The index of the task's span that a relation starts from or leads to; None for a bare token.

    Errors: ValueError for a token or a span that the task does not have, or where it does not say
    which of several is meant.
    """
    tokens, spans = line.task.tokens, line.task.spans or ()
    if tokens is not None and token >= len(tokens):
        raise ValueError(f"{name} is token {token}, but the task has {len(tokens)}, counted from 0")
    if end is None:
        return _around(line, token, name)
    if end.label is None:
        return None
    index = by_place.get((end.start, end.end, end.label))
    if index is None:
        place = f"{end.start}-{end.end} {end.label!r}"
        raise ValueError(f"{name}_span is {place}, which is none of the task's spans")
    first, last = spans[index].token_start, spans[index].token_end
    if first is not None and last is not None and not first <= token <= last:
        raise ValueError(f"{name} is token {token}, but {name}_span has tokens {first} to {last}")
    return index


def _around(line: Line, token: int, name: str) -> int | None:
    """The span around a token; of several, the one that ends with it."""
    tokens, spans = line.task.tokens, line.task.spans or ()
    if tokens is None:
        raise ValueError(f"without 'tokens', it needs {name}_span to say what token {token} is")
    begin, end = tokens[token].start, tokens[token].end
    around = [
        i for i, s in enumerate(spans) if s.label is not None and s.start <= begin < s.end >= end
    ]
    if len(around) > 1:
        around = [index for index in around if spans[index].end == end]
        if len(around) != 1:
            raise ValueError(f"{name} is token {token}, which is in several spans; add {name}_span")
    return around[0] if around else None

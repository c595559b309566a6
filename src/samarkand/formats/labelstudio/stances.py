"""Stances: cues with an act as their label, relations to holder and target, and answers."""

import msgspec

from samarkand import jsonl, lines, schema
from samarkand.formats.labelstudio.names import (
    ACTOR,
    EXPLICIT,
    HOLDER,
    NO,
    NO_ACT,
    OWN,
    POLARITY,
    STATUS,
    TARGET,
    YES,
    OwnStance,
)  # fmt: skip
from samarkand.formats.labelstudio.regions import Region
from samarkand.formats.labelstudio.rows import Rows, attributes, spans, unlike
from samarkand.formats.labelstudio.task import Log, Opened


def read(task: Opened, rows: Rows, log: Log) -> None:
    """Add the stances of a task to its rows; what is wrong goes to the log."""
    found: list[lines.Stance] = []
    for regions in rows.cues.values():
        try:
            found.append(_stance(rows, regions, log))
        except ValueError as error:
            log.fault(task, f"region '{regions[0].id}': {error}")
    for number, line in enumerate(rows.left, 1):
        try:
            found.append(msgspec.convert(jsonl.objects(line.encode()), lines.Stance))
        except (ValueError, msgspec.ValidationError) as error:
            where = f"line {number} of '{OWN}'"
            log.fault(task, f"{where}: {jsonl.explain(error)}")
    mentions = {entity.entity for entity in rows.entities}
    seen: set[str] = set()
    for stance in found:
        if stance.stance in seen:
            log.fault(task, f"the stance id '{stance.stance}' stands twice")
        seen.add(stance.stance)
        for column in schema.SPAN_COLUMNS["stances"]:
            if fault := unlike(rows.text, getattr(stance, column)):
                log.fault(task, f"{column} of stance '{stance.stance}': {fault}")
        log.unread["mention that is gone, of a stance"] += settle(stance, mentions)
        rows.stances.append(stance)


def _stance(rows: Rows, regions: list[Region], log: Log) -> lines.Stance:
    """The stance of a cue. Errors: ValueError for answers that are none."""
    head = regions[0]
    own = head.own.stance or OwnStance()
    given = rows.arguments.get(head.id, [])
    holders = [mention for label, mention in given if label == HOLDER]
    targets = [mention for label, mention in given if label == TARGET]
    both = len(holders) + len(targets)
    log.unread["relation of a stance, neither holder nor target"] += len(given) - both
    log.unread["further holder or target of a stance"] += both - bool(holders) - bool(targets)
    log.unread["further act of a stance"] += len(head.labels) - 1
    log.unread["actor of a stance"] += ACTOR in head.answers
    replaced = bool(targets) and own.target is not None
    said = head.answers
    return lines.Stance(
        stance=head.own.id or head.id,
        holder=holders[0] if holders else own.holder or schema.UNSPECIFIED,
        target=targets[0] if targets else own.target or schema.UNSPECIFIED,
        target_spans=[] if replaced else own.target_spans,
        polarity=_polarity(said[POLARITY]) if POLARITY in said else None,
        act=own.act if head.labels[0] == NO_ACT else head.labels[0],
        cue=spans(rows.text, regions),
        content=own.content,
        source_chain=own.source_chain,
        explicit=_explicit(said[EXPLICIT]) if EXPLICIT in said else None,
        status=said.get(STATUS, own.status),
        score=head.score,
        attributes=attributes(head, log),
    )


def _polarity(said: str) -> int:
    try:
        return msgspec.convert(int(said), lines.Int8)
    except (ValueError, msgspec.ValidationError):
        raise ValueError(f"'{POLARITY}': wanted a whole number, got {said!r}") from None


def _explicit(said: str) -> bool:
    if said not in (YES, NO):
        raise ValueError(f"'{EXPLICIT}': wanted {YES} or {NO}, got {said!r}")
    return said == YES


def is_mention(value: str) -> bool:
    """Whether the value of an argument is a mention's id, and no reserved word or proposition."""
    return value not in schema.RESERVED and not value.startswith("P:")


def settle(stance: lines.Stance, mentions: set[str]) -> int:
    """Take mentions that there are not out of a stance; how many they were."""
    before = [stance.holder, stance.target, *stance.source_chain]
    gone = {value for value in before if is_mention(value) and value not in mentions}
    if not gone:
        return 0
    stance.source_chain = [value for value in stance.source_chain if value not in gone]
    if stance.holder in gone:
        stance.holder = schema.UNSPECIFIED
    if stance.target in gone:
        stance.target = schema.UNSPECIFIED
    return len(gone)

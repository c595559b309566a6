"""The stances of a row: what its spans and relations show, and what the key says besides."""

from collections.abc import Collection, Sequence

import msgspec

from samarkand import lines, schema
from samarkand.formats.doccano.made import Merge, count, new_id
from samarkand.formats.doccano.words import (
    HOLDER,
    HUB,
    PROPOSAL,
    PROPOSITION,
    TARGET,
    kind_of,
    polarity_of,
)


def stances(now: Merge, spans: Sequence[int], names: Sequence[str], kinds: Sequence[str]) -> None:
    """Make the stances: those whose span is there, those that never had one, and new ones.

    Of each span of the row, `spans` has the place among those that were written (-1: new), `names`
    the id of its mention, and `kinds` what it is.
    """
    key, made = now.key, now.made
    hubs = [place for place, kind in enumerate(kinds) if kind == HUB]
    owner = {key.spans.of[spans[hub]]: hub for hub in hubs if spans[hub] >= 0}
    before = _written(now)
    links: dict[int, list[tuple[str, int]]] = {hub: [] for hub in hubs}
    for head, tail, type in zip(now.row.head, now.row.tail, now.row.type, strict=True):
        if head in links and type in (HOLDER, TARGET):
            links[head].append((type, tail))
    taken = {stance.stance for stance in key.stances}
    found: list[lines.Stance] = []
    for stance in key.stances:
        if stance.stance in owner:
            hub = owner[stance.stance]
            ends = _ends(now, links[hub], names, kinds)
            found.append(_shown(now, hub, stance, ends, before[stance.stance]))
        elif stance.stance in before:
            count(now, "stance whose span is gone", 1)
        else:
            found.append(stance)
    for hub in sorted(links.keys() - owner.values()):
        id = new_id(now.row.ids[hub], taken)
        new = lines.Stance(id, schema.UNSPECIFIED, schema.UNSPECIFIED)
        found.append(_shown(now, hub, new, _ends(now, links[hub], names, kinds), set()))
    aims = {tail for each in links.values() for type, tail in each if type == TARGET}
    alone = [place for place, kind in enumerate(kinds) if kind == PROPOSAL and place not in aims]
    count(now, "proposition that is no stance's target", len(alone))
    here = set(names)
    made.stances += [_present(now, stance, here) for stance in found]
    made.stance_doc += [now.doc] * len(found)


def _written(now: Merge) -> dict[str, set[str]]:
    """The stances that the row had spans for when it was written, and which ends these showed."""
    spans, links = now.key.spans, now.key.links
    hubs = {
        id: of
        for id, of, label in zip(spans.id, spans.of, spans.label, strict=True)
        if kind_of(label) == HUB
    }
    found: dict[str, set[str]] = {of: set() for of in hubs.values()}
    for head, type in zip(links.from_id, links.type, strict=True):
        if head in hubs:
            found[hubs[head]].add(type)
    return found


def _ends(
    now: Merge, links: Sequence[tuple[str, int]], names: Sequence[str], kinds: Sequence[str]
) -> dict[str, set[str]]:
    """What the relations of a stance's span lead to."""
    ends: dict[str, set[str]] = {HOLDER: set(), TARGET: set()}
    for type, tail in links:
        if type == TARGET and kinds[tail] == PROPOSAL:
            ends[type].add(now.row.label[tail])
        elif names[tail]:
            ends[type].add(names[tail])
        else:
            count(now, f"{type} that is no mention", 1)
    return ends


def _shown(
    now: Merge, hub: int, stance: lines.Stance, ends: dict[str, set[str]], before: set[str]
) -> lines.Stance:
    """A stance with the polarity, the holder and the target that its span shows.

    Where the row shows none, but did so when it was written (`before`), it is UNSPECIFIED.
    """
    holder = _one(now, hub, HOLDER, ends, before, stance.holder)
    target = _one(now, hub, TARGET, ends, before, stance.target)
    about = stance.target_spans
    if target != stance.target and about:
        count(now, "target span of a stance that has another target now", len(about))
        about = []
    begin, end = now.begin[hub], now.end[hub]
    cue = [lines.Span(begin, end, now.text[begin:end]), *stance.cue[1:]]
    return msgspec.structs.replace(
        stance,
        holder=holder,
        target=target,
        target_spans=about,
        polarity=polarity_of(now.row.label[hub]),
        cue=cue,
    )


def _one(
    now: Merge, hub: int, type: str, ends: dict[str, set[str]], before: set[str], said: str
) -> str:
    """The one end of that type; else what the key says, unless the row did show it."""
    found = sorted(ends[type])
    if len(found) > 1:
        names = " and ".join(found)
        now.fault(f"the stance {now.named(hub)} has {names} as its {type}; wanted one at most")
    if found:
        return found[0]
    return schema.UNSPECIFIED if type in before else said


def _present(now: Merge, stance: lines.Stance, here: Collection[str]) -> lines.Stance:
    """The stance without mentions that are gone."""

    def is_gone(id: str) -> bool:
        return id not in here and id not in schema.RESERVED and not id.startswith(PROPOSITION)

    chain = [id for id in stance.source_chain if not is_gone(id)]
    count(now, "source of a stance, a mention that is gone", len(stance.source_chain) - len(chain))
    ends = {}
    for column in ("holder", "target"):
        ends[column] = getattr(stance, column)
        if is_gone(ends[column]):
            count(now, f"{column} of a stance without a cue, a mention that is gone", 1)
            ends[column] = schema.UNSPECIFIED
    if chain == stance.source_chain and ends == {"holder": stance.holder, "target": stance.target}:
        return stance
    return msgspec.structs.replace(stance, source_chain=chain, **ends)

"""Three-way merge of label schemas, label by label: what each side added, removed and changed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from samarkand.changes import short
from samarkand.labels import Group, LabelSchema
from samarkand.merge.edits import LeftOut, Place
from samarkand.merge.three_way import Conflict, kept

#: What a schema lists: its kind and its name or value, with what is said of it.
Elements = dict[tuple[str, Any], Any]
#: The `table` of what is left out of a schema; its `doc` is the kind.
LABELS = "labels"


def elements(labels: LabelSchema) -> Elements:
    """All that a schema lists, in its order."""
    found: Elements = {("", "name"): labels.name, ("", "version"): labels.version}
    for group in labels.groups:
        found["group", group.name] = group.flat
        found |= {("label", label): group.name for label in group.labels}
    found |= {("attribute", attribute.name): attribute for attribute in labels.attributes}
    found |= {("relation type", kind.name): kind for kind in labels.relations}
    found |= {("act", act): True for act in labels.acts}
    found |= {("status", status): True for status in labels.statuses}
    found |= {("polarity", value): name for value, name in labels.polarity}
    found |= {("proposition", name): text for name, text in labels.propositions}
    return found | {("homonym", form): reason for form, reason in labels.homonyms}


def place(kind: str, name: Any) -> Place:
    """The place of what a schema lists."""
    return "", LABELS, kind, str(name)


def merged(
    versions: Sequence[LabelSchema], out: LeftOut, prefer: str, conflicts: list[Conflict]
) -> LabelSchema:
    """The schema merged of the base's, ours and theirs.

    Where both sides changed one thing, it is as `prefer` or else the base has it. What is new
    stands behind what the base has, ours before theirs.
    """
    base, ours, theirs = versions
    if not any(place[1] == LABELS for left in out for place in left):
        if ours in (theirs, base):
            return theirs
        if theirs == base:
            return ours
    old, *sides = map(elements, versions)
    mine, other = (_counted(old, side, left) for side, left in zip(sides, out, strict=True))
    first = other if list(mine) == list(old) else mine if list(other) == list(old) else old
    found: Elements = {}
    differ = []
    for key in dict.fromkeys([*first, *old, *mine, *other]):
        was, one, two = (side.get(key) for side in (old, mine, other))
        said = two if one in (two, was) else one
        if one not in (two, was) and two != was:
            neither = was if key in old else min(one, two, key=repr)
            said = {"ours": one, "theirs": two}.get(prefer, neither)
            differ.append(_shown(key, one, two))
        if said is not None:
            found[key] = said
    if differ:
        words = f"both sides changed the label schema: {'; '.join(differ)}; {kept(prefer, True)}"
        conflicts.append(Conflict("", "", "", "", (), None, None, None, words))
    return _built(found, old)


def _counted(old: Elements, side: Elements, out: set[Place]) -> Elements:
    """A side's schema without what of it does not count."""
    left = {key for key in {**old, **side} if place(*key) in out}
    if not left:
        return side
    found = {key: said for key, said in side.items() if key not in left}
    found |= {key: said for key, said in old.items() if key in left}
    return {key: found[key] for key in {**old, **side} if key in found}


def _shown(key: tuple[str, Any], ours: Any, theirs: Any) -> str:
    kind, name = key
    return f"{kind} {name}" if kind else f"{name} {short(ours)} (ours), {short(theirs)} (theirs)"


def _built(found: Elements, old: Mapping[tuple[str, Any], Any]) -> LabelSchema:
    def named(kind: str) -> Iterable[tuple[Any, Any]]:
        return ((name, said) for (of, name), said in found.items() if of == kind)

    groups: dict[str, list[str]] = {name: [] for name, _ in named("group")}
    for label, group in named("label"):
        groups.setdefault(group, []).append(label)
    return LabelSchema(
        name=found["", "name"],
        version=found["", "version"],
        groups=tuple(
            Group(name, tuple(members), found.get(("group", name), old.get(("group", name), False)))
            for name, members in groups.items()
        ),
        attributes=tuple(said for _, said in named("attribute")),
        relations=tuple(said for _, said in named("relation type")),
        acts=tuple(name for name, _ in named("act")),
        statuses=tuple(name for name, _ in named("status")),
        polarity=tuple(sorted(named("polarity"))),
        propositions=tuple(named("proposition")),
        homonyms=tuple(named("homonym")),
    )

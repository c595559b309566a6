"""The labelling configuration: the tags of Label Studio that our tasks need."""

from collections import defaultdict
from xml.sax.saxutils import quoteattr as _quote

from defusedxml import ElementTree

from samarkand.formats.labelstudio.names import (
    ACTOR,
    EXPLICIT,
    LABEL,
    NO,
    OWN,
    POLARITY,
    STANCE,
    TEXT,
    YES,
)  # fmt: skip


class Used:
    """What the tasks use: the labels and relations, and the values of each answer."""

    def __init__(self) -> None:
        self.labels: set[str] = set()
        self.acts: set[str] = set()
        self.relations: set[str] = set()
        self.answers: dict[str, set[str]] = defaultdict(set)
        self.own_lines = False


def config(used: Used) -> bytes:
    """The configuration, with every label, relation and answer that is used.

    Tags: labelstud.io/tags. `perRegion` asks about the region that is selected.
    """
    tags = []
    for name, labels in ((LABEL, used.labels), (STANCE, used.acts)):
        if labels:  # Label Studio refuses a <Labels> that is empty
            tags.append(_choice("Labels", "Label", name, sorted(labels)))
    if used.relations:
        relations = "".join(f"\n    <Relation value={_quote(r)}/>" for r in sorted(used.relations))
        tags.append(f"  <Relations>{relations}\n  </Relations>\n")
    tags.append(f'  <Text name="{TEXT}" value="${TEXT}"/>\n')
    for name, values in sorted(used.answers.items()):
        if name == ACTOR:
            tags.append(f'  <TextArea name="{ACTOR}" toName="{TEXT}" perRegion="true"/>\n')
            continue
        listed = sorted(values)
        if name == POLARITY:
            listed = [str(n) for n in sorted({-2, -1, 0, 1, 2} | {int(v) for v in values})]
        elif name == EXPLICIT:
            listed = [YES, NO]
        tags.append(_choice("Choices", "Choice", name, listed, ' perRegion="true"'))
    if used.own_lines:
        hidden = f'<TextArea name="{OWN}" toName="{TEXT}"/>'
        tags.append(f'  <View style="display:none">{hidden}</View>\n')
    return f"<View>\n{''.join(tags)}</View>\n".encode()


def joined(one: bytes, other: bytes) -> bytes:
    """The configuration for the tasks of two, both written by `config`."""
    used = Used()
    for data in (one, other):
        for tag in ElementTree.fromstring(data).iter():
            _use(tag.tag, tag.get("name", ""), [item.get("value", "") for item in tag], used)
    return config(used)


def _use(tag: str, name: str, values: list[str], used: Used) -> None:
    """What a tag of a configuration shows to be used."""
    if tag == "Relations":
        used.relations.update(values)
    elif name == OWN:
        used.own_lines = True
    elif tag == "Labels":
        (used.labels if name == LABEL else used.acts).update(values)
    elif tag == "TextArea":
        used.answers[name] = set()
    elif tag == "Choices":
        used.answers[name].update(values)


def _choice(tag: str, item: str, name: str, values: list[str], more: str = "") -> str:
    items = "".join(f"\n    <{item} value={_quote(value)}/>" for value in values)
    return f'  <{tag} name={_quote(name)} toName="{TEXT}"{more}>{items}\n  </{tag}>\n'

"""Checks of documents: their texts, their splits, and what may not be in two splits."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow.compute as pc

from samarkand.checks.view import Fault, View, among, codes, numbered, rows_of, runs, show, valid
from samarkand.schema import SPLITS
from samarkand.text import whole

#: C0 without tab and line feed, DEL, and C1. Written for both RE2 (Arrow) and Python.
CONTROL = r"[\x00-\x08\x0b-\x1f\x7f-\x{9f}]"

#: Characters without width: soft hyphen, Arabic letter mark, zero-width spaces and joiners,
#: directional marks, embeddings, overrides and isolates, invisible operators, byte order mark.
ZERO_WIDTH = (
    r"[\x{ad}\x{61c}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{feff}]"
)
ZWNJ, ZWJ = "\u200c", "\u200d"

#: Scripts whose letters are shaped by joiners: Arabic and Syriac to Arabic Extended, Brahmi's
#: descendants from Devanagari to Myanmar, Khmer, Mongolian, Arabic presentation forms.
#: Source: Unicode Standard 17.0, 23.2 "Cursive Connection and Ligatures".
JOINING = re.compile("[\u0600-\u0dff\u0f00-\u109f\u1780-\u18af\ufb50-\ufdff\ufe70-\ufefc]")

#: What may stand between an emoji and a joiner: a variation selector or a skin tone.
MODIFIERS = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"

#: Names of characters that the Unicode database gives none.
NAMES = {
    "\0": "NUL",
    "\r": "carriage return",
    "\x1b": "escape",
    "\x7f": "delete",
    "\x85": "next line",
}


def text_changed(view: View) -> Iterator[Fault]:
    """An annotated document whose text is not the one whose SHA-256 is recorded."""
    documents, index = view.corpus.documents, view.index
    for row in rows_of(valid(documents["sha256"])):
        data = index.data[index.starts[row] : index.starts[row + 1]].data
        recorded, found = documents["sha256"][row].as_py(), hashlib.sha256(data).hexdigest()
        if recorded != found and (layers := _annotating(view, row)):
            yield Fault(
                f"the text's SHA-256 is {found[:12]}…, recorded is {recorded[:12]}…: it was edited "
                f"under the annotations of {among(layers)}. Put the text back, or check the "
                "annotations against it and record the new hash",
                doc=documents["doc"][row].as_py(),
            )


def _annotating(view: View, row: int) -> list[str]:
    return [
        layer.layer.name
        for layer in view.layers
        if any(bool((rows.doc == row).any()) for rows in layer.tables.values())
    ]


def not_nfc(view: View) -> Iterator[Fault]:
    """A text that is not in Unicode's normal form C, so that words that look alike may differ."""
    texts = whole(view.corpus.documents["text"])
    for row in rows_of(pc.invert(pc.string_is_ascii(texts))):
        text = texts[row].as_py()
        if not unicodedata.is_normalized("NFC", text):
            normal = unicodedata.normalize("NFC", text)
            pairs = enumerate(zip(text, normal, strict=False))
            at = next((i for i, (old, new) in pairs if old != new), min(len(text), len(normal)))
            yield Fault(
                f"the text is not in normal form C, first at {at}: {text[at : at + 2]!a}; "
                "normalise it before it is annotated",
                doc=view.corpus.documents["doc"][row].as_py(),
                where=at,
            )


def control_character(view: View) -> Iterator[Fault]:
    """A control character other than tab and line feed in a text, carriage returns included.

    Take them out before the text is annotated or imported: afterwards, offsets shift.
    """
    yield from _characters(view, CONTROL, lambda text, at: False)


def zero_width_character(view: View) -> Iterator[Fault]:
    """A character without width in a text: soft hyphen, zero-width space, directional control."""
    yield from _characters(view, ZERO_WIDTH, _joins)


def _characters(view: View, pattern: str, allowed: Callable[[str, int], bool]) -> Iterator[Fault]:
    """One fault for each document and character: its first place and how often it is there."""
    texts = whole(view.corpus.documents["text"])
    here = re.compile(re.sub(r"\\x\{([0-9a-f]+)\}", lambda m: f"\\u{m[1]:0>4}", pattern))
    for row in rows_of(pc.match_substring_regex(texts, pattern)):
        text = texts[row].as_py()
        first: dict[str, int] = {}
        times: Counter[str] = Counter()
        for match in here.finditer(text):
            if not allowed(text, match.start()):
                first.setdefault(match[0], match.start())
                times[match[0]] += 1
        for character, at in first.items():
            more = f", and {times[character] - 1} more" if times[character] > 1 else ""
            yield Fault(
                f"{_code(character)} at {at}{more}",
                doc=view.corpus.documents["doc"][row].as_py(),
                where=at,
            )


def _joins(text: str, at: int) -> bool:
    """Whether a joiner does its work: after a letter that it shapes, or between two emoji."""
    if text[at] not in (ZWNJ, ZWJ):
        return False
    before, after = text[:at][-3:], text[at + 1 : at + 2]
    if JOINING.match(before[-1:]):
        return True
    return _emoji(before.rstrip(MODIFIERS)[-1:]) and _emoji(after)


def _emoji(character: str) -> bool:
    return character != "" and (
        unicodedata.category(character) == "So" or ord(character) >= 0x1F000
    )


def _code(character: str) -> str:
    name = NAMES.get(character) or unicodedata.name(character, "a control character")
    return f"U+{ord(character):04X} ({name})"


def unknown_split(view: View) -> Iterator[Fault]:
    """A split that is not train, validation or test."""
    splits = view.corpus.documents["split"]
    for row in rows_of(valid(splits) & (codes(splits, SPLITS) < 0)):
        yield Fault(
            f"split {show(splits[row].as_py())}; wanted {among(SPLITS)}",
            doc=view.corpus.documents["doc"][row].as_py(),
        )


def event_across_splits(view: View) -> Iterator[Fault]:
    """An event whose documents are in more than one split."""
    documents = view.corpus.documents
    event, split = numbered(documents["event"]), codes(documents["split"], SPLITS)
    rows = np.flatnonzero((event >= 0) & (split >= 0))
    rows = rows[np.lexsort((split[rows], event[rows]))]
    starts = runs(event[rows])
    for group in np.split(rows, starts[1:]):
        present = np.unique(split[group])
        if len(present) > 1:
            tellings = [group[split[group] == number] for number in present]
            listed = among(
                f"{SPLITS[split[some[0]]]} ({documents['doc'][int(some[0])].as_py()}"
                f"{f' and {len(some) - 1} more' if len(some) > 1 else ''})"
                for some in tellings
            )
            yield Fault(
                f"event {show(documents['event'][int(group[0])].as_py())} is in more than one "
                f"split: {listed}. All tellings of one event belong into one split",
                doc=documents["doc"][int(tellings[-1][0])].as_py(),
            )


def test_event_older(view: View) -> Iterator[Fault]:
    """An event held out for validation or test that is older than what is trained on.

    Exactly: the first publication of each validation event is not before the last of any train
    document, and that of each test event not before the last of train and validation. A document
    without event is an event of its own; one without date does not count.
    """
    documents = view.corpus.documents
    split = codes(documents["split"], SPLITS)
    split[~valid(documents["published"])] = -1
    day = np.asarray(documents["published"].cast("int32").fill_null(0).to_numpy())
    event = numbered(documents["event"])
    event = np.where(event < 0, len(event) + np.arange(len(event)), event)
    for held_out in (1, 2):
        seen = np.flatnonzero((split >= 0) & (split < held_out))
        rows = np.flatnonzero(split == held_out)
        if not len(seen) or not len(rows):
            continue
        newest = int(seen[np.argmax(day[seen])])
        rows = rows[np.lexsort((day[rows], event[rows]))]
        first = rows[runs(event[rows])]
        for row in first[day[first] < day[newest]].tolist():
            date, limit = (documents["published"][i].as_py() for i in (row, newest))
            other = documents["doc"][newest].as_py()
            yield Fault(
                f"a {SPLITS[held_out]} event begins on {date}, but {other} of "
                f"{SPLITS[int(split[newest])]} is of {limit}; the newest events are held out",
                doc=documents["doc"][row].as_py(),
            )

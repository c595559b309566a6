"""Whether a text that is said to be covered is the one that is covered, and what is said if not.

Files of others write it otherwise than the document has it: without the white space at its edges,
with other quotation marks, or in ASCII.
"""

import re
from collections.abc import Iterable, Iterator

from samarkand import lines
from samarkand.words import count

_QUOTES = str.maketrans(dict.fromkeys("'‘’‚‛“”„‟´`«»", '"'))
_WHITE = re.compile(r"\s+")
_OTHER = re.compile(r"[^\x00-\x7f]+")
#: As how many ASCII characters another one is written, at most.
_WIDEST = 8


def alike(said: str, covered: str) -> bool:
    """Whether a text is the covered one, but for how it is written.

    White space, the form of quotation marks, and what is written in ASCII for another character
    (`a` for `α`, `-` for `‐`), if most of the text is ASCII, do not count. Time: linear.
    """
    if said == covered:
        return True
    said, covered = _plain(said), _plain(covered)
    if said == covered:
        return True
    pieces = _OTHER.split(covered)
    others = len(covered) - sum(map(len, pieces))
    if not said.isascii() or len(pieces) == 1 or len(said) > len(covered) + _WIDEST * others:
        return False
    if len(covered) > 1 and others * 2 > len(covered):
        return False  # too little is left to tell a spelling from another text
    first, *inner, last = pieces
    at = len(first)
    if not said.startswith(first) or not said.endswith(last) or at + len(last) > len(said):
        return False
    for piece in inner:
        place = said.find(piece, at)
        if place < 0:
            return False
        at = place + len(piece)
    return at + len(last) <= len(said)


def _plain(said: str) -> str:
    return _WHITE.sub("", said).translate(_QUOTES)


def differs(said: str, begin: int, end: int, covered: str) -> str:
    """The message for a span that does not say what it covers."""
    return (
        f"says {short(said)} but {begin}-{end} of the text is {short(covered)}. "
        "Was the text edited after annotation?"
    )


def short(value: object) -> str:
    """A value as it is shown in a message."""
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:40]} ... {shown[-15:]}"


def wrong(spans: Iterable[lines.Span], covered: str) -> Iterator[str]:
    """What is wrong with spans of our own, in code points of a document's text."""
    for span in spans:
        if not 0 <= span.begin <= span.end <= len(covered):
            long = count(len(covered), "character")
            yield f"{span.begin}-{span.end} is outside the text of {long}"
        elif covered[span.begin : span.end] != span.text:
            at = span.begin, span.end
            yield f"{at[0]}-{at[1]} {differs(span.text, *at, covered[at[0] : at[1]])}"

"""Find a quotation in a text: exactly once, or not at all.

A quotation is the quoted text and, where that occurs more than once, its occurrence or the words
around it: the exact, prefix and suffix of the W3C Web Annotation Data Model's TextQuoteSelector
(https://www.w3.org/TR/annotation-model/#text-quote-selector). Only whole words count, so that
"he" is not found in "the"; with `part`, every occurrence counts.
"""

from dataclasses import dataclass

from samarkand.words import count

CONTEXT = 16


@dataclass(frozen=True)
class Quote:
    """Quoted text. `occurrence` counts from 1; prefix and suffix adjoin the quoted text."""

    exact: str
    occurrence: int | None = None
    prefix: str = ""
    suffix: str = ""
    part: bool = False


def candidates(text: str, quote: Quote) -> list[int]:
    """Where the quotation may begin (code points), `occurrence` left aside."""
    found: list[int] = []
    if not quote.exact:
        return found
    at = text.find(quote.exact)
    while at >= 0:
        end = at + len(quote.exact)
        if (
            (quote.part or _whole(text, at, end))
            and text.endswith(quote.prefix, 0, at)
            and text.startswith(quote.suffix, end)
        ):
            found.append(at)
        at = text.find(quote.exact, at + 1)
    return found


def anchor(text: str, quote: Quote) -> int:
    """Where the quotation begins (code points).

    Errors: ValueError, with the candidates in their surroundings, where it does not occur or
    where it could be meant in more than one place. Nothing is guessed.
    """
    found = candidates(text, quote)
    if quote.occurrence is not None:
        if 1 <= quote.occurrence <= len(found):
            return found[quote.occurrence - 1]
        raise ValueError(
            f"{quote.exact!r} has {count(len(found), 'occurrence')}, "
            f"wanted number {quote.occurrence}{_listed(text, quote, found)}"
        )
    if len(found) == 1:
        return found[0]
    if not found:
        raise ValueError(_not_found(text, quote))
    raise ValueError(
        f"{quote.exact!r} occurs {len(found)} times; give its occurrence, or a prefix or suffix"
        f"{_listed(text, quote, found)}"
    )


def quote(text: str, begin: int, end: int) -> Quote:
    """The shortest quotation of `text[begin:end]` that `anchor` puts back in the same place."""
    exact = text[begin:end]
    part = not _whole(text, begin, end)
    plain = Quote(exact, part=part)
    found = candidates(text, plain)
    if len(found) == 1:
        return plain
    return Quote(exact, occurrence=found.index(begin) + 1, part=part)


def _whole(text: str, begin: int, end: int) -> bool:
    """Whether neither edge cuts a word in two."""
    return not (
        (begin > 0 and text[begin].isalnum() and text[begin - 1].isalnum())
        or (end < len(text) and text[end - 1].isalnum() and text[end].isalnum())
    )


def _not_found(text: str, quote: Quote) -> str:
    if candidates(text, Quote(quote.exact, part=quote.part)):
        hint = "it occurs, but not with that prefix and suffix"
    elif quote.exact in text:
        hint = 'it occurs, but only as a part of words; say so with "part": true'
    elif quote.exact.casefold() in text.casefold():
        hint = "it occurs with other capitals"
    elif _plain(quote.exact) in _plain(text):
        hint = "it occurs with other quotation marks, dashes or spaces"
    else:
        hint = "was the text edited, or the quotation shortened?"
    return f"{quote.exact!r} is not in the text: {hint}"


def _plain(text: str) -> str:
    table = str.maketrans("‘’‚“”„–—\u2212\u00a0\u202f\n", "'''\"\"\"---   ")
    return " ".join(text.translate(table).split())


def _listed(text: str, quote: Quote, found: list[int]) -> str:
    shown = []
    for number, at in enumerate(found[:10], 1):
        end = at + len(quote.exact)
        around = text[max(0, at - CONTEXT) : at] + "[" + quote.exact + "]"
        shown.append(f"{number}: {around + text[end : end + CONTEXT]!r}")
    rest = f", and {len(found) - 10} more" if len(found) > 10 else ""
    return (": " + ", ".join(shown) + rest) if shown else ""

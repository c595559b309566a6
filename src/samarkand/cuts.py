"""Where texts may be cut, so that spaCy's English tokens of the pieces are those of the whole."""

from functools import cache as cached
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samarkand.text import Ints, Mask

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer

Keys = npt.NDArray[np.uint64]

#: What Python's `str.isspace` holds for white space, and so spaCy.
WHITE = "".join(chr(point) for point in range(0x3001) if chr(point).isspace())
_LETTERS = np.zeros(256, np.bool_)
_LETTERS[[*range(ord("A"), ord("Z") + 1), *range(ord("a"), ord("z") + 1)]] = True


@cached
def english() -> "Tokenizer":
    """The tokenizer of spaCy's `blank("en")`."""
    import spacy
    from spacy.attrs import IS_PUNCT, IS_SPACE

    nlp = spacy.blank("en")
    # Working out what else spaCy knows of a word takes longer than finding the words.
    vocab: Any = nlp.vocab
    getters = vocab.lex_attr_getters
    vocab.lex_attr_getters = {key: getters[key] for key in (IS_PUNCT, IS_SPACE)}
    return nlp.tokenizer


def cuts(data: npt.NDArray[np.uint8], starts: Ints) -> Ints:
    """Where the pieces begin, in bytes: with each text, and with what follows white space.

    A piece so has its white space behind it (and before it, where its text begins with some).
    """
    white = _white(data)
    cut = np.zeros(len(data), np.bool_)
    np.greater(white[:-1], white[1:], out=cut[1:])
    # Only one plain space has no token of its own, so that a special case could reach across it.
    spaces = 1 + np.flatnonzero(cut[2:] & (data[1:-1] == 0x20))
    cut[spaces[_reached_across(data, starts, spaces)] + 1] = False
    cut[starts[:-1][np.diff(starts) > 0]] = True
    return np.flatnonzero(cut)


def _white(data: npt.NDArray[np.uint8]) -> Mask:
    """Which bytes belong to white space."""
    white: Mask = np.isin(np.arange(256), [ord(c) for c in WHITE if ord(c) < 0x80])[data]
    leads = np.flatnonzero(data >= 0xC0)
    for character in (c.encode() for c in WHITE if ord(c) >= 0x80):
        here = leads[data[leads] == character[0]]
        for step in range(1, len(character)):
            here = here[data[here + step] == character[step]]
        for step in range(len(character)):
            white[here + step] = True
    return white


#: So many bytes of the tokens on both sides of a space tell whether a special case reaches across.
_NEAR = 4


def _reached_across(data: npt.NDArray[np.uint8], starts: Ints, spaces: Ints) -> Mask:
    """Across which of these spaces a special case of spaCy's might reach."""
    edges, keys = across()
    found = edges[data[spaces - 1], data[spaces + 1]]
    rows = np.flatnonzero(found)
    at = spaces[rows] + _NEAR
    padded = np.concatenate([np.zeros(_NEAR, np.uint8), data, np.zeros(_NEAR + 1, np.uint8)])
    letter = _LETTERS[padded]
    letter[starts + _NEAR] = False  # of the next text
    around: dict[int, Keys] = {0: np.zeros(len(at), np.uint64)}
    for size in range(1, _NEAR + 1):
        before, behind = (padded[at + place].astype(np.uint64) for place in (-size, size))
        around[-size] = around[1 - size] | before << np.uint64(8 * (size - 1))
        around[size] = around[size - 1] | behind << np.uint64(8 * (size - 1 + _NEAR))
    sure = np.zeros(len(at), np.bool_)
    for (left, right, is_word), wanted in keys.items():
        here = np.isin(around[-left] | around[right], wanted)
        if is_word:  # it is no token where the word goes on
            here &= ~letter[at + right + 1]
        sure |= here
    found[rows] = sure
    return found


@cached
def across() -> tuple[Mask, dict[tuple[int, int, bool], Keys]]:
    """The tokens between which a space is no cut: their edges, and what is near their edges.

    After all else, spaCy looks for special cases in the tokens, where it sees no spaces: in
    ": ):a" it finds ":)" across the space, which keeps it from finding "):". So there is no cut
    at a space between two tokens that a special case, too, falls into.
    The edges: [last byte before, first byte behind] -> True. What is near them, by how many bytes
    of the token before and of the one behind it is, and whether the latter is that word whole: the
    bytes before in the lower half, the nearest lowest; the bytes behind in the upper.
    """
    edges = np.zeros((256, 256), np.bool_)
    keys: dict[tuple[int, int, bool], list[int]] = {}
    tokenizer = english()
    from spacy.attrs import ORTH

    made = [[token[ORTH] for token in made] for made in tokenizer.rules.values()]
    # A word is split between letters by a special case alone.
    fronts = {a for tokens in made for a, b in pairwise(tokens) if b[0].isalpha()}
    for first, second in sorted(_falls_into(tokenizer)):
        before, behind = first.encode()[-_NEAR:], second.encode()
        edges[before[-1], behind[0]] = True
        is_word = len(behind) <= _NEAR and bool(_LETTERS[behind[-1]]) and second not in fronts
        behind = behind[:_NEAR]
        key = int.from_bytes(before, "big") | int.from_bytes(behind, "little") << 8 * _NEAR
        keys.setdefault((len(before), len(behind), is_word), []).append(key)
    return edges, {form: np.array(sorted(found), np.uint64) for form, found in keys.items()}


def _falls_into(tokenizer: "Tokenizer") -> set[tuple[str, str]]:
    """The neighbouring tokens that special cases fall into where there are no special cases."""
    from spacy.tokenizer import Tokenizer

    plain = Tokenizer(
        tokenizer.vocab,
        prefix_search=tokenizer.prefix_search,
        suffix_search=tokenizer.suffix_search,
        infix_finditer=tokenizer.infix_finditer,
        token_match=tokenizer.token_match,
        url_match=tokenizer.url_match,
    )
    docs = [[token.text for token in plain(rule)] for rule in tokenizer.rules]
    return {pair for tokens in docs for pair in pairwise(tokens)}

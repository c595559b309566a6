"""spaCy's English tokens, for a whole column of texts at once.

spaCy's tokenizer looks at one stretch between white space after the other, and texts repeat their
stretches. So the column is cut where a new stretch begins, each distinct piece goes to spaCy once,
and its tokens are copied to wherever the piece stands. The tokens are spaCy's, not like spaCy's:
the tests compare them, and `cache=False` asks spaCy about every text as a whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache as cached
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import text
from samarkand.text import Ints, Mask, TextIndex

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer

#: Texts are cut in blocks, so that the working arrays of one fit the processor's cache.
_BLOCK = 1000
#: Distinct pieces that are handed to spaCy in one text.
_BATCH = 2000

#: What Python's `str.isspace` holds for white space, and so spaCy.
WHITE = "".join(chr(point) for point in range(0x3001) if chr(point).isspace())


@dataclass(frozen=True)
class Tokens:
    """Tokens in the order of the texts. Shape of each column: (tokens,). None is white space.

    `doc` is the row of the text; `begin` and `end` are code points within it, half-open.
    """

    doc: Ints
    begin: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.doc)


def tokenize(texts: pa.Array | pa.ChunkedArray, *, cache: bool = True) -> Tokens:
    """The tokens of spaCy's `blank("en")`, but for those that are white space, which are left out.

    `texts` is a pyarrow string column without nulls. `cache=False` tokenizes text by text: the
    same tokens, slower.
    """
    tokenizer = _tokenizer()
    if not cache or any(_has_inner_white(rule) for rule in tokenizer.rules):
        return _one_by_one(tokenizer, texts)
    ix = text.index(texts)
    number: dict[str, int] = {}  # of each distinct piece
    blocks = [_cut(ix, first, number) for first in range(0, len(ix), _BLOCK)]
    pieces = _tokenize_pieces(tokenizer, list(number))
    sizes = [int((pieces.offsets[b.piece + 1] - pieces.offsets[b.piece]).sum()) for b in blocks]
    columns = np.empty((3, sum(sizes)), np.int64)  # filled in place: memory costs more than sums
    at = 0
    for block, size in zip(blocks, sizes, strict=True):
        columns[:, at : at + size] = _expand(block, pieces)
        at += size
    return Tokens(*columns)


def sentences(texts: pa.Array | pa.ChunkedArray, tokens: Tokens) -> Ints:
    """The number, from 0 within its text, of the sentence that each token is in. Shape: (tokens,).

    A sentence starts at each line that has tokens, and within a line where spaCy's rule-based
    `sentencizer` starts one when it is given that line's tokens.
    """
    if not len(tokens):
        return np.zeros(0, np.int64)
    ix = text.index(texts)
    place = ix.points[tokens.doc] + tokens.begin
    newline = np.flatnonzero(ix.data == 0x0A)
    doc = np.searchsorted(ix.starts, newline, "right") - 1
    breaks = ix.points[doc] + text.from_unit(ix, text.UTF8, doc, newline - ix.starts[doc])
    line = np.searchsorted(breaks, place, "left")
    new_doc = np.append(True, np.diff(tokens.doc) > 0)
    new_line = new_doc | np.append(True, np.diff(line) > 0)
    starts = new_line | _after_final(*_punctuation(ix, tokens), new_line)
    number = np.cumsum(starts)
    return number - np.maximum.accumulate(np.where(new_doc, number, 0))


@cached
def _tokenizer() -> "Tokenizer":
    import spacy
    from spacy.attrs import IS_PUNCT, IS_SPACE

    nlp = spacy.blank("en")
    # Working out what else spaCy knows of a word takes longer than finding the words.
    vocab: Any = nlp.vocab
    getters = vocab.lex_attr_getters
    vocab.lex_attr_getters = {key: getters[key] for key in (IS_PUNCT, IS_SPACE)}
    return nlp.tokenizer


def _has_inner_white(rule: str) -> bool:
    return not rule.isspace() and any(character.isspace() for character in rule)


def _one_by_one(tokenizer: "Tokenizer", texts: pa.Array | pa.ChunkedArray) -> Tokens:
    found = [_spans(tokenizer, value) for value in texts.to_pylist()]
    doc = np.repeat(np.arange(len(found)), [len(spans) for spans in found])
    both = np.concatenate([*found, np.zeros((0, 2), np.int64)])
    return Tokens(doc, both[:, 0], both[:, 1])


def _spans(tokenizer: "Tokenizer", value: str) -> Ints:
    """The tokens of one text as code points; shape (tokens, 2)."""
    rows = tokenizer(value).to_array(["IDX", "LENGTH", "IS_SPACE"]).astype(np.int64)
    rows = rows.reshape(-1, 3)
    rows = rows[rows[:, 2] == 0]
    return np.stack([rows[:, 0], rows[:, 0] + rows[:, 1]], axis=1)


@dataclass(frozen=True)
class _Block:
    """Some texts as pieces. `first` is the row of the first text; `piece` is of all pieces."""

    first: int
    pieces: Ints  # how many each text has
    piece: npt.NDArray[np.int32]  # the number of each


@dataclass(frozen=True)
class _Pieces:
    """Distinct pieces by number, and the tokens in them, one piece's behind the other's.

    The tokens of piece k are `[offsets[k], offsets[k + 1])` of `begin` and `end`, which count code
    points within the piece, as `length` does.
    """

    length: Ints
    offsets: Ints
    begin: Ints
    end: Ints


def _cut(ix: TextIndex, first: int, number: dict[str, int]) -> _Block:
    """Cut a block of texts, and number the pieces that are new."""
    last = min(first + _BLOCK, len(ix))
    starts = ix.starts[first : last + 1] - ix.starts[first]
    data = ix.data[ix.starts[first] : ix.starts[last]]
    cuts = _cuts(data, starts)
    offsets = np.append(cuts, len(data)).astype(np.int32)
    column = pa.StringArray.from_buffers(len(cuts), pa.py_buffer(offsets), pa.py_buffer(data))
    encoded = column.dictionary_encode()
    distinct = [number.setdefault(p, len(number)) for p in encoded.dictionary.to_pylist()]
    piece = np.array(distinct, np.int32)[encoded.indices.to_numpy()]
    return _Block(first, np.diff(np.searchsorted(cuts, starts)), piece)


def _tokenize_pieces(tokenizer: "Tokenizer", pieces: Sequence[str]) -> _Pieces:
    """The tokens of each piece: those of plain ones by one expression, all others by spaCy."""
    length = np.fromiter(map(len, pieces), np.int64, len(pieces))
    sizes, plain = _plain(tokenizer, pieces)
    others = np.flatnonzero(~plain)
    count, begin, end = _by_spacy(tokenizer, [pieces[row] for row in others.tolist()])
    counts = (sizes > 0).sum(axis=0) * plain
    counts[others] = count
    offsets = np.append(0, np.cumsum(counts))
    columns = np.zeros((2, int(offsets[-1])), np.int64)
    at, edge = offsets[:-1].copy(), np.zeros(len(pieces), np.int64)
    for size in sizes:
        here = plain & (size > 0)
        columns[:, at[here]] = edge[here], (edge + size)[here]
        at += here
        edge += size
    place = np.arange(len(begin)) + np.repeat(offsets[others] - (np.cumsum(count) - count), count)
    columns[:, place] = begin, end
    return _Pieces(length, offsets, columns[0], columns[1])


#: Pieces whose tokens can be read off. spaCy's English splits an opening mark from what follows, a
#: hyphen between letters from both sides, and 's and closing marks from a lower-case letter or
#: digit before them; it has no prefix, suffix or infix of letters alone, or of digits with stops
#: and commas between.
_PLAIN = (
    r'^(?P<open>["(“$]?)(?P<word>[A-Za-z]+|[0-9]+(?:[.,][0-9]+)*)(?P<hyphen>-?)(?P<tail>[A-Za-z]*)'
    r'(?P<mark>(?:[\'’]s|[.,;:!?)"”])?)(?P<close>[.,;"”]?)\s*$'
)
_PAIRS = ('."', ',"', '!"', '?"', ".”", ",”", "!”", "?”", ").", "),", ");")


def _plain(tokenizer: "Tokenizer", pieces: Sequence[str]) -> tuple[Ints, Mask]:
    """The sizes of a piece's possible tokens, in their order, 0 for none; and which are plain.

    Shapes: (6, pieces), (pieces,). What holds a special case of spaCy's is not plain.
    """
    found = pc.extract_regex(pa.array(pieces, pa.string()), _PLAIN)
    parts = [pc.struct_field(found, place).fill_null("") for place in range(6)]
    sizes = np.stack([pc.utf8_length(part).to_numpy() for part in parts]).astype(np.int64)
    _, word, hyphen, tail, mark, close = parts
    fits = _mask(found.is_valid()) & _fits(word, hyphen, tail, mark, close)
    special = pa.array(list(tokenizer.rules), pa.string())
    split = pa.array([r for r, made in tokenizer.rules.items() if len(made) > 1], pa.string())
    for first in range(6):
        fits &= ~_mask(pc.is_in(parts[first], split))
        for last in range(first + 2, 7):
            several = (sizes[first:last] > 0).sum(axis=0) > 1
            fits &= ~(several & _mask(pc.is_in(_join(*parts[first:last]), special)))
    return sizes, fits


def _fits(
    word: pa.Array, hyphen: pa.Array, tail: pa.Array, mark: pa.Array, close: pa.Array
) -> Mask:
    """What _PLAIN cannot say: a hyphen is between letters, marks behind what splits them off."""
    letters = pc.match_substring_regex(_join(word, hyphen, tail), "^[A-Za-z]+-[A-Za-z]+$")
    alone = pc.and_(pc.equal(hyphen, ""), pc.equal(tail, ""))
    lower = pc.match_substring_regex(_join(word, tail), "[a-z0-9]$")
    pair = pc.is_in(_join(mark, close), pa.array(_PAIRS))
    fits = _mask(pc.or_(letters, alone)) & _mask(pc.or_(pc.equal(mark, ""), lower))
    return fits & _mask(pc.or_(pc.equal(close, ""), pair))


def _join(*columns: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(*columns, "")


def _mask(column: pa.Array) -> Mask:
    return np.asarray(column.to_numpy(zero_copy_only=False), np.bool_)


def _by_spacy(tokenizer: "Tokenizer", pieces: Sequence[str]) -> tuple[Ints, Ints, Ints]:
    """How many tokens each piece has, and where they begin and end; spaCy gets many at once."""
    length = np.fromiter(map(len, pieces), np.int64, len(pieces))
    counts, begins, ends = ([np.zeros(0, np.int64)] for _ in range(3))
    for first in range(0, len(pieces), _BATCH):
        # A newline is a token of its own: no special case reaches across it.
        spans = _spans(tokenizer, "\n".join(pieces[first : first + _BATCH]))
        size = length[first : first + _BATCH] + 1
        start = np.cumsum(size) - size
        piece = np.searchsorted(start, spans[:, 0], "right") - 1
        counts.append(np.bincount(piece, minlength=len(size)))
        begins.append(spans[:, 0] - start[piece])
        ends.append(spans[:, 1] - start[piece])
    return np.concatenate(counts), np.concatenate(begins), np.concatenate(ends)


def _expand(block: _Block, pieces: _Pieces) -> tuple[Ints, Ints, Ints]:
    """Document, begin and end of a block's tokens: each piece's, copied to where it stands."""
    row = np.repeat(np.arange(len(block.pieces)), block.pieces)
    length = pieces.length[block.piece]
    start = np.cumsum(length) - length
    opening = np.cumsum(block.pieces) - block.pieces  # the first piece of each text, if it has one
    start -= np.append(start, 0)[opening][row]
    # The tokens of a piece stand one behind the other: its first one's row, and counting on.
    first = pieces.offsets[block.piece]
    size = pieces.offsets[block.piece + 1] - first
    source = np.arange(size.sum(), dtype=np.int64)
    source += np.repeat(first - (np.cumsum(size) - size), size)
    shift = np.repeat(start, size)
    doc = np.repeat(row + block.first, size)
    return doc, pieces.begin[source] + shift, pieces.end[source] + shift


def _cuts(data: npt.NDArray[np.uint8], starts: Ints) -> Ints:
    """Where the pieces begin, in bytes: with each text, and with what follows white space.

    A piece so has its white space behind it (and before it, where its text begins with some).
    """
    white = _white(data)
    cut = np.zeros(len(data), np.bool_)
    np.greater(white[:-1], white[1:], out=cut[1:])
    # Only one plain space has no token of its own, so that a special case could reach across it.
    behind = 2 + np.flatnonzero(cut[2:] & (data[1:-1] == 0x20))
    cut[behind[_joined()[data[behind - 2], data[behind]]]] = False
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


@cached
def _joined() -> Mask:
    """Bytes between which a plain space is no cut: [last before it, first behind it] -> True.

    After all else, spaCy looks for special cases in the tokens, where it sees no spaces: in
    ": ):a" it finds ":)" across the space, which keeps it from finding "):". So there is no cut
    at a space between two characters where a special case, too, falls into tokens.
    """
    from spacy.tokenizer import Tokenizer

    tokenizer = _tokenizer()
    plain = Tokenizer(
        tokenizer.vocab,
        prefix_search=tokenizer.prefix_search,
        suffix_search=tokenizer.suffix_search,
        infix_finditer=tokenizer.infix_finditer,
        token_match=tokenizer.token_match,
        url_match=tokenizer.url_match,
    )
    joined = np.zeros((256, 256), np.bool_)
    for rule in tokenizer.rules:
        for token in list(plain(rule))[1:]:
            before, behind = rule[: token.idx].encode(), token.text.encode()
            joined[before[-1], behind[0]] = True
    return joined


def _punctuation(ix: TextIndex, tokens: Tokens) -> tuple[Mask, Mask]:
    """Which tokens end a sentence, and which are words: neither that nor punctuation."""
    from spacy.pipeline.sentencizer import Sentencizer

    final, word = np.zeros(len(tokens), np.bool_), np.ones(len(tokens), np.bool_)
    at = ix.starts[tokens.doc] + text.to_unit(ix, text.UTF8, tokens.doc, tokens.begin)
    plain = np.isin(np.arange(256), np.frombuffer(b"0123456789", np.uint8))
    plain[ord("A") : ord("Z") + 1] = plain[ord("a") : ord("z") + 1] = True
    rest = np.flatnonzero(~plain[ix.data[at]])  # what begins with a letter or digit is a word
    covered = text.cover(ix, tokens.doc[rest], tokens.begin[rest], tokens.end[rest])
    encoded = covered.dictionary_encode()
    distinct, code = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
    ending = set(Sentencizer.default_punct_chars)
    vocab = _tokenizer().vocab
    is_final = np.array([value in ending for value in distinct], np.bool_)
    is_punct = np.array([vocab[value].is_punct for value in distinct], np.bool_)
    final[rest] = is_final[code]
    word[rest] = ~(is_final | is_punct)[code]
    return final, word


def _after_final(final: Mask, word: Mask, new_line: Mask) -> Mask:
    """The words before which, since the last word or the line's start, a sentence has ended."""
    passed: Ints = np.cumsum(final) - final  # final tokens before each token
    words = np.flatnonzero(word)
    line = np.maximum.accumulate(np.where(new_line, passed, 0))
    since = np.maximum(line[words], np.append(0, passed[words][:-1]))
    starts = np.zeros(len(final), np.bool_)
    starts[words] = passed[words] > since
    return starts

"""spaCy's English tokens, for a whole column of texts at once.

spaCy's tokenizer looks at one stretch between white space after the other, and texts repeat their
stretches. So the column is cut where a new stretch begins, each distinct piece goes to spaCy once,
and its tokens are copied to wherever the piece stands. The tokens are spaCy's, not like spaCy's:
the tests compare them, and `cache=False` asks spaCy about every text as a whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from samarkand import cuts, text
from samarkand.cuts import english
from samarkand.parallel import each
from samarkand.text import Ints, Mask, TextIndex

if TYPE_CHECKING:
    from spacy.tokenizer import Tokenizer

#: Texts are cut in blocks, so that the working arrays of one fit the processor's cache.
_BLOCK = 1000
#: Distinct pieces that are handed to spaCy in one text.
_BATCH = 2000
#: Distinct pieces are shared out among threads in so many parts.
_SHARES = 16
_ENCODED = pa.dictionary(pa.int32(), pa.string())


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
    tokenizer = english()
    if not cache or any(_has_inner_white(rule) for rule in tokenizer.rules):
        return _one_by_one(tokenizer, texts)
    ix = text.index(texts)
    cuts.across()  # once, before threads ask for it
    blocks = each(lambda first: _cut(ix, first), range(0, len(ix), _BLOCK))
    column = pa.chunked_array([b.piece for b in blocks], _ENCODED).unify_dictionaries()
    distinct = column.chunk(0).dictionary if blocks else pa.array([], pa.string())
    pieces = _tokenize_pieces(tokenizer, distinct)
    piece = [chunk.indices.to_numpy() for chunk in column.chunks]
    count = np.diff(pieces.offsets).astype(np.int32)
    ends = np.cumsum([0, *each(lambda codes: int(count[codes].sum()), piece)])
    columns = np.empty((3, ends[-1]), np.int64)  # filled in place: memory costs more than sums

    def fill(row: int) -> None:
        columns[:, ends[row] : ends[row + 1]] = _expand(blocks[row], piece[row], pieces)

    each(fill, range(len(blocks)))
    return Tokens(*columns)


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
    """Some texts as pieces. `first` is the row of the first text."""

    first: int
    pieces: Ints  # how many each text has
    piece: pa.DictionaryArray  # all of them


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


def _cut(ix: TextIndex, first: int) -> _Block:
    """Cut a block of texts into pieces."""
    last = min(first + _BLOCK, len(ix))
    starts = ix.starts[first : last + 1] - ix.starts[first]
    data = ix.data[ix.starts[first] : ix.starts[last]]
    begins = cuts.cuts(data, starts)
    offsets = np.append(begins, len(data)).astype(np.int32)
    column = pa.StringArray.from_buffers(len(begins), pa.py_buffer(offsets), pa.py_buffer(data))
    pieces = np.diff(np.searchsorted(begins, starts))
    return _Block(first, pieces, column.dictionary_encode())


def _tokenize_pieces(tokenizer: "Tokenizer", column: pa.Array) -> _Pieces:
    """The tokens of each piece: those of plain ones by one expression, all others by spaCy."""
    share = -(-len(column) // _SHARES) or 1
    shares = [column.slice(at, share) for at in range(0, len(column), share)]
    rules = _rules(tokenizer)
    found = each(lambda part: _plain(part, *rules), shares)
    sizes = np.concatenate([sizes for sizes, _ in found] or [np.zeros((6, 0), np.int64)], axis=1)
    plain = np.concatenate([plain for _, plain in found] or [np.zeros(0, np.bool_)])
    length = pc.utf8_length(column).to_numpy().astype(np.int64)
    others = np.flatnonzero(~plain)
    count, begin, end = _by_spacy(tokenizer, column.take(pa.array(others)).to_pylist())
    counts = (sizes > 0).sum(axis=0) * plain
    counts[others] = count
    offsets = np.append(0, np.cumsum(counts))
    columns = np.zeros((2, int(offsets[-1])), np.int64)
    at, edge = offsets[:-1].copy(), np.zeros(len(column), np.int64)
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
_LETTER = "[A-Za-zÀ-ÖØ-öø-ž]"
_PLAIN = (
    rf"^(?P<open>[\"'(“‘$]?)(?P<word>{_LETTER}+|[0-9]+(?:[.,][0-9]+)*)(?P<hyphen>-?)(?P<tail>{_LETTER}*)"
    r'(?P<mark>(?:[\'’]s|[.,;:!?)"”])?)(?P<close>[.,;"”]?)\s*$'
)
_PAIRS = ('."', ',"', '!"', '?"', ".”", ",”", "!”", "?”", ").", "),", ");")


def _rules(tokenizer: "Tokenizer") -> tuple[pa.Array, pa.Array]:
    """spaCy's special cases, and those of them that it splits."""
    split = [rule for rule, made in tokenizer.rules.items() if len(made) > 1]
    return pa.array(list(tokenizer.rules), pa.string()), pa.array(split, pa.string())


def _plain(pieces: pa.Array, special: pa.Array, split: pa.Array) -> tuple[Ints, Mask]:
    """The sizes of a piece's possible tokens, in their order, 0 for none; and which are plain.

    Shapes: (6, pieces), (pieces,). What holds a special case of spaCy's is not plain.
    """
    found = pc.extract_regex(pieces, _PLAIN)
    parts = [pc.struct_field(found, place).fill_null("") for place in range(6)]
    sizes = np.stack([pc.utf8_length(part).to_numpy() for part in parts]).astype(np.int64)
    _, word, hyphen, tail, mark, close = parts
    fits = _mask(found.is_valid()) & _fits(word, hyphen, tail, mark, close)
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
    letters = pc.match_substring_regex(_join(word, hyphen, tail), f"^{_LETTER}+-{_LETTER}+$")
    alone = pc.and_(pc.equal(hyphen, ""), pc.equal(tail, ""))
    lower = pc.match_substring_regex(_join(word, tail), r"[\p{Ll}0-9]$")
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


def _expand(block: _Block, piece: Ints, pieces: _Pieces) -> tuple[Ints, Ints, Ints]:
    """Document, begin and end of a block's tokens: each piece's, copied to where it stands.

    `piece` numbers the block's pieces among the distinct ones.
    """
    row = np.repeat(np.arange(len(block.pieces)), block.pieces)
    length = pieces.length[piece]
    start = np.cumsum(length) - length
    opening = np.cumsum(block.pieces) - block.pieces  # the first piece of each text, if it has one
    start -= np.append(start, 0)[opening][row]
    # The tokens of a piece stand one behind the other: its first one's row, and counting on.
    first = pieces.offsets[piece]
    size = pieces.offsets[piece + 1] - first
    source = np.arange(size.sum(), dtype=np.int64)
    source += np.repeat(first - (np.cumsum(size) - size), size)
    shift = np.repeat(start, size)
    doc = np.repeat(row + block.first, size)
    return doc, pieces.begin[source] + shift, pieces.end[source] + shift

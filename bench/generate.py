"""A synthetic annotated corpus, the same on every machine for the same seed.

    python -m bench.generate FOLDER --docs 20000

writes a brat folder. Each document has 300 words, 40 entities and 15 relations. The words are
drawn by Zipf and Mandelbrot's law, p ~ 1 / (rank + 2.7) ** power, from 60,000 forms: English's
commonest at the head, made up of letters behind; the entities' from 15,000 names. To these come
numbers (30,000 forms, 2 % of the running words), words that are not ASCII (1 %: accents, Cyrillic,
Arabic, Hebrew, Chinese, emoji), capitals, hyphens, possessives, quotation marks, brackets and
stops. So the distinct stretches between white space go on growing with the corpus, as they do in
real news, and a cache of tokens is neither helped nor hurt unfairly.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

SEED = 20261123
WORDS, ENTITIES, RELATIONS = 300, 40, 15
BLOCK = 500  # documents made at a time; part of what the seed gives

FORMS, NAMES, NUMBERS, WIDE = 60_000, 15_000, 30_000, 2_000
#: The powers of the law for words and for names. With these, distinct stretches between white space
#: grow with the running words as in English news (fitted to the Wikinews of the GUM corpus).
WORD_POWER, NAME_POWER = 1.35, 1.5

LABELS = ("PERSON", "GPE", "ORG", "NORP", "LOC", "EVENT", "LAW", "ROLE")
RELATION_LABELS = ("MEMBER_OF", "PART_OF", "REPRESENTS", "MEETS", "ACCUSES", "SUPPLIES")

HEAD = """the of and to in a that is for it was on as with his by he at from her be are this an or
but have not they had she which you one we all were their there been would who has will more no out
so what up its about than into them can only other time new some could these two may first then do
any like my now over such our man me even most made after also did many off before must well back
through years where much your way down should because long each just state those people too mr.
little good world make very year still see own work men day get here old between both life being
under three never know same last another while us might great go come since against right came take
used himself few house use place during high without again home around small however found mrs.
thought went say part once general upon school every don't does got united left number course war
until always away something fact though water less public put think almost hand enough far took
head yet government system better set told nothing night end why called didn't eyes find going look
asked later knew point next program city business give group toward young days let room president
side social given present several order national possible rather second face per among form often
things looked early white case large big need four within felt along children saw best church ever
least power development light thing seemed family interest want members mind country area others
done turned although open god service certain kind problem began different door thus help means
sense whole matter it's that's he's can't won't i'm we've they're isn't wasn't u.s. u.k. e.g. dr.
gov. sen. p.m. a.m. cannot ceasefire minister talks border treaty foreign ministry spokesman said
officials agreement sanctions embassy""".split()  # noqa: SIM905

ONSETS = "b br c ch cl d dr f fr g gl h j k l m n p pl pr qu r s sh st t th tr v w".split()  # noqa: SIM905
VOWELS = "a a a e e e i i o o u ai ea ee io ou".split()  # noqa: SIM905
CODAS = ["", "", "", *"l m n n nd ng nt r r rd s s st t ck d p x".split()]  # noqa: SIM905
ACCENTED = str.maketrans("aeioucnslz", "áéíöüçñšłž")
AFTER_WORD = [",", ",", ",", '"', ")", "'s", ":", ";", "”"]
AFTER_SENTENCE = [".", ".", ".", ".", ".", "?", "!", '."']
EMOJI = ["😀", "👍🏽", "🇺🇦", "🇺🇿", "👩‍⚕️", "👨‍👩‍👧", "❤️", "🔥", "🕊️", "📰"]


@dataclass(frozen=True)
class Vocabulary:
    """Forms to draw from, as object arrays, and how likely the words are."""

    words: npt.NDArray[Any]
    capitals: npt.NDArray[Any]  # the same, capitalised
    weights: npt.NDArray[np.float64]
    names: npt.NDArray[Any]
    name_weights: npt.NDArray[np.float64]
    numbers: npt.NDArray[Any]
    wide: npt.NDArray[Any]


@dataclass(frozen=True)
class Document:
    """A text with its entities, sorted and apart from each other, and its relations.

    `begin` and `end` are code points; `label` counts into LABELS and is a function of the covered
    text. `head` and `tail` are rows of entities; `kind` counts into RELATION_LABELS.
    """

    doc: str
    text: str
    begin: Ints
    end: Ints
    label: Ints
    head: Ints
    tail: Ints
    kind: Ints


def documents(count: int, seed: int = SEED) -> Iterator[Document]:
    """That many documents, in the order of their ids."""
    random = np.random.default_rng(seed)
    vocabulary = _vocabulary(random)
    for first in range(0, count, BLOCK):
        # A block is made whole, so that the documents are the same however many are wanted.
        yield from list(_block(random, vocabulary, first))[: count - first]


def brat(document: Document) -> tuple[str, str]:
    """What the document's .txt and .ann files hold."""
    lines = [
        f"T{row}\t{LABELS[label]} {begin} {end}\t{document.text[begin:end]}\n"
        for row, (begin, end, label) in enumerate(
            zip(*_lists(document.begin, document.end, document.label), strict=True), 1
        )
    ]
    lines += [
        f"R{row}\t{RELATION_LABELS[kind]} Arg1:T{head + 1} Arg2:T{tail + 1}\n"
        for row, (head, tail, kind) in enumerate(
            zip(*_lists(document.head, document.tail, document.kind), strict=True), 1
        )
    ]
    return document.text, "".join(lines)


def write_brat(folder: Path, count: int, seed: int = SEED) -> None:
    """A brat folder of that many documents."""
    folder.mkdir(parents=True, exist_ok=True)
    for document in documents(count, seed):
        text, annotations = brat(document)
        (folder / f"{document.doc}.txt").write_bytes(text.encode())
        (folder / f"{document.doc}.ann").write_bytes(annotations.encode())


def _lists(*columns: Ints) -> list[list[int]]:
    return [column.tolist() for column in columns]


def _vocabulary(random: np.random.Generator) -> Vocabulary:
    made = _made_up(random, FORMS)
    forms = list(dict.fromkeys([*HEAD, *made]))
    rest = random.permutation(np.array(made, object)).tolist()
    # A name is long, so that it is no abbreviation that keeps the stop behind it ("Sept.").
    names = [word.capitalize() for word in rest if len(word) > 5][:NAMES]
    names = [n.translate(ACCENTED) if i % 50 == 7 else n for i, n in enumerate(names)]
    wide = [*_scripts(random), *(word.translate(ACCENTED) for word in rest[:WIDE])]
    wide = [word for word in wide if not word.isascii()]
    numbers = [_number(random) for _ in range(NUMBERS)]
    return Vocabulary(
        np.array(forms, object),
        np.array([word[:1].upper() + word[1:] for word in forms], object),
        _zipf(len(forms), WORD_POWER),
        np.array(names, object),
        _zipf(len(names), NAME_POWER),
        np.array(numbers, object),
        np.array(wide, object),
    )


def _made_up(random: np.random.Generator, count: int) -> list[str]:
    """Distinct words of one to three syllables, the short ones rather at the head."""
    kinds = [np.array(kind, object) for kind in (ONSETS, VOWELS, CODAS)]
    drawn = [kind[random.integers(len(kind), size=(2 * count, 3))] for kind in kinds]
    syllables = drawn[0] + drawn[1] + drawn[2]
    rank = np.arange(2 * count) / (2 * count)
    length = 1 + (random.random(2 * count) < 0.6 + rank) + (random.random(2 * count) < rank)
    words = ("".join(row[:size]) for row, size in zip(syllables, length, strict=True))
    return list(dict.fromkeys(words))[:count]


def _scripts(random: np.random.Generator) -> list[str]:
    """Words of other scripts, and emoji, so that about every second wide word is one of these."""
    ranges = [(0x4E00, 0x9000), (0x430, 0x450), (0x627, 0x63B), (0x5D0, 0x5EB)]
    words = [
        "".join(map(chr, random.integers(*ranges[place % len(ranges)], 2 + place % 5)))
        for place in range(WIDE // 2)
    ]
    return words + EMOJI * (WIDE // 2 // len(EMOJI))


def _number(random: np.random.Generator) -> str:
    value = int(random.integers(1, 100_000))
    shapes = (
        f"{value:,}",
        f"{1900 + value % 130}",
        f"${value / 10:,.1f}",
        f"{value % 100}%",
        f"{value % 24}:{value % 60:02}",
        f"{value % 31 + 1}",
    )
    return shapes[int(random.integers(len(shapes)))]


def _zipf(count: int, power: float) -> npt.NDArray[np.float64]:
    weights = 1 / (np.arange(count) + 2.7) ** power
    return weights / weights.sum()


def _block(random: np.random.Generator, words: Vocabulary, first: int) -> Iterator[Document]:
    shape = (BLOCK, WORDS)
    starts, lasts, inside = _places(random)
    before, core, after, between = _running(random, words, shape)
    core[inside] = random.choice(words.names, int(inside.sum()), p=words.name_weights)
    _stretch(before, after, between, starts, lasts)
    sizes = [_sizes(part) for part in (before, core, after, between)]
    ends = np.cumsum(sum(sizes), axis=1)
    begin = (ends - sizes[3] - sizes[2] - sizes[1])[np.arange(BLOCK)[:, None], starts]
    end = (ends - sizes[3] - sizes[2])[np.arange(BLOCK)[:, None], lasts]
    whole = before + core + after + between
    for row in range(BLOCK):
        text = "".join(whole[row])
        covered = [text[a:b] for a, b in zip(*_lists(begin[row], end[row]), strict=True)]
        label = np.array([sum(map(ord, said)) % len(LABELS) for said in covered])
        head, tail = _pairs(random)
        kind = random.integers(len(RELATION_LABELS), size=RELATIONS)
        doc = f"doc-{first + row:05d}"
        yield Document(doc, text, begin[row], end[row], label, head, tail, kind)


def _places(random: np.random.Generator) -> tuple[Ints, Ints, npt.NDArray[np.bool_]]:
    """The first and last word of each entity, and which words are in one: apart, in order."""
    slot = WORDS // ENTITIES
    starts = np.arange(ENTITIES) * slot + random.integers(0, slot - 2, (BLOCK, ENTITIES))
    lasts = starts + random.choice(3, (BLOCK, ENTITIES), p=[0.6, 0.3, 0.1])
    number = np.arange(WORDS)[None, None, :]
    inside = (number >= starts[:, :, None]) & (number <= lasts[:, :, None])
    return starts, lasts, inside.any(axis=1)


def _running(
    random: np.random.Generator, words: Vocabulary, shape: tuple[int, int]
) -> tuple[npt.NDArray[Any], ...]:
    """What stands before, in, after and between the words of running text: strings."""
    core = random.choice(len(words.words), shape, p=words.weights)
    ends = random.random(shape) < 0.05  # of sentences
    ends[:, [9, -1]] = True  # the headline, and the text
    new = np.roll(ends, 1, axis=1)
    text = np.where(new | (random.random(shape) < 0.04), words.capitals[core], words.words[core])
    text = _some(random, text, words.numbers, 0.02)
    text = _some(random, text, words.wide, 0.01)
    before = _some(random, np.full(shape, "", object), ['"', "(", "“", "'"], 0.02)
    after = _some(random, np.full(shape, "", object), AFTER_WORD, 0.1)
    after[ends] = random.choice(np.array(AFTER_SENTENCE, object), int(ends.sum()))
    between = _some(random, np.full(shape, " ", object), ["-", " – ", "\n"], 0.02)
    between[ends & (random.random(shape) < 0.3)] = "\n"
    between[:, 9] = between[:, -1] = "\n"
    return before, text, after, between


def _some(
    random: np.random.Generator, text: npt.NDArray[Any], other: Sequence[str], share: float
) -> npt.NDArray[Any]:
    """The text with that share of it replaced."""
    chosen = random.random(text.shape) < share
    text[chosen] = random.choice(np.asarray(other, object), int(chosen.sum()))
    return text


def _stretch(
    before: npt.NDArray[Any],
    after: npt.NDArray[Any],
    between: npt.NDArray[Any],
    starts: Ints,
    lasts: Ints,
) -> None:
    """An entity's words have one space between them, and no hyphen joins it to others."""
    rows = np.arange(BLOCK)[:, None]
    for step in range(3):
        later = starts + step
        row, place = np.nonzero(later < lasts)
        at = later[row, place]
        after[row, at], between[row, at], before[row, at + 1] = "", " ", ""
    for edge in (np.maximum(starts - 1, 0), lasts):
        joint = between[rows, edge]
        joint[joint == "-"] = " "
        between[rows, edge] = joint


def _sizes(part: npt.NDArray[Any]) -> Ints:
    return np.fromiter(map(len, part.ravel()), np.int64, part.size).reshape(part.shape)


def _pairs(random: np.random.Generator) -> tuple[Ints, Ints]:
    """Distinct pairs of different entities that stand within five of each other."""
    steps = np.array([-5, -4, -3, -2, -1, 1, 2, 3, 4, 5])
    head, step = np.divmod(random.permutation(ENTITIES * len(steps)), len(steps))
    tail = head + steps[step]
    inside = np.flatnonzero((tail >= 0) & (tail < ENTITIES))[:RELATIONS]
    return head[inside], tail[inside]


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the synthetic corpus as a brat folder.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--docs", type=int, default=20_000, help="how many documents")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    write_brat(options.folder, options.docs, options.seed)


if __name__ == "__main__":
    main()

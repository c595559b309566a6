"""A diff as one HTML page: the changes marked in the texts, and listed beneath them."""

from collections.abc import Iterable, Sequence
from html import escape
from itertools import pairwise

from samarkand import changes, schema
from samarkand.changes import Change
from samarkand.corpus import Corpus
from samarkand.diff import Diff

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.6 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h2 { border-bottom: 1px solid #8886; margin-top: 3rem; }
.text { white-space: pre-wrap; background: #8881; padding: 1rem; border-radius: .4rem; }
mark { color: inherit; border-radius: .2rem; padding: .1em 0; }
.removed { background: #e5484d55; text-decoration: line-through; }
.added { background: #30a46c66; }
.changed { background: #f5a62366; }
li { margin: .2rem 0; overflow-wrap: anywhere; }
code { font-size: .9em; }
.key mark { padding: .1em .4em; }
table { border-collapse: collapse; font-size: .85rem; display: block; overflow-x: auto; }
th, td { padding: .15rem .5rem; text-align: left; border: 1px solid #8883; }
.heat td { text-align: right; }
.heat .up { writing-mode: vertical-rl; }
"""

_KEY = (
    '<p class="key"><mark class="added">added</mark> <mark class="removed">removed</mark> '
    '<mark class="changed">changed</mark></p>'
)


def page(diff: Diff, a: Corpus, b: Corpus, title: str) -> str:
    """The page, whole and without scripts. The text shown is that of `b` where there is one."""
    found = changes.changes(diff)
    said = changes.text(diff).partition("\n\n")[0]
    return whole(title, [f"<pre>{escape(said)}</pre>", *documents(found, a, b)])


def whole(title: str, parts: Iterable[str]) -> str:
    """A page with a title above these parts."""
    body = "\n".join([f"<h1>{escape(title)}</h1>", *(part for part in parts if part)])
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>\n{body}\n</body></html>\n'


def documents(found: Sequence[Change], a: Corpus, b: Corpus) -> list[str]:
    """Each document's text, with what is not the same in it marked, and listed beneath."""
    by_doc: dict[str, list[Change]] = {}
    for change in found:
        by_doc.setdefault(change.doc, []).append(change)
    olds = _texts(a)
    texts = olds | _texts(b)
    parts = [_KEY if found else ""]
    for doc, rows in sorted(by_doc.items()):
        if doc:
            parts += [f'<h2 id="{escape(doc)}">{escape(doc)}</h2>']
            if doc in olds and olds[doc] != texts[doc]:
                parts += ["<h3>The text before</h3>", _marked(olds[doc], rows, before=True)]
                parts += ["<h3>The text now</h3>", _marked(texts[doc], rows, before=False)]
            else:
                parts += [_marked(texts.get(doc, ""), rows)]
        items = "".join(
            f"<li>{escape(change.layer)} <code>{escape(str(change))}</code></li>" for change in rows
        )
        parts += [f"<ul>{items}</ul>"]
    return parts


def _texts(corpus: Corpus) -> dict[str, str]:
    columns = (corpus.documents[name].to_pylist() for name in ("doc", "text"))
    return dict(zip(*columns, strict=True))


def _marked(text: str, rows: Sequence[Change], before: bool | None = None) -> str:
    """A text with what changed in it marked; of one side alone, where `before` says of which."""
    marks: list[tuple[int, int, str, str]] = []
    for change in rows:
        kind = change.kinds[0] if change.kinds[0] in ("added", "removed") else "changed"
        old = before is True or (before is None and change.after is None)
        row = change.before if old else change.after
        if row is not None:
            places = _places(change.table, row)
            marks += [(*place, kind, f"{change.layer} {change}") for place in places]
    edges = sorted({0, len(text), *(p for mark in marks for p in mark[:2] if 0 <= p <= len(text))})
    parts = []
    for begin, end in pairwise(edges):
        inside = [mark for mark in marks if mark[0] <= begin and end <= mark[1]]
        piece = escape(text[begin:end])
        if inside:
            kinds = " ".join(sorted({kind for _, _, kind, _ in inside}))
            told = escape("\n".join(said for *_, said in inside))
            piece = f'<mark class="{kinds}" title="{told}">{piece}</mark>'
        parts.append(piece)
    return f'<div class="text">{"".join(parts)}</div>'


def _places(table: str, row: changes.Row) -> Iterable[tuple[int, int]]:
    """The spans of a row."""
    if table == "entities" and not row["fragments"]:
        yield row["begin"], row["end"]
    for column in schema.SPAN_COLUMNS.get(table, ()):
        for span in row[column] or ():
            yield span["begin"], span["end"]

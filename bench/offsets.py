"""Code point offsets to UTF-16 code units and to UTF-8 bytes."""

from pathlib import Path

from bench.common import Clock, digest, spans, texts


def ours(data: Path, clock: Clock) -> str:
    """Whole columns at once; indexing the texts counts."""
    import pandas  # pyarrow would import it inside the clock  # noqa: F401

    from samarkand import text

    given, column = spans(data), texts(data)
    with clock:
        index = text.index(column)
        found = [
            text.to_unit(index, unit, given["doc"], given[edge])
            for unit in (text.UTF16, text.UTF8)
            for edge in ("begin", "end")
        ]
    return digest(*found)


def slices(data: Path, clock: Clock) -> str:
    """Encode what stands before each offset, and what it covers, and take the lengths."""
    import numpy as np

    given, column = spans(data), texts(data).to_pylist()
    rows = list(zip(*(given[name].tolist() for name in ("doc", "begin", "end")), strict=True))
    with clock:
        found: list[tuple[int, int, int, int]] = []
        for doc, begin, end in rows:
            before, covered = column[doc][:begin], column[doc][begin:end]
            first = len(before.encode("utf-16-le")) // 2
            first8 = len(before.encode())
            found.append(
                (
                    first,
                    first + len(covered.encode("utf-16-le")) // 2,
                    first8,
                    first8 + len(covered.encode()),
                )
            )
    return digest(*np.array(found).T)

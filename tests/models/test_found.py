"""What a model found, as it is kept."""

from samarkand import schema
from samarkand.corpus import Corpus, table
from samarkand.models import found

TEXT = "It rose 12.8%\n\nby the end.\n\n"


def test_white_space_at_the_edges_is_no_part_of_a_mention() -> None:
    corpus = Corpus(table(schema.DOCUMENTS, [{"doc": "d", "text": TEXT}]))
    spans = [(8, 14, "PERCENT", 0.5), (8, 15, "PERCENT", 0.4), (13, 15, "DATE", 0.9)]
    kept = found.entities(corpus, [[*spans, (22, 28, "DATE", None)]])
    columns = kept.select(["id", "begin", "end", "text", "label", "score"]).to_pylist()
    assert [tuple(row.values()) for row in columns] == [
        ("T1", 8, 13, "12.8%", "PERCENT", 0.5),
        ("T2", 22, 26, "end.", "DATE", None),
    ]

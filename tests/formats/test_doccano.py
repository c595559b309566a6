"""doccano's JSON Lines: the server's shapes, what a person may edit there, the malformed cases."""

import json
import random
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from samarkand import files, schema, store
from samarkand.corpus import Corpus, Layer, table
from samarkand.errors import FormatError
from samarkand.formats import base, doccano
from samarkand.formats.doccano import parsing as doccano_parse
from samarkand.jsonl import MAX_LINE
from tests.corpora import LAYER, corpora
from tests.real import REAL, needs_real

CASES = Path(__file__).parent / "doccano"
BAD, GOOD = CASES / "bad", CASES / "good"
BOTH_WAYS = pytest.mark.parametrize("quick", [True, False], ids=["quick", "exact"])

TEXT = "Xi 👋 met Putin. He backed “talks” of the foreign and defence ministers.\r\n"


def said(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows without what is null or empty; dates as they are written."""
    found = [{k: v for k, v in row.items() if v not in (None, [])} for row in rows.to_pylist()]
    return json.loads(json.dumps(found, default=str))


def tables(reading: base.Reading) -> dict[str, list[dict[str, Any]]]:
    layer = reading.corpus.layers[LAYER]
    return {name: said(layer.table(name)) for name in schema.TABLES}


def span(exact: str) -> dict[str, Any]:
    begin = TEXT.index(exact)
    return {"begin": begin, "end": begin + len(exact), "text": exact}


def entity(id: str, label: str, *exact: str, **more: Any) -> dict[str, Any]:
    pieces = [span(piece) for piece in exact]
    place = {"begin": pieces[0]["begin"], "end": pieces[-1]["end"], "text": " ".join(exact)}
    fragments = {"fragments": pieces} if len(pieces) > 1 else {}
    return {"doc": "d", "id": id, "label": label, **place, **fragments, **more}


def small() -> Corpus:
    """A document with an emoji before nearly everything, and one of each thing."""
    some = [{"name": "mention", "value": "nominal"}]
    entities = [
        entity("xi", "PERSON", "Xi", actor="xi-jinping", score=0.5),
        entity("T2", "PERSON", "Putin"),
        entity("7", "PERSON", "He", attributes=some),
        entity("T3", "ROLE", "foreign", "ministers"),
    ]
    relation = {
        "doc": "d", "id": "R1", "label": "MEETS", "head": "xi", "tail": "T2", "object": "T3",
        "evidence": [span("met Putin")], "status": "ASSERTED", "score": 0.25, "attributes": some,
    }  # fmt: skip
    common = {"doc": "d", "holder": "7", "act": "SUPPORT", "source_chain": [schema.AUTHOR, "xi"]}
    stances = [
        common | {"id": "S1", "target": "P:talks", "polarity": 2, "cue": [span("backed"), span("of")],
                  "content": [span("talks")], "explicit": True},
        common | {"id": "S2", "target": "SPAN", "target_spans": [span("talks")], "polarity": None,
                  "cue": [span("backed")], "status": "NEGATED", "score": 0.5},
        common | {"id": "S3", "target": "T2", "polarity": -1, "attributes": some},
        common | {"id": "S4", "holder": schema.AUTHOR, "target": "T2", "polarity": 0,
                  "cue": [span("met")]},
    ]  # fmt: skip
    layer = Layer(
        LAYER,
        table(schema.ENTITIES, entities),
        table(schema.RELATIONS, [relation]),
        table(schema.STANCES, stances),
    )
    document = {"doc": "d", "text": TEXT, "title": "T", "metadata": [{"name": "a", "value": "b"}]}
    return Corpus(table(schema.DOCUMENTS, [document]), layers={LAYER: layer})


def read(data: bytes, quick: bool = True, **more: Any) -> base.Reading:
    return doccano._read({"all.jsonl": data}, LAYER, quick=quick, **more)


def lines_of(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.splitlines()]


def file_of(rows: list[dict[str, Any]]) -> bytes:
    """As the server writes: UTF-8, a slash escaped."""
    said = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return "".join(line.replace("/", "\\/") + "\n" for line in said).encode()


class Server:
    """What doccano does to rows: new ids in the order of the upload, its own keys, a person's edits.

    Checked against doccano 1.8.4: importing, exporting, and its views for spans and relations.
    """

    def __init__(self, data: bytes, first: int = 1) -> None:
        self.next = {"entities": first, "relations": first}
        self.rows = []
        for number, row in enumerate(lines_of(data), first):
            new: dict[str, Any] = {"id": number, "text": row["text"], "samarkand": row["samarkand"]}
            ids: dict[int, int] = {}
            new["entities"], new["relations"] = [], []
            for span in row["entities"]:
                ids[span["id"]] = self.id("entities")
                new["entities"].append(span | {"id": ids[span["id"]]})
            for link in row["relations"]:
                ends = {end: ids[link[end]] for end in ("from_id", "to_id")}
                new["relations"].append(link | ends | {"id": self.id("relations")})
            self.rows.append(new | {"Comments": []})

    def id(self, table: str) -> int:
        self.next[table] += 1
        return self.next[table] - 1

    def export(self) -> bytes:
        return file_of(self.rows)

    def find(self, label: str, row: int = 0, skip: int = 0) -> dict[str, Any]:
        spans: list[dict[str, Any]] = self.rows[row]["entities"]
        return [span for span in spans if span["label"] == label][skip]

    def link(self, type: str, row: int = 0, skip: int = 0) -> dict[str, Any]:
        links: list[dict[str, Any]] = self.rows[row]["relations"]
        return [link for link in links if link["type"] == type][skip]

    def add(self, label: str, begin: int, end: int, row: int = 0) -> dict[str, Any]:
        new = {"id": self.id("entities"), "label": label, "start_offset": begin, "end_offset": end}
        self.rows[row]["entities"].append(new)
        return new

    def join(self, type: str, head: dict[str, Any], tail: dict[str, Any], row: int = 0) -> None:
        new = {"id": self.id("relations"), "from_id": head["id"], "to_id": tail["id"], "type": type}
        self.rows[row]["relations"].append(new)

    def take_away(self, span: dict[str, Any], row: int = 0) -> None:
        """Relations go with the span."""
        links = self.rows[row]["relations"]
        self.rows[row]["entities"].remove(span)
        self.rows[row]["relations"] = [
            link for link in links if span["id"] not in (link["from_id"], link["to_id"])
        ]

    def part(self, link: dict[str, Any], row: int = 0) -> None:
        self.rows[row]["relations"].remove(link)


@BOTH_WAYS
@pytest.mark.parametrize("case", sorted(path.name for path in BAD.iterdir()))
def test_a_malformed_file_gives_exactly_its_message(case: str, quick: bool) -> None:
    with pytest.raises(FormatError) as caught:
        doccano._read(files.tree(BAD / case, doccano.SUFFIXES), LAYER, quick=quick)
    assert f"{caught.value}\n" == (BAD / case / "expected.txt").read_text()


@BOTH_WAYS
@pytest.mark.parametrize("case", sorted(path.name for path in GOOD.iterdir()))
def test_a_good_file_gives_exactly_its_tables(case: str, quick: bool) -> None:
    reading = doccano._read(files.tree(GOOD / case, doccano.SUFFIXES), LAYER, quick=quick)
    assert json.loads((GOOD / case / "expected.json").read_text()) == {
        "documents": said(reading.corpus.documents),
        **tables(reading),
        "unread": reading.unread,
        "notes": list(reading.notes),
    }


@BOTH_WAYS
def test_fifty_megabytes_in_one_line_are_refused(quick: bool) -> None:
    line = b'{"text":"' + b"x" * 50_000_000 + b'","entities":[]}\n'
    with pytest.raises(FormatError) as caught:
        read(b'{"text":"","entities":[]}\n' + line, quick)
    message = f"a line of 50,000,025 bytes; a line has at most {MAX_LINE:,}"
    assert str(caught.value) == f"all.jsonl:2: {message}"


def test_what_is_written() -> None:
    assert doccano.write(small(), LAYER) == {
        "annotations.jsonl": (CASES / "annotations.jsonl").read_bytes()
    }


@BOTH_WAYS
def test_what_is_written_is_read(quick: bool) -> None:
    data = (CASES / "annotations.jsonl").read_bytes()
    corpus = small()
    reading = read(data, quick)
    assert reading.corpus == doccano.narrow(corpus, LAYER)
    assert reading.corpus.documents == corpus.documents
    assert reading.corpus.layers == corpus.layers
    assert (reading.unread, reading.notes) == ({}, ())


def test_offsets_count_what_is_wanted() -> None:
    rows = doccano.rows(small(), LAYER, "code points")
    assert [(s.start_offset, s.end_offset) for s in rows[0].entities[:2]] == [(0, 2), (9, 14)]
    assert doccano.reading(rows, LAYER).corpus == doccano.narrow(small(), LAYER)
    rows = doccano.rows(small(), LAYER)
    assert [(s.start_offset, s.end_offset) for s in rows[0].entities[:2]] == [(0, 2), (10, 15)]
    assert doccano.reading(rows, LAYER).corpus == doccano.narrow(small(), LAYER)


def test_somebody_elses_offsets_are_code_points_unless_told_otherwise() -> None:
    row = {"text": "👋 Xi met", "label": [[2, 4, "PER"]]}
    plain = read(file_of([row]))
    assert [row["text"] for row in tables(plain)["entities"]] == ["Xi"]
    assert plain.notes == (doccano.CODE_POINTS,)
    row["label"] = [[3, 5, "PER"]]
    told = read(file_of([row]), unit="utf-16")
    assert tables(told) == tables(plain)
    assert told.notes == ()
    assert read(file_of([{"text": "é Xi 👋", "label": [[2, 4, "PER"]]}])).notes == ()


def test_ids_far_apart_are_resolved() -> None:
    ids = [2**63 - 1, -(2**63), 0]
    spans = [{"id": id, "label": "A", "start_offset": 0, "end_offset": 1} for id in ids]
    links = [{"from_id": a, "to_id": b, "type": "R"} for a, b in zip(ids, ids[::-1], strict=True)]
    rows = [{"text": "x", "entities": spans, "relations": links}] * 3
    found = tables(read(file_of(rows)))["relations"]
    assert [(row["head"], row["tail"]) for row in found[:3]] == [
        (str(a), str(b)) for a, b in zip(ids, ids[::-1], strict=True)
    ]


def test_an_unknown_unit_is_refused() -> None:
    for wrong in (
        lambda: read(b"", unit="bytes"),
        lambda: doccano.rows(small(), LAYER, "utf-8"),
    ):
        with pytest.raises(ValueError, match="wanted 'code points' or 'utf-16'"):
            wrong()


def test_lines_are_read_in_parts_as_they_are_together() -> None:
    rows = [{"text": f"n {n} x", "entities": []} for n in range(5)]
    rows[3]["id"] = 2  # type: ignore[assignment]
    whole = read(file_of(rows)).corpus
    parts = [read(file_of(rows[:2])).corpus, read(file_of(rows[2:]), first=3).corpus]
    both = pa.concat_tables([part.documents for part in parts]).sort_by("doc")
    assert whole.documents.equals(both.combine_chunks())
    assert whole.documents["doc"].to_pylist() == ["2", "all-1", "all-2", "all-3", "all-5"]
    with pytest.raises(FormatError, match=r"all.jsonl:12: not JSON"):
        read(file_of(rows[:1]) + b"{\n", first=11)


def test_blocks_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = [{"id": 1, "label": "A", "start_offset": 0, "end_offset": 1}]
    links = [{"id": 1, "from_id": 1, "to_id": 1, "type": "R"}]
    rows = [
        {"text": f"{n} é", "entities": spans, "relations": links, "Comments": [], "n": f"{n}"}
        for n in range(50)
    ]
    rows[20]["label"] = "one of another shape"
    whole = read(file_of(rows))
    monkeypatch.setattr(doccano_parse, "BLOCK", 300)
    assert read(file_of(rows)) == whole
    assert whole == read(file_of(rows), quick=False)


SERVED = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@SERVED
@given(corpus=corpora(), first=st.integers(1, 5))
def test_what_went_through_the_server_is_the_same(corpus: Corpus, first: int) -> None:
    written = doccano.write(corpus, LAYER)["annotations.jsonl"]
    wanted = doccano.narrow(corpus, LAYER)
    for quick in (True, False):
        for data in (written, Server(written, first).export()):
            reading = read(data, quick)
            assert (reading.corpus, reading.unread) == (wanted, {})


def test_this_corpus_goes_through_the_server() -> None:
    corpus = store.read(Path(__file__).parents[2], ["hand/a"])
    data = doccano.write(corpus, "hand/a")["annotations.jsonl"]
    reading = doccano.read({"all.jsonl": Server(data, 1000).export()}, "hand/a")
    assert (reading.unread, reading.notes) == ({}, ())
    assert reading.corpus == doccano.narrow(corpus, "hand/a")
    assert reading.corpus.documents == corpus.documents
    kept, old = reading.corpus.layers["hand/a"], corpus.layers["hand/a"]
    assert [kept.table(name) for name in schema.TABLES] == [old.table(n) for n in schema.TABLES]


def shown(row: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    """The spans that are mentions, and the relations between them, without ids."""
    place = {s["id"]: (s["start_offset"], s["end_offset"], s["label"]) for s in row["entities"]}
    own = {id for id, said in place.items() if not said[2].startswith(("STANCE", "P:"))}
    links = [(link["from_id"], link["type"], link["to_id"]) for link in row["relations"]]
    return sorted(place[id] for id in own), sorted(
        (place[a], type, place[b]) for a, type, b in links if {a, b} <= own and type != "FRAGMENT"
    )


@SERVED
@given(corpus=corpora(), seed=st.integers(0, 1000))
def test_whatever_is_edited_what_is_shown_wins(corpus: Corpus, seed: int) -> None:
    """Random edits; what is read, written again, shows what the server showed."""
    drawn = random.Random(seed)  # noqa: S311
    server = Server(doccano.write(corpus, LAYER)["annotations.jsonl"], drawn.randint(1, 3))
    labels = ["PER", "ORG", "STANCE +1", "STANCE", "P:x"]
    for number, row in enumerate(server.rows):
        row["relations"] = [link for link in row["relations"] if link["type"] != "FRAGMENT"]
        limit = len(row["text"].encode("utf-16-le")) // 2
        for _ in range(drawn.randint(0, 4)):
            spans = row["entities"]
            match drawn.choice(("add", "take", "label", "join", "type", "part")):
                case "add" if limit and row["text"].isascii():
                    begin = drawn.randrange(limit)
                    server.add(drawn.choice(labels), begin, drawn.randint(begin + 1, limit), number)
                case "take" if spans:
                    server.take_away(drawn.choice(spans), number)
                case "label" if spans:
                    drawn.choice(spans)["label"] = drawn.choice(labels)
                case "join" if spans:
                    server.join("NEW", drawn.choice(spans), drawn.choice(spans), number)
                case "type" if row["relations"]:
                    drawn.choice(row["relations"])["type"] = "NEW"
                case "part" if row["relations"]:
                    server.part(drawn.choice(row["relations"]), number)
    reading = read(server.export())
    again = doccano.write(reading.corpus, LAYER)["annotations.jsonl"]
    assert [shown(row) for row in lines_of(again)] == [shown(row) for row in server.rows]
    assert read(again).corpus == reading.corpus


def edited(server: Server) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
    """Annotations by id, and what was not read, the same both ways."""
    reading = read(server.export())
    assert read(server.export(), quick=False) == reading
    found = {row["id"]: row for rows in tables(reading).values() for row in rows}
    return found, dict(reading.unread)


def served() -> Server:
    return Server(doccano.write(small(), LAYER)["annotations.jsonl"], 100)


def test_a_label_may_be_changed() -> None:
    server = served()
    for piece in (server.find("ROLE"), server.find("ROLE", skip=1)):
        piece["label"] = "GROUP"
    server.find("PERSON")["label"] = "GPE"
    found, unread = edited(server)
    assert found["T3"]["label"] == "GROUP"
    assert (found["xi"]["label"], found["xi"]["actor"]) == ("GPE", "xi-jinping")
    assert found["R1"]["object"] == "T3"
    assert unread == {}


def test_a_mention_may_be_taken_away() -> None:
    server = served()
    server.take_away(server.find("PERSON"))
    found, unread = edited(server)
    assert "xi" not in found and "R1" not in found
    assert found["S1"]["source_chain"] == ["AUTHOR"]
    assert unread == {
        "actor and the like of a mention that is gone": 1,
        "evidence and the like of a relation that is gone": 1,
        "source of a stance, a mention that is gone": 4,
    }


def test_who_holds_a_stance_may_be_taken_away() -> None:
    server = served()
    he = server.find("PERSON", skip=2)
    assert he["start_offset"] == TEXT.index("He") + 1
    server.take_away(he)
    found, unread = edited(server)
    assert [found[id]["holder"] for id in ("S1", "S2", "S3", "S4")] == [
        *["UNSPECIFIED"] * 3, "AUTHOR"
    ]  # fmt: skip
    assert unread == {
        "actor and the like of a mention that is gone": 1,
        "holder of a stance without a cue, a mention that is gone": 1,
    }


def test_a_mention_may_be_added() -> None:
    server = served()
    begin = TEXT.index("talks") + 1
    new = server.add("MEETING", begin, begin + 5)
    server.join("BACKS", server.find("PERSON", skip=2), new)
    found, unread = edited(server)
    assert found[str(new["id"])] == entity(str(new["id"]), "MEETING", "talks")
    link = server.link("BACKS")["id"]
    assert (found[str(link)]["head"], found[str(link)]["tail"]) == ("7", str(new["id"]))
    assert unread == {}


def test_a_new_id_is_no_old_one() -> None:
    server = served()
    begin = TEXT.index("talks") + 1
    server.rows[0]["entities"].append(
        {"id": 7, "label": "MEETING", "start_offset": begin, "end_offset": begin + 5}
    )
    found, _ = edited(server)
    assert (found["7"]["text"], found["1"]["text"]) == ("He", "talks")


def test_a_relation_may_be_changed() -> None:
    server = served()
    server.link("MEETS")["type"] = "VISITS"
    found, unread = edited(server)
    assert (found["R1"]["label"], found["R1"]["status"]) == ("VISITS", "ASSERTED")
    assert unread == {}
    server.part(server.link("VISITS"))
    server.join("VISITS", server.find("PERSON", skip=1), server.find("PERSON"))
    found, unread = edited(server)
    link = str(server.link("VISITS")["id"])
    assert found[link] == {"doc": "d", "id": link, "label": "VISITS", "head": "T2", "tail": "xi"}
    assert unread == {"evidence and the like of a relation that is gone": 1}


def test_a_polarity_may_be_changed() -> None:
    server = served()
    server.find("STANCE +2")["label"] = "STANCE -1"
    found, unread = edited(server)
    assert (found["S1"]["polarity"], found["S1"]["act"]) == (-1, "SUPPORT")
    assert found["S1"]["cue"] == [span("backed"), span("of")]
    assert unread == {}


def test_a_stance_may_be_given_to_somebody_else() -> None:
    server = served()
    hub = server.find("STANCE +2")
    server.part(server.link("HOLDER"))
    server.part(server.link("TARGET"))
    server.join("HOLDER", hub, server.find("PERSON"))
    server.join("TARGET", hub, server.find("PERSON", skip=1))
    found, unread = edited(server)
    assert (found["S1"]["holder"], found["S1"]["target"]) == ("xi", "T2")
    assert unread == {"proposition that is no stance's target": 1}


def test_another_target_takes_the_place_of_spans() -> None:
    server = served()
    server.join("TARGET", server.find("STANCE"), server.find("PERSON"))
    found, unread = edited(server)
    assert found["S2"]["target"] == "xi" and "target_spans" not in found["S2"]
    assert unread == {"target span of a stance that has another target now": 1}


def test_a_proposition_may_be_changed() -> None:
    server = served()
    server.find("P:talks")["label"] = "P:summit"
    found, unread = edited(server)
    assert (found["S1"]["target"], unread) == ("P:summit", {})
    server.take_away(server.find("P:summit"))
    found, unread = edited(server)
    assert (found["S1"]["target"], unread) == ("UNSPECIFIED", {})


def test_a_stance_may_be_taken_away() -> None:
    server = served()
    server.take_away(server.find("STANCE +2"))
    server.take_away(server.find("P:talks"))
    found, unread = edited(server)
    assert sorted(id for id in found if id.startswith("S")) == ["S2", "S3", "S4"]
    assert unread == {"stance whose span is gone": 1}


def test_a_stance_may_be_added() -> None:
    server = served()
    begin = TEXT.index("met") + 1
    hub = server.add("STANCE +1", begin, begin + 3)
    server.join("HOLDER", hub, server.find("PERSON"))
    alone = server.add("STANCE", begin, begin + 3)
    found, unread = edited(server)
    common = {"doc": "d", "cue": [span("met")]}
    assert found[str(hub["id"])] == common | {
        "id": str(hub["id"]), "holder": "xi", "target": "UNSPECIFIED", "polarity": 1
    }  # fmt: skip
    assert found[str(alone["id"])] == common | {
        "id": str(alone["id"]), "holder": "UNSPECIFIED", "target": "UNSPECIFIED"
    }  # fmt: skip
    assert unread == {}


def test_two_stances_on_one_cue_are_told_apart_by_their_ends() -> None:
    corpus = small()
    rows = corpus.layers[LAYER].stances.to_pylist()
    twins = [rows[0] | {"id": "A"}, rows[0] | {"id": "B", "holder": "xi", "act": "STATE"}]
    layer = Layer(LAYER, corpus.layers[LAYER].entities, stances=table(schema.STANCES, twins))
    both = Corpus(corpus.documents, layers={LAYER: layer})
    server = Server(doccano.write(both, LAYER)["annotations.jsonl"], 50)
    server.take_away(server.find("STANCE +2"))
    found, unread = edited(server)
    assert (found["B"]["holder"], found["B"]["act"]) == ("xi", "STATE")
    assert "A" not in found
    assert unread == {
        "proposition that is no stance's target": 1,
        "stance whose span is gone": 1,
    }


def test_a_mention_may_be_put_together_and_taken_apart() -> None:
    server = served()
    server.part(server.link("FRAGMENT"))
    found, unread = edited(server)
    assert (found["T3"]["text"], "fragments" in found["T3"]) == ("foreign", False)
    assert found[str(server.find("ROLE", skip=1)["id"])]["text"] == "ministers"
    server.join("FRAGMENT", server.find("ROLE"), server.find("ROLE", skip=1))
    begin = TEXT.index("defence") + 1
    server.join("FRAGMENT", server.add("ROLE", begin, begin + 7), server.find("ROLE"))
    found, unread = edited(server)
    assert found["T3"] == entity("T3", "ROLE", "foreign", "defence", "ministers")
    assert unread == {}


def test_what_a_stances_span_cannot_say_is_counted() -> None:
    server = served()
    hub = server.find("STANCE +2")
    server.join("LIKES", server.find("PERSON"), hub)
    server.join("HOLDER", server.find("STANCE"), hub)
    server.rows[0]["Comments"] = [{"id": 1, "comment": "hm"}]
    _, unread = edited(server)
    assert unread == {
        "HOLDER that is no mention": 1,
        "comment": 1,
        "relation of a stance's span, neither HOLDER nor TARGET": 1,
    }


def test_ids_that_were_kept_say_what_was_moved() -> None:
    data = lines_of(doccano.write(small(), LAYER)["annotations.jsonl"])
    data[0]["entities"][0] |= {"start_offset": 6, "end_offset": 9, "label": "VERB"}
    data[0]["relations"][0] |= {"to_id": data[0]["relations"][0]["from_id"]}
    found = {row["id"]: row for rows in tables(read(file_of(data))).values() for row in rows}
    assert (found["xi"]["text"], found["xi"]["actor"]) == ("met", "xi-jinping")


def test_a_users_relation_may_be_called_as_one_of_ours() -> None:
    entities = [entity("T1", "PERSON", "Xi"), entity("T2", "PERSON", "Putin")]
    relations = [
        {"doc": "d", "id": f"R{n}", "label": label, "head": "T1", "tail": "T2"}
        for n, label in enumerate(("HOLDER", "TARGET", "FRAGMENT"))
    ]
    layer = Layer(LAYER, table(schema.ENTITIES, entities), table(schema.RELATIONS, relations))
    corpus = Corpus(table(schema.DOCUMENTS, [{"doc": "d", "text": TEXT}]), layers={LAYER: layer})
    found = tables(doccano.read(doccano.write(corpus, LAYER), LAYER))["relations"]
    assert [row["label"] for row in found] == ["HOLDER", "TARGET"]


def test_what_doccano_cannot_hold_is_dropped_with_what_hangs_on_it() -> None:
    labels = {"T1": "PERSON", "T2": "", "T3": "x" * 101, "T4": "STANCE +1", "T5": "P:x",
              "T6": "STANCE +999", "T7": "x" * 100}  # fmt: skip
    entities = [entity(id, label, "Xi") for id, label in labels.items()]
    entities.append(entity("T8", "A", "Xi") | {"end": 0, "text": ""})
    relations = [
        {"doc": "d", "id": "R1", "label": "A", "head": "T1", "tail": "T2"},
        {"doc": "d", "id": "R2", "label": "A", "head": "T1", "tail": "T7", "object": "T3"},
        {"doc": "d", "id": "R3", "label": "A", "head": "T1", "tail": "T7", "score": float("nan")},
    ]
    stances = [
        {"doc": "d", "id": "S1", "holder": "T2", "target": "T1"},
        {"doc": "d", "id": "S2", "holder": "T1", "target": "P:x", "source_chain": ["AUTHOR", "T2"]},
    ]
    layer = Layer(
        LAYER,
        table(schema.ENTITIES, entities),
        table(schema.RELATIONS, relations),
        table(schema.STANCES, stances),
    )
    corpus = Corpus(table(schema.DOCUMENTS, [{"doc": "d", "text": TEXT}]), layers={LAYER: layer})
    kept = doccano.narrow(corpus, LAYER)
    assert doccano.narrow(kept, LAYER) == kept
    assert doccano.read(doccano.write(corpus, LAYER), LAYER).corpus == kept
    found = kept.layers[LAYER]
    assert sorted(found.entities["id"].to_pylist()) == ["T1", "T6", "T7"]
    assert found.relations.select(["id", "object", "score"]).to_pylist() == [
        {"id": "R2", "object": None, "score": None}, {"id": "R3", "object": None, "score": None}
    ]  # fmt: skip
    assert found.stances.select(["id", "source_chain"]).to_pylist() == [
        {"id": "S2", "source_chain": ["AUTHOR"]}
    ]


def test_a_target_too_long_for_a_label_is_in_the_key_alone() -> None:
    corpus = small()
    rows = corpus.layers[LAYER].stances.to_pylist()
    rows[0]["target"] = "P:" + "x" * 99
    layer = Layer(LAYER, corpus.layers[LAYER].entities, stances=table(schema.STANCES, rows))
    both = Corpus(corpus.documents, layers={LAYER: layer})
    server = Server(doccano.write(both, LAYER)["annotations.jsonl"])
    found, unread = edited(server)
    assert (found["S1"]["target"], unread) == (rows[0]["target"], {})


ROW = (
    '{"id":1,"text":"Xi met Putin 👋 é","source":"x","entities":[{"id":1,"label":"A",'
    '"start_offset":0,"end_offset":2},{"id":2,"label":"B","start_offset":3,"end_offset":6}],'
    '"relations":[{"id":1,"from_id":1,"to_id":2,"type":"R"}],"Comments":[{"id":1,"comment":"c"}]}\n'
)
PIECES = (
    *(
        '"',
        ",",
        ":",
        "{",
        "}",
        "[",
        "]",
        "\n",
        "\\",
        "\\u0041",
        "\\ud800",
        "null",
        "true",
        "1",
        "-",
    ),
    *(
        "1.0",
        '"id":3,',
        '"text":"a",',
        '"label":[],',
        "é",
        "NaN",
        "\t",
        " ",
        "{}",
        "[]",
        "\r",
        "99",
    ),
    *('"samarkand":"x",', '"n":5,', '"n":null,', '"data":"b",', "0", "\x00", "\ufeff"),
)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_line_reads_quickly_as_it_does_the_exact_way(data: st.DataObject) -> None:
    rows = [ROW.replace('"id":1,"text"', f'"id":{n},"text"') for n in range(3)]
    text = "".join(rows)
    for _ in range(data.draw(st.integers(0, 3))):
        begin = data.draw(st.integers(0, len(text)))
        end = begin + data.draw(st.integers(0, 3))
        text = text[:begin] + data.draw(st.sampled_from(["", *PIECES])) + text[end:]
    results = []
    for quick in (True, False):
        try:
            results.append(read(text.encode(), quick))
        except FormatError as error:
            results.append(error.problems)
    assert results[0] == results[1]


#: doccano's own examples: documents, entities, relations, or the error.
REAL_FILES: dict[str, tuple[int, int, int] | str] = {
    "data_export/pipeline/examples/sequence_labeling/example.jsonl": (3, 4, 0),
    "data_import/pipeline/examples/relation_extraction/example.jsonl": (1, 4, 3),
    "data_import/pipeline/examples/sequence_labeling/example.jsonl": (
        "example.jsonl:1: there is no key 'text' (or 'data'); the keys are column_data, column_label"
    ),
    "data_import/tests/data/relation_extraction/example.jsonl": (1, 4, 3),
    "data_import/tests/data/sequence_labeling/example.jsonl": (
        "example.jsonl:3: there is no key 'text' (or 'data'); the keys are label, meta"
    ),
    "data_import/tests/data/sequence_labeling/example_overlapping.jsonl": (1, 2, 0),
}


@needs_real
@BOTH_WAYS
@pytest.mark.parametrize("path", REAL_FILES)
def test_doccanos_own_examples(path: str, quick: bool) -> None:
    assert REAL is not None
    data = {"example.jsonl": (REAL / "doccano" / path).read_bytes()}
    wanted = REAL_FILES[path]
    if isinstance(wanted, str):
        with pytest.raises(FormatError) as caught:
            doccano._read(data, LAYER, quick=quick)
        assert str(caught.value).startswith(wanted)
        return
    reading = doccano._read(data, LAYER, quick=quick)
    layer = reading.corpus.layers[LAYER]
    sizes = len(reading.corpus.documents), len(layer.entities), len(layer.relations)
    assert (*sizes, reading.unread, reading.notes) == (*wanted, {}, ())
    again = doccano.read(doccano.write(reading.corpus, LAYER), LAYER)
    assert again.corpus == reading.corpus


@needs_real
def test_a_relation_example_says_who_founded_what() -> None:
    assert REAL is not None
    path = REAL / "doccano/data_import/pipeline/examples/relation_extraction/example.jsonl"
    found = tables(doccano.read({"example.jsonl": path.read_bytes()}, LAYER))
    text = {row["id"]: row["text"] for row in found["entities"]}
    assert [(text[r["head"]], r["label"], text[r["tail"]]) for r in found["relations"]] == [
        ("Google", "foundedAt", "September 4, 1998"),
        ("Google", "foundedBy", "Larry Page"),
        ("Google", "foundedBy", "Sergey Brin"),
    ]

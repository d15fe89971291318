"""JSON inside JSON and XML: child tables, their parents, their own accounts."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.engines.raw import raw_record
from backbone.model.raw import RawFormat

LINES = """\
{"id":1,"to":{"city":"A"},"lines":[{"sku":"a","q":1.50},{"sku":"b","tags":["x","y"]}]}
not json
{"id":2,"lines":null}

{"id":3,"lines":[{"sku":"c"},5,null]}
{"id":4}
{"id":5,"id":6,"lines":[{"sku":"d"}]}
{"id":7,"lines":{"sku":"z"}}

"""


def test_children_know_their_parents(find, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(LINES)
    columns = ["sku", "q", "value", "^.id", "^.to.city", "^record", "^position"]
    found = find(path, {"format": "jsonl", "records": "lines"}, *columns)
    assert found.rows == [
        ("a", "1.50", None, "1", "A", "1", "1"),
        ("b", None, None, "1", "A", "1", "2"),
        ("c", None, None, "3", None, "5", "1"),
        (None, None, "5", "3", None, "5", "2"),
        (None, None, None, "3", None, "5", "3"),
        ("z", None, None, "7", None, "8", "1"),
    ]
    assert found.numbers == [1, 2, 5, 6, 7, 9]
    assert found.reasons == [
        (3, "not JSON: Expecting value at character 1"),
        (4, "a blank line"),
        (8, "the key `id` stands twice in one object"),
    ]
    parents = find(path, {"format": "jsonl"}, "id")
    by_number = dict(zip(parents.numbers, parents.rows, strict=True))
    assert [by_number[int(row[5])][0] for row in found.rows] == [
        row[3] for row in found.rows
    ]
    form = RawFormat("jsonl", records="lines")
    assert raw_record(str(path), form, 2) == '{"sku":"b","tags":["x","y"]}'


def test_children_of_children(find, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text(LINES.splitlines()[0])
    columns = ["value", "^.sku", "^^.id", "^record", "^position"]
    found = find(path, {"format": "jsonl", "records": "lines.tags"}, *columns)
    assert found.rows == [("x", "b", "1", "2", "1"), ("y", "b", "1", "2", "2")]


@pytest.mark.parametrize("kind", ["json", "jsonl"])
def test_every_value_of_an_object(find, tmp_path, kind):
    path = tmp_path / "a"
    peers = {"a": {"peers": [{"id": 1}, {"id": 2}]}, "b": {}, "c": {"peers": [{"id": 3}]}}
    path.write_text(json.dumps({"at": "now", "up": peers}))
    layout = {"format": kind, "records": "up.*.peers"}
    found = find(path, layout, "id", "^key", "^^^.at", "^record", "^position")
    assert found.rows == [
        ("1", "a", "now", "1", "1"),
        ("2", "a", "now", "1", "2"),
        ("3", "c", "now", "3", "1"),
    ]
    inner = find(path, layout | {"records": "up.*"}, "^key", "^position")
    assert inner.rows == [("a", "1"), ("b", "2"), ("c", "3")]
    assert raw_record(str(path), RawFormat(kind, records="up.*.peers"), 3) == '{"id":3}'


items = st.lists(st.fixed_dictionaries({}, optional={"n": st.integers()}), max_size=4)
orders = st.lists(
    st.fixed_dictionaries({"id": st.integers()}, optional={"items": items}), max_size=5
)


@given(orders, st.booleans())
@settings(max_examples=60)
def test_children_against_python(tmp_path_factory, find, given_orders, is_document):
    path = tmp_path_factory.mktemp("a") / "a.json"
    expected = [
        (each.get("n"), order["id"], parent, place)
        for parent, order in enumerate(given_orders, start=1)
        for place, each in enumerate(order.get("items", ()), start=1)
    ]
    if is_document:
        path.write_text(json.dumps({"all": {"orders": given_orders}}))
        layout = {"format": "json", "records": "all.orders.items"}
    else:
        path.write_text("".join(json.dumps(each) + "\n" for each in given_orders) or "{}")
        layout = {"format": "jsonl", "records": "items"}
    found = find(path, layout, "^.id", "^record", "^position")
    if found.end.refused is None:
        assert [tuple(map(int, row)) for row in found.rows] == [e[1:] for e in expected]
        assert found.end.records == len(expected)
    else:
        assert not expected


def test_a_document_whose_records_are_not_there_says_what_is(find, tmp_path):
    path = tmp_path / "a.json"
    path.write_text('[{"lines": [1]}]')
    found = find(path, {"format": "json", "records": "line"}, "value")
    assert found.end.refused == "nothing is at `line`; there is `lines`"


XML = """<?xml version="1.0" encoding="ISO-8859-1"?>
<!-- é --><orders xmlns:x="urn:x" date="2024"><shop>N</shop>
<order id="1"><to><city> Å </city></to><line sku="a">t1</line>
  <line sku="b"><x:q u="kg">5</x:q></line><note>late</note></order>
<order id="2"><line sku="c"><x:q>6</x:q><x:q>7</x:q></line>
  <line xmlns:i="http://www.w3.org/2001/XMLSchema-instance" sku="d" i:nil="true"/></order>
<order id="3"><![CDATA[<b>]]></order></orders>"""


@pytest.fixture
def orders_xml(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(XML, encoding="latin-1")
    return path


def test_elements(find, orders_xml):
    layout = {"format": "xml", "records": "/orders/order"}
    found = find(orders_xml, layout, "@id", "to.city", "note", "text()", "^.@date")
    assert found.rows == [
        ("1", "Å", "late", None, "2024"),
        ("2", None, None, None, "2024"),
        ("3", None, None, "<b>", "2024"),
    ]
    for records in ("//order", "order", "//orders/order", "/orders//order"):
        assert find(orders_xml, layout | {"records": records}, "@id").end.records == 3


def test_elements_know_what_is_around(find, orders_xml):
    layout = {"format": "xml", "records": "//order/line", "namespaces": {"x": "urn:x"}}
    columns = ["@sku", "x:q", "x:q.@u", "^.@id", "^.note", "^^.shop", "^record"]
    found = find(orders_xml, layout, *columns, "^position", "text()")
    assert found.rows == [
        ("a", None, None, "1", "late", "N", "1", "1", "t1"),
        ("b", "5", "kg", "1", "late", "N", "1", "2", None),
        ("d", None, None, "2", None, "N", "2", "2", None),
    ]
    [(number, reason)] = found.reasons
    assert (number, found.rejected[0].column) == (3, "x:q")
    assert reason.startswith("`x:q` stands more than once in the record")


names = st.sampled_from(["a", "b", "c-d"])
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)


@given(st.lists(st.dictionaries(names, texts, max_size=3), min_size=1, max_size=4))
@settings(max_examples=60)
def test_elements_against_python(tmp_path_factory, find, records):
    path = tmp_path_factory.mktemp("a") / "a.xml"
    root = ET.Element("r")
    for record in records:
        item = ET.SubElement(root, "i", {"k": "v"})
        for name, text in record.items():
            ET.SubElement(item, name).text = text
    ET.ElementTree(root).write(path, encoding="utf-8")
    known = sorted({name for record in records for name in record})
    found = find(path, {"format": "xml", "records": "//i"}, *known)
    assert found.end.records == len(records)
    for row, record in zip(found.rows, records, strict=bool(known)):
        expected = [record.get(name) for name in known]
        assert [each or "" for each in row] == [(e or "").strip() for e in expected]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE l [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><l><i>&b;</i></l>',
         "declares entities"),
        ('<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><l><i>&a;</i></l>',
         "declares entities"),
        ("<a>" * 5_000 + "</a>" * 5_000, "nested too deeply"),
        ("<l><i/><i/>", "not XML: no element found at line 1, column 12"),
        ("<l><i><i/></i></l>", "stand inside one another"),
        ("<l/>", "no elements `//i`"),
        ("", "not XML: no element found"),
    ],
)  # fmt: skip
def test_documents_that_are_refused(find, tmp_path, text, reason):
    path = tmp_path / "a.xml"
    path.write_text(text)
    found = find(path, {"format": "xml", "records": "//i"})
    assert reason in (found.end.refused or "")
    assert found.rows == []


def test_a_record_that_is_too_long_is_rejected(find, tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(f"<l><i>{'x' * 5_000}</i><i>y</i></l>")
    layout = {"format": "xml", "records": "//i", "max_record_bytes": 1_000}
    found = find(path, layout, "text()")
    assert found.rows == [("y",)]
    assert found.reasons == [(1, "longer than `max_record_bytes` (1,000)")]

"""JSON documents and JSON lines with everything that goes wrong with them."""

from __future__ import annotations

import pytest


@pytest.fixture
def lines(read):
    def run(data, columns, **layout):
        return read({"a.jsonl": data}, columns, format="jsonl", **layout)

    return run


@pytest.fixture
def document(read):
    def run(data, columns, **layout):
        return read({"a.json": data}, columns, format="json", **layout)

    return run


def test_values_keep_their_digits(lines, texts):
    data = (
        b'{"a": 0.1234567890123456789, "b": 12345678901234567890123}\n'
        b'{"a": 1e400, "b": -0}\n{"a": "1.50", "b": true}\n{"a": null}\n'
    )
    assert lines(data, texts("a", "b")).values == [
        ("0.1234567890123456789", "12345678901234567890123"),
        ("1e400", "-0"),
        ("1.50", "true"),
        (None, None),
    ]


def test_nested_values_are_json(lines, texts):
    data = '{"a": {"x": [1.10, "é", null, false]}, "b": []}\n'.encode()
    assert lines(data, texts("a", "b")).values == [('{"x":[1.10,"é",null,false]}', "[]")]


def test_a_dotted_path_goes_into_objects(lines, texts):
    data = b'{"wind": {"speed": 5}}\n{"wind": null}\n{"wind": 3}\n{"wind.speed": 7}\n'
    found = lines(data, texts("wind.speed"))
    assert found.values == [("5",), (None,), (None,), ("7",)]
    assert found.result.undeclared == {}


def test_an_empty_string_is_a_value(lines, texts):
    found = lines(b'{"a": ""}\n{"a": "NA"}\n', texts("a"), nulls=("", "NA"))
    assert found.values == [("",), (None,)]


def test_lines_that_are_no_records(lines, texts):
    data = (
        b'{"a": 1}\n{"a": \n\n[1]\n"x"\n{"a": 1, "a": 2}\n{"a": NaN}\n{"a": 3}\n\n \n\n\n'
    )
    found = lines(data, texts("a"))
    assert found.values == [("1",), ("3",)]
    assert found.reasons == [
        (2, "not JSON: Expecting value at character 7"),
        (3, "a blank line"),
        (4, "not an object"),
        (5, "not an object"),
        (6, "the key `a` stands twice in one object"),
        (7, "NaN is no JSON"),
        (9, "a blank line"),
        (10, "not JSON: Expecting value at character 2"),
    ]
    assert found.rejected[4]["raw"] == '{"a": 1, "a": 2}'
    assert found.result.account.read == 10


@pytest.mark.parametrize("piece_bytes", [1, 10, 1 << 20])
def test_blank_lines_at_the_end_are_no_records(lines, texts, piece_bytes):
    found = lines(b'{"a": 1}\n\n\n{"a": 2}\n\n\n\n', texts("a"), piece_bytes=piece_bytes)
    assert found.values == [("1",), ("2",)]
    assert found.reasons == [(2, "a blank line"), (3, "a blank line")]
    assert found.result.account.read == 4


def test_text_that_is_no_unicode(lines, texts):
    data = b'{"a": "\\ud800"}\n{"a": "caf\xe9", "b": 1}\n{"a": "\\u0000"}\n{"a": "\\u00e9"}\n'
    found = lines(data, texts("a"))
    assert found.values == [("é",)]
    assert [n for n, _ in found.reasons] == [1, 2, 3]
    assert {row["column"] for row in found.rejected} == {"a"}
    assert lines(data, texts("b")).rejected == []


def test_a_field_that_no_record_has_refuses_the_object(lines, texts):
    found = lines(b'{"temp": 1}\n{"temp": 2}\n', texts("tmp", "temp"))
    reason = "no record has the column `tmp`. Did you mean `temp`?"
    assert found.result.refused == {"a.jsonl": reason}
    assert found.rows == []
    assert found.result.account.rejected == 2


def test_a_field_may_be_missing_from_some_records(lines, texts):
    data = b'{"a": 1, "x": 0}\n' * 50 + b'{"b": 2, "y": 0}\n'
    found = lines(data, texts("a", "b"), piece_bytes=20)
    assert found.values[-1] == (None, "2")
    assert found.result.undeclared == {"a.jsonl": ("x", "y")}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<html><body>502 Bad Gateway</body></html>\n", "HTML"),
        (b'[\n{"a": 1}\n]\n', "a JSON document: declare `format: json`"),
        (b'[{"a": 1}]', "a JSON document: declare `format: json`"),
        (b'{\n"a": 1\n}\n', "a JSON document: declare `format: json`"),
    ],
)
def test_what_is_no_json_lines_is_refused(lines, texts, data, kind):
    (reason,) = lines(data, texts("a")).result.refused.values()
    assert reason == f"not JSON lines. The file looks like {kind}"


def test_an_empty_file_is_refused(lines, document, texts):
    assert lines(b"", texts("a")).result.refused == {"a.jsonl": "the file is empty"}
    assert document(b" \n", texts("a")).result.refused == {"a.json": "the file is empty"}


def test_a_line_that_is_too_long(lines, texts):
    data = b'{"a": 1}\n{"a": "' + b"x" * 5_000 + b'"}\n{"a": 2}\n'
    found = lines(data, texts("a"), max_record_bytes=100, piece_bytes=64)
    assert found.values == [("1",), ("2",)]
    assert found.reasons == [(2, "longer than `max_record_bytes` (100)")]


@pytest.mark.parametrize(
    ("data", "records"),
    [
        (b'[{"a": 1}, {"a": 2}]', None),
        (b'{"data": [{"a": 1}, {"a": 2}], "next": null}', "data"),
        (
            b'{"n": {"x": 1}, "data": {"n": 2, "items": [{"a": 1},{"a": 2}]}}',
            "data.items",
        ),
    ],
)
def test_the_records_of_a_document(document, texts, data, records):
    found = document(data, texts("a"), records=records)
    assert found.rows == [("1", "d1", "a.json", 1), ("2", "d1", "a.json", 2)]
    assert found.rejected == []


def test_an_object_is_one_record(document, texts):
    assert document(b'{"a": 1, "b": [2]}', texts("a", "b")).values == [("1", "[2]")]


@pytest.mark.parametrize("data", [b"[]", b'{"items": []}', b'{"items": null}'])
def test_a_document_without_records(document, texts, data):
    found = document(data, texts("a"), records=None if data == b"[]" else "items")
    assert found.result.refused == {}
    assert found.result.account.read == 0


def test_elements_that_are_no_records(document, texts):
    data = b'[{"a": 1}, 2, {"a": {"b": 1, "b": 2}}, {"a": NaN}, {"a": 3}]'
    found = document(data, texts("a"))
    assert found.values == [("1",), ("3",)]
    assert found.reasons == [
        (2, "not an object"),
        (3, "the key `b` stands twice in one object"),
        (4, "NaN is no JSON"),
    ]
    assert [row["raw"] for row in found.rejected] == [
        "2",
        '{"a": {"b": 1, "b": 2}}',
        '{"a": NaN}',
    ]


@pytest.mark.parametrize(
    ("data", "records", "reason"),
    [
        (b"<html></html>", None, "The file looks like HTML"),
        (b'[{"a": 1}, {"a": ', None, "not JSON: Expecting value at line 1, column 18"),
        (b'[{"a": 1}] x', None, "not JSON: Extra data at line 1, column 12"),
        (b'{"a": 1}\n{"a": 2}', None, "looks like JSON lines: declare `format: jsonl`"),
        (b'{"items": [], "n": 1}', "data", "no key `data`; there is `items`, `n`"),
        (b'{"data": 5}', "data", "neither a list of records nor an object"),
        (b'{"data": [], "data": []}', "data", "the key `data` stands twice"),
        (b'[{"a": 1}]', "data", "nothing is at `data`; there is `a`"),
        (b'{"data": [{"a": 1},]}', "data", "not JSON: Expecting value"),
        (b'{"data": [{"a": 1}] "b": 1}', "data", "not JSON: Expecting ',' or '}'"),
        (b"[" * 100_000, None, "nested too deeply"),
        (b'[{"b": 1}]', None, "no record has the column `a`."),
    ],
)
def test_documents_that_are_refused(document, texts, data, records, reason):
    found = document(data, texts("a"), records=records)
    assert found.rows == []
    assert reason in found.result.refused["a.json"]


def test_invalid_utf8_in_a_document_rejects_one_record(document, texts):
    found = document(b'[{"a": "caf\xe9"}, {"a": "x"}]', texts("a"))
    assert found.values == [("x",)]
    assert found.rejected[0]["raw"] == '{"a": "caf\ufffd"}'


def test_a_document_in_another_encoding(document, texts):
    found = document('[{"a": "é"}]'.encode("utf-16"), texts("a"), encoding="utf-16")
    assert found.values == [("é",)]

"""Delimited text with everything that goes wrong with it."""

from __future__ import annotations

import codecs
import re

import pytest

from backbone.engines.raw import delimited
from backbone.errors import DeclarationError
from backbone.model.reports import FormattedAccount

HEAD = b"a,b,c\n"


def test_cells_are_the_texts_that_were_written(read, texts):
    data = HEAD + 'é,"x, ""y""",1\n 2 ,"line\nbreak",""\n'.encode()
    found = read(data, texts("a", "b", "c"))
    assert found.values == [("é", 'x, "y"', "1"), (" 2 ", "line\nbreak", "")]
    assert found.rejected == []


def test_rows_carry_their_origin(read, texts):
    found = read(HEAD + b"1,2,3\n4,5,6\n", texts("a"))
    assert found.rows == [("1", "d1", "a.csv", 1), ("4", "d1", "a.csv", 2)]


def test_a_quoted_text_is_never_missing(read, texts):
    found = read(HEAD + b'NA,,x\n"NA","",x\n', texts("a", "b"), nulls=("", "NA"))
    assert found.values == [(None, None), ("NA", "")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_kind_of_line_end_ends_a_record(read, texts, end):
    found = read(end.join([b"a,b", b"1,2", b"3,4", b""]), texts("a", "b"))
    assert found.values == [("1", "2"), ("3", "4")]
    assert found.rejected == []


def test_line_ends_may_be_mixed(read, texts):
    found = read(b'a,b\r\n1,2\r3,"4\r5"\n6,7', texts("a", "b"))
    assert found.values == [("1", "2"), ("3", "4\r5"), ("6", "7")]


def test_the_last_record_needs_no_line_end(read, texts):
    assert read(b"a,b\n1,2\n3,4", texts("a", "b")).values == [("1", "2"), ("3", "4")]


def test_too_few_and_too_many_fields(read, texts):
    found = read(HEAD + b"1,2,3\n4,5\n6,7,8,9\n", texts("a"))
    assert found.values == [("1",)]
    assert found.reasons == [
        (2, "expected 3 fields, found 2"),
        (3, "expected 3 fields, found 4"),
    ]
    assert [row["raw"] for row in found.rejected] == ["4,5", "6,7,8,9"]


def test_a_truncated_file_loses_its_last_record_only(read, texts):
    found = read(HEAD + b"1,2,3\n4,5,6\n7,8", texts("a"))
    assert found.values == [("1",), ("4",)]
    assert found.reasons == [(3, "expected 3 fields, found 2")]


def test_a_file_truncated_inside_quotes(read, texts):
    found = read(HEAD + b'1,2,3\n4,"5', texts("a"))
    assert found.values == [("1",)]
    assert found.reasons == [(2, "a quote that opens here is not closed")]
    assert found.rejected[0]["raw"] == '4,"5'


def test_blank_lines_are_rejected_records(read, texts):
    found = read(b"a,b\n\n1,2\n\r\n3,4\n\n", texts("a", "b"))
    assert [row[-1] for row in found.rows] == [2, 4]
    assert found.reasons == [(n, "a blank line") for n in (1, 3, 5)]


def test_a_quote_inside_a_field_is_text(read, texts):
    found = read(HEAD + b'1,5" pipe,x\n2,"ok",y\n', texts("a", "b", "c"))
    assert found.values == [("1", '5" pipe', "x"), ("2", "ok", "y")]


def test_text_behind_a_closing_quote_rejects_the_record(read, texts):
    found = read(HEAD + b'1,"a"b,x\n2,"ok",y\n', texts("b"))
    assert found.values == [("ok",)]
    assert found.reasons == [(1, "text after a closing quote")]
    assert found.rejected[0]["raw"] == '1,"a"b,x'


def test_an_open_quote_rejects_the_line_it_stands_on(read, texts):
    rest = b"".join(b"%d,x,y\n" % n for n in range(3, 40))
    found = read(HEAD + b'1,x,y\n2,"open,y\n' + rest, texts("a"), max_record_bytes=100)
    assert [row[0] for row in found.values] == ["1", *(str(n) for n in range(3, 40))]
    assert found.reasons == [(2, "a quote that opens here is not closed")]
    assert found.rejected[0]["raw"] == '2,"open,y'


def test_a_record_that_is_too_long(read, texts):
    data = HEAD + b"1,2,3\n" + b"x" * 5_000 + b",2,3\n4,5,6\n"
    for piece_bytes in (64, 1 << 20):
        found = read(data, texts("a"), max_record_bytes=1_000, piece_bytes=piece_bytes)
        assert found.values == [("1",), ("4",)]
        assert found.reasons == [(2, "longer than `max_record_bytes` (1,000)")]


def test_a_nul_byte_rejects_its_record(read, texts):
    found = read(HEAD + b"1,2,3\n4,\x00,6\n7,8,9\n", texts("a"))
    assert found.values == [("1",), ("7",)]
    assert found.reasons == [(2, "a NUL byte")]


def test_invalid_utf8_rejects_its_record_and_names_the_column(read, texts):
    found = read(HEAD + b"1,caf\xc3\xa9,3\n4,caf\xe9,6\n7,8,9\n", texts("a", "b"))
    assert found.values == [("1", "café"), ("7", "8")]
    assert found.reasons == [(2, "bytes that are not utf-8")]
    assert found.rejected[0]["column"] == "b"
    assert found.rejected[0]["raw"] == "4,caf\ufffd,6"


def test_invalid_utf8_that_nobody_reads_does_no_harm(read, texts):
    found = read(HEAD + b"1,caf\xe9,3\n", texts("a", "c"))
    assert found.values == [("1", "3")]
    assert found.rejected == []


def test_invalid_utf8_in_a_record_with_too_few_fields(read, texts):
    found = read(HEAD + b"1,2,3\n\xff\n", texts("a", "b"))
    assert found.values == [("1", "2")]
    assert found.reasons == [(2, "expected 3 fields, found 1")]


@pytest.mark.parametrize(
    "encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-8"]
)
def test_other_encodings(read, texts, encoding):
    data = 'a,b\n1,"café\n€"\n'.replace("€", "e" if encoding == "latin-1" else "€")
    found = read(data.encode(encoding), texts("b"), encoding=encoding, piece_bytes=3)
    assert found.values == [(data[7:-2].strip('"'),)]


def test_bytes_that_the_declared_encoding_does_not_have(read, texts):
    found = read(b"a,b\n1,\x81\n2,\x80\n", texts("a", "b"), encoding="cp1252")
    assert found.values == [("2", "€")]
    assert found.reasons == [(1, "bytes that are not cp1252")]


def test_half_a_character_at_the_end_of_utf16(read, texts):
    data = codecs.BOM_UTF16_LE + "a,b\n1,2\n3,4".encode("utf-16-le")[:-1]
    found = read(data, texts("a", "b"), encoding="utf-16")
    assert found.values == [("1", "2")]
    assert found.reasons == [(2, "bytes that are not utf-16")]


def test_utf16_without_its_mark_is_that_of_windows(read, texts):
    data = "a,b\n1,é\n".encode("utf-16-le")
    assert read(data, texts("a", "b"), encoding="utf-16").values == [("1", "é")]
    for other in (b"\n", b"PK\x03\x04", "a,b\n1,é\n".encode("utf-16-be")):
        found = read(other, texts("a", "b"), encoding="utf-16")
        assert found.values == []
        assert list(found.result.refused) == ["a.csv"]


def test_a_byte_order_mark_is_no_part_of_the_header(read, texts):
    found = read(codecs.BOM_UTF8 + b"a,b\n1,2\n", texts("a"))
    assert found.values == [("1",)]


def test_a_byte_order_mark_inside_is_text(read, texts):
    data = b"a,b\n" + b"".join(codecs.BOM_UTF8 + b"%d,x\n" % n for n in range(9))
    found = read(data, texts("a"), piece_bytes=8)
    assert [row[0] for row in found.values] == [f"\ufeff{n}" for n in range(9)]


def test_an_empty_file_is_refused(read, texts):
    found = read(b"", texts("a"))
    assert found.result.refused == {"a.csv": "the file is empty"}
    assert found.rejected[0]["_record"] is None
    assert found.rejected[0]["records"] == 0


def test_a_header_alone_has_no_records(read, texts):
    for data in (b"a,b\n", b"a,b"):
        found = read(data, texts("a"))
        assert found.result.refused == {}
        assert found.result.account.read == 0
        assert found.result.main.files == ()


def test_a_renamed_column_refuses_the_object(read, texts):
    found = read(b"dep_tme,b\n1,2\n3,4\n", texts("dep_time", "b"))
    reason = "the header has no column `dep_time`. Did you mean `dep_tme`?"
    assert found.result.refused == {"a.csv": reason}
    assert found.rows == []
    (row,) = found.rejected
    assert (row["_record"], row["records"], row["reason"]) == (None, 2, reason)
    assert row["raw"] == "dep_tme,b\n1,2\n3,4\n"
    assert found.result.account.read == found.result.account.rejected == 2


def test_a_wrong_delimiter_is_recognised(read, texts):
    found = read(b"a;b;c\n1;2;3\n", texts("a", "b"))
    (reason,) = found.result.refused.values()
    assert "the header has no columns `a`, `b`." in reason
    assert "The delimiter looks like ';'" in reason


def test_a_header_that_names_a_column_twice(read, texts):
    found = read(b"a,b,a\n1,2,3\n", texts("a"))
    (reason,) = found.result.refused.values()
    assert reason == (
        "the header has `a` more than once, and a column reads it. The next one is "
        "`a_2`: read that too, or give all columns `names`"
    )
    assert read(b"a,b,a\n1,2,3\n", texts("b")).values == [("2",)]


def test_extra_columns_are_reported(read, texts):
    found = read(b"a,x,b,y\n1,2,3,4\n", texts("b", "a"))
    assert found.values == [("3", "1")]
    assert found.result.undeclared == {"a.csv": ("x", "y")}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<!DOCTYPE html>\n<html><body>gone</body></html>\n", "HTML"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16: declare `encoding: utf-16`"),
        (
            b"PK\x03\x04\x14\x00junk\n",
            "a zip archive, or a workbook: declare `format: excel`",
        ),
    ],
)
def test_what_is_no_delimited_text_is_refused_with_what_it_looks_like(
    read, texts, data, kind
):
    (reason,) = read(data, texts("a")).result.refused.values()
    assert reason.endswith(f"The file looks like {kind}")


def test_a_blank_first_line_is_no_header(read, texts):
    (reason,) = read(b"\na,b\n1,2\n", texts("a")).result.refused.values()
    assert reason == "the first line is blank; the header should be there"


def test_the_name_of_the_file_is_a_source(read, declare):
    columns = (
        declare("device", "string", "$file", pattern=r"(L\d+)_"),
        declare("a", "integer"),
    )
    found = read({"L7_x.csv": b"a\n1\n", "L8_y.csv": b"a\n2\n"}, columns)
    assert found.values == [("L7", 1), ("L8", 2)]


def test_headers_that_differ_in_case_are_different(read, texts):
    found = read(b"id,ID\n1,2\n", texts("ID"))
    assert found.values == [("2",)]
    assert found.result.undeclared == {"a.csv": ("id",)}


def test_a_refused_object_leaves_the_others_alone(read, texts):
    found = read({"a.csv": b"a\n1\n", "b.csv": b"x\n2\n", "c.csv": b"a\n3\n"}, texts("a"))
    assert found.values == [("1",), ("3",)]
    assert list(found.result.refused) == ["b.csv"]
    accounts = found.result.accounts
    assert [accounts[n].formatted for n in ("a.csv", "b.csv", "c.csv")] == [1, 0, 1]


def test_raw_text_is_cut_to_ten_thousand_characters(read, texts):
    found = read(b"a,b\n" + b"x" * 20_000 + b"\n", texts("a"))
    assert found.rejected[0]["raw"] == "x" * 10_000


@pytest.mark.parametrize("piece_bytes", [1, 7, 40, 1 << 20])
def test_every_account_adds_up_however_small_the_pieces(read, texts, piece_bytes):
    data = HEAD + b'1,2,3\n\n4,"x\ny",6\n7,8\n"a"b,1,2\n9,\xff,1\n3,\x00,4\n5,"6'
    found = read(data, texts("a", "b"), piece_bytes=piece_bytes)
    assert found.values == [("1", "2"), ("4", "x\ny")]
    account = found.result.accounts["a.csv"]
    assert (account.read, account.formatted, account.rejected) == (8, 2, 6)
    assert [number for number, _ in found.reasons] == [2, 4, 5, 6, 7, 8]


def test_line_ends_in_cells_stay_where_blocks_end(read, texts, monkeypatch):
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", 1)
    cells = ["\r\n" * n + "x" * (n % 7) for n in range(60)]
    data = b"a\n" + "".join(f'"{cell}"\n' for cell in cells).encode()
    assert [row[0] for row in read(data, texts("a")).values] == cells


def test_a_file_of_a_hundred_thousand_columns(read, texts):
    names = [f"c{n}" for n in range(100_000)]
    lines = [",".join(names), ",".join(map(str, range(100_000))), "1,2"]
    found = read("\n".join(lines).encode(), texts("c7", "c99999"))
    assert found.values == [("7", "99999")]
    assert found.reasons == [(2, "expected 100000 fields, found 2")]
    (unread,) = found.result.undeclared.values()
    assert len(unread) == 99_998


def test_what_a_layout_leaves_out_is_counted_and_keeps_its_number(read, texts):
    data = b'"odd\n#\n\na,b\n# "1\n1,2\n\na,b\n3,4\nTotal\n\nof 2\n'
    form = {"skip": 1, "comment": "#", "blank_lines": "skip", "repeated_header": True}
    found = read(data, texts("a", "b"), footer="^(Total|of)", **form)
    assert [(row[-1], row[:2]) for row in found.rows] == [
        (2, ("1", "2")),
        (5, ("3", "4")),
    ]
    assert found.result.account == FormattedAccount(read=2, formatted=2, left_out=9)


@pytest.mark.parametrize(
    ("data", "layout", "reason"),
    [
        (b"a\n1\n", {"skip": 5}, "there is nothing behind the first 5 lines, which are"),
        (b"#a\n#1\n", {"comment": "#"}, "there is no header: all 2 lines are left out"),
        (b"a,b\n", {"header": 2}, "the header has 2 lines, the file only 1"),
        (
            b"a,b,c\n1,2,3\n",
            {"names": ("a", "b")},
            "the header has 3 columns, `names` has 2",
        ),
        (b"1,2\n", {"header": 0}, "without a header there is no column `a`. There are:"),
    ],
)
def test_a_header_that_is_not_as_declared(read, texts, data, layout, reason):
    (told,) = read(data, texts("a"), **layout).result.refused.values()
    assert told.startswith(reason)


@pytest.mark.parametrize(
    ("layout", "mistake"),
    [
        ({"units": 3, "header": 2}, "`units: 3` is no line of a header of 2"),
        ({"units": 1}, "`units` leaves no line of the header for names"),
        ({"header": 0, "repeated_header": True}, "`repeated_header` needs a header"),
        ({"names": ("a", "a")}, "`names` has `a` twice"),
        ({"comment": ",x"}, "`comment` begins with another character than fields"),
        ({"escape": '"'}, "`quote` and `escape` are the same"),
        ({"delimiter": "::"}, "`delimiter` is one ASCII character that ends no line"),
        ({"footer": "("}, "`footer` is no regular expression"),
    ],
)
def test_a_layout_that_cannot_be(read, texts, layout, mistake):
    with pytest.raises(DeclarationError, match=re.escape(mistake)):
        read(b"a\n1\n", texts("a"), **layout)

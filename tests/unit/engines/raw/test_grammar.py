"""Which texts are values, and which; what is said of the others."""

from __future__ import annotations

import math
from decimal import Decimal

import pytest


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("0", 0),
        ("+5", 5),
        ("-17", -17),
        ("007", 7),
        (" 5\t", 5),
        (str(2**63 - 1), 2**63 - 1),
    ],
)
def test_integers(value, written, meant):
    assert value(written, "integer") == meant


@pytest.mark.parametrize(
    "written",
    [
        "2.5",
        "2.0",
        "1e3",
        "0x10",
        "1_000",
        "1,000",
        "",
        " ",
        "+",
        "٣",
        "5\n",
        "\u00a05",
        "1 2",
    ],
)
def test_what_is_no_integer(value, written):
    assert value(written, "integer") == f"not an integer: '{written}'"


def test_an_integer_beyond_64_bits(value):
    assert value(str(2**63), "integer") == f"does not fit integer: '{2**63}'"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("-1.5E-3", -0.0015),
        ("1e-400", 0.0),
        (" 2 ", 2.0),
        ("INF", math.inf),
        ("-Infinity", -math.inf),
        ("0.1000000000000000055511151231257827", 0.1),
    ],
)
def test_doubles(value, written, meant):
    assert value(written, "double") == meant


def test_nan(value):
    assert math.isnan(value("NaN", "double"))
    assert math.isnan(value("-nan", "double"))


@pytest.mark.parametrize(
    "written", ["1,5", "1d", "0x1p3", "e5", ".", "1e", "in", "1 e5", ""]
)
def test_what_is_no_double(value, written):
    assert value(written, "double") == f"not a number: '{written}'"


@pytest.mark.parametrize("written", ["1e400", "-1e999"])
def test_a_double_out_of_range(value, written):
    assert value(written, "double") == f"does not fit double: '{written}'"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1.23", "1.23"),
        ("1.2300", "1.23"),
        ("-.5", "-0.50"),
        ("+7", "7.00"),
        ("5.", "5.00"),
        ("0000000000000000000000000000000000000000000042", "42.00"),
        ("1.20" + "0" * 60, "1.20"),
    ],
)
def test_decimals(value, written, meant):
    assert value(written, "decimal(4,2)") == Decimal(meant)


@pytest.mark.parametrize("written", ["1.239", "123", "-100.00", "0.001"])
def test_decimals_that_do_not_fit(value, written):
    assert value(written, "decimal(4,2)") == f"does not fit decimal(4,2): '{written}'"


@pytest.mark.parametrize("written", ["1e1", "abc", "1,2", ".", ""])
def test_what_is_no_decimal(value, written):
    assert value(written, "decimal(4,2)") == f"not a decimal: '{written}'"


def test_decimals_of_every_size(value):
    assert value("9" * 38, "decimal(38,0)") == Decimal("9" * 38)
    assert value("0." + "9" * 38, "decimal(38,38)") == Decimal("0." + "9" * 38)
    assert value("1.0", "decimal(5,0)") == Decimal(1)
    assert value(".5", "decimal(5,0)") == "does not fit decimal(5,0): '.5'"


@pytest.mark.parametrize("written", ["true", "T", "Yes", "1", " TRUE "])
def test_true(value, written):
    assert value(written, "boolean") is True


@pytest.mark.parametrize("written", ["false", "F", "no", "0"])
def test_false(value, written):
    assert value(written, "boolean") is False


@pytest.mark.parametrize(
    "written", ["", "2", "on", "y", "truee", "wahr", "ye\u017f", "fal\u017fe"]
)
def test_what_is_no_boolean(value, written):
    assert value(written, "boolean") == f"not a boolean: '{written}'"


@pytest.mark.parametrize("written", ["", " x ", "a\nb", "🐝", "NULL"])
def test_strings_are_what_they_are(value, written):
    assert value(written, "string") == written


def test_patterns_take_their_first_group(value):
    assert value("L17_2013.csv", "string", pattern=r"(L\d+)_") == "L17"
    assert value("T=21.5 C", "double", pattern=r"T=([0-9.]+)") == 21.5
    assert value("x", "double", pattern="T=(.*)") == "does not match the pattern: 'x'"
    assert value("T=y", "double", pattern="T=(.*)") == "not a number: 'T=y'"


def test_long_texts_are_cut_in_reasons(value):
    assert value("x" * 500, "integer") == f"not an integer: '{'x' * 100}…'"


def test_nulls_of_a_column(read, declare):
    columns = (
        declare("n", "double", "x", nulls=("-39.9",)),
        declare("s", "string", "x", nulls=("-39.9",)),
    )
    found = read(b'x\n-39.9\n" -39.9 "\n1\n""\n', columns)
    assert found.values == [(None, None), (None, " -39.9 "), (1.0, "1"), (None, "")]
    assert [(c["column"], c["reason"]) for c in found.cells] == [
        ("n", "not a number: ''")
    ]


def test_sources_are_joined_with_a_space(read, declare):
    columns = (
        declare("both", "string", "a", "b"),
        declare("day", "date", "y", "m", "d", format="%Y %m %d"),
    )
    found = read(b"a,b,y,m,d\nx, z,2013, 1,31\n,z,2013,,31\n", columns)
    assert [row[0] for row in found.values] == ["x  z", None]
    assert [str(row[1]) for row in found.values] == ["2013-01-31", "None"]
    assert found.cells == []


def test_padding_fills_up_and_never_cuts(read, declare):
    columns = (declare("code", "string", "x", pad=(("x", 4),)),)
    found = read(b"x\n5\n12345\n-1\n", columns)
    assert found.values == [("0005",), ("12345",), ("00-1",)]


def test_a_bad_cell_rejects_its_record_where_that_is_declared(read, declare):
    columns = (
        declare("a", "integer"),
        declare("b", "integer", on_bad_cell="reject"),
        declare("c", "integer", on_bad_cell="reject"),
    )
    data = b'a,b,c\n1,2,3\nx,y,z\n4,5,"6\n"\nq,7,8\n'
    found = read(data, columns)
    assert found.values == [(1, 2, 3), (None, 7, 8)]
    assert [(r["_record"], r["column"], r["reason"]) for r in found.rejected] == [
        (2, "b", "not an integer: 'y'"),
        (3, "c", "not an integer: '6\n'"),
    ]
    assert [r["raw"] for r in found.rejected] == ["x,y,z", '4,5,"6\n"']
    assert [(c["_record"], c["column"], c["text"]) for c in found.cells] == [
        (4, "a", "q")
    ]
    account = found.result.account
    assert (account.read, account.formatted, account.rejected) == (4, 2, 2)
    assert account.rejected_cells == 1


def test_when_every_record_is_rejected_there_is_no_file(read, declare):
    found = read(b"a\nx\ny\n", (declare("a", "integer", on_bad_cell="reject"),))
    assert found.result.main.files == ()
    assert found.result.account.rejected == 2

"""Columns that SQL computes from the others: exact, or a bad cell."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from backbone.errors import DeclarationError

DATA = b"a,b,at\n7,2,2013-01-31T10:00:00Z\n6,3,2013-06-01T00:00:00Z\n,1,\n"


@pytest.fixture
def compute(read, declare):
    """The values of one computed column, and the reasons of its bad cells."""

    def run(sql, kind, **more):
        columns = (
            declare("x", kind, sql=sql, **more),
            declare("a", "integer"),
            declare("b", "integer"),
            declare("at", "timestamp"),
        )
        found = read(DATA, columns)
        return [row[0] for row in found.values], [cell["reason"] for cell in found.cells]

    return run


@pytest.mark.parametrize(
    ("sql", "kind", "values"),
    [
        ("a + b", "integer", [9, 9, None]),
        ("a * b", "double", [14.0, 18.0, None]),
        ("a / 4", "decimal(9,2)", [Decimal("1.75"), Decimal("1.50"), None]),
        ("a > b", "boolean", [True, True, None]),
        ("case when a > 6 then 'many' else 'few' end", "string", ["many", "few", "few"]),
        ("A + 1", "string", ["8", "7", None]),
        ("null", "integer", [None, None, None]),
        (
            "date '2013-01-01' + cast(b as integer)",
            "date",
            ["2013-01-03", "2013-01-04", "2013-01-02"],
        ),
        ("cast(a as varchar) || '.0'", "double", [7.0, 6.0, None]),
    ],
)
def test_values(compute, sql, kind, values):
    found, reasons = compute(sql, kind)
    assert [str(each) if kind == "date" else each for each in found] == values
    assert reasons == []


def test_instants_and_clocks(compute):
    utc = dt.UTC
    found, _ = compute("at + to_minutes(b)", "timestamp")
    assert found[0] == dt.datetime(2013, 1, 31, 10, 2, tzinfo=utc)
    found, _ = compute("timezone('America/New_York', at)", "datetime")
    assert found[:2] == [dt.datetime(2013, 1, 31, 5), dt.datetime(2013, 5, 31, 20)]
    wall = "timestamp '2013-10-27 02:30:00' + to_days(b - 2)"
    found, reasons = compute(wall, "timestamp", timezone="Europe/Belgrade")
    assert found == [
        None,
        dt.datetime(2013, 10, 28, 1, 30, tzinfo=utc),
        dt.datetime(2013, 10, 26, 0, 30, tzinfo=utc),
    ]
    assert reasons == [
        "stands twice on the clocks of Europe/Belgrade: '2013-10-27 02:30:00'"
    ]


@pytest.mark.parametrize(
    ("sql", "kind", "values", "reason"),
    [
        ("a / b", "integer", [None, 2, None], "not an integer: '3.5'"),
        (
            "a / 8",
            "decimal(9,2)",
            [None, Decimal("0.75"), None],
            "not a decimal: '0.875'",
        ),
        (
            "9007199254740993 + b - b",
            "double",
            [None] * 3,
            "not a number: '9007199254740993'",
        ),
        (
            "timestamp '2013-01-01' + to_hours(b - 1)",
            "date",
            [None, None, "2013-01-01"],
            None,
        ),
        ("cast(a as varchar) || 'x'", "integer", [None] * 3, "not an integer: '7x'"),
    ],
)
def test_what_is_not_exact_is_a_bad_cell(compute, sql, kind, values, reason):
    found, reasons = compute(sql, kind)
    assert [str(each) if kind == "date" and each else each for each in found] == values
    assert len(reasons) == 3 - sum(v is not None for v in values) - (
        values[2] is None and "b - " not in sql
    )
    if reason:
        assert reasons[0] == reason


def test_columns_may_use_columns_before_them(read, declare):
    columns = (
        declare("twice", "integer", sql="a * 2"),
        declare("more", "integer", sql='twice + 1 + "b c"'),
        declare("a", "integer"),
        declare("b c", "integer"),
    )
    assert read(b"a,b c\n1,10\n", columns).values == [(2, 13, 1, 10)]


def test_a_computed_cell_may_reject_its_record(read, declare):
    columns = (
        declare("half", "integer", sql="a / 2", on_bad_cell="reject"),
        declare("a", "integer"),
    )
    found = read(b"a\n4\n5\n", columns)
    assert found.values == [(2, 4)]
    assert found.reasons == [(2, "not an integer: '2.5'")]
    assert found.rejected[0]["raw"] == "5"


@pytest.mark.parametrize(
    ("sql", "kind", "message"),
    [
        ("a +", "integer", "`sql` does not parse"),
        ("select 1", "integer", "one expression, without select"),
        ("a in (select 1)", "boolean", "one expression, without select"),
        ("sum(a)", "integer", "no aggregate"),
        ("row_number() over ()", "integer", "no aggregate, no window"),
        ("now()", "timestamp", "asks the clock"),
        ("random()", "double", "left to chance"),
        (
            "aa + 1",
            "integer",
            "reads `aa`, which is no column before it. Did you mean `a`?",
        ),
        ("t.a + 1", "integer", "reads `t.a`, which is no column before it"),
        ("x + 1", "integer", "reads `x`, which is no column before it"),
        ("nosuch(a)", "integer", "column `x`: Catalog Error"),
        ("at", "datetime", "whose clock"),
        ("timezone('UTC', at)", "timestamp", "declare `timezone`"),
        ("at", "string", "say how it is written"),
        ("a = 1", "integer", "`sql` gives BOOLEAN, of which no integer is made"),
        ("[a]", "string", "`sql` gives BIGINT[], of which no string is made"),
    ],
)
def test_what_cannot_be_computed(compute, sql, kind, message):
    with pytest.raises(DeclarationError) as caught:
        compute(sql, kind)
    assert message in str(caught.value)

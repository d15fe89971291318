"""A text in a view is the value that the formatted zone would read from it."""

from __future__ import annotations

import math
import random
from datetime import datetime

import pytest

from backbone.engines.duckdb import DuckDBEngine
from backbone.engines.raw import Recipe
from backbone.errors import ViewError
from backbone.model.names import AssetName
from backbone.model.raw import RawColumn
from backbone.model.schemas import Schema
from backbone.model.types import STRING, CanonicalType
from backbone.sql.compilation import compile_view
from backbone.sql.views import parse_view

TABLE = AssetName("trusted", "t")
KINDS = ["boolean", "integer", "double", "decimal(6,2)", "date", "datetime", "timestamp"]
ODD = """|0|1|+5|-7|007|1.|.5|1.5|-1.50|1.239|1e3|1E-2|1e400|-1e400|nan|NaN|-inf|Infinity|inf|0x10
1_000|1,000|9223372036854775807|9223372036854775808|-9223372036854775808|99999.99|1234.5|true
TRUE|t|yes|YES|no|f|y|on|2013-01-31|2013-1-3|2013-02-30|0000-01-01|0001-01-01|9999-12-31
10000-01-01|2013-01-31 17:05|2013-01-31T17:05:09|2013-01-31 17:05:09.123456|24:00
2013-01-31 17:05:09.1234567|2013-01-31 17:05:09.1234560|2013-01-31 24:00|2013-01-31 24:00:00
2013-01-31 24:01|2013-01-31 25:00|2013-01-31 17:60|2013-01-31 17:05:60|2013-01-31 17:05:09Z
2013-01-31 17:05+02|2013-01-31 17:05:09+0230|2013-01-31 17:05:09.5-02:30|2013-01-31 17:05z
2013-01-31 24:00:00+02:00|2013-01-31 17:05:09 UTC|31.01.2013|infinity|epoch|today|now|null|-|+|.|e5
 5 |\t7|1 2|--1|+-1|1.2.3|0.005|-0.0|1e|0b1"""
TEXTS = [text for line in ODD.split("\n") for text in line.split("|")]
TEXTS += ["\u017f", "ye\u017f", "\u0663", "\uff11", "1\u066b5"]


def scrambled():
    chance = random.Random(11)
    signs = "0123456789-:.+ TZeE\t"
    for text in TEXTS:
        for _ in range(6):
            letters = list(text)
            for _ in range(chance.randrange(1, 3)):
                place = chance.randrange(len(letters) + 1)
                letters[place : place + chance.randrange(2)] = chance.choice(signs)
            yield "".join(letters)


ALL = [*TEXTS, *scrambled()]


@pytest.fixture(scope="module")
def connection():
    engine = DuckDBEngine(threads=1)
    con = engine.native()
    con.execute("set timezone = 'UTC'")
    con.execute(
        'create temp table "trusted.t" as select unnest(?::varchar[]) as s', [ALL]
    )
    con.execute(
        """create temp table raw_text as select unnest(?::varchar[]) as "raw:0",
           'd' as _delivery, 'o' as _object, generate_subscripts(?::varchar[], 1) as _record,
           _record as "raw:row" """,
        [ALL, ALL],
    )
    yield con
    con.close()
    engine.close()


def asked(connection, item):
    sql = f"select s, {item} as x from trusted.t"
    view = compile_view(
        parse_view(sql, name="v", file="v.sql"), {TABLE: Schema.of(s=STRING)}
    )
    shown = f"select s, cast(x as varchar) as x from ({view.query.sql()})"
    return dict(connection.execute(shown).fetchall())


@pytest.mark.parametrize("kind", KINDS)
def test_a_safe_cast_is_what_the_formatted_zone_reads(connection, kind):
    told = CanonicalType.parse(kind)
    values = Recipe((RawColumn("x", told, ("x",)),), {}).values().sql()
    rows = connection.execute(
        f"""select r."raw:0", cast(v.x as varchar) from ({values}) v
            join raw_text r using (_record)"""
    ).fetchall()
    found = asked(connection, f"safe_cast(s as {told.sql})")
    assert {text: found[text] for text, _ in rows} == dict(rows)
    assert any(value is not None for value in found.values())


@pytest.mark.parametrize("kind", KINDS)
def test_a_cast_fails_where_a_safe_one_is_null(connection, kind):
    told = CanonicalType.parse(kind).sql
    found = asked(connection, f"try_cast(s as {told})")
    good = [text for text, value in found.items() if value is not None]
    some = ", ".join(f"('{text}')" for text in good)
    sql = f"select cast(s as {told}) as x from (values {some}, (null)) v(s)"
    view = compile_view(parse_view(sql, name="v", file="v.sql"), {})
    counted = f"select count(x), count(*) from ({view.query.sql()})"
    assert connection.execute(counted).fetchone() == (len(good), len(good) + 1)
    bad = f"select cast(s as {told}) as x from (values ('nothing'), (null)) v(s)"
    view = compile_view(parse_view(bad, name="v", file="v.sql"), {})
    with pytest.raises(Exception, match=r"`nothing` is not an? "):
        connection.execute(view.query.sql()).fetchall()


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ("date '2013-02'", "is not a date"),
        ("timestamp '2013-01-31 5pm'", "is not a date and time"),
        ("cast('2.5' as bigint)", "is not an integer"),
        ("'1,5'::double", "is not a number"),
    ],
)
def test_a_constant_that_is_none_is_told_before_anything_runs(item, said):
    with pytest.raises(ViewError, match=said):
        compile_view(parse_view(f"select {item} as x", name="v", file="v.sql"), {})


FORMATS = {
    "%d.%m.%Y %H:%M": ["10.03.2013 07:05", "1.3.2013 7:05", "30.02.2013 07:05", "10.03.13 07:05"],
    "%Y%m%d": ["20130310", "20130230", "00010203", "2013"],
    "%b %d, %Y %I:%M %p": ["Mar 10, 2013 07:05 PM", "march 10, 2013 07:05 PM", "MAR 9, 2013 12:00 am"],
    "%d %B %y %H:%M:%S.%f": ["10 March 69 07:05:09.5", "10 march 68 07:05:09.123456"],
}  # fmt: skip


def parsed(text, form):
    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None


@pytest.mark.parametrize(("form", "texts"), FORMATS.items(), ids=FORMATS)
def test_times_are_parsed_as_python_does_in_the_same_format(connection, form, texts):
    values = ", ".join(f"('{text}')" for text in texts)
    sql = f"select s, try_strptime(s, '{form}') as x from (values {values}) v(s)"
    view = compile_view(parse_view(sql, name="v", file="v.sql"), {})
    found = dict(connection.execute(view.query.sql()).fetchall())
    assert found == {text: parsed(text, form) for text in texts}


def test_doubles_keep_what_is_no_number(connection):
    found = asked(connection, "safe_cast(s as double)")
    assert math.isnan(float(found["nan"]))
    assert found["Infinity"] == "inf"
    assert found["1e400"] is None

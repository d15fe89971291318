"""What comparisons of columns without types compare, by what their values spell."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import exp

from backbone.engines.duckdb import DuckDBEngine
from backbone.engines.protocol import Scan
from backbone.management.trusted.untyped.adapting import renamed
from backbone.management.trusted.untyped.comparing import columns_wanted, compared
from backbone.management.trusted.untyped.odd import MOST
from backbone.management.trusted.untyped.spellings import Numeric, Spelling, spellings
from backbone.model.schemas import Column, Schema
from backbone.model.types import INTEGER, STRING
from backbone.sql.denial import parse
from backbone.sql.queries import Query, column, table

COLUMNS = {
    "n": ["1", "-2", "30"],
    "m": ["1.5", "2", None],
    "z": ["01", "2", "03"],
    "odd": ["5", "40", "n/a"],
    "big": ["1", "99999999999999999999", "3"],
    "e": ["1e3", "NaN", "2"],
    "word": ["a", "b", "c"],
    "day": ["2020-01-31", "2020-02-01 10:00", None],
    "dmy": ["31/01/2020", "01/02/2020", "02/01/2020"],
    "xmy": ["01/02/2020", "03/04/2020", None],
    "clock": ["7:10 a.m.", "12:15 p.m.", "6:00 PM"],
    "gone": [None, None, None],
    "bad_day": ["2020-01-31", "2020-02-30", "2020-03-01"],
}


@pytest.fixture(scope="module")
def spelt(tmp_path_factory):
    path = tmp_path_factory.mktemp("spelt") / "rows.parquet"
    columns = {name: pa.array(values, pa.string()) for name, values in COLUMNS.items()}
    pq.write_table(pa.table({"_row": [1, 2, 3], **columns}), path)
    own = [Column("_row", INTEGER), *(Column(name, STRING) for name in COLUMNS)]
    scan = Scan((str(path),), Schema(tuple(own)))
    engine = DuckDBEngine(threads=1)
    with engine.session() as session:
        every = exp.select(*map(column, scan.schema.names)).from_(table("t"))
        rows = session.stage(Query.of(every), {"t": scan})
        yield spellings(session, rows, list(COLUMNS))
    engine.close()


def decided(text, spelt):
    return compared(parse("r", text), spelt, list(COLUMNS))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("t1.n < t2.n", "number"),
        ("t1.n = t2.m", "number"),
        ("t1.z = t2.z", "text"),
        ("t1.z < t2.z", "number"),
        ("t1.z = t2.n", "text"),
        ("t1.odd < t2.odd", "text"),
        ("t1.big >= t2.n", "number"),
        ("t1.e <> t2.e", "number"),
        ("t1.word < t2.n", "text"),
        ("t1.day < t2.day", "time"),
        ("t1.day < t2.dmy", "time"),
        ("t1.dmy < t2.dmy", "time"),
        ("t1.xmy < t2.xmy", "text"),
        ("t1.xmy < t2.dmy", "time"),
        ("t1.clock < t2.clock", "time"),
        ("t1.clock < t2.day", "text"),
        ("t1.bad_day < t2.bad_day", "text"),
        ("t1.gone < t2.n", "number"),
        ("t1.gone = t2.gone", "text"),
        ("odd > 10", "number"),
        ("n = '1.0'", "number"),
        ("n > 'x'", "text"),
        ("day > '2020-01-31'", "time"),
        ("day > '2020-02-30'", "text"),
        ("n + m > odd", "number"),
        ("upper(word) = n", "text"),
        ("length(word) > n", "number"),
        ("day - interval 3 day > dmy", "time"),
        ("coalesce(odd, 0) > 5", "number"),
        ("cast(odd as double) > n", "number"),
    ],
)
def test_kinds(spelt, text, kind):
    found = decided(text, spelt)
    assert found.mistakes == ()
    assert [kind for _, kind in found.kinds] == [kind]


@pytest.mark.parametrize(
    ("text", "column_", "effect", "count"),
    [
        ("t1.odd < t2.odd", "odd", "as text", 1),
        ("odd > 10", "odd", "left out", 1),
        ("t1.xmy < t2.xmy", "xmy", "ambiguous", 2),
        ("t1.word < t2.word", "word", "as text", MOST),
        ("word > '10'", "word", "as text", MOST),
        ("year(xmy) > 2019", "xmy", "guessed", 2),
        ("t1.e < t2.e", "e", "nan", 1),
        ("t1.bad_day < t2.bad_day", "bad_day", "as text", 1),
        ("bad_day > date '2020-01-31'", "bad_day", "left out", 1),
    ],
)
def test_what_is_odd_is_told(spelt, text, column_, effect, count):
    (odd,) = decided(text, spelt).odd
    assert (odd.column, odd.effect, odd.count) == (column_, effect, count)


@pytest.mark.parametrize(
    "text", ["t1.odd = t2.odd", "word > 'm'", "t1.n < t2.m", "t1.z = t2.z"]
)
def test_what_changes_nothing_is_not_told(spelt, text):
    assert decided(text, spelt).odd == ()


def test_numbers_have_the_type_that_holds_them_all(spelt):
    def types(text):
        (predicate,) = decided(text, spelt).constraint.predicates
        return predicate.left.sql

    assert "BIGINT" in types("t1.n < t2.n")
    assert "DECIMAL(3, 1)" in types("t1.n < t2.m")
    assert "DECIMAL(20, 0)" in types("t1.big < t2.n")
    assert "DOUBLE" in types("t1.e < t2.n")
    assert types("t1.n = t2.n") == "t1.n"
    assert "DECIMAL(22, 2)" in types("big > 0.25")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("upper(word) > 5", "a number with text"),
        ("day - dmy > 30", "a number with a point in time"),
        ("nam = 'x'", "no column `nam`"),
    ],
)
def test_what_cannot_be_compared(spelt, text, words):
    (mistake,) = decided(text, spelt).mistakes
    assert words in mistake


def test_columns_that_have_to_be_numbers_are_counted_in_any_case():
    rules = ["t1.a = t2.b", "c + 1 > d", "e is null", "f > 3"]
    every, numbers = columns_wanted([parse("r", text) for text in rules])
    assert every == {"a", "b", "c", "d", "f"}
    assert numbers == {"c", "d", "f"}


def test_other_names_for_columns():
    rule = renamed(
        parse("r", "t1.City = t2.City and lower(t1.x) <> 'x'"), {"City": "c 2"}
    )
    assert rule.columns == ("c 2", "x")


@pytest.mark.parametrize(
    ("whole", "scale", "type_"),
    [(18, 0, "BIGINT"), (19, 0, "DECIMAL(19,0)"), (30, 8, "DECIMAL(38,8)"),
     (31, 8, "DOUBLE")],
)  # fmt: skip
def test_types_of_numbers(whole, scale, type_):
    assert Numeric(whole, scale).sql == type_
    assert Spelling.of_constant("9" * whole + "." + "1" * scale).numeric.sql == type_

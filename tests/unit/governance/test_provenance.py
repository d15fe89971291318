"""The query for the way back: what it reads, how much it returns, what it refuses."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlglot import parse_one

from backbone.engines.duckdb import DuckDBEngine
from backbone.errors import MissingColumn
from backbone.governance.provenance import origins
from backbone.model.names import AssetName
from backbone.model.schemas import ORIGIN, Schema
from backbone.model.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DOUBLE,
    INTEGER,
    STRING,
    TIMESTAMP,
    CanonicalType,
)
from backbone.sql.compilation import compile_view
from backbone.sql.queries import Query
from backbone.sql.views import parse_view

T, U = AssetName("trusted", "t"), AssetName("trusted", "u")
DAILY, WEEKLY = AssetName("exploitation", "daily"), AssetName("exploitation", "weekly")
LOOKUP = AssetName("analysis", "lookup")
SCHEMAS = {
    T: Schema.of(day=INTEGER, x=DOUBLE).with_columns(*ORIGIN),
    U: Schema.of(day=INTEGER, name=STRING).with_columns(*ORIGIN),
    DAILY: Schema.of(day=INTEGER, x=DOUBLE),
    WEEKLY: Schema.of(week=INTEGER, x=DOUBLE),
    LOOKUP: Schema.of(day=INTEGER, holiday=BOOLEAN),
}


@pytest.fixture(scope="module")
def session():
    engine = DuckDBEngine(threads=2)
    with engine.session() as session:
        yield session
    engine.close()


@pytest.fixture(scope="module")
def inputs(session):
    def staged(sql):
        return session.stage(Query.of(parse_one(sql, dialect="duckdb")), {})

    return {
        T: staged("""select i % 10 as day, i / 2 as x, 'd' || (i % 2) as _delivery,
            'a.csv' as _object, i as _record from range(1000) r(i)"""),
        U: staged("""select i as day, 'day ' || i as name, 'e' as _delivery, 'b.csv' as _object,
            i as _record from range(10) r(i)"""),
        LOOKUP: staged("select i as day, i = 3 as holiday from range(10) r(i)"),
    }


def compiled(sql, name="v"):
    return compile_view(parse_view(sql, name=name, file=f"{name}.sql"), SCHEMAS)


DAY = compiled("select day, sum(x) as x from trusted.t group by day", "daily")
WEEK = compiled(
    "select day // 7 as week, sum(x) as x from exploitation.daily group by 1", "weekly"
)
NAMED = compiled("""select w.week, u.name, w.x from exploitation.weekly w
    left join trusted.u u on u.day = w.week""")  # fmt: skip


def ask(session, inputs, view, key, **options):
    query = origins(view, key, **options)
    bound = {name: inputs[AssetName.parse(name)] for name in query.reads()}
    return session.fetch(query, bound).to_pylist()


def test_rows_are_bounded_per_asset_and_counted(session, inputs):
    view = compiled("select t.day, name, count(*) as n from trusted.t join trusted.u using (day) "
                    "group by all")  # fmt: skip
    found = ask(session, inputs, view, {"day": 3}, max_rows=2)
    assert found == [
        {"asset": "trusted.t", "_delivery": "d1", "_object": "a.csv", "_record": 3, "total": 100},
        {"asset": "trusted.t", "_delivery": "d1", "_object": "a.csv", "_record": 13, "total": 100},
        {"asset": "trusted.u", "_delivery": "e", "_object": "b.csv", "_record": 3, "total": 1},
    ]  # fmt: skip


def test_views_are_looked_through_to_tables_with_origins(session, inputs):
    views = {DAILY: DAY, WEEKLY: WEEK}
    assert set(origins(NAMED, {"week": 1}, views=views).reads()) == {
        "trusted.t",
        "trusted.u",
    }
    found = ask(session, inputs, NAMED, {"week": 1}, views=views, max_rows=1000)
    totals = {row["asset"]: row["total"] for row in found}
    assert totals == {"trusted.t": 300, "trusted.u": 1}
    assert {row["_record"] % 10 for row in found if row["asset"] == "trusted.t"} == {
        7,
        8,
        9,
    }


def test_tables_without_origins_add_none(session, inputs):
    view = compiled(
        "select t.x, l.holiday from trusted.t t join analysis.lookup l using (day)"
    )
    found = ask(session, inputs, view, {"x": 1.5})
    assert [(row["asset"], row["_record"]) for row in found] == [("trusted.t", 3)]


def test_no_such_row_has_no_origins(session, inputs):
    assert ask(session, inputs, DAY, {"day": 77}) == []


def test_a_key_of_several_columns_and_of_nulls(session, inputs):
    view = compiled("select t.day, u.name, x from trusted.t left join trusted.u u "
                    "on u.day = t.day and u.day < 5")  # fmt: skip
    found = ask(session, inputs, view, {"x": 3.5, "name": None})
    assert [(row["asset"], row["_record"]) for row in found] == [("trusted.t", 7)]


def test_an_unknown_key_is_refused_before_anything_runs():
    with pytest.raises(MissingColumn, match="Did you mean `day`"):
        origins(DAY, {"dai": 1})


MOMENT = datetime(2013, 1, 1, 12, 0, 0, 5, UTC)
VALUES = {
    "i": (INTEGER, -7), "s": (STRING, "it's; \"x\" --"), "b": (BOOLEAN, True),
    "x": (DOUBLE, 0.1), "n": (DOUBLE, float("nan")), "h": (DOUBLE, float("-inf")),
    "m": (CanonicalType.parse("decimal(18,3)"), Decimal("1.250")),
    "d": (DATE, date(2013, 1, 1)), "t": (TIMESTAMP, MOMENT),
    "w": (DATETIME, MOMENT.replace(tzinfo=None)),
}  # fmt: skip


@pytest.fixture(scope="module")
def every_type(session):
    texts = {
        "i": "-7::bigint", "s": "'it''s; \"x\" --'", "b": "true", "x": "0.1::double",
        "n": "'nan'::double", "h": "'-inf'::double", "m": "1.25::decimal(18,3)",
        "d": "date '2013-01-01'", "t": "timestamptz '2013-01-01 12:00:00.000005+00'",
        "w": "timestamp '2013-01-01 12:00:00.000005'",
    }  # fmt: skip
    items = ", ".join(f"{text} as {name}" for name, text in texts.items())
    sql = f"select {items}, 'd' as _delivery, 'o' as _object, 1::bigint as _record"
    return session.stage(Query.of(parse_one(sql, dialect="duckdb")), {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name, (_, value) in VALUES.items()),
        ("t", MOMENT.astimezone(timezone(timedelta(hours=-5)))),
        ("t", "2013-01-01 12:00:00.000005+00"), ("d", "2013-01-01"), ("i", "-7"),
        ("i", None),
    ],
)  # fmt: skip
def test_keys_of_every_type(session, every_type, name, value):
    table = AssetName("trusted", "every")
    kinds = {column: kind for column, (kind, _) in VALUES.items()}
    schemas = {table: Schema.of(**kinds).with_columns(*ORIGIN)}
    view = compile_view(
        parse_view("select * from trusted.every", name="v", file="v"), schemas
    )
    found = session.fetch(origins(view, {name: value}), {"trusted.every": every_type})
    assert found.num_rows == (0 if value is None else 1)

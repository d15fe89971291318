"""PostgreSQL: the same bytes through ADBC and row by row, and no value changed."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backbone.errors import BadResponse, MissingColumn, SourceUnavailable
from backbone.management.landing.databases import postgres, rowfiles
from backbone.project.sources import SqlSource

pytestmark = pytest.mark.postgres
DRIVERS = ("", "pg8000")


@pytest.fixture
def database(postgres_database):
    return postgres_database


def source(url, delivers="snapshots", **datasets):
    return SqlSource.model_validate(
        {"collector": "sql", "url": url, "datasets": datasets, "delivers": delivers}
    )


def table(collecting, delivery):
    [content] = collecting.content(delivery).values()
    return pq.read_table(io.BytesIO(content))


def landed(collecting, database, driver="", **datasets):
    report = collecting(source(database.url(driver), **datasets))
    assert report.errors == ()
    [delivery] = report.datasets[0].new
    return table(collecting, delivery)


def both(collecting, database, tmp_path, **datasets):
    """Collect with each driver into a lake of its own; they must bring the same."""
    found = []
    for driver in DRIVERS:
        own = type(collecting)(collecting.project)
        own.landing = type(own.landing)(tmp_path / (driver or "adbc"))
        report = own(source(database.url(driver), **datasets))
        assert report.errors == ()
        [delivery] = report.datasets[0].new
        found.append((delivery.id, table(own, delivery)))
    assert found[0][0] == found[1][0]
    return found[0][1]


TYPES = [
    ("bool", ["true", "false"], pa.bool_(), [True, False]),
    ("int2", ["'-32768'"], pa.int64(), [-(2**15)]),
    ("int4", ["7"], pa.int64(), [7]),
    ("int8", ["9223372036854775807"], pa.int64(), [2**63 - 1]),
    ("float4", ["0.1", "'NaN'"], pa.float32(), None),
    ("float8", ["0.1", "'-Infinity'"], pa.float64(), [0.1, float("-inf")]),
    ("numeric(10,2)", ["1.5", "-99999999.99"], pa.decimal128(10, 2),
     [Decimal("1.50"), Decimal("-99999999.99")]),
    ("numeric(10,2)", ["1.5", "'NaN'"], pa.string(), ["1.50", "NaN"]),
    ("numeric", ["1.50", "1e-30", "'Infinity'"], pa.string(),
     ["1.50", "0." + "0" * 29 + "1", "Infinity"]),
    ("numeric(50,2)", ["1.5"], pa.string(), ["1.50"]),
    ("numeric(3,-2)", ["1234"], pa.string(), ["1200"]),
    ("date", ["'2024-02-29'"], pa.date32(), [date(2024, 2, 29)]),
    ("date", ["'2024-02-29'", "'infinity'", "'0044-03-15 BC'"], pa.string(),
     ["2024-02-29", "infinity", "0044-03-15 BC"]),
    ("timestamp", ["'2024-02-29 01:02:03.000004'"], pa.timestamp("us"),
     [datetime(2024, 2, 29, 1, 2, 3, 4)]),
    ("timestamp", ["'-infinity'", "'2024-02-29'"], pa.string(),
     ["-infinity", "2024-02-29 00:00:00"]),
    ("timestamptz", ["'2024-02-29 01:00+01'", "'9999-12-31 23:59:59Z'"],
     pa.timestamp("us", "UTC"),
     [datetime(2024, 2, 29, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]),
    ("timestamptz", ["'10000-01-01Z'"], pa.string(), ["10000-01-01 00:00:00+00"]),
    ("time", ["'24:00'", "'01:02:03.5'"], pa.string(), ["24:00:00", "01:02:03.5"]),
    ("timetz", ["'01:02+05:30'"], pa.string(), ["01:02:00+05:30"]),
    ("interval", ["'1 year 2 days 3.5s'"], pa.string(), ["1 year 2 days 00:00:03.5"]),
    ("uuid", ["'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'"], pa.string(),
     ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    ("json", ["'{\"b\": 1,  \"a\": 1.10}'"], pa.string(), ['{"b": 1,  "a": 1.10}']),
    ("jsonb", ["'{\"b\": 1,  \"a\": 1.10}'"], pa.string(), ['{"a": 1.10, "b": 1}']),
    ("int4[]", ["'{1,null,3}'", "'{}'"], pa.string(), ["[1,null,3]", "[]"]),
    ("text[]", ["array['a,\"b', 'ü']"], pa.string(), ['["a,\\"b","ü"]']),
    ("numeric[]", ["array[1.50, 'NaN']"], pa.string(), ['[1.50,"NaN"]']),
    ("bytea", [r"'\x00ff'"], pa.binary(), [b"\x00\xff"]),
    ("mood", ["'so so'"], pa.string(), ["so so"]),
    ("pair", ["row(1, 'x')"], pa.string(), ['{"a":1,"b":"x"}']),
    ("price", ["12.30"], pa.decimal128(8, 2), [Decimal("12.30")]),
    ("int4range", ["'[1,5)'"], pa.string(), ["[1,5)"]),
    ("inet", ["'10.0.0.1/8'"], pa.string(), ["10.0.0.1/8"]),
    ("varchar(9)", ["'50% :x \u20ac'"], pa.string(), ["50% :x \u20ac"]),
    ("char(3)", ["'a'"], pa.string(), ["a  "]),
    ("xml", ["'<a/>'"], pa.string(), ["<a/>"]),
    ('"char"', ["'a'"], pa.string(), ["a"]),
    ("oid", ["4294967295"], pa.int64(), [2**32 - 1]),
]  # fmt: skip


def test_every_type_lands_exactly_whatever_the_driver(collecting, database, tmp_path):
    database.run(
        "create type mood as enum ('so so', 'well')",
        "create type pair as (a int, b text)",
        "create domain money_like as numeric(8,2)",
        "create domain price as money_like check (value > 0)",
    )
    columns = ", ".join(f"c{n} {kind}" for n, (kind, *_) in enumerate(TYPES))
    database.run(f"create table t (id int primary key, {columns})")
    rows = max(len(values) for _, values, _, _ in TYPES) + 1
    for row in range(rows):
        values = [
            f"{given[row]}::{kind}" if row < len(given) else "null"
            for kind, given, _, _ in TYPES
        ]
        database.run(f"insert into t values ({row}, {', '.join(values)})")
    found = both(collecting, database, tmp_path, t={"table": "t"})
    for n, (kind, given, lands, wanted) in enumerate(TYPES):
        column = found[f"c{n}"]
        assert column.type == lands, kind
        got = column.to_pylist()
        assert got[len(given) :] == [None] * (rows - len(given))
        if wanted is not None:
            assert got[: len(given)] == wanted, kind


def test_floats_of_32_bits_keep_their_bits(collecting, database):
    database.run("create table f (v float4)", "insert into f values (0.1), ('NaN')")
    [one, other] = landed(collecting, database, f={"table": "f"})["v"].to_pylist()
    assert pa.scalar(one, pa.float32()).as_py() == one
    assert other != other  # noqa: PLR0124 - NaN


def test_a_query_has_the_types_that_the_database_gives_it(collecting, database, tmp_path):
    query = (
        'select 1 as "a%", \'x:y\'::text as "b:c", 10 % 3 as m, array[now()] is null n, '
        "'2024-01-01'::date as d, 1.50::numeric(9,2) as p, null as nothing;"
    )
    found = both(collecting, database, tmp_path, q={"query": query})
    assert found.to_pylist() == [
        {"a%": 1, "b:c": "x:y", "m": 1, "n": False, "d": date(2024, 1, 1), "p": "1.50",
         "nothing": None},
    ]  # fmt: skip


@pytest.mark.parametrize("driver", DRIVERS)
def test_the_order_of_rows_on_the_disk_does_not_matter(collecting, database, driver):
    database.run(
        "create table t (a text, b float8, j json, k jsonb, n numeric, p point)",
        "insert into t select case when g % 3 > 0 then 'A' || g % 7 end, "
        "(array[0.0, '-0', 'NaN'])[g % 3 + 1]::float8, '{}', '[]', "
        "(array['1', '1.0', '1.00'])[g % 3 + 1]::numeric, point(g % 2, 1) "
        "from generate_series(1, 500) g",
    )
    asked = source(database.url(driver), t={"table": "t"})
    assert len(collecting(asked)["t"].new) == 1
    database.run(
        "create table other as select * from t order by md5(t::text), ctid desc",
        "truncate t",
        "insert into t select * from other",
    )
    report = collecting(asked)["t"]
    assert (report.new, report.again, report.unchanged) == ((), (), 1)
    database.run("update t set a = 'B' where ctid = (select ctid from t limit 1)")
    assert len(collecting(asked)["t"].new) == 1


def test_groups_of_rows_do_not_depend_on_the_driver(
    collecting, database, tmp_path, monkeypatch
):
    monkeypatch.setattr(rowfiles, "_GROUP_ROWS", 30_000)
    monkeypatch.setattr(rowfiles, "_GROUP_BYTES", 100_000)
    database.run(
        "create table t (id int primary key, v text)",
        "insert into t select g, repeat('x', g % 11) from generate_series(1, 65000) g",
    )
    both(collecting, database, tmp_path, t={"table": "t"})


def test_an_unchanged_table_is_known_though_the_bytes_differ(
    collecting, database, monkeypatch
):
    """As after an upgrade of the library that writes Parquet."""
    database.run("create table t as select g from generate_series(1, 10) g")
    asked = source(database.url(), t={"table": "t"})
    collecting(asked)
    writer = pq.ParquetWriter
    monkeypatch.setattr(
        pq, "ParquetWriter", lambda *a, **k: writer(*a, **{**k, "compression": "none"})
    )
    assert collecting(asked)["t"].unchanged == 1
    assert len(collecting.deliveries("t")) == 1


@pytest.mark.parametrize("driver", DRIVERS)
def test_all_tables_are_of_one_moment_even_after_an_error(collecting, database, driver):
    database.run("create table a (n int)", "create table b (n int)")
    database.run("insert into a values (1)", "insert into b values (1)")
    opened = postgres.PostgresDatabase.extract

    def meanwhile(self, dataset):
        if dataset.table == "b":
            database.run("insert into a values (2)", "insert into b values (2)")
        return opened(self, dataset)

    asked = source(
        database.url(driver),
        wrong={"query": "select 1 / (n - 1) as x from a"},
        a={"table": "a"},
        missing={"table": "aa"},
        b={"table": "b"},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres.PostgresDatabase, "extract", meanwhile)
        report = collecting(asked)
    for name in "ab":
        [delivery] = report[name].new
        assert table(collecting, delivery)["n"].to_pylist() == [1]
    [wrong], [missing] = report["wrong"].errors, report["missing"].errors
    assert isinstance(wrong, BadResponse)
    assert "division by zero" in str(wrong)
    assert isinstance(missing, BadResponse)
    assert "Did you mean `a`?" in str(missing) or "There are" in str(missing)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_database_that_goes_away_leaves_nothing(
    collecting, database, driver, monkeypatch
):
    database.run(
        "create table a (n int)",
        "insert into a values (1)",
        "create table b as select g, repeat('x', 500) from generate_series(1, 100000) g",
    )
    batches = postgres.PostgresDatabase.batches

    def ended(self, extract, window=None):
        for n, batch in enumerate(batches(self, extract, window)):
            if n == 1 and len(extract.columns) == 2:
                assert database.end_others() == 1
            yield batch

    monkeypatch.setattr(postgres.PostgresDatabase, "batches", ended)
    asked = source(database.url(driver), a={"table": "a"}, b={"table": "b"})
    report = collecting(asked)
    assert [type(e) for e in report.errors] == [SourceUnavailable] * 2
    assert "hush" not in str(report.errors[0])
    assert collecting.deliveries("a") == collecting.deliveries("b") == ()
    assert not list((collecting.landing.root / "_incoming").glob("*/delivery"))
    monkeypatch.undo()
    assert [len(r.new) for r in collecting(asked).datasets] == [1, 1]


@pytest.mark.parametrize("driver", DRIVERS)
def test_what_cannot_be_reached_is_told_without_a_password(collecting, database, driver):
    url = database.url(driver).replace(f":{database.server.port}/", ":1/")
    [error] = collecting(source(url, t={"table": "t"})).errors
    assert isinstance(error, SourceUnavailable)
    assert "***" in str(error)
    assert "hush" not in str(error)


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_query_cannot_write(collecting, database, driver):
    database.run("create table t (n int)")
    for query in (
        "drop table t",
        "with x as (delete from t returning n) select * from x",
    ):
        assert collecting(source(database.url(driver), q={"query": query})).errors
    assert landed(collecting, database, driver, t={"table": "t"}).num_rows == 0


def test_names_are_found_and_quoted(collecting, database):
    database.run(
        'create schema "My Data"',
        'create table "My Data"."odd ""t" ("se lect" int primary key, "A%b" text)',
        """insert into "My Data"."odd ""t" values (1, '%')""",
        "create view v as select 1 as one",
    )
    found = landed(collecting, database, t={"table": 'My Data.odd "t'})
    assert found.to_pylist() == [{"se lect": 1, "A%b": "%"}]
    assert landed(collecting, database, v={"table": "v"}).to_pylist() == [{"one": 1}]
    asked = {"table": "v", "order_by": ["on"]}
    [error] = collecting(source(database.url(), w=asked)).errors
    assert isinstance(error, MissingColumn)
    [error] = collecting(source(database.url(), w={"query": "select 1 a, 2 a"})).errors
    assert "two columns of the query are called `a`" in str(error)


def test_rows_that_are_gone_are_told(collecting, database):
    database.run("create table t as select g as id, 1 as v from generate_series(1, 9) g")
    database.run("alter table t add primary key (id)")
    asked = source(database.url(), t={"table": "t"})
    assert collecting(asked)["t"].notes == ()
    database.run("delete from t where id < 3", "insert into t values (10, 1)")
    assert collecting(asked)["t"].notes == ("8 rows, 9 before; 2 of them are gone",)


def test_without_the_fast_driver_it_is_told(collecting, database, monkeypatch):
    database.run("create table t (n int)")
    found = postgres.find_spec
    monkeypatch.setattr(
        postgres, "find_spec", lambda n: None if n.startswith("adbc") else found(n)
    )
    report = collecting(source(database.url(), t={"table": "t"}))
    assert len(report["t"].new) == 1
    assert "pip install 'backbone[postgres]'" in report.warnings[0]


# -- only what is new -----------------------------------------------------------------------

START = datetime(2024, 1, 1, tzinfo=UTC)


def increments(database, driver="", **cursor):
    dataset = {"table": "events", "cursor": {"column": "at", **cursor}}
    return source(database.url(driver), "increments", events=dataset)


def ids(collecting, report):
    found = [table(collecting, delivery) for delivery in report["events"].new]
    return [row for one in found for row in one["id"].to_pylist()]


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("timestamptz", lambda n: f"'{START + timedelta(hours=n)}'"),
        ("timestamp", lambda n: f"'{START.replace(tzinfo=None) + timedelta(hours=n)}'"),
        ("date", lambda n: f"'{START.date() + timedelta(days=n)}'"),
        ("int8", lambda n: str(10**12 + n)),
        ("numeric", lambda n: f"{n}.5"),
        ("text", lambda n: f"'k{n:03}'"),
    ],
    ids=["timestamptz", "timestamp", "date", "int8", "numeric", "text"],
)
def test_only_new_rows_come_and_ties_are_not_lost(
    collecting, database, driver, kind, value
):
    database.run(f"create table events (id int primary key, at {kind} not null)")

    def add(key, n):
        database.run(f"insert into events values ({key}, {value(n)})")

    asked = increments(database, driver)
    assert collecting(asked)["events"].unchanged == 1
    add(1, 1), add(2, 2), add(3, 2)
    assert ids(collecting, collecting(asked)) == [1, 2, 3]
    report = collecting(asked)["events"]
    assert (report.new, report.unchanged) == ((), 1)
    add(4, 3)
    assert ids(collecting, collecting(asked)) == [4]
    add(5, 3), add(6, 5)  # 5 came late, at the value that was the greatest
    assert ids(collecting, collecting(asked)) == [4, 5, 6]
    database.run("delete from events where id = 6")
    assert collecting(asked)["events"].new == ()
    add(7, 9)
    assert ids(collecting, collecting(asked)) == [7]


def test_an_overlap_comes_again_only_if_something_in_it_is_new(collecting, database):
    database.run("create table events (id int primary key, at timestamptz)")

    def add(key, minutes):
        at = START + timedelta(minutes=minutes)
        database.run(f"insert into events values ({key}, '{at}')")

    asked = increments(database, overlap="15m", start="2024-01-01 00:05+00")
    add(1, 0), add(2, 5), add(3, 30)
    assert ids(collecting, collecting(asked)) == [2, 3]
    assert collecting(asked)["events"].unchanged == 1
    add(4, 40)
    assert ids(collecting, collecting(asked)) == [4]
    add(5, 20), add(6, 26)  # late: the one too late, the other within 15 minutes of 40
    assert ids(collecting, collecting(asked)) == [6, 3, 4]
    assert collecting(asked)["events"].unchanged == 1
    database.run("update events set id = 33 where id = 3")
    assert ids(collecting, collecting(asked)) == [6, 33, 4]


def test_rows_without_a_cursor_are_told(collecting, database):
    database.run(
        "create table events (id int, at int)",
        "insert into events values (1, 1), (2, null), (3, null)",
    )
    report = collecting(increments(database))
    assert ids(collecting, report) == [1]
    assert report["events"].warnings == (
        "2 rows have no value in `at`, the cursor of events, and cannot be collected",
    )


@pytest.mark.parametrize(
    ("kind", "values", "cursor", "said"),
    [
        ("uuid", "('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11')", {}, "of the type uuid"),
        ("timestamptz", "(now()), ('infinity')", {}, "`at` is infinity: nothing comes"),
        ("text", "('a')", {"overlap": "15m"}, "overlap of `15m` does not fit `at`"),
        ("int4", "(1)", {"overlap": "15m"}, "which holds a whole number"),
        ("date", "('2024-01-01')", {"start": "x"}, "cannot go on from `x`"),
        ("int4", "(1)", {"column": "att"}, "Did you mean `at`?"),
    ],
)  # fmt: skip
def test_a_cursor_that_cannot_work_is_told(
    collecting, database, kind, values, cursor, said
):
    database.run(
        f"create table events (at {kind})", f"insert into events values {values}"
    )
    [error] = collecting(increments(database, **cursor)).errors
    assert said in str(error)
    assert collecting.deliveries("events") == ()

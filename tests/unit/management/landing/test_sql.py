"""A database: whole tables as they were at one moment, typed where every value fits."""

from __future__ import annotations

import io
import sqlite3
import threading
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from backbone.errors import (
    BadResponse,
    DeclarationError,
    MissingColumn,
    SourceUnavailable,
)
from backbone.management.landing.databases import alchemy
from backbone.management.landing.databases.columntypes import SourceColumn, landing_column
from backbone.management.landing.databases.dsn import Address
from backbone.project.sources import SqlSource

URL = "sqlite:///{project}/warehouse.db"


@pytest.fixture
def run(collecting):
    def execute(*statements):
        with closing(sqlite3.connect(collecting.project / "warehouse.db")) as connection:
            for statement in statements:
                arguments = statement if isinstance(statement, tuple) else (statement,)
                connection.execute(*arguments)
            connection.commit()

    return execute


def source(url=URL, **datasets):
    return SqlSource.model_validate(
        {"collector": "sql", "url": url, "datasets": datasets}
    )


def table(collecting, delivery):
    [content] = collecting.content(delivery).values()
    return pq.read_table(io.BytesIO(content))


def collected(collecting, **datasets):
    report = collecting(source(**datasets))
    assert report.errors == ()
    [delivery] = report.datasets[0].new
    return table(collecting, delivery)


PLANES = (
    "create table planes (tailnum text primary key, year integer, speed real)",
    "insert into planes values ('N2', 2004, 1.5), ('N1', null, 2)",
)


def test_a_table_lands_as_parquet_in_the_order_of_its_key(collecting, run):
    run(*PLANES)
    report = collecting(source(planes={"table": "planes"}))
    [delivery] = report["planes"].new
    assert delivery.name == "planes.parquet"
    assert delivery.objects[0].media_type == "application/vnd.apache.parquet"
    assert delivery.objects[0].origin == f"{URL} table planes"
    landed = table(collecting, delivery)
    assert landed.to_pylist() == [
        {"tailnum": "N1", "year": None, "speed": 2.0},
        {"tailnum": "N2", "year": 2004, "speed": 1.5},
    ]
    assert [str(t) for t in landed.schema.types] == ["string", "int64", "double"]


def test_rows_that_did_not_change_are_not_delivered_again(collecting, run):
    run(*PLANES)
    collecting(source(planes={"table": "planes"}))
    run(
        "delete from planes",
        "insert into planes values ('N1', null, 2), ('N2', 2004, 1.5)",
    )
    report = collecting(source(planes={"table": "planes"}))["planes"]
    assert (report.new, report.again, report.unchanged) == ((), (), 1)
    run("update planes set year = 2005 where tailnum = 'N2'")
    assert len(collecting(source(planes={"table": "planes"}))["planes"].new) == 1
    run("update planes set year = 2004 where tailnum = 'N2'")
    assert len(collecting(source(planes={"table": "planes"}))["planes"].again) == 1
    assert len(collecting.deliveries("planes")) == 2


@pytest.mark.parametrize("kind", ["text", "blob"])
def test_a_change_deep_inside_a_long_value_is_seen(collecting, run, kind):
    long = bytearray(b"a" * 100_000)
    for position in (0, 50_000, 99_999):
        long[position] = ord("b")
        value = long.decode() if kind == "text" else bytes(long)
        run("drop table if exists t", f"create table t (v {kind})")
        run(("insert into t values (?)", (value,)))
        assert len(collecting(source(t={"table": "t"}))["t"].new) == 1


def test_the_same_rows_make_the_same_bytes(collecting, run, tmp_path):
    rows = [(f"N{n}", n % 40, n / 7) for n in range(50_000)]
    run(PLANES[0], *(("insert into planes values (?, ?, ?)", row) for row in rows))
    first = collecting(source(planes={"table": "planes"}))["planes"].new[0]
    run(
        "delete from planes",
        *(("insert into planes values (?, ?, ?)", r) for r in rows[::-1]),
    )
    other = type(collecting)(collecting.project)
    other.landing = type(other.landing)(tmp_path / "other")
    second = other(source(planes={"table": "planes"}))["planes"].new[0]
    assert first.id == second.id
    file = pq.ParquetFile(collecting.landing.path(first.objects[0]))
    assert file.metadata.num_row_groups == 1
    assert file.metadata.num_rows == 50_000


def test_a_table_without_a_key_is_ordered_by_every_column(collecting, run):
    run(
        "create table t (a, b)",
        "insert into t values (2, 'x'), (1, 'y'), (1, 'x'), (1, 'x')",
    )
    landed = collected(collecting, t={"table": "t"}).to_pylist()
    assert [(r["a"], r["b"]) for r in landed] == [(1, "x"), (1, "x"), (1, "y"), (2, "x")]


def test_order_by_comes_first(collecting, run):
    run("create table t (a integer, b text)", "insert into t values (1, 'x'), (2, 'a')")
    landed = collected(collecting, t={"table": "t", "order_by": "b"})
    assert landed["b"].to_pylist() == ["a", "x"]
    [error] = collecting(source(t={"table": "t", "order_by": "bb"})).errors
    assert isinstance(error, MissingColumn)
    assert "`b`" in str(error)


def test_a_query_is_typed_by_its_values(collecting, run):
    run(*PLANES)
    query = (
        "select tailnum, year + 1 as next, speed, 'a:b' as c, 10 % 3 as m from planes;"
    )
    landed = collected(collecting, q={"query": query, "order_by": ["tailnum"]})
    assert landed.to_pylist()[1] == {
        "tailnum": "N2", "next": 2005, "speed": 1.5, "c": "a:b", "m": 1,
    }  # fmt: skip
    assert [str(t) for t in landed.schema.types][1:3] == ["int64", "double"]


def test_a_query_may_begin_with_with_and_span_lines(collecting, run):
    run(*PLANES)
    query = "with p as (select * from planes)\nselect count(*) as n\nfrom p\n"
    report = collecting(source(q={"query": query}))
    [delivery] = report["q"].new
    assert table(collecting, delivery).to_pylist() == [{"n": 2}]
    assert delivery.objects[0].origin.endswith(
        "query with p as (select * from planes) select count(*) as n from p"
    )


def test_an_empty_table_and_a_view_are_delivered(collecting, run):
    run("create table t (a integer, b text)", "create view v as select a from t")
    assert collected(collecting, t={"table": "t"}).num_rows == 0
    assert collected(collecting, v={"table": "v"}).column_names == ["a"]


def test_odd_names_are_quoted(collecting, run):
    run(
        'create table "my ""odd"" table" ("se lect" integer, "a%b" text, "c:d" text)',
        """insert into "my ""odd"" table" values (1, '%', ':x')""",
    )
    landed = collected(collecting, t={"table": 'my "odd" table'})
    assert landed.to_pylist() == [{"se lect": 1, "a%b": "%", "c:d": ":x"}]


DECLARED = """create table t (
    i integer, r double, t varchar(10), b boolean, d date, dt datetime, n decimal(10,2),
    x blob, u numeric, j json
)"""


def test_declared_types_are_kept_where_every_value_fits(collecting, run):
    values = (
        7, 1.5, "a", 1, "2013-01-31", "2013-01-31 05:06:07.5", 12.34, b"\x00\xff", 5,
        '{"a": 1}',
    )  # fmt: skip
    run(DECLARED, ("insert into t values (?,?,?,?,?,?,?,?,?,?)", values))
    landed = collected(collecting, t={"table": "t"})
    assert landed.to_pylist() == [
        {
            "i": 7,
            "r": 1.5,
            "t": "a",
            "b": True,
            "d": date(2013, 1, 31),
            "dt": datetime(2013, 1, 31, 5, 6, 7, 500_000),
            "n": Decimal("12.34"),
            "x": b"\x00\xff",
            "u": 5,
            "j": '{"a": 1}',
        }
    ]


@pytest.mark.parametrize(
    ("column", "value", "lands"),
    [
        ("i", "NA", "NA"),
        ("i", 2.5, "2.5"),
        ("r", "n/a", "n/a"),
        ("r", 2**53 + 1, str(float(2**53))),
        ("b", 2, "2"),
        ("d", "31.01.2013", "31.01.2013"),
        ("d", "2013-02-30", "2013-02-30"),
        ("d", 20130131, "20130131"),
        ("dt", "2013-01-31", "2013-01-31"),
        ("dt", "2013-01-31T05:00:00Z", "2013-01-31T05:00:00Z"),
        ("n", 1.234, "1.234"),
        ("n", "x", "x"),
        ("n", 10**9, "1000000000"),
        ("t", b"\x01\xff", "01ff"),
        ("x", "text", "text"),
    ],
)
def test_a_value_that_does_not_fit_makes_the_column_text(
    collecting, run, column, value, lands
):
    fits = {"i": 7, "r": 1.5, "b": 0, "d": "2013-01-31", "dt": "2013-01-31 00:00:00"}
    first = fits.get(column)
    run(DECLARED, (f"insert into t ({column}) values (?), (?)", (value, first)))
    landed = collected(collecting, t={"table": "t"})
    values = landed[column].to_pylist()
    if column == "r" and isinstance(value, int):
        assert float(2**53) in values  # SQLite has made it a double already
    else:
        assert lands in values
        assert landed.schema.field(column).type == pa.string()
    if first is not None and landed.schema.field(column).type == pa.string():
        assert str(first) in values


def test_text_that_is_no_utf8_keeps_its_bytes_as_escapes(collecting, run):
    run(
        "create table t (a text)",
        "insert into t values (cast(x'636166e9' as text)), ('ok')",
    )
    assert collected(collecting, t={"table": "t"})["a"].to_pylist() == ["caf\\xe9", "ok"]


def test_nothing_is_lost_however_mixed_a_column_is(collecting, run):
    run("create table t (a)", "insert into t values (1), (2.5), ('x'), (x'ff'), (null)")
    landed = collected(collecting, t={"table": "t"})["a"].to_pylist()
    assert sorted(landed, key=str) == sorted([None, "1", "2.5", "x", "ff"], key=str)


def test_a_database_that_is_not_there_is_an_error_and_is_not_made(collecting):
    report = collecting(source(a={"table": "a"}, b={"table": "b"}))
    assert [type(e) for e in report.errors] == [SourceUnavailable] * 2
    assert "there is no database at " in str(report.errors[0])
    assert not (collecting.project / "warehouse.db").exists()


def test_a_file_that_is_no_database(collecting):
    (collecting.project / "warehouse.db").write_text("id,name\n" * 1000)
    [error] = collecting(source(a={"table": "a"})).errors
    assert isinstance(error, SourceUnavailable)
    assert "file is not a database" in str(error)


def test_a_relative_path_starts_at_the_project(collecting, run, monkeypatch, tmp_path):
    run(*PLANES)
    monkeypatch.chdir(tmp_path)
    for url in ("sqlite:///warehouse.db", "sqlite:///../project/warehouse.db"):
        assert collecting(source(url, planes={"table": "planes"})).errors == ()


def test_an_unknown_table_is_named_and_the_others_are_collected(collecting, run):
    run(*PLANES)
    datasets = {
        "a": {"table": "plans"},
        "b": {"query": "selec 1"},
        "c": {"table": "planes"},
    }
    report = collecting(source(**datasets))
    [first], [second] = report["a"].errors, report["b"].errors
    assert isinstance(first, BadResponse)
    assert "there is no table `plans`" in str(first)
    assert "Did you mean `planes`?" in str(first)
    assert first.where == "dataset a"
    assert isinstance(second, BadResponse)
    assert "syntax error" in str(second)
    assert len(report["c"].new) == 1


@pytest.mark.parametrize(
    "query", ["drop table planes", "insert into planes values (1, 2, 3)"]
)
def test_a_query_cannot_write(collecting, run, query):
    run(*PLANES)
    assert collecting(source(q={"query": query})).errors
    assert collected(collecting, p={"table": "planes"}).num_rows == 2


def test_a_database_that_somebody_writes_can_be_tried_again(collecting, run, monkeypatch):
    run(*PLANES)
    real = sqlite3.connect
    monkeypatch.setattr(
        alchemy.sqlite3, "connect", lambda *a, **k: real(*a, **{**k, "timeout": 0.05})
    )
    with closing(
        real(collecting.project / "warehouse.db", isolation_level=None)
    ) as other:
        other.execute("begin exclusive")
        [error] = collecting(source(p={"table": "planes"})).errors
        other.execute("rollback")
    assert isinstance(error, SourceUnavailable)
    assert "locked" in str(error)


def test_every_dataset_is_of_one_moment(collecting, run):
    run("pragma journal_mode = wal", "create table a (n)", "create table b (n)")
    stop = threading.Event()

    def write():
        path = collecting.project / "warehouse.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for n in range(100_000):
                if stop.is_set():
                    return
                connection.execute("begin")
                connection.execute("insert into a values (?)", (n,))
                connection.execute("insert into b values (?)", (n,))
                connection.execute("commit")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            report = collecting(source(a={"table": "a"}, b={"table": "b"}))
            newest = [collecting.deliveries(name)[-1] for name in "ab"]
            one, two = (table(collecting, delivery) for delivery in newest)
            assert report.errors == ()
            assert one.equals(two)
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("not a url", "no SQLAlchemy URL"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("nosuch://x/y", "no driver for `nosuch`"),
    ],
)
def test_a_url_that_cannot_be_used_is_a_mistake(collecting, url, said):
    [error] = collecting(source(url, a={"table": "a"})).errors
    assert isinstance(error, DeclarationError)
    assert said in str(error)


def test_passwords_are_hidden_in_what_is_shown_and_said():
    address = Address.parse("postgresql://bob:s%40cret!!@host/db?sslpassword=hush&mode=x")
    assert address.shown == "postgresql://bob:***@host/db?mode=x&sslpassword=***"
    said = address.words("cannot use s@cret!!\nwith hush")
    assert said == "cannot use *** with ***"


AWARE = datetime(2013, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("declared", "values", "kind", "lands"),
    [
        (sa.DateTime(timezone=True), [AWARE], "timestamp[us, tz=UTC]", [AWARE]),
        (sa.DateTime(timezone=True), ["2013-01-01T01:00:00+01:00"], None, [AWARE]),
        (sa.DateTime(), [AWARE], "string", ["2013-01-01 00:00:00+00:00"]),
        (None, [AWARE], "string", ["2013-01-01 00:00:00+00:00"]),
        (None, [date(2013, 1, 1)], "date32[day]", None),
        (None, [Decimal("1E+2")], "string", ["100"]),
        (sa.Numeric(), [Decimal("1.50")], "string", ["1.50"]),
        (sa.Numeric(5, 1), [Decimal("1.5"), None], "decimal128(5, 1)", None),
        (sa.Numeric(50, 1), [1], "int64", None),
        (sa.BigInteger(), [2**63], "string", [str(2**63)]),
        (sa.Boolean(), [True, None], "bool", None),
        (
            sa.JSON(),
            [{"b": [1, "é"], "a": None}],
            "string",
            ['{"a": null, "b": [1, "é"]}'],
        ),
        (sa.LargeBinary(), [memoryview(b"a")], "binary", [b"a"]),
        (None, [None], "string", [None]),
        (None, [], "string", []),
        (None, [1, 2**60, 0.5], "string", ["1", str(2**60), "0.5"]),
    ],
)
def test_values_of_other_drivers(declared, values, kind, lands):
    column = landing_column(SourceColumn("c", declared), set(map(type, values)))
    try:
        array = column.array(values)
    except ValueError:
        array = column.textual().array(values)
    if kind is not None:
        assert str(array.type) == kind
    if kind != "string" or lands:
        assert array.to_pylist() == (values if lands is None else lands)


# -- only what is new -----------------------------------------------------------------------


def increments(**cursor):
    dataset = {"table": "events", "cursor": {"column": "at", **cursor}}
    return source(events=dataset)


def ids(collecting, report):
    return [
        row
        for d in report["events"].new
        for row in table(collecting, d)["id"].to_pylist()
    ]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", lambda n: n),
        ("datetime", lambda n: f"2024-01-01 00:{n:02}:00"),
        ("date", lambda n: f"2024-01-{n:02}"),
        ("text", lambda n: f"k{n:02}"),
    ],
    ids=["integer", "datetime", "date", "text"],
)
def test_only_new_rows_come_and_ties_are_not_lost(collecting, run, kind, value):
    run(f"create table events (id integer primary key, at {kind})")

    def add(key, n):
        run(("insert into events values (?, ?)", (key, value(n))))

    assert collecting(increments())["events"].unchanged == 1
    add(1, 1), add(2, 2), add(3, 2)
    assert ids(collecting, collecting(increments())) == [1, 2, 3]
    assert collecting.deliveries("events")[0].cursor == str(value(2))
    assert collecting(increments())["events"].unchanged == 1
    add(4, 3)
    report = collecting(increments())
    assert ids(collecting, report) == [4]
    assert (
        report["events"]
        .new[0]
        .objects[0]
        .origin.endswith(f"table events, at above {value(2)} to {value(3)}")
    )
    add(5, 3)
    assert ids(collecting, collecting(increments())) == [4, 5]


def test_an_overlap_of_times_that_are_text(collecting, run):
    run("create table events (id integer primary key, at text)")

    def add(key, at):
        run(("insert into events values (?, ?)", (key, at)))

    asked = increments(overlap="10m")
    add(1, "2024-03-01T00:05Z")
    assert ids(collecting, collecting(asked)) == [1]
    add(2, "2024-02-29T23:54Z"), add(3, "2024-02-29T23:56Z")
    assert ids(collecting, collecting(asked)) == [3, 1]
    assert collecting(asked)["events"].unchanged == 1


def test_values_of_several_kinds_cannot_be_gone_on_from(collecting, run):
    run("create table events (at)", "insert into events values (1), ('b')")
    [error] = collecting(increments()).errors
    assert "several kinds: integer, text" in str(error)


def test_a_part_is_no_snapshot():
    dataset = {"table": "t", "cursor": {"column": "a"}}
    with pytest.raises(ValueError, match="take it for the whole"):
        SqlSource.model_validate(
            {
                "collector": "sql",
                "url": URL,
                "datasets": {"t": dataset},
                "delivers": "snapshots",
            }
        )


def test_rows_are_read_again_only_where_a_type_was_wrong(collecting, run, monkeypatch):
    run("create table t (a, b integer)")
    rows = [(n, n) for n in range(60)] + [("x", 1), (2.5, "NA")]
    run(*(("insert into t values (?, ?)", row) for row in rows))
    monkeypatch.setattr(alchemy, "_BATCH_ROWS", 20)
    times = []
    read = alchemy.AlchemyDatabase.batches
    monkeypatch.setattr(
        alchemy.AlchemyDatabase,
        "batches",
        lambda *args: times.append(1) or read(*args),
    )
    found = collected(collecting, t={"table": "t"})
    assert [str(t) for t in found.schema.types] == ["string", "string"]
    assert sorted(found["a"].to_pylist()) == sorted(str(a) for a, _ in rows)
    assert len(times) == 2

"""What every engine does with relations, whichever engine it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlglot import parse_one
from tests.engines.relations import fetched, query, rows_of, same, scan_of

from backbone.engines.protocol import Scan
from backbone.errors import EngineError, ViewError
from backbone.model.schemas import Column, Schema
from backbone.model.types import DOUBLE, INTEGER, STRING, TIMESTAMP, CanonicalType
from backbone.sql.queries import Query

NUMBERS = Schema.of(i=INTEGER)


def test_an_empty_result_is_no_file_and_reads_as_no_rows(session, tmp_path):
    nothing = query("select 1 as i where false")
    written = session.write(nothing, {}, Schema.of(i=INTEGER), tmp_path)

    assert written.files == ()
    assert not list(tmp_path.rglob("*.parquet"))
    found = session.fetch(query("select count(*) as n from t"), {"t": written.scan()})
    assert found.to_pylist() == [{"n": 0}]


def test_staged_relations_last_as_long_as_the_session(session):
    one = session.stage(query("select 1 as a"), {})
    two = session.stage(query(f"select a + 1 as a from {one.name}"), {one.name: one})

    found = session.fetch(
        query(f"select a from {one.name} union all select a from {two.name}"),
        {one.name: one, two.name: two},
    )
    assert sorted(row["a"] for row in found.to_pylist()) == [1, 2]


def test_what_the_process_knows_is_a_relation_like_others(session):
    rows = pa.table({"a": [3, 1, None], "s": ["x", None, "é"]})
    held = session.hold(rows, Schema.of(a=INTEGER, s=STRING))
    none = session.hold(rows[:0], Schema.of(a=INTEGER, s=STRING))

    assert (held.rows, none.rows, held.schema) == (3, 0, none.schema)
    text = "select a, s from held union all select a, s from none order by a"
    found = session.fetch(query(text), {"held": held, "none": none})
    assert [row for row in found.to_pylist() if row["a"]] == rows.to_pylist()[1::-1]


def test_a_name_can_be_bound_again(session, tmp_path):
    first = session.write(
        query("select 1 as a"), {}, Schema.of(a=INTEGER), tmp_path / "1"
    )
    second = session.write(
        query("select 2 as a"), {}, Schema.of(a=INTEGER), tmp_path / "2"
    )

    for relation, expected in ((first, 1), (second, 2), (first, 1)):
        found = session.fetch(query("select a from t"), {"t": relation.scan()})
        assert found.to_pylist() == [{"a": expected}]


def test_an_older_file_without_a_new_column_reads_as_null(session, tmp_path):
    old = session.write(query("select 1 as a"), {}, Schema.of(a=INTEGER), tmp_path / "1")
    wider = Schema.of(a=INTEGER, b=STRING)
    new = session.write(query("select 2 as a, 'x' as b"), {}, wider, tmp_path / "2")
    both = Scan((*old.scan().files, *new.scan().files), wider)

    found = session.fetch(query("select * from t order by a"), {"t": both})
    assert found.to_pylist() == [{"a": 1, "b": None}, {"a": 2, "b": "x"}]


@pytest.mark.gap("sail", "a sum of 64-bit numbers wraps, ANSI mode is not known")
def test_a_whole_number_beyond_64_bits_fails_and_does_not_wrap(session, tmp_path):
    text = "select sum(i) as i from (select 9223372036854775807 as i union all select 1)"
    with pytest.raises(EngineError):
        session.write(query(text), {}, Schema.of(i=INTEGER), tmp_path)


def test_describe_gives_canonical_types_without_data(session):
    schema = Schema.of(a=INTEGER, x=DOUBLE, t=TIMESTAMP)
    text = "select sum(a) as s, avg(x) as m, max(t) as t, cast(a as decimal(9,2)) as d from t group by a"

    found = session.describe(query(text), {"t": schema})
    assert found == Schema(
        (
            Column("s", INTEGER),
            Column("m", DOUBLE),
            Column("t", TIMESTAMP),
            Column("d", CanonicalType.parse("decimal(9,2)")),
        )
    )


def test_describe_refuses_a_type_that_no_table_holds(session):
    with pytest.raises(ViewError, match="column `l` has the type"):
        session.describe(query("select [1, 2] as l"), {})


def test_names_of_any_spelling_are_quoted(session, tmp_path):
    odd = 'we"ird. name'
    schema = Schema((Column(odd, INTEGER),))
    written = session.write(
        Query.of(parse_one('select 7 as "we""ird. name"', dialect="duckdb")),
        {},
        schema,
        tmp_path,
    )

    found = session.fetch(query('select * from "a.b""c"'), {'a.b"c': written.scan()})
    assert found.to_pylist() == [{odd: 7}]
    assert written.files[0].statistics[odd].low == "7"


def test_texts_of_any_length_are_written_and_missing_ones_counted(session, tmp_path):
    schema = Schema.of(a=STRING)
    rows = [{"a": "x" * 100_000}, {"a": None}, {"a": "y" * 100_000}]
    given = scan_of(tmp_path / "0.parquet", rows, schema)
    written = session.write(query("select * from t"), {"t": given}, schema, tmp_path)
    assert sum(file.statistics["a"].nulls for file in written.files) == 1


def test_a_folder_with_a_quote_in_its_name_is_no_trouble(session, tmp_path):
    folder = tmp_path / "it's"
    written = session.write(query("select 1 as a"), {}, Schema.of(a=INTEGER), folder)

    found = session.fetch(query("select a from t"), {"t": written.scan()})
    assert found.to_pylist() == [{"a": 1}]
    assert pq.read_metadata(written.files[0].path).num_rows == 1


def test_results_stream_in_batches(session, tmp_path):
    numbers = scan_of(tmp_path / "n.parquet", ({"i": i} for i in range(50_000)), NUMBERS)

    reader = session.stream(
        query("select i + 1 as a from n"), {"n": numbers}, batch_rows=10_000
    )
    batches = list(reader)
    assert all(batch.num_rows <= 10_000 for batch in batches)
    assert sorted(i for b in batches for i in b["a"].to_pylist()) == list(
        range(1, 50_001)
    )


def test_sessions_do_not_see_each_other(engine):
    with engine.session() as one, engine.session() as two:
        staged = one.stage(query("select 1 as a"), {})
        with pytest.raises(EngineError):
            two.fetch(query(f"select * from {staged.name}"), {})


def test_relations_at_rest_and_kept_ones_are_joined(session, tmp_path):
    left = scan_of(
        tmp_path / "l.parquet",
        [{"k": 1, "v": "a"}, {"k": 2, "v": "b"}, {"k": None, "v": "c"}],
        Schema.of(k=INTEGER, v=STRING),
    )
    right = session.stage(query("select 2 as k, 0.5::double as x"), {})
    text = "select l.v, r.x from l left join r on l.k = r.k"

    same(
        fetched(session, text, l=left, r=right),
        [{"v": "a", "x": None}, {"v": "b", "x": 0.5}, {"v": "c", "x": None}],
    )


def test_a_staged_relation_tells_its_rows_and_its_types(session):
    text = "select cast(1 as bigint) as i, 'x' as s, 0.5::double as x"
    staged = session.stage(query(f"{text} union all {text}"), {})

    assert staged.rows == 2
    assert staged.schema == Schema.of(i=INTEGER, s=STRING, x=DOUBLE)
    nothing = session.stage(query("select 1 as i where false"), {})
    assert nothing.rows == 0
    assert fetched(session, "select * from t", t=nothing) == []


def test_what_is_fetched_is_bounded(session, tmp_path):
    numbers = scan_of(tmp_path / "n.parquet", ({"i": i} for i in range(100)), NUMBERS)

    found = session.fetch(query("select i from n"), {"n": numbers}, max_rows=7)
    assert found.num_rows == 7
    ordered = query("select i from n order by i desc")
    assert session.fetch(ordered, {"n": numbers}, max_rows=2).to_pylist() == [
        {"i": 99},
        {"i": 98},
    ]


def test_an_empty_relation_has_its_columns(session):
    schema = Schema.of(i=INTEGER, s=STRING, t=TIMESTAMP)
    nothing = Scan((), schema)

    found = session.fetch(query("select * from t"), {"t": nothing})
    assert found.num_rows == 0
    assert tuple(found.column_names) == schema.names
    text = "select count(*) as n, max(i) as i, min(s) as s from t"
    assert fetched(session, text, t=nothing) == [{"n": 0, "i": None, "s": None}]


def test_a_step_may_be_called_like_a_relation_of_another_query(session, tmp_path):
    one = scan_of(tmp_path / "1.parquet", [{"i": 1}], NUMBERS)
    first = query("select i + 1 as i from t")
    then = Query((("u", first.steps[0][1]),)).then(
        "v", parse_one("select i * 10 as i from u", dialect="duckdb")
    )

    assert session.fetch(then, {"t": one}).to_pylist() == [{"i": 20}]
    again = Query.of(parse_one("select i from t", dialect="duckdb"), "u")
    assert session.fetch(again, {"t": one}).to_pylist() == [{"i": 1}]
    assert fetched(session, "select i from u", u=one) == [{"i": 1}]


def test_a_query_with_steps_of_its_own_keeps_them(session, tmp_path):
    one = scan_of(tmp_path / "1.parquet", [{"i": 1}, {"i": 2}], NUMBERS)
    before = Query.of(parse_one("select i from t where i > 1", dialect="duckdb"), "big")
    inner = (
        "with a as (select i from big), b as (select i + 1 as i from a) select * from b"
    )

    found = session.fetch(before.then("c", parse_one(inner)), {"t": one})
    assert found.to_pylist() == [{"i": 3}]


def test_relations_may_have_any_name(session, tmp_path):
    one = scan_of(tmp_path / "1.parquet", [{"i": 1}], NUMBERS)
    for name in ("select", "trusted.flights", "it's", "Ünï çode", "a`b", "UPPER", "1st"):
        quoted_name = '"' + name.replace('"', '""') + '"'
        assert fetched(session, f"select i from {quoted_name}", **{name: one}) == [
            {"i": 1}
        ]


NAMES = (
    "a b",
    'qu"ote',
    "back`tick",
    "dot.ted",
    "select",
    "Ünï",
    "x;y",
    "comma,",
    "{c}",
    "p(q)",
    "1st",
    "from",
)


def test_columns_may_have_any_name(session, tmp_path):
    schema = Schema(tuple(Column(name, INTEGER) for name in NAMES))
    row = {name: number for number, name in enumerate(NAMES)}
    given = scan_of(tmp_path / "in.parquet", [row], schema)

    everything = query("select * from t")
    staged = session.stage(everything, {"t": given})
    assert staged.schema == schema
    written = session.write(everything, {"t": staged}, schema, tmp_path / "out")
    assert rows_of(written) == [row]
    found = fetched(session, "select * from t", t=written)
    assert found == [row]
    assert set(written.files[0].statistics) == set(NAMES)


def test_columns_are_put_in_the_order_of_the_schema_and_cast(session, tmp_path):
    schema = Schema.of(b=STRING, a=INTEGER, x=DOUBLE)
    text = "select 1 as x, cast('2' as smallint) as a, cast(3 as integer) as b"
    written = session.write(query(text), {}, schema, tmp_path)

    [file] = written.files
    table = pq.read_table(file.path)
    assert table.column_names == ["b", "a", "x"]
    assert [str(t) for t in table.schema.types] == ["string", "int64", "double"]
    assert table.to_pylist() == [{"b": "3", "a": 2, "x": 1.0}]


def test_two_outputs_go_into_one_folder_under_their_names(session, tmp_path):
    one = session.write(query("select 1 as i"), {}, NUMBERS, tmp_path, name="one")
    two = session.write(query("select 2 as i"), {}, NUMBERS, tmp_path, name="two")

    assert rows_of(one) == [{"i": 1}]
    assert rows_of(two) == [{"i": 2}]
    assert not {f.path for f in one.files} & {f.path for f in two.files}
    leftover = [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix != ".parquet"]
    assert leftover == [], "nothing lies in a table's folder but its files"


def test_nulls_and_nan_have_their_places_in_an_order(session, tmp_path):
    nan, inf = float("nan"), float("inf")
    rows = [{"i": n, "x": x} for n, x in enumerate([nan, None, inf, -1.0, -inf, 0.5])]
    t = scan_of(tmp_path / "t.parquet", rows, Schema.of(i=INTEGER, x=DOUBLE))

    orders = {
        "x nulls last": [4, 3, 5, 2, 0, 1],
        "x nulls first": [1, 4, 3, 5, 2, 0],
        "x desc nulls last": [0, 2, 5, 3, 4, 1],
        "x": [4, 3, 5, 2, 0, 1],
        "x desc": [0, 2, 5, 3, 4, 1],
    }
    for order in ("x", "x desc"):
        found = fetched(session, f"select i from t order by {order}", t=t)
        assert [row["i"] for row in found] == orders[order], order
    places = [
        f"row_number() over (order by {order}) as p{n}" for n, order in enumerate(orders)
    ]
    found = fetched(session, f"select i, {', '.join(places)} from t", t=t)
    for number, (order, expected) in enumerate(orders.items()):
        placed = sorted(found, key=lambda row: row[f"p{number}"])
        assert [row["i"] for row in placed] == expected, f"over (order by {order})"


def test_nan_is_the_greatest_value_and_equals_itself(session, tmp_path):
    nan = float("nan")
    rows = [{"x": nan}, {"x": nan}, {"x": -0.0}, {"x": 0.0}, {"x": float("inf")}]
    t = scan_of(tmp_path / "t.parquet", rows, Schema.of(x=DOUBLE))

    text = (
        "select count(distinct x) as n, max(x) as top, min(x) + 0.0::double as low from t"
    )
    same(fetched(session, text, t=t), [{"n": 3, "top": nan, "low": 0.0}])
    text = """
    select 'joined' as what, count(*) as n from t a join t b on a.x = b.x
    union all select 'beyond', count(*) from t where x > cast('inf' as double)
    union all select 'groups', count(*) from (select x, count(*) as m from t group by x) g
    """
    found = {row["what"]: row["n"] for row in fetched(session, text, t=t)}
    assert found == {"joined": 4 + 4 + 1, "beyond": 2, "groups": 3}


def test_sessions_work_at_once_in_threads(engine, tmp_path):
    def work(number):
        with engine.session() as session:
            staged = session.stage(query(f"select {number} as i"), {})
            folder = tmp_path / str(number)
            text = "select i + 1 as i from t"
            written = session.write(query(text), {"t": staged}, NUMBERS, folder)
            return fetched(session, "select i from t", t=written)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(work, range(4)))
    assert found == [[{"i": n + 1}] for n in range(4)]


def test_the_engine_lends_what_libraries_know(engine):
    lent = engine.native()
    assert lent is not None
    if engine.capabilities.name == "spark":
        assert lent.range(3).count() == 3
    else:
        assert lent.sql("select 3").fetchone() == (3,)

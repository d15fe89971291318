"""The as-of join and the rise of counters against slow references of their definition."""

import random

import pyarrow as pa
import pytest

from backbone.engines.duckdb import DuckDBEngine
from backbone.errors import ViewError
from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.model.types import DOUBLE, INTEGER, STRING
from backbone.sql.compilation import compile_view
from backbone.sql.views import parse_view

LEFT, RIGHT = AssetName("trusted", "l"), AssetName("trusted", "r")
SCHEMAS = {
    LEFT: Schema.of(k=INTEGER, t=DOUBLE, v=INTEGER),
    RIGHT: Schema.of(k=INTEGER, t=DOUBLE, a=INTEGER, b=STRING),
}
SIGNS = {
    ">=": (lambda asked, found: asked >= found, max),
    ">": (lambda asked, found: asked > found, max),
    "<=": (lambda asked, found: asked <= found, min),
    "<": (lambda asked, found: asked < found, min),
}


@pytest.fixture(scope="module")
def connection():
    engine = DuckDBEngine(threads=2)
    con = engine.native()
    yield con
    con.close()
    engine.close()


def rows(seed):
    chance = random.Random(seed)
    times = [None, *map(float, range(8))]

    def one(*more):
        return chance.choice([None, 1, 2, 3]), chance.choice(times), *more

    left = [one(i) for i in range(40)]
    right = [
        one(chance.choice([None, 1, 2]), chance.choice([None, "x", "y"]))
        for _ in range(30)
    ]
    return left, right


def run(connection, sql, left, right):
    for name, given in (("trusted.l", left), ("trusted.r", right)):
        names = SCHEMAS[AssetName.parse(name)].names
        kinds = [pa.int64(), pa.float64(), pa.int64(), pa.string()]
        columns = [list(each) for each in zip(*given, strict=True)]
        arrays = [pa.array(c, k) for c, k in zip(columns, kinds, strict=False)]
        connection.register("given", pa.table(arrays, names=list(names)))
        connection.execute(f'create or replace temp table "{name}" as from given')
    view = compile_view(parse_view(sql, name="v", file="v.sql"), SCHEMAS)
    return connection.execute(view.query.sql()).fetchall()


def rank(row):
    """Nulls come last, as they do in an order."""
    return [(value is None, value if value is not None else 0) for value in row]


def reference(left, right, sign, *, outer):
    compare, best = SIGNS[sign]
    made = []
    for k, t, v in left:
        found = [
            r
            for r in right
            if None not in {k, t, r[0], r[1]} and r[0] == k and compare(t, r[1])
        ]
        if found:
            time = best(r[1] for r in found)
            last = max((r for r in found if r[1] == time), key=lambda r: rank(r[2:]))
            made.append((v, last[1], last[2], last[3]))
        elif outer:
            made.append((v, None, None, None))
    return sorted(made, key=rank)


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("outer", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_an_asof_join_is_what_its_definition_says(connection, sign, outer, seed):
    left, right = rows(seed)
    sql = f"""select l.v, r.t as at, r.a, r.b from trusted.l
              asof {"left " if outer else ""}join trusted.r on l.k = r.k and l.t {sign} r.t"""
    found = sorted(run(connection, sql, left, right), key=rank)
    assert found == reference(left, right, sign, outer=outer)


def test_the_times_may_stand_on_either_side_and_other_joins_before_and_behind(connection):
    left, right = rows(1)
    sql = """with x as (select * from trusted.l where v < 30)
             select x.v, y.a, z.n from x join (select 1 as one) o on o.one = 1
             asof join trusted.r y on y.t <= x.t + 1 and y.k = x.k
             left join (select k, count(*) as n from trusted.r group by k) z on z.k = y.k
             where x.v >= 10"""
    shifted = [(k, None if t is None else t + 1, v) for k, t, v in left if 10 <= v < 30]
    counts = {k: sum(r[0] == k for r in right) for k in (1, 2, 3)}
    keys = {v: k for k, _, v in left}
    expected = [
        (v, a, counts[keys[v]])
        for v, _, a, _ in reference(
            shifted, [(*r[:3], None) for r in right], ">=", outer=False
        )
    ]
    assert sorted(run(connection, sql, left, right), key=rank) == expected


def test_without_a_key(connection):
    left, right = rows(2)
    sql = (
        "select l.v, r.t as at, r.a, r.b from trusted.l asof join trusted.r on l.t >= r.t"
    )
    alone = [(1, t, v) for _, t, v in left]
    found = sorted(run(connection, sql, left, right), key=rank)
    assert found == reference(alone, [(1, *r[1:]) for r in right], ">=", outer=False)


@pytest.mark.parametrize(
    "condition",
    [
        "l.k = r.k",
        "l.t >= r.t and l.v > r.a",
        "l.t >= r.t and l.k <> r.k",
        "l.t + r.t > 1",
    ],
)
def test_other_conditions_are_refused(connection, condition):
    sql = f"select l.v, r.a from trusted.l asof join trusted.r on {condition}"
    with pytest.raises(ViewError, match="asof join u on"):
        run(connection, sql, *rows(0))


def risen(values):
    last, made = None, []
    for value in values:
        rise = None
        if value is not None and last is not None:
            rise = value if value < last else value - last
        made.append(rise)
        last = value if value is not None else last
    return made


@pytest.mark.parametrize("seed", range(4))
def test_the_rise_of_a_counter(connection, seed):
    chance = random.Random(seed)
    left = [
        (k, chance.choice([None, *(round(chance.random() * 9, 2) for _ in range(5))]), i)
        for i, k in enumerate(chance.choices([1, 2], k=40))
    ]
    sql = """select v, counter_increase(t) over (partition by k order by v) as named,
             counter_increase(t) over w from trusted.l window w as (partition by k order by v)"""
    found = {v: (a, b) for v, a, b in run(connection, sql, left, [(1, 1.0, 1, "x")])}
    for k in (1, 2):
        mine = [row for row in left if row[0] == k]
        for (_, _, v), rise in zip(mine, risen([t for _, t, _ in mine]), strict=True):
            assert found[v] == (rise, rise)

"""Parsing views, their inputs and their order."""

import pytest

from backbone.errors import ViewError
from backbone.model.names import AssetName
from backbone.sql.views import order_views, parse_view


@pytest.mark.parametrize(
    ("sql", "inputs"),
    [
        ("select 1 as one", []),
        ("select a from trusted.t", ["trusted.t"]),
        ("from trusted.t", ["trusted.t"]),
        ("select a from Trusted.T as x, TRUSTED.t as y", ["trusted.t"]),
        ("with t as (select a from formatted.z) select a from t join trusted.b using (a)",
         ["formatted.z", "trusted.b"]),
        ("select a from trusted.b where a in (select a from trusted.a)", ["trusted.b", "trusted.a"]),
        ("select (select max(a) from trusted.z) as m from trusted.a", ["trusted.z", "trusted.a"]),
        ("select a from trusted.z union all select a from trusted.a", ["trusted.z", "trusted.a"]),
        ("select a from trusted.flights__repairs", ["trusted.flights__repairs"]),
        ("select a from analysis.late__predictions", ["analysis.late__predictions"]),
        ("with trusted as (select 1 as a) select a from trusted", []),
    ],
)  # fmt: skip
def test_inputs_are_told_once_in_order_of_appearance(parsed, sql, inputs):
    assert [str(asset) for asset in parsed(sql).inputs] == inputs


def test_a_view_makes_a_table_of_the_exploitation_zone(parsed):
    assert parsed("select 1 as a", name="daily").asset == AssetName(
        "exploitation", "daily"
    )


def test_an_outer_order_and_limit_are_kept(parsed):
    with pytest.raises(ViewError, match="SUBQUERY"):
        parsed("(select a from trusted.t order by a) limit 3")


def test_a_mistake_is_told_with_its_line():
    sql = "select a,\n       b\nfrom trusted.t\nwhere where a = 1"
    with pytest.raises(ViewError) as error:
        parse_view(sql, name="v", file="exploitation/v.sql")
    assert error.value.where == "exploitation/v.sql:4"


def test_a_quote_is_found_where_it_was_opened():
    sql = "select a -- it's fine\nfrom trusted.t\nwhere k = 'x\n  and a = 1\n"
    with pytest.raises(ViewError, match="never closed") as error:
        parse_view(sql, name="v", file="v.sql")
    assert error.value.where == "v.sql:3"


def views(**reads):
    return [
        parse_view(f"select a from {', '.join(inputs)}", name=name, file=f"{name}.sql")
        for name, inputs in reads.items()
    ]


def test_views_come_after_what_they_read():
    given = views(
        a=["exploitation.c", "trusted.t"], b=["trusted.t"], c=["exploitation.d__side"],
        d=["trusted.u"],
    )  # fmt: skip
    assert [v.name for v in order_views(given)] == ["d", "c", "a", "b"]
    assert [v.name for v in order_views(reversed(given))] == ["d", "c", "a", "b"]


def test_a_circle_is_told_with_its_files():
    given = views(
        x=["exploitation.a"],
        a=["exploitation.b"],
        b=["exploitation.c"],
        c=["exploitation.a"],
    )
    with pytest.raises(ViewError) as error:
        order_views(given)
    assert "a → b → c → a" in error.value.what
    assert error.value.where == "a.sql, b.sql, c.sql"


def test_a_view_that_reads_itself_is_a_circle():
    with pytest.raises(ViewError, match="a → a"):
        order_views(views(a=["exploitation.a"]))

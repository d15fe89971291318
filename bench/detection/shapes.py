"""The rules that are looked for, a shape each, and tables in which they hold or do not.

A table has some columns for each shape, by which its rule holds; a share of the rows, at
random places, is then changed so that they break it. What is random is a hash of the
row's number, so the same table is made everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["KEYS", "SHAPES", "Shape", "table_sql"]

KEYS = 10_000
"""How many rows the table has that the reference looks into."""


@dataclass(frozen=True)
class Shape:
    """A rule, and the same for its peers.

    `columns` makes the columns of the table: SQL over ``i`` (the row's number), ``n``
    (how many there are) and ``bad`` (whether the row is to break the rule). `sql` counts
    the rows that break the rule, or take part in that, as one would ask without Backbone;
    `verified` is the text that Desbordante reads, if it can express the rule.
    """

    name: str
    deny: str
    columns: Mapping[str, str]
    sql: str
    verified: str | None = None
    sequence: Mapping[str, str] = field(default_factory=dict)


def _pair(condition: str) -> str:
    """A self-join; ``exists`` with a ``<>`` of the row numbers is wrong in DuckDB 1.5."""
    pairs = f"select t1._row as a, t2._row as b from t t1 join t t2 on {condition}"
    rows = "select a from pairs where a <> b union select b from pairs where a <> b"
    return f"with pairs as ({pairs}) select count(*) from ({rows})"


def _two(name: str, deny: str, verified: str, columns: Mapping[str, str]) -> Shape:
    return Shape(name, deny, columns, _pair(deny), verified)


SHAPES: Mapping[str, Shape] = {
    shape.name: shape
    for shape in (
        Shape(
            "one row",
            "low > high",
            {"low": "i % 1000", "high": "case when bad then -1 else i % 1000 + 1 end"},
            "select count(*) from t where low > high",
            "!(s.low > s.high)",
        ),
        _two(
            "functional",
            "t1.zip = t2.zip and t1.city <> t2.city",
            "!(s.zip == t.zip and s.city != t.city)",
            {
                "zip": "i % (n // 100)",
                "city": "case when bad then -i else (i % (n // 100)) * 7 end",
            },
        ),
        _two(
            "one order",
            "t1.tank = t2.tank and t1.level > t2.room",
            "!(s.tank == t.tank and s.level > t.room)",
            {
                "tank": "i % (n // 100)",
                "level": "i % 100",
                "room": "case when bad then -1 else 100 + i % 7 end",
            },
        ),
        _two(
            "two orders",
            "t1.state = t2.state and t1.salary > t2.salary and t1.tax < t2.tax",
            "!(s.state == t.state and s.salary > t.salary and s.tax < t.tax)",
            {
                "state": "i % 50",
                "salary": "hash(i) % 1000000000",
                "tax": "hash(i) % 1000000000 // 5 + if(bad, 30000000000 // n, 0)",
            },
        ),
        _two(
            "three orders",
            "t1.year < t2.year and t1.price > t2.price and t1.size < t2.size",
            "!(s.year < t.year and s.price > t.price and s.size < t.size)",
            {
                "year": "hash(i) % 1000000000",
                "price": "hash(i) % 1000000000 - if(bad, 3000000000 // n, 0)",
                "size": "hash(i + n) % 1000000000",
            },
        ),
        Shape(
            "sequence",
            "total < previous.total",
            {
                "device": "i % 1000",
                "moment": "i // 1000",
                "total": "i // 1000 * 10 - case when bad then 25 else 0 end",
            },
            "with beside as (select _row, total, lag(total) over w as before, "
            "lag(_row) over w as other from t "
            "window w as (partition by device order by moment, _row)) "
            "select count(*) from (select _row from beside where total < before "
            "union select other from beside where total < before)",
            sequence={"per": "device", "by": "moment"},
        ),
        Shape(
            "cross-table",
            "not exists formatted.places.code = code",
            {"code": f"case when bad then -i else i % {KEYS} end"},
            "select count(*) from t anti join places on t.code = places.code",
        ),
    )
}


def table_sql(shape: Shape, rows: int, share: float) -> str:
    """Return the query that makes the table of `shape`; `share` of its rows are bad."""
    columns = ", ".join(
        f"cast({sql} as bigint) as {n}" for n, sql in shape.columns.items()
    )
    bad = f"hash(i * 31 + 7) % 1000000 < {round(share * 1_000_000)}"
    numbered = f"select range + 1 as i, {rows} as n from range({rows})"
    return (
        f"select i as _row, {columns} from (select *, {bad} as bad from ({numbered})) "
        "order by hash(i)"
    )

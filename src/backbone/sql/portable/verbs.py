"""The portable subset: verbs of Backbone's own."""

from __future__ import annotations

from sqlglot import exp

from backbone.sql.portable.checks import arity
from backbone.sql.portable.rows import Refusal, Row, row

__all__ = ["VERB_ROWS"]

_ASOF = (
    "select p.k, p.at, q.s from (values (1, 4), (1, 9), (2, 4)) p(k, at) "
    "asof left join (values (1, 2, 'a'), (1, 4, 'b'), (1, 7, 'c')) q(k, at, s) "
    "on p.k = q.k and p.at >= q.at"
)


def _increase(node: exp.Expr) -> Refusal | None:
    window = node.parent
    if not isinstance(window, exp.Window) or window.args.get("spec"):
        instead = "Write `counter_increase(x) over (partition by k order by t)`."
        return Refusal("follows all rows in their order", instead)
    return None


VERB_ROWS: tuple[Row, ...] = (
    row(
        "to_utc(local, zone)",
        "to_utc",
        "timestamp",
        (
            "to_utc(timestamp '2013-07-01 02:00:00', 'Europe/Belgrade')",
            "2013-07-01 00:00:00Z",
        ),
        (
            "to_utc(timestamp '2013-11-03 01:30:00', 'America/New_York')",
            "2013-11-03 05:30:00Z",
        ),
        (
            "to_utc(timestamp '2013-03-10 02:30:00', 'America/New_York')",
            "2013-03-10 07:30:00Z",
        ),
        note="the instant at which clocks in a zone show a time; of two the first; a skipped time is moved forward",
        check=arity(2, 2, "to_utc(<time>, 'Europe/Belgrade')"),
    ),
    row(
        "to_local(instant, zone)",
        "to_local",
        "datetime",
        (
            "to_local(timestamptz '2013-07-01 00:00:00Z', 'Europe/Belgrade')",
            "2013-07-01 02:00:00",
        ),
        note="what clocks in a zone show at an instant",
        check=arity(2, 2, "to_local(<time>, 'Europe/Belgrade')"),
    ),
    row(
        "local_day(instant, zone)",
        "local_day",
        "date",
        (
            "local_day(timestamptz '2013-06-30 23:00:00Z', 'Europe/Belgrade')",
            "2013-07-01",
        ),
        note="the date that clocks in a zone show",
        check=arity(2, 2, "local_day(<time>, 'Europe/Belgrade')"),
    ),
    row(
        "local_hour(instant, zone)",
        "local_hour",
        "integer",
        ("local_hour(timestamptz '2013-06-30 23:30:00Z', 'Europe/Belgrade')", "1"),
        note="the hour that clocks in a zone show",
        check=arity(2, 2, "local_hour(<time>, 'Europe/Belgrade')"),
    ),
    row(
        "counter_increase(x) over (partition by … order by …)",
        "counter_increase",
        "as x",
        (
            "select i, counter_increase(x) over (order by i) as rise from (values (1, 10), (2, 15), (3, null), (4, 3), (5, 4)) m(i, x)",
            "1, null | 2, 5 | 3, null | 4, 3 | 5, 1",
        ),
        note="the rise of a counter since its last value; one that fell was set to zero, "
        "and rose by what it shows",
        check=_increase,
    ),
    row(
        "asof [left] join … on … and t.at >= u.at",
        (),
        "",
        (_ASOF, "1, 4, 'b' | 1, 9, 'c' | 2, 4, null"),
        (_ASOF.replace(">=", ">"), "1, 4, 'a' | 1, 9, 'c' | 2, 4, null"),
        (_ASOF.replace("left ", "").replace(">=", "<="), "1, 4, 'b'"),
        note="the row of `u` with the latest time that is not after; of several equal ones "
        "the greatest by the columns that are read; also `>`, and `<=`, `<` for the next",
    ),
)

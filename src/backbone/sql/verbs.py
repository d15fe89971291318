"""The portable verbs: functions of our own that a view may call.

A verb is an operation (`backbone.sql.operations`) that people write by its name, or is
written out in what every engine knows:

``local_day(instant, zone)``, ``local_hour(instant, zone)``
    The date, and the hour from 0 to 23, that clocks in a zone show at an instant.
``counter_increase(value) over (partition by … order by …)``
    How much a counter rose since its last value before this row; one that fell was set
    to zero in between, and rose by what it shows. Null in the first row and where the
    value is null; nulls in between are passed over.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from backbone.errors import ViewError

__all__ = ["VERBS", "with_verbs"]

Failure = Callable[[exp.Expr, str, str], ViewError]

_ZONED = "a time and a zone"
VERBS: dict[str, tuple[int, str, str]] = {
    "counter_increase": (
        1, "a value", "counter_increase(energy) over (partition by device order by at)",
    ),
    "local_day": (2, _ZONED, "local_day(<time>, 'Europe/Belgrade')"),
    "local_hour": (2, _ZONED, "local_hour(<time>, 'Europe/Belgrade')"),
    "to_local": (2, _ZONED, "to_local(<time>, 'Europe/Belgrade')"),
    "to_utc": (2, _ZONED, "to_utc(<time>, 'Europe/Belgrade')"),
}  # fmt: skip
"""How many arguments each verb takes, what they are in words, and an example."""

_LOGARITHMS = {"10": "log10", "2": "log2"}


def with_verbs(tree: exp.Query, failure: Failure) -> exp.Query:
    """Return a copy of `tree` in which verbs are operations, or written out.

    A column that is a verb and has no name has the verb's.

    Raises
    ------
    ViewError : a verb has not the arguments it takes
    """
    tree = tree.copy()
    for call in reversed(list(tree.find_all(exp.Anonymous))):
        name = call.name.lower()
        if name in VERBS:
            _write(call, name, failure)
    for within in list(tree.find_all(exp.WithinGroup)):
        within.replace(_quantile(within, failure))
    for logarithm in list(tree.find_all(exp.Log)):
        logarithm.replace(_logarithm(logarithm))
    return tree


def _write(call: exp.Anonymous, name: str, failure: Failure) -> None:
    count, takes, example = VERBS[name]
    if len(call.expressions) != count:
        raise failure(call, f"takes {takes}", f"Write `{example}`.")
    outer: exp.Expr = call
    made: exp.Expr = exp.Anonymous(this=name, expressions=call.expressions)
    if name == "counter_increase":
        if not isinstance(call.parent, exp.Window):
            raise failure(call, "follows rows in an order", f"Write `{example}`.")
        outer, made = call.parent, _increase(call.expressions[0], call.parent)
    elif name != "to_utc":
        made = _local(name, *call.expressions)
    if isinstance(outer.parent, exp.Select) and outer.arg_key == "expressions":
        made = exp.alias_(made, name, copy=False)
    outer.replace(made)


def _local(name: str, time: exp.Expr, zone: exp.Expr) -> exp.Expr:
    wall = exp.Anonymous(this="to_local", expressions=[time.copy(), zone.copy()])
    if name == "local_day":
        return exp.cast(wall, "date")
    return exp.Hour(this=wall) if name == "local_hour" else wall


def _increase(value: exp.Expr, window: exp.Window) -> exp.Expr:
    """Return the rise of a counter over its last value before a row."""
    before = window.copy()
    before.this.replace(exp.IgnoreNulls(this=exp.LastValue(this=value.copy())))
    before.set(
        "spec",
        exp.WindowSpec(
            kind="ROWS",
            start="UNBOUNDED",
            start_side="PRECEDING",
            end=exp.Literal.number(1),
            end_side="PRECEDING",
        ),
    )
    fell = exp.LT(this=value.copy(), expression=before)
    risen = exp.Sub(this=value.copy(), expression=before.copy())
    return exp.paren(
        exp.case()
        .when(exp.Is(this=before.copy(), expression=exp.null()), exp.null())
        .when(fell, value.copy())
        .else_(risen),
        copy=False,
    )


def _quantile(within: exp.WithinGroup, failure: Failure) -> exp.Expr:
    """Return ``percentile_cont(q) within group (order by x)`` as a function of both."""
    (key,) = within.expression.expressions
    if key.args.get("desc"):
        raise failure(
            within, "counts from the greatest", "Write 1 - q, in ascending order."
        )
    disc = isinstance(within.this, exp.PercentileDisc)
    made = exp.PercentileDisc if disc else exp.PercentileCont
    return made(this=key.this.copy(), expression=within.this.this.copy())


def _logarithm(call: exp.Log) -> exp.Expr:
    """Return a logarithm by its own name: ``log(10, x)`` is another number."""
    base, value = call.this, call.args.get("expression")
    if value is None:
        return exp.Anonymous(this="log10", expressions=[base.copy()])
    name = _LOGARITHMS.get(base.name) if isinstance(base, exp.Literal) else None
    return exp.Anonymous(this=name, expressions=[value.copy()]) if name else call.copy()

"""Columns computed by SQL from the other columns of their table, cast exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from backbone.engines.raw.expressions import (
    call,
    case,
    cast,
    equal,
    quote,
    text,
    try_cast,
)
from backbone.engines.raw.grammar import NAMES
from backbone.engines.raw.plans import Plan, from_text, from_wall
from backbone.errors import nearest
from backbone.model.raw import RawColumn
from backbone.sql.portable import refusal_of
from backbone.sql.queries import column as named_column

__all__ = ["computed_plan", "expression_of", "sql_mistake"]

_INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"})
_NUMBERS = _INTEGERS | {f"U{name}" for name in _INTEGERS} | {"FLOAT", "DOUBLE", "DECIMAL"}
_CLOCKS = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE"})
_INSTANT = "TIMESTAMP WITH TIME ZONE"
_EXACT: dict[str, frozenset[str]] = {
    "boolean": frozenset({"BOOLEAN"}),
    "integer": _NUMBERS,
    "double": _NUMBERS,
    "decimal": _NUMBERS,
    "string": frozenset({"BOOLEAN", "DATE"}) | (_NUMBERS - {"FLOAT", "DOUBLE"}),
    "date": _CLOCKS,
    "datetime": _CLOCKS,
    "timestamp": frozenset({_INSTANT}),
}
_LOCAL = "the time is local; declare `timezone`, or write timezone('UTC', ...)"
_ZONED = "the time is an instant; write timezone('Europe/Paris', ...) to say whose clock"
_SPELL = "say how it is written: cast(... as varchar), or strftime(...)"
_HINTS = {
    ("timestamp", "TIMESTAMP"): _LOCAL,
    ("timestamp", "DATE"): _LOCAL,
    ("date", _INSTANT): _ZONED,
    ("datetime", _INSTANT): _ZONED,
    ("string", "DOUBLE"): _SPELL,
    ("string", "TIMESTAMP"): _SPELL,
    ("string", _INSTANT): _SPELL,
}


def expression_of(column: RawColumn) -> exp.Expr:
    """Return the SQL of a computed column as an expression."""
    return sqlglot.parse_one(column.sql or "", dialect="duckdb")


def sql_mistake(column: RawColumn, known: Sequence[str]) -> str | None:
    """Say why the SQL of a column cannot be used over the columns `known`."""
    try:
        made = expression_of(column)
    except SqlglotError as error:
        return f"`sql` does not parse: {str(error).splitlines()[0]}"
    if isinstance(made, exp.Query | exp.Command | exp.DDL) or made.find(exp.Query):
        return "`sql` is one expression, without select"
    if made.find(exp.AggFunc, exp.Window, exp.Star):
        return "`sql` reads one row: no aggregate, no window, no *"
    for node in made.walk():
        refusal = refusal_of(node)
        if refusal is not None:
            shown = node.sql(dialect="duckdb")
            return f"`sql` has `{shown}`, which {refusal.why}. {refusal.instead}"
    names = {name.lower() for name in known}
    for reference in made.find_all(exp.Column):
        if reference.table or reference.name.lower() not in names:
            shown = ".".join(part.name for part in reference.parts)
            hint = nearest(shown, known) or ""
            return f"`sql` reads `{shown}`, which is no column before it. {hint}".rstrip()
    return None


def computed_plan(column: RawColumn, place: int, kind: str) -> Plan:
    """Return the plan of a computed column whose SQL gives the SQL type `kind`.

    Raises
    ------
    ValueError : values of that type have no exact value of the column's type
    """
    made = named_column(f"sql:{place}")
    target = column.type
    plan = Plan(column, made, made, exp.Null, can_fail=False)
    family = kind.partition("(")[0]
    if kind != "VARCHAR" and (column.pattern or column.format):
        message = f"`sql` gives {kind}; `pattern` and `format` are for texts"
        raise ValueError(message)
    if kind == "VARCHAR":
        return plan if target.kind == "string" else from_text(plan, place)
    plan = replace(plan, text=cast(made, "VARCHAR"))
    if target.kind == "timestamp" and family in _CLOCKS and column.timezone:
        plan, wall = plan.with_step(try_cast(made, "TIMESTAMP"), f"wall:{place}")
        return from_wall(plan, wall, place)
    if kind.strip('"') == "NULL":
        return replace(plan, value=try_cast(made, target.sql))
    if family not in _EXACT[target.kind]:
        hint = _HINTS.get((target.kind, family), "")
        message = f"`sql` gives {kind}, of which no {target} is made; {hint}"
        raise ValueError(message.rstrip("; "))
    if _same(target.sql, kind):
        return plan
    plan, found = plan.with_step(try_cast(made, target.sql), f"found:{place}")
    exact = equal(try_cast(found, kind), made)

    def reason() -> exp.Expr:
        return call("concat", text(f"not {NAMES[target.kind]}: "), quote(plan.text))

    return replace(plan, value=case((exact, found)), reason=reason, can_fail=True)


def _same(sql: str, kind: str) -> bool:
    names = {"TIMESTAMPTZ": _INSTANT}
    return names.get(sql, sql).replace(" ", "") == kind.replace(" ", "")

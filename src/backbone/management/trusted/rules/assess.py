"""What is recorded of a rule so that it can be scored: its dimension, and who is left."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from backbone.engines.protocol import Session, Staged
from backbone.management.trusted.rows.steps import select
from backbone.management.trusted.rules.declared import parts_of
from backbone.project.trusted import Dimension, Rule
from backbone.sql.flags import between_commas, listed_among
from backbone.sql.queries import Query, column, quoted, table

__all__ = ["Left", "columns_of", "dimension_of", "left_over"]

_BY_FORM: Mapping[str, Dimension] = {
    "not_null": "completeness",
    "unique": "uniqueness",
    "accepted": "validity",
    "range": "validity",
    "matches": "validity",
    "functional": "consistency",
    "references": "consistency",
    "sql": "consistency",
}


@dataclass(frozen=True)
class Left:
    """How many rows of a finished table break which rule, and how many break `failed`.

    `failed` are the rules of severity ``error`` that rows still break.
    """

    rows: Mapping[str, int] = field(default_factory=dict)
    failed: tuple[str, ...] = ()
    failed_rows: int = 0


def dimension_of(rule: Rule) -> Dimension:
    """Return the dimension of quality that `rule` is counted in.

    The one that it names; otherwise by its form, a condition on single rows being a
    matter of validity and one on several rows a matter of consistency.

    >>> dimension_of(Rule(name="r", deny="a < 0"))
    'validity'
    >>> dimension_of(Rule(name="r", deny="t1.a = t2.a and t1.b < t2.b"))
    'consistency'
    """
    if rule.dimension is not None:
        return rule.dimension
    if rule.form in _BY_FORM:
        return _BY_FORM[rule.form]
    return "validity" if rule.denied().is_single else "consistency"


def columns_of(rule: Rule) -> tuple[str, ...]:
    """Return the columns of its own table that `rule` names, each once."""
    if rule.sql is not None:
        return rule.blamed_columns
    parts = parts_of(rule)
    return tuple(dict.fromkeys(name for p in parts for name in p.constraint.columns))


def left_over(
    session: Session,
    flags: Staged | None,
    rules: Sequence[Rule],
    tolerated: Container[str] = (),
) -> Left:
    """Count the flagged rows of a finished table, rule by rule, in one statement.

    Parameters
    ----------
    flags : relation of the flagged rows (``_row, flags``); None if there are none
    rules : all rules of the table
    tolerated : the names of those that rows may break, as they do

    Notes
    -----
    Rows are counted by their list of flags first, of which there are few.
    """
    if flags is None or not flags.rows:
        return Left(dict.fromkeys((rule.name for rule in rules), 0))
    counted = select("select flags, count(*) as n from flags group by flags")
    named = exp.alias_(between_commas(column("flags")), "listed")
    listed = exp.select(named, column("n")).from_(table("counted"))
    lists = Query((("counted", counted), ("lists", listed)))
    each = {f"n{place}": [rule.name] for place, rule in enumerate(rules)}
    found = _summed(session, lists, flags, each)
    rows = {rule.name: found[f"n{place}"] for place, rule in enumerate(rules)}
    failed = tuple(
        rule.name
        for rule in rules
        if rule.severity == "error" and rows[rule.name] and rule.name not in tolerated
    )
    if not failed:
        return Left(rows)
    blocked = _summed(session, lists, flags, {"n": failed})["n"]
    return Left(rows, failed, blocked)


def _summed(
    session: Session, lists: Query, flags: Staged, asked: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """Return for each name in `asked` how many rows have one of its flags."""
    sums = [_sum_of(names, alias) for alias, names in asked.items()]
    summed = exp.select(*sums, copy=False).from_(table("lists"), copy=False)
    query = lists.then("summed", summed)
    (row,) = session.fetch(query, {"flags": flags}).to_pylist()
    return {name: int(row[name] or 0) for name in asked}


def _sum_of(names: Sequence[str], alias: str) -> exp.Expr:
    hit = exp.If(this=listed_among(column("listed"), names), true=column("n"))
    counted = exp.Case(ifs=[hit], default=exp.Literal.number(0))
    whole = exp.DataType(this=exp.DType.BIGINT)
    return exp.Alias(
        this=exp.Cast(this=exp.Sum(this=counted), to=whole), alias=quoted(alias)
    )

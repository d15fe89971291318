"""The sandbox: the frozen data of one question, sampled and split in the engine.

The sample takes the rows whose md5 of (seed, key) is smallest, so it does not depend on
the order of rows, on threads or on the engine, and one more row in the source changes
little. `_row` numbers the rows in that order; whatever is computed from a sandbox sorts
by it first.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
from sqlglot import exp

from backbone.analysis.sandbox.digests import digest
from backbone.analysis.sandbox.expressions import SOURCE, parse_scalar
from backbone.analysis.sandbox.layout import ROW, columns_of, label_of, sandbox_schema
from backbone.analysis.sandbox.split import split_steps
from backbone.errors import DeclarationError
from backbone.model.schemas import Schema
from backbone.model.types import BOOLEAN
from backbone.project.analysis import Describe, Predict
from backbone.sql.queries import Query, column, table

__all__ = ["SandboxAccount", "account_query", "read_account", "sandbox_query"]

_LARGEST = "1.7976931348623157e308"


@dataclass(frozen=True)
class SandboxAccount:
    """Where the rows of the source went on the way to the sandbox.

    `outside` did not satisfy `where`; `unlabelled` had no target or outcome;
    `untimed` had no value in the column that rows are split by.
    """

    source: int
    outside: int
    unlabelled: int
    untimed: int
    eligible: int
    sandbox: int


def sandbox_query(
    declaration: Predict | Describe, schema: Schema
) -> tuple[Query, Schema]:
    """Return the query that makes the sandbox from an input called ``source``.

    Parameters
    ----------
    declaration : the question; `checks.mistakes` found nothing against it
    schema : Schema
        That of the source.

    Returns
    -------
    The query and its schema: the kept columns, `_row`, then `_target` and `_part` of a
    predictive question, or `_outcome` of a descriptive one.

    Raises
    ------
    RuleSyntaxError, MissingColumn, DeclarationError : what `checks.mistakes` would say

    Notes
    -----
    O(n log n), two sorts; every row of the source is read once.
    """
    own = [name for name in columns_of(declaration) if name.startswith("_")]
    if own:
        said = [f"`{name}`: names that begin with _ are Backbone's own" for name in own]
        raise DeclarationError(said, project="the sandbox")
    steps: list[tuple[str, exp.Query]] = [
        ("labelled", _labelled(declaration, schema)),
        ("eligible", _eligible(declaration)),
        ("ordered", _ordered(declaration, schema)),
        ("sampled", _sampled(declaration)),
    ]
    if isinstance(declaration, Predict):
        steps += split_steps(declaration, schema, of="sampled")
    return Query(tuple(steps)), sandbox_schema(declaration, schema)


def account_query(declaration: Predict | Describe, schema: Schema) -> Query:
    """Return the query, over an input called ``source``, that counts where rows go.

    It gives one row, of which `read_account` makes a `SandboxAccount`.
    """
    seen = column("_inside")
    inside = exp.alias_(_condition(declaration, schema), "_inside", quoted=True)
    marked = _labels(declaration, schema).select(inside)
    labelled, timed = _has_label(declaration), _has_time(declaration)
    counts = {
        "source": exp.Count(this=exp.Star()),
        "inside": _count(seen),
        "labelled": _count(exp.and_(seen, labelled)),
        "eligible": _count(exp.and_(seen, labelled, timed)),
    }
    aliased = [exp.alias_(value, name, quoted=True) for name, value in counts.items()]
    return Query.of(marked, "marked").then(
        "account", exp.select(*aliased).from_("marked")
    )


def read_account(counts: pa.Table, declaration: Predict | Describe) -> SandboxAccount:
    """Read the row that `account_query` gives."""
    row = {name: int(value) for name, value in counts.to_pylist()[0].items()}
    sample, eligible = declaration.sandbox.sample, row["eligible"]
    return SandboxAccount(
        source=row["source"],
        outside=row["source"] - row["inside"],
        unlabelled=row["inside"] - row["labelled"],
        untimed=row["labelled"] - eligible,
        eligible=eligible,
        sandbox=eligible if sample is None else min(sample, eligible),
    )


def _labels(declaration: Predict | Describe, schema: Schema) -> exp.Select:
    label = label_of(declaration)
    if isinstance(declaration, Predict):
        scalar = parse_scalar(declaration.target, schema, where="target")
    else:
        scalar = parse_scalar(declaration.outcome, schema, where="outcome")
    value = exp.cast(scalar.expression.copy(), label.type.sql, dialect="duckdb")
    names = [column(name) for name in columns_of(declaration)]
    named = exp.alias_(value, label.name, quoted=True)
    return exp.select(*names, named).from_(table(SOURCE))


def _labelled(declaration: Predict | Describe, schema: Schema) -> exp.Select:
    select = _labels(declaration, schema)
    if declaration.sandbox.where is None:
        return select
    return select.where(_condition(declaration, schema))


def _condition(declaration: Predict | Describe, schema: Schema) -> exp.Expr:
    text = declaration.sandbox.where
    if text is None:
        return exp.true()
    scalar = parse_scalar(text, schema, where="sandbox.where")
    return exp.paren(scalar.expression.copy())


def _eligible(declaration: Predict | Describe) -> exp.Select:
    whole = exp.and_(_has_label(declaration), _has_time(declaration))
    return exp.select("*").from_("labelled").where(whole)


def _has_label(declaration: Predict | Describe) -> exp.Expr:
    label = label_of(declaration)
    value = column(label.name)
    if label.type == BOOLEAN:
        return value.is_(exp.null()).not_()
    # NaN is the greatest value and infinities have no mean: neither counts as a number
    return exp.LTE(this=exp.Abs(this=value), expression=exp.Literal.number(_LARGEST))


def _has_time(declaration: Predict | Describe) -> exp.Expr:
    if isinstance(declaration, Predict) and declaration.split.by == "time":
        return column(str(declaration.split.column)).is_(exp.null()).not_()
    return exp.true()


def _count(condition: exp.Expr) -> exp.Expr:
    return exp.Count(this=exp.Case().when(condition, exp.Literal.number(1)))


def _ordered(declaration: Predict | Describe, schema: Schema) -> exp.Select:
    kept, label = columns_of(declaration), label_of(declaration)
    keyed = [schema[name] for name in declaration.key or kept]
    if not declaration.key:
        keyed.append(label)
    chance = digest(f"sandbox:{declaration.sandbox.seed}", keyed)
    ties = [exp.Ordered(this=column(n), nulls_first=True) for n in (*kept, label.name)]
    order = exp.Order(expressions=[exp.Ordered(this=chance), *ties])
    number = exp.Window(this=exp.RowNumber(), order=order)
    return exp.select("*", exp.alias_(number, ROW, quoted=True)).from_("eligible")


def _sampled(declaration: Predict | Describe) -> exp.Select:
    names = (*columns_of(declaration), ROW, label_of(declaration).name)
    select = exp.select(*(column(name) for name in names)).from_("ordered")
    limit = declaration.sandbox.sample
    if limit is None:
        return select
    return select.where(exp.LTE(this=column(ROW), expression=exp.Literal.number(limit)))

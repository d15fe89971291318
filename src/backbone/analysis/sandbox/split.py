"""The split: every row is in train, validation or test, and stays there.

All four kinds are one rule: order the rows, count those before a row, and give the first
share to test and the next to validation. Rows that must stay together (of one instant, of
one group) are equal in the order, have as many rows before them, and fall on one side.
"""

from __future__ import annotations

from decimal import Decimal

from sqlglot import exp

from backbone.analysis.sandbox.digests import digest
from backbone.analysis.sandbox.layout import PART, ROW, TARGET, columns_of, label_of
from backbone.model.schemas import Schema
from backbone.project.analysis import Predict
from backbone.sql.queries import column

__all__ = ["split_steps"]

_BEFORE, _OF, _STRATUM = "_before", "_of", "_stratum"
_DECILES = 10


def split_steps(
    declaration: Predict, schema: Schema, *, of: str
) -> list[tuple[str, exp.Query]]:
    """Return the steps of a query that add `_part` to the step or input called `of`.

    Parameters
    ----------
    declaration : its `split` says how rows are divided, its `key` what identifies them
    schema : Schema
        That of the source.

    Notes
    -----
    O(n log n), one sort (two, to stratify by a number). Test takes whole groups and whole
    instants until it has at least its share, then validation does.
    """
    strata = exp.select("*", _alias(_stratum(declaration), _STRATUM)).from_(of)
    placed = exp.select(
        "*",
        _alias(_before(declaration, schema), _BEFORE),
        _alias(_size(declaration), _OF),
    ).from_("strata")
    names = [column(n) for n in (*columns_of(declaration), ROW, TARGET)]
    parted = exp.select(*names, _alias(_part(declaration), PART)).from_("placed")
    return [("strata", strata), ("placed", placed), ("parted", parted)]


def _alias(value: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(value, name, quoted=True)


def _stratum(declaration: Predict) -> exp.Expr:
    split = declaration.split
    if split.by != "stratified":
        return exp.Literal.number(0)
    if split.column is not None:
        return column(split.column)
    if declaration.task == "classification":
        return column(TARGET)
    return exp.Window(
        this=exp.Ntile(this=exp.Literal.number(_DECILES)),
        order=_order(column(TARGET), column(ROW)),
    )


def _before(declaration: Predict, schema: Schema) -> exp.Expr:
    split = declaration.split
    seed = f"split:{split.seed}"
    partition: list[exp.Expr] = []
    if split.by == "time":
        ordered: exp.Expr = exp.Ordered(
            this=column(str(split.column)), desc=True, nulls_first=False
        )
        number: exp.Expr = exp.Rank()
        order = exp.Order(expressions=[ordered])
    elif split.by == "group":
        number = exp.Rank()
        order = _order(digest(seed, [schema[str(split.column)]]))
    else:
        key = [schema[n] for n in declaration.key or columns_of(declaration)]
        if not declaration.key:
            key.append(label_of(declaration))
        number = exp.RowNumber()
        order = _order(digest(seed, key), column(ROW))
        partition = [column(_STRATUM)]
    rank = exp.Window(this=number, partition_by=partition, order=order)
    return exp.Sub(this=rank, expression=exp.Literal.number(1))


def _size(declaration: Predict) -> exp.Expr:
    stratified = declaration.split.by == "stratified"
    return exp.Window(
        this=exp.Count(this=exp.Star()),
        partition_by=[column(_STRATUM)] if stratified else [],
    )


def _part(declaration: Predict) -> exp.Expr:
    test = Decimal(str(declaration.split.test))
    both = test + Decimal(str(declaration.split.validation))
    return (
        exp.Case()
        .when(_among_first(test), exp.Literal.string("test"))
        .when(_among_first(both), exp.Literal.string("validation"))
        .else_(exp.Literal.string("train"))
    )


def _among_first(share: Decimal) -> exp.Expr:
    bound = exp.Mul(this=column(_OF), expression=exp.Literal.number(str(share)))
    return exp.LT(this=column(_BEFORE), expression=bound)


def _order(*keys: exp.Expr) -> exp.Order:
    return exp.Order(expressions=[exp.Ordered(this=key) for key in keys])

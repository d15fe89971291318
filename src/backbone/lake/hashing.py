"""The content hash of a table: equal rows, equal hash, however they lie.

The order of rows, the layout of files and the order of columns do not matter; names and
types of columns do. One definition for every engine. The text of a row is

    ``cell|cell|…|`` and then its strings, one after the other,

columns in the order of their names, where a cell is ``n`` for a null, and otherwise

==========  ===========================================================================
string      its length in bytes (which keeps the strings at the end apart)
boolean     ``t`` or ``f``
integer     its digits
decimal     its digits, with as many behind the point as its type has
double      C's ``%a`` (``0x1.8p+0``); 0 for both zeros; ``nan`` for every NaN
date        days since 1970-01-01
timestamp   microseconds since 1970-01-01, as for ``datetime``
==========  ===========================================================================

Hexadecimal digits 1 to 15 and 16 to 30 of the text's md5 are two numbers; each is
summed over the rows, without loss. The hash is the first 32 digits of the sha256 of the
sums, the number of rows and the columns. In Spark a half is
``conv(substr(md5(t), 1, 15), 16, 10)``.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from sqlglot import exp

from backbone.model.schemas import Column, Schema
from backbone.model.types import Kind
from backbone.model.versions import fingerprint
from backbone.sql.queries import Query, column, table

__all__ = ["combine", "content_hash_query"]

_DIGITS = 15


def content_hash_query(schema: Schema, source: str) -> Query:
    """Return the query that hashes relation `source`, for `combine` to finish.

    One row: ``low``, ``high`` (the sums of both halves), ``rows``, ``columns``.

    Notes
    -----
    About 0.4 µs a row of eight columns on each of two cores; constant memory.
    """
    columns = sorted(schema, key=lambda c: c.name)
    digest = exp.alias_(exp.MD5(this=_row_text(columns)), "digest", quoted=True)
    spelled = ",".join(f"{c.name}:{c.type}" for c in columns)
    totals = [
        exp.alias_(exp.Sum(this=_half(1)), "low", quoted=True),
        exp.alias_(exp.Sum(this=_half(1 + _DIGITS)), "high", quoted=True),
        exp.alias_(exp.Count(this=exp.Star()), "rows", quoted=True),
        exp.alias_(exp.Literal.string(spelled), "columns", quoted=True),
    ]
    return Query.of(exp.select(digest).from_(table(source)), "digests").then(
        "content", exp.select(*totals).from_(table("digests"))
    )


def combine(found: pa.Table) -> str:
    """Return the content hash of what `content_hash_query` found: 32 hexadecimal digits.

    Several rows, each of a part of the table, give the hash of the whole.
    """
    parts = found.to_pylist()
    return fingerprint(
        {
            "columns": parts[0]["columns"],
            "rows": sum(int(part["rows"]) for part in parts),
            "low": str(sum(int(part["low"] or 0) for part in parts)),
            "high": str(sum(int(part["high"] or 0) for part in parts)),
        }
    )


def _half(start: int) -> exp.Expr:
    digits = exp.Substring(
        this=column("digest"),
        start=exp.Literal.number(start),
        length=exp.Literal.number(_DIGITS),
    )
    prefixed = exp.DPipe(this=exp.Literal.string("0x"), expression=digits)
    # not every engine adds up whole numbers in more than their 64 bits
    return exp.cast(exp.cast(prefixed, "bigint"), "decimal(20,0)")


def _row_text(columns: list[Column]) -> exp.Expr:
    end = exp.Literal.string("|")
    parts: list[exp.Expr] = []
    for each in columns:
        cell = _CELLS[each.type.kind](column(each.name))
        nothing = exp.Literal.string("n")
        parts += [exp.Coalesce(this=cell, expressions=[nothing]), end.copy()]
    parts += [column(each.name) for each in columns if each.type.kind == "string"]
    # concat takes a null for nothing, which is what it is among the strings
    return exp.Anonymous(this="concat", expressions=parts or [end])


def _text(value: exp.Expr) -> exp.Expr:
    return exp.cast(value, "varchar")


def _string(value: exp.Expr) -> exp.Expr:
    return _text(exp.Anonymous(this="strlen", expressions=[value]))


def _boolean(value: exp.Expr) -> exp.Expr:
    true, false = exp.Literal.string("t"), exp.Literal.string("f")
    return exp.case().when(value, true).when(exp.not_(value), false)


def _double(value: exp.Expr) -> exp.Expr:
    zero = exp.EQ(this=value.copy(), expression=exp.Literal.number(0))
    digits = exp.Anonymous(
        this="printf", expressions=[exp.Literal.string("%a"), value.copy()]
    )
    return (
        exp.case()
        .when(zero, exp.Literal.string("0"))
        .when(exp.IsNan(this=value.copy()), exp.Literal.string("nan"))
        .else_(digits)
    )


def _date(value: exp.Expr) -> exp.Expr:
    first = exp.cast(exp.Literal.string("1970-01-01"), "date")
    days = exp.DateDiff(this=value, expression=first, unit=exp.var("day"))
    return _text(days)


def _time(value: exp.Expr) -> exp.Expr:
    return _text(exp.Anonymous(this="epoch_us", expressions=[value]))


_CELLS: dict[Kind, Callable[[exp.Expr], exp.Expr]] = {
    "string": _string,
    "boolean": _boolean,
    "integer": _text,
    "decimal": _text,
    "double": _double,
    "date": _date,
    "timestamp": _time,
    "datetime": _time,
}

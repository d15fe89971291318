"""Texts that stand for others: listed in a file, spelt in many ways, with a unit.

Every different text is read once, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from sqlglot import exp

from backbone.management.trusted.cleaning.changes import LOOKED_UP, Search, typed
from backbone.management.trusted.cleaning.texts import accentless, trimmed, without
from backbone.management.trusted.rows.steps import ROWS, Steps, select
from backbone.model.schemas import Schema
from backbone.model.types import STRING, CanonicalType
from backbone.project.cleaning import Codes, Units
from backbone.project.lookups import Pairs
from backbone.sql.queries import column, table

__all__ = ["coded", "looked_up", "measured"]

_NUMBER = CanonicalType("decimal", 20, 8)
_FACTOR = CanonicalType("decimal", 17, 9)
_NUMBER_AND_UNIT = r"([+-]?[0-9]{1,12}(?:\.[0-9]{1,8})?)(.*)"


def looked_up(name: str, target: str, pairs: Pairs) -> Search:
    """Return the search for texts that a list gives another value."""

    def steps(_: Schema) -> Steps:
        mapped = f"select d.x, l.value from texts d join {LOOKED_UP} l on d.x = l.text"
        return [_different(target), ("mapped", select(mapped)), *_found(target)]

    return Search(name, target, (), steps, pairs=pairs)


def coded(name: str, target: str, step: Codes) -> Search:
    """Return the search for texts that are another spelling of a code.

    A text that a code or a spelling equals is that code's; otherwise what makes no
    difference is left out of both, and it is the code's if it is no other one's as well.
    """
    pairs = (*((code, code) for code in step.accepted), *step.spellings.items())

    def key(value: exp.Expr) -> exp.Expr:
        return _bare(value, step)

    mapped = (
        "select d.x, coalesce(l.value, o.value) as value from keyed d "
        f"left join {LOOKED_UP} l on d.x = l.text left join one o on d.k = o.k "
        "where coalesce(l.value, o.value) is not null"
    )

    def steps(_: Schema) -> Steps:
        keyed = exp.select(column("x"), exp.alias_(key(column("x")), "k"))
        return [
            _different(target),
            ("keyed", keyed.from_(table("texts"))),
            *_alike(key),
            ("mapped", select(mapped)),
            *_found(target),
        ]

    return Search(name, target, (), steps, pairs=tuple(dict.fromkeys(pairs)))


def measured(name: str, target: str, step: Units) -> Search:
    """Return the search for numbers with units, and what they are in the wanted one.

    The number is a decimal of twelve digits and eight places, the factor one of eight and
    nine: their product is exact. A number alone is in the wanted unit. What cannot be
    read is left alone.
    """
    factors = {step.to: Decimal(1), **step.factors}
    pairs = tuple((text, format(factors[unit], "f")) for unit, text in step.spelt())
    factored = (
        "select d.x, d.number, case when d.unit = '' then '1' else "
        "coalesce(l.value, o.value) end as factor from keyed d "
        f"left join {LOOKED_UP} l on d.unit = l.text left join one o on d.k = o.k"
    )

    def key(value: exp.Expr) -> exp.Expr:
        return exp.Lower(this=value)

    def steps(_: Schema) -> Steps:
        keyed = exp.select("x", "number", "unit", exp.alias_(key(column("unit")), "k"))
        return [
            _different(target),
            *_parsed(step),
            ("keyed", keyed.from_(table("parsed"))),
            *_alike(key),
            ("factored", select(factored)),
            ("products", _product()),
            ("written", _written()),
            ("mapped", _with_unit(step)),
            *_found(target),
        ]

    return Search(name, target, (), steps, pairs=pairs)


def _bare(value: exp.Expr, step: Codes) -> exp.Expr:
    """Return a text without what makes no difference."""
    if "accents" in step.ignore:
        value = accentless(value)
    for what in ("punctuation", "spaces"):
        if what in step.ignore:
            value = without(value, what)
    return exp.Lower(this=value) if "case" in step.ignore else value


def _alike(key: Callable[[exp.Expr], exp.Expr]) -> Steps:
    """Return the step ``one``: what all pairs whose texts have the same key stand for."""
    spelt = exp.select(column("value"), exp.alias_(key(column("text")), "k"))
    sides = "select k, min(value) as low, max(value) as high from spelt where k <> ''"
    return [
        ("spelt", spelt.from_(table(LOOKED_UP))),
        ("sides", select(f"{sides} group by k")),
        ("one", select("select k, low as value from sides where low = high")),
    ]


def _parsed(step: Units) -> Steps:
    """Return the step ``parsed``: texts ``x`` that begin with a number, and the rest."""
    pattern = _NUMBER_AND_UNIT.replace("\\.", "\\" + step.decimal)

    def part(group: int) -> exp.Expr:
        return exp.RegexpExtract(
            this=column("t"),
            expression=exp.Literal.string(pattern),
            group=exp.Literal.number(group),
        )

    tight = exp.select(column("x"), exp.alias_(trimmed(column("x")), "t"))
    whole = exp.RegexpFullMatch(this=column("t"), expression=exp.Literal.string(pattern))
    plain = exp.func("replace", part(1), exp.Literal.string("+"), exp.Literal.string(""))
    mark = exp.Literal.string(step.decimal)
    plain = exp.func("replace", plain, mark, exp.Literal.string("."))
    parsed = exp.select(column("x"), exp.alias_(plain, "number"))
    parsed = parsed.select(exp.alias_(trimmed(part(2)), "unit"))
    return [
        ("tight", tight.from_(table("texts"))),
        ("parsed", parsed.from_(table("tight")).where(whole)),
    ]


def _product() -> exp.Query:
    number = exp.cast(column("number"), _NUMBER.sql)
    factor = exp.cast(column("factor"), _FACTOR.sql)
    product = exp.Mul(this=number, expression=factor)
    made = exp.select(column("x"), exp.alias_(product, "product"))
    made = made.from_(table("factored"))
    made = made.where(exp.not_(exp.Is(this=column("factor"), expression=exp.null())))
    return typed(made, "factored", Schema.of(number=STRING, factor=STRING))


def _written() -> exp.Query:
    """Return the step of the numbers as texts, without zeros that say nothing."""
    digits = exp.RegexpReplace(
        this=exp.cast(column("product"), "VARCHAR"),
        expression=exp.Literal.string(r"\.?0+$"),
        replacement=exp.Literal.string(""),
    )
    made = exp.select(column("x"), exp.alias_(digits, "number"))
    known = Schema.of(product=CanonicalType("decimal", 37, 17))
    return typed(made.from_(table("products")), "products", known)


def _with_unit(step: Units) -> exp.Query:
    value: exp.Expr = column("number")
    if step.write == "unit":
        unit = exp.Literal.string(f" {step.to}")
        value = exp.DPipe(this=value, expression=unit)
    return exp.select(column("x"), exp.alias_(value, "value")).from_(table("written"))


def _different(target: str) -> tuple[str, exp.Query]:
    """Return the step ``texts``: every different text of a column, as ``x``."""
    made = exp.select(exp.alias_(column(target), "x")).from_(table(ROWS))
    made = made.where(exp.not_(exp.Is(this=column(target), expression=exp.null())))
    return "texts", made.group_by(column(target))


def _found(target: str) -> Steps:
    same = exp.EQ(this=column(target, "r"), expression=column("x", "m"))
    found = exp.select(
        column("_row", "r"),
        exp.alias_(column(target, "r"), "old"),
        exp.alias_(column("value", "m"), "value"),
    )
    found = found.from_(table(ROWS, "r")).join(table("changed", "m"), on=same)
    changed = "select x, value from mapped where value is distinct from x"
    return [("changed", select(changed)), ("found", found)]

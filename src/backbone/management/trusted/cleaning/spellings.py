"""Texts that stand for others: listed in a file, spelt in many ways, with a unit.

Every different text is read once, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from sqlglot import exp

from backbone.management.trusted.cleaning.changes import LOOKED_UP, TEXTS, Reading, typed
from backbone.management.trusted.cleaning.compound import compound
from backbone.management.trusted.cleaning.texts import accentless, trimmed, without
from backbone.management.trusted.rows.steps import Steps, select
from backbone.model.schemas import Schema
from backbone.model.types import STRING, CanonicalType
from backbone.project.cleaning import Codes, Lookup, Units
from backbone.project.lookups import Pairs
from backbone.sql.queries import column, table

__all__ = ["coded", "looked_up", "measured"]

_NUMBER = CanonicalType("decimal", 20, 8)
_FACTOR = CanonicalType("decimal", 17, 9)
_NUMBER_AND_UNIT = r"([+-]?[0-9]{1,12}(?:\.[0-9]{1,8})?)(.*)"


def looked_up(name: str, target: str, step: Lookup, pairs: Pairs) -> Reading:
    """Return the reading of texts that a list gives another value.

    A text is known if the list replaces it, or by it.
    """
    mapped = (
        "select d.x, d.n, case when l.text is null then d.x else l.value end as value, "
        "l.text is not null or r.value is not null as known from texts d "
        f"left join {LOOKED_UP} l on d.x = l.text left join results r on d.x = r.value"
    )
    results = f"select value from {LOOKED_UP} where value is not null group by value"
    steps = [("results", select(results)), ("mapped", select(mapped))]
    return Reading(name, target, steps, pairs, blanks=_blanks(step))


def coded(name: str, target: str, step: Codes) -> Reading:
    """Return the reading of texts that are another spelling of a code.

    A text that a code or a spelling equals is that code's; otherwise what makes no
    difference is left out of both, and it is the code's if it is no other one's as well.
    """
    pairs = (*((code, code) for code in step.accepted), *step.spellings.items())

    def key(value: exp.Expr) -> exp.Expr:
        return _bare(value, step)

    keyed = exp.select(column("x"), column("n"), exp.alias_(key(column("x")), "k"))
    mapped = (
        "select d.x, d.n, coalesce(l.value, o.value) as value, "
        "coalesce(l.value, o.value) is not null as known from keyed d "
        f"left join {LOOKED_UP} l on d.x = l.text left join one o on d.k = o.k"
    )
    steps = [
        ("keyed", keyed.from_(table(TEXTS))),
        *_alike(key),
        ("mapped", select(mapped)),
    ]
    own = tuple(dict.fromkeys(pairs))
    return Reading(name, target, steps, own, blanks=_blanks(step))


def measured(name: str, target: str, step: Units) -> Reading:
    """Return the reading of numbers with units, and what they are in the wanted one.

    The number is a decimal of twelve digits and eight places, the factor one of eight and
    nine: their product is exact. A number alone is in the wanted unit.
    """
    factors = {step.to: Decimal(1), **step.factors}
    pairs = tuple((text, format(factors[unit], "f")) for unit, text in step.spelt())
    sums = "products"
    steps = [*_parsed(step), *_alike(_small), *_factored(), ("products", _product())]
    if step.compound:
        steps += compound(step.decimal, _small)
        sums = "totals"
    mapped = (
        "select d.x, d.n, w.value, w.value is not null as known from texts d "
        "left join valued w on d.x = w.x"
    )
    steps += [
        ("written", _written(sums)),
        ("valued", _with_unit(step)),
        ("mapped", select(mapped)),
    ]
    return Reading(name, target, steps, pairs, blanks=_blanks(step))


def _blanks(step: Lookup | Codes | Units) -> bool:
    return step.otherwise == "missing"


def _small(value: exp.Expr) -> exp.Expr:
    return exp.Lower(this=value)


def _factored() -> Steps:
    """Return the step ``factored``: numbers, and the factor of the unit of each."""
    keyed = exp.select("x", "number", "unit", exp.alias_(_small(column("unit")), "k"))
    factored = (
        "select d.x, d.number, case when d.unit = '' then '1' else "
        "coalesce(l.value, o.value) end as factor from keyed d "
        f"left join {LOOKED_UP} l on d.unit = l.text left join one o on d.k = o.k"
    )
    return [("keyed", keyed.from_(table("parsed"))), ("factored", select(factored))]


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
        ("tight", tight.from_(table(TEXTS))),
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


def _written(source: str) -> exp.Query:
    """Return the step of the numbers as texts, without zeros that say nothing."""
    digits = exp.RegexpReplace(
        this=exp.cast(column("product"), "VARCHAR"),
        expression=exp.Literal.string(r"\.?0+$"),
        replacement=exp.Literal.string(""),
    )
    made = exp.select(column("x"), exp.alias_(digits, "number"))
    known = Schema.of(product=CanonicalType("decimal", 37, 17))
    return typed(made.from_(table(source)), source, known)


def _with_unit(step: Units) -> exp.Query:
    value: exp.Expr = column("number")
    if step.write == "unit":
        unit = exp.Literal.string(f" {step.to}")
        value = exp.DPipe(this=value, expression=unit)
    return exp.select(column("x"), exp.alias_(value, "value")).from_(table("written"))

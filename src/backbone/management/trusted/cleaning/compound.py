"""Numbers with units that are written in parts: ``1 h 30 min``, ``5 ft 3 in``.

A text is two to four numbers, each with its unit, one behind the other, from the larger
unit to the smaller; only the first has a sign, which is that of the whole. So what is
twice in one unit (``5 kg 3 kg``), or in no order, is read as nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from backbone.management.trusted.cleaning.changes import LOOKED_UP, typed
from backbone.management.trusted.cleaning.texts import trimmed
from backbone.management.trusted.rows.steps import Steps, select
from backbone.model.schemas import Schema
from backbone.model.types import STRING, CanonicalType
from backbone.sql.queries import column, table

__all__ = ["compound"]

_MOST = 4
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,8})?"
_UNIT = r"[^0-9.,+-][^0-9,+-]*"
_DECIMAL = CanonicalType("decimal", 20, 8)
_FACTOR = CanonicalType("decimal", 17, 9)


def compound(mark: str, key: Callable[[exp.Expr], exp.Expr]) -> Steps:
    """Return the steps to ``totals``: ``products``, and those of texts of several parts.

    They read ``tight`` (texts ``x`` without white space around them: ``t``), `LOOKED_UP`
    and ``one``, what units are worth that are spelt as they are, or with the same `key`.

    Parameters
    ----------
    mark : the decimal mark of the texts
    key : what two spellings of a unit have in common
    """
    part = f"({_NUMBER})({_UNIT})".replace("\\.", "\\" + mark)
    bare = part.replace("(", "(?:").replace("(?:?:", "(?:")
    several = f"[+-]?(?:{bare}){{2,{_MOST}}}"
    whole = exp.RegexpFullMatch(this=column("t"), expression=exp.Literal.string(several))
    parts = [_part(f"^[+-]?(?:{bare}){{{k}}}{part}", k, mark) for k in range(_MOST)]
    keyed = exp.select("*", exp.alias_(key(column("unit")), "k")).from_(table("pieces"))
    there = exp.NEQ(this=column("digits"), expression=exp.Literal.string(""))
    factored = (
        "select d.x, d.place, d.digits, coalesce(l.value, o.value) as factor "
        f"from spelled d left join {LOOKED_UP} l on d.unit = l.text "
        "left join one o on d.k = o.k"
    )
    compared = (
        "select *, lag(factor) over (partition by x order by place) as larger from worth"
    )
    summed = (
        "select x, sum(part) as total from compared group by x having count(*) = "
        "count(factor) and count(case when factor >= larger then 1 end) = 0"
    )
    signed = (
        "select s.x, case when starts_with(t.t, '-') then - s.total else s.total end "
        "as product from summed s join tight t on s.x = t.x "
        "anti join products p on s.x = p.x"
    )
    totals = "select x, product from products union all select x, product from signed"
    return [
        ("several", exp.select("x", "t").from_(table("tight")).where(whole)),
        ("pieces", exp.union(*parts, distinct=False)),
        ("spelled", keyed.where(there)),
        ("parted", select(factored)),
        ("worth", _worth()),
        ("compared", select(compared)),
        ("summed", select(summed)),
        ("signed", select(signed)),
        ("totals", select(totals)),
    ]


def _part(pattern: str, place: int, mark: str) -> exp.Select:
    """Return number and unit of the part at `place`; of shorter texts they are empty."""

    def group(number: int) -> exp.Expr:
        return exp.RegexpExtract(
            this=column("t"),
            expression=exp.Literal.string(pattern),
            group=exp.Literal.number(number),
        )

    digits = exp.func(
        "replace", group(1), exp.Literal.string(mark), exp.Literal.string(".")
    )
    made = exp.select("x", exp.alias_(exp.Literal.number(place), "place"))
    made = made.select(exp.alias_(digits, "digits"))
    return made.select(exp.alias_(trimmed(group(2)), "unit")).from_(table("several"))


def _worth() -> exp.Query:
    """Return what each part is in the wanted unit, exactly."""
    factor = exp.cast(column("factor"), _FACTOR.sql)
    product = exp.Mul(this=exp.cast(column("digits"), _DECIMAL.sql), expression=factor)
    made = exp.select("x", "place", exp.alias_(factor.copy(), "factor"))
    made = made.select(exp.alias_(product, "part")).from_(table("parted"))
    return typed(made, "parted", Schema.of(digits=STRING, factor=STRING))

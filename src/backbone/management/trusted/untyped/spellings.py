"""What the texts of a column spell: numbers, points in time, or just text.

A file without types is text. Here is counted, over all of its rows, of how many values
of a column a number or a point in time can be made, and in which style; `comparing`
decides by it how values are compared.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from backbone.engines.protocol import Session, Staged
from backbone.management.trusted.untyped.styles import STYLES, Style, full_match
from backbone.sql.queries import Query, column, table

__all__ = [
    "Numeric",
    "Spelling",
    "is_number",
    "odd_values",
    "spellings",
]

_ROWS = "spelt"
_SAMPLE = 1_000
_LONGEST = 400
_COUNTS = 9
_AT_ONCE = 40
_SHOWN = 3
_EXACT = 38
_BIGINT_DIGITS = 18
_EXACT_DOUBLE = 15
_BLANKS = "[ \\t]*"
_PLAIN = r"0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)\.[0-9]*[1-9]"
_SIMPLE = rf"{_BLANKS}[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+){_BLANKS}"
_DOUBLE = (
    rf"{_BLANKS}[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
    rf"|(?i:nan|inf|infinity)){_BLANKS}"
)
_NAN = rf"{_BLANKS}[+-]?(?i:nan){_BLANKS}"
_INFINITE = rf"{_BLANKS}[+-]?(?i:inf|infinity){_BLANKS}"
_ZEROS = rf"{_BLANKS}[+-]?0[0-9]+.*"


@dataclass(frozen=True)
class Numeric:
    """What numbers take: digits before the point and behind it; or a double."""

    whole: int = 1
    scale: int = 0
    inexact: bool = False

    def and_(self, other: Numeric) -> Numeric:
        """Return what the numbers of both take."""
        return Numeric(
            max(self.whole, other.whole),
            max(self.scale, other.scale),
            self.inexact or other.inexact,
        )

    @property
    def digits(self) -> int:
        """How many digits the numbers have at most."""
        return self.whole + self.scale

    @property
    def is_double(self) -> bool:
        """Whether only a double holds them."""
        return self.inexact or self.digits > _EXACT

    @property
    def loses(self) -> bool:
        """Whether numbers may have more digits than the type they are compared as."""
        return self.is_double and self.digits > _EXACT_DOUBLE

    @property
    def sql(self) -> str:
        """The type that holds all of them."""
        if self.is_double:
            return "DOUBLE"
        if not self.scale and self.whole <= _BIGINT_DIGITS:
            return "BIGINT"
        return f"DECIMAL({self.digits},{self.scale})"


@dataclass(frozen=True)
class Spelling:
    """What the values of a column spell, over all rows.

    `values` are not missing; `numbers` of them are numbers, of which `plain` ones are
    spelt in the way that gives a number one text, `zeros` begin with zeros (``007``),
    `nans` are not a number by name. `times` counts values by style. Where `is_sampled`,
    most of a sample were neither number nor time, and the rest was not looked at. A
    constant of a rule (`is_constant`) spells something, too.
    """

    name: str
    values: int = 0
    numbers: int = 0
    plain: int = 0
    zeros: int = 0
    nans: int = 0
    numeric: Numeric = field(default_factory=Numeric)
    times: Mapping[Style, int] = field(default_factory=dict)
    is_sampled: bool = False
    is_constant: bool = False

    @property
    def is_number(self) -> bool:
        """Whether every value is a number."""
        return not self.is_sampled and self.numbers == self.values

    def styles(self) -> tuple[Style, ...]:
        """Return the styles that every value is written in."""
        if self.is_sampled:
            return ()
        return tuple(
            s for s in STYLES if not self.values or self.times.get(s) == self.values
        )

    @property
    def common_style(self) -> Style | None:
        """The style that most values are written in."""
        found = [s for s in STYLES if self.times.get(s)]
        return max(found, key=lambda s: self.times[s]) if found else None

    @classmethod
    def of_constant(cls, text: str) -> Spelling:
        """Return what a constant of a rule spells.

        >>> Spelling.of_constant("01.50").numeric
        Numeric(whole=2, scale=2, inexact=False)
        """
        is_number = re.fullmatch(_DOUBLE, text) is not None
        simple = re.fullmatch(_SIMPLE, text) is not None
        whole, _, part = text.strip().lstrip("+-").partition(".")
        numeric = Numeric(max(len(whole), 1), len(part)) if simple else Numeric()
        return cls(
            text,
            values=1,
            numbers=int(is_number),
            plain=int(re.fullmatch(_PLAIN, text) is not None),
            zeros=int(re.fullmatch(_ZEROS, text) is not None),
            numeric=numeric if simple else replace(numeric, inexact=is_number),
            times={s: 1 for s in STYLES if s.is_of(text)},
            is_constant=True,
        )


def is_number(text: exp.Expr) -> exp.Expr:
    """Return the condition that `text` spells a number, NaN and infinities among them."""
    return exp.and_(_is_short(text), full_match(text, _DOUBLE))


def _is_short(text: exp.Expr) -> exp.Expr:
    """Return the condition that `text` is short enough to be more than text."""
    size = exp.Anonymous(this="strlen", expressions=[text.copy()])
    return exp.LTE(this=size, expression=exp.Literal.number(_LONGEST))


def spellings(
    session: Session, rows: Staged, names: Sequence[str], numeric: Sequence[str] = ()
) -> dict[str, Spelling]:
    """Count what the values of text columns spell.

    Parameters
    ----------
    rows : ``_row`` and text columns
    names : the columns to look at
    numeric : those of them that have to be numbers, whatever a sample says

    Notes
    -----
    A sample of 1,000 rows tells which columns are worth counting, and in which styles;
    the others hold text. Then one scan of all rows for every forty columns.
    """
    found: dict[str, Spelling] = {}
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        wanted = _promising(session, rows, some, frozenset(numeric))
        found |= {n: Spelling(n, is_sampled=True) for n in some if n not in wanted}
        found |= _counted(session, rows, wanted)
    return found


def _promising(
    session: Session, rows: Staged, names: Sequence[str], numeric: frozenset[str]
) -> dict[str, tuple[Style, ...]]:
    """Return the columns that may spell something, with the styles of time to count."""
    sample = exp.select(*map(_shortened, names)).from_(table("first"))
    first = exp.select("*").from_(table(_ROWS)).order_by(column("_row"))
    counts: list[exp.Expr] = []
    for name in names:
        text = column(name)
        tests = [is_number(text), *(style.fits(text) for style in STYLES)]
        counts += [exp.Count(this=text), *map(_count_if, tests)]
    named = [exp.alias_(count, f"n{i}") for i, count in enumerate(counts)]
    query = Query(
        (
            ("first", first.limit(_SAMPLE)),
            ("sampled", sample),
            ("counted", exp.select(*named).from_(table("sampled"))),
        )
    )
    (row,) = session.fetch(query, {_ROWS: rows}).to_pylist()
    step = 2 + len(STYLES)
    found: dict[str, tuple[Style, ...]] = {}
    for place, name in enumerate(names):
        values, numbers, *times = (row[f"n{place * step + i}"] or 0 for i in range(step))
        styles = tuple(
            s for s, n in zip(STYLES, times, strict=True) if 2 * n >= values or not values
        )
        if 2 * numbers >= values or styles or name in numeric:
            found[name] = styles
    return found


def _shortened(name: str) -> exp.Expr:
    """Return a column with a word in place of what is too long to be more than text."""
    is_long = exp.not_(exp.paren(_is_short(column(name))))
    whole = exp.Case().when(is_long, exp.Literal.string("long")).else_(column(name))
    return exp.alias_(whole, name, quoted=True)


def _counted(
    session: Session, rows: Staged, wanted: Mapping[str, tuple[Style, ...]]
) -> dict[str, Spelling]:
    """Count over all rows; each value is told apart once."""
    if not wanted:
        return {}
    texts = [exp.alias_(column(name), f"x{at}") for at, name in enumerate(wanted)]
    told, valued, counts = [], [], []
    for at, styles in enumerate(wanted.values()):
        told.append(exp.alias_(_class_of(column(f"x{at}")), f"k{at}"))
        double = exp.TryCast(
            this=column(f"x{at}"), to=exp.DataType.build("DOUBLE"), safe=True
        )
        valued.append(exp.alias_(_where(_is(f"k{at}", ">", 0), double), f"d{at}"))
        counts += [
            exp.alias_(count, f"n{at}_{i}") for i, count in enumerate(_counts(at, styles))
        ]
    steps = (
        ("texts", exp.select(*texts).from_(table(_ROWS))),
        ("classes", exp.select("*", *told).from_(table("texts"))),
        ("valued", exp.select("*", *valued).from_(table("classes"))),
        ("counted", exp.select(*counts).from_(table("valued"))),
    )
    (row,) = session.fetch(Query(steps), {_ROWS: rows}).to_pylist()
    return {
        name: _spelling(
            name, [row[f"n{at}_{i}"] for i in range(_COUNTS + len(styles))], styles
        )
        for at, (name, styles) in enumerate(wanted.items())
    }


def _class_of(text: exp.Expr) -> exp.Expr:
    """Return 3 for a plain number, 2 for another with a point, 1 for a double, else 0.

    Patterns are asked in this order, and of each value no more than it takes.
    """
    empty = exp.Is(this=text.copy(), expression=exp.null())
    made = exp.Case().when(
        exp.or_(empty, exp.not_(exp.paren(_is_short(text)))), _number(0)
    )
    for pattern, kind in ((_PLAIN, 3), (_SIMPLE, 2), (_DOUBLE, 1)):
        made = made.when(full_match(text, pattern), _number(kind))
    return made.else_(_number(0))


def _counts(at: int, styles: Sequence[Style]) -> list[exp.Expr]:
    text, double = column(f"x{at}"), column(f"d{at}")
    is_number_, is_simple = _is(f"k{at}", ">", 0), _is(f"k{at}", ">", 1)
    is_odd, is_double = _is(f"k{at}", "<", 3), _is(f"k{at}", "=", 1)
    finite = exp.Anonymous(this="isfinite", expressions=[double])
    named = exp.or_(full_match(text, _NAN), full_match(text, _INFINITE))
    in_range = exp.or_(
        finite, exp.func("coalesce", _where(is_double, named), exp.false())
    )
    zeros = _where(exp.and_(is_number_, is_odd), full_match(text, _ZEROS))
    point, second = exp.Literal.string("."), _number(2)
    behind = exp.Anonymous(this="split_part", expressions=[text, point, second])
    return [
        exp.Count(this=text),
        _count_if(exp.and_(is_number_, in_range)),
        _count_if(_is(f"k{at}", "=", 3)),
        _count_if(zeros),
        _count_if(_where(is_double, full_match(text, _NAN))),
        _count_if(is_double),
        exp.Max(this=_where(is_simple, exp.Abs(this=double))),
        exp.Max(this=_where(is_simple, _length(behind))),
        exp.Max(this=_where(is_simple, _length(text))),
        *(_count_if(_where(_is(f"k{at}", "=", 0), s.fits(text))) for s in styles),
    ]


def _is(name: str, op: str, value: int) -> exp.Expr:
    kinds = {"=": exp.EQ, "<": exp.LT, ">": exp.GT}
    return kinds[op](this=column(name), expression=_number(value))


def _number(value: int) -> exp.Expr:
    return exp.Literal.number(value)


def _spelling(
    name: str, counts: Sequence[float | None], styles: Sequence[Style]
) -> Spelling:
    values, numbers, plain, zeros, nans, inexact = (int(n or 0) for n in counts[:6])
    size, scale, length = counts[6:_COUNTS]
    is_large = size is not None and not math.isfinite(size)
    digits = 1 if size is None or is_large else len(format(size, ".0f"))
    return Spelling(
        name,
        values=values,
        numbers=numbers,
        plain=plain,
        zeros=zeros,
        nans=nans,
        numeric=Numeric(
            max(1, min(digits, int(length or 1))),
            int(scale or 0),
            bool(inexact) or is_large,
        ),
        times={s: int(n or 0) for s, n in zip(styles, counts[_COUNTS:], strict=True)},
    )


def odd_values(
    session: Session, rows: Staged, name: str, fits: exp.Expr
) -> tuple[tuple[int, str], ...]:
    """Return the first few values of column `name` that do not fit: ``_row``, text."""
    odd = exp.and_(
        exp.not_(exp.Is(this=column(name), expression=exp.null())),
        exp.not_(exp.func("coalesce", fits, exp.false())),
    )
    query = exp.select(column("_row"), exp.alias_(column(name), "text"))
    query = query.from_(table(_ROWS)).where(odd).order_by(column("_row")).limit(_SHOWN)
    found = session.fetch(Query.of(query), {_ROWS: rows}).to_pylist()
    return tuple((int(row["_row"]), str(row["text"])) for row in found)


def _count_if(test: exp.Expr) -> exp.Expr:
    return exp.CountIf(this=test)


def _where(test: exp.Expr, value: exp.Expr) -> exp.Expr:
    return exp.Case().when(test, value)


def _length(text: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="length", expressions=[text.copy()])

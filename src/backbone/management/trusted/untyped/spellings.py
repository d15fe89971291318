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
    most of a sample were neither number nor time, and the rest was not looked at.
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
        )


def is_number(text: exp.Expr) -> exp.Expr:
    """Return the condition that `text` spells a number, NaN and infinities among them."""
    return full_match(text, _DOUBLE)


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
    sample = exp.select("*").from_(table(_ROWS)).order_by(column("_row"))
    counts: list[exp.Expr] = []
    for name in names:
        text = column(name)
        tests = [is_number(text), *(style.fits(text) for style in STYLES)]
        counts += [exp.Count(this=text), *map(_count_if, tests)]
    named = [exp.alias_(count, f"n{i}") for i, count in enumerate(counts)]
    query = Query(
        (
            ("sampled", sample.limit(_SAMPLE)),
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


def _counted(
    session: Session, rows: Staged, wanted: Mapping[str, tuple[Style, ...]]
) -> dict[str, Spelling]:
    """Count over all rows."""
    counts = {
        name: [*_counts(column(name)), *(_count_if(s.fits(column(name))) for s in styles)]
        for name, styles in wanted.items()
    }
    named = [
        exp.alias_(count, f"n{place}_{i}")
        for place, of_column in enumerate(counts.values())
        for i, count in enumerate(of_column)
    ]
    if not named:
        return {}
    query = Query.of(exp.select(*named).from_(table(_ROWS)))
    (row,) = session.fetch(query, {_ROWS: rows}).to_pylist()
    return {
        name: _spelling(
            name, [row[f"n{place}_{i}"] for i in range(len(counts[name]))], styles
        )
        for place, (name, styles) in enumerate(wanted.items())
    }


def _counts(text: exp.Column) -> list[exp.Expr]:
    double = exp.TryCast(this=text, to=exp.DataType.build("DOUBLE"), safe=True)
    number, simple, nan = is_number(text), full_match(text, _SIMPLE), _is_nan(text)
    is_finite = exp.Anonymous(this="isfinite", expressions=[double])
    in_range = exp.or_(is_finite, nan, full_match(text, _INFINITE))
    of_simple = _where(simple, double)
    point, second = exp.Literal.string("."), exp.Literal.number(2)
    behind = exp.Anonymous(this="split_part", expressions=[text, point, second])
    return [
        exp.Count(this=text),
        _count_if(exp.and_(number, in_range)),
        _count_if(full_match(text, _PLAIN)),
        _count_if(full_match(text, _ZEROS)),
        _count_if(nan),
        _count_if(exp.and_(number, exp.not_(exp.paren(simple)))),
        exp.Max(this=exp.Abs(this=of_simple)),
        exp.Max(this=_where(simple, _length(behind))),
        exp.Max(this=_where(simple, _length(text))),
    ]


def _spelling(
    name: str, counts: Sequence[float | None], styles: Sequence[Style]
) -> Spelling:
    values, numbers, plain, zeros, nans, inexact = (int(n or 0) for n in counts[:6])
    size, scale, length = counts[6:9]
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
        times={s: int(n or 0) for s, n in zip(styles, counts[9:], strict=True)},
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


def _is_nan(text: exp.Expr) -> exp.Expr:
    return full_match(text, _NAN)


def _count_if(test: exp.Expr) -> exp.Expr:
    return exp.CountIf(this=test)


def _where(test: exp.Expr, value: exp.Expr) -> exp.Expr:
    return exp.Case().when(test, value)


def _length(text: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this="length", expressions=[text.copy()])

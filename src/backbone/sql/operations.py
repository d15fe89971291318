"""Operations of our own, which every engine spells in its own way.

In a tree an operation is the call of a function by a name of `OPERATIONS`. Where a query
is printed in the dialect that it is written in, `expanded` puts in what stands here; an
engine with another dialect has a table of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp, parse_one

from backbone.sql.aggregates import Around, surroundings
from backbone.sql.copies import copied
from backbone.sql.parsing import SAFE_TIME, TEXT_TIME, parsing
from backbone.sql.readings import SAFE_CAST, TEXT_CAST, reading
from backbone.sql.sums import exact_sum
from backbone.sql.zones import to_local, to_utc

__all__ = [
    "DOUBLE_TEXT",
    "EXACT_SUM",
    "OPERATIONS",
    "TITLE_CASE",
    "double_text",
    "expanded",
    "title_case",
]

Expand = Callable[[list[exp.Expr], Around], exp.Expr]

EXACT_SUM = "exact_sum"
DOUBLE_TEXT = "double_text"
TITLE_CASE = "title_case"


def double_text(value: exp.Expr) -> exp.Expr:
    """Return the fewest digits that give the double `value` back, as Python writes it.

    DuckDB writes a few powers of two wrongly (2**81 as twice as much), and NaN with a
    sign; so what it writes is read again.
    """
    text = (
        "case when isnan(x) then 'nan' "
        "when try_cast(format('{}', x) as double) = x then format('{}', x) "
        "when try_cast(printf('%.16g', x) as double) = x then printf('%.16g', x) "
        "else printf('%.17g', x) end"
    )
    return _of("x", text, value)


def title_case(value: exp.Expr) -> exp.Expr:
    """Return the text `value` with a capital at the head of each word, the rest small.

    Words are parted by white space, hyphens and slashes.
    """
    text = (
        "array_to_string(list_transform("
        "regexp_extract_all(lower(x), '[\\s/-]+|[^\\s/-]+'), "
        "lambda w: upper(left(w, 1)) || substr(w, 2)), '')"
    )
    return _of("x", text, value)


def _of(name: str, text: str, value: exp.Expr) -> exp.Expr:
    """Return the expression `text` in which `value` stands for the column `name`."""
    made = parse_one(text, dialect="duckdb")
    for place in list(made.find_all(exp.Column)):
        if place.name == name:
            place.replace(value.copy())
    return made


OPERATIONS: dict[str, Expand] = {
    DOUBLE_TEXT: lambda given, _: double_text(given[0]),
    EXACT_SUM: lambda given, around: exact_sum(given[0], around),
    SAFE_CAST: lambda given, _: reading(given[0], given[1].name, safe=True),
    SAFE_TIME: lambda given, _: parsing(given[0], given[1], safe=True),
    TEXT_CAST: lambda given, _: reading(given[0], given[1].name, safe=False),
    TEXT_TIME: lambda given, _: parsing(given[0], given[1], safe=False),
    TITLE_CASE: lambda given, _: title_case(given[0]),
    "to_local": lambda given, _: to_local(*given),
    "to_utc": lambda given, _: to_utc(*given),
}
"""The operations in the DuckDB dialect, from their arguments and what is around them."""


def expanded(tree: exp.Query) -> exp.Query:
    """Return `tree` with its operations written out in the DuckDB dialect.

    A copy, if there are any.
    """
    if not any(map(_is_operation, tree.find_all(exp.Anonymous))):
        return tree
    tree = copied(tree)
    for call in reversed([n for n in tree.find_all(exp.Anonymous) if _is_operation(n)]):
        outer, around = surroundings(call)
        made = OPERATIONS[str(call.name).lower()](call.expressions, around)
        outer.replace(exp.paren(made, copy=False))
    return tree


def _is_operation(call: exp.Anonymous) -> bool:
    return str(call.name).lower() in OPERATIONS

"""Casts as DuckDB makes them: to the nearest number, or an error."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp
from sqlglot.generator import Generator

from backbone.sql.types import ValueType, type_of

__all__ = [
    "CASTS",
    "Print",
    "as_double",
    "as_long",
    "as_text",
    "exactly",
    "failing",
    "rounded",
]

Print = Callable[[Generator, exp.Expr], str]

_UNSCALED = 18


def failing(message: str) -> str:
    """Return an expression that fails when it is reached."""
    return f"raise_error('{message}')"


def as_double(self: Generator, node: exp.Expr) -> str:
    """Print a number as a double."""
    told, text = type_of(node), self.sql(node)
    if told.kind == "double":
        return text
    if told.kind == "decimal" and told.precision > 15:  # noqa: PLR2004 - digits of 2**53
        return _long_decimal(text, told)
    return f"CAST({text} AS DOUBLE)"


def _long_decimal(text: str, told: ValueType) -> str:
    """Print a decimal as a double where it has more digits than a double, as DuckDB does.

    The whole part and the places are cast each for itself, and added.
    """
    if not told.scale:
        return f"CAST({text} AS DOUBLE)"
    size = f"CAST(1E{told.scale} AS DECIMAL({told.scale + 1}, 0))"
    cut = f"CASE WHEN {text} < 0 THEN CEIL({text}) ELSE FLOOR({text}) END"
    whole = f"CAST({cut} AS DECIMAL(38, 0))"
    places = f"CAST(CAST(({text} - {whole}) * {size} AS DECIMAL(38, 0)) AS DOUBLE)"
    limit = 2**53 // 10**told.scale
    return (
        f"CASE WHEN ABS({text}) <= {limit} THEN CAST({text} AS DOUBLE) "
        f"ELSE CAST({whole} AS DOUBLE) + {places} / 1e{told.scale}D END"
    )


def as_long(self: Generator, node: exp.Expr) -> str:
    """Print a number as a whole number of 64 bits, rounded as a cast rounds."""
    return f"CAST({_nearest(self, node)} AS BIGINT)"


def _nearest(self: Generator, node: exp.Expr) -> str:
    told, text = type_of(node), self.sql(node)
    if told.kind == "double":
        return f"RINT({text})"
    if told.kind == "decimal" and told.scale:
        return f"ROUND({text}, 0)"
    return text


def as_text(self: Generator, node: exp.Expr) -> str:
    """Print a value as the text that DuckDB makes of it."""
    told, text = type_of(node), self.sql(node)
    if told.kind == "double":
        return f"bb_text({text})"
    if told.kind == "timestamp":
        return f"(CAST({text} AS STRING) || '+00')"
    return text if told.kind == "string" else f"CAST({text} AS STRING)"


def exactly(node: exp.Expr, text: str) -> str:
    """Print a value of which Spark makes another decimal than it has to be."""
    told = type_of(node)
    if told.kind == "decimal":
        return f"CAST({text} AS DECIMAL({told.precision}, {told.scale}))"
    return text


def rounded(value: str, places: int) -> str:
    """Print a double rounded to `places`, half away from zero, as C does it.

    ``round(x, 0)`` of Spark is exact: what it takes for the digits of a double are
    those of no other.
    """
    if not places:
        return f"ROUND({value}, 0)"
    size = f"1e{abs(places)}D"
    first, back = ("*", "/") if places > 0 else ("/", "*")
    moved = f"ROUND({value} {first} {size}, 0) {back} {size}"
    if places < 0:  # what is infinite or not a number is zero then
        finite = f"ABS({moved}) < double('inf')"
        return f"CASE WHEN {finite} THEN {moved} WHEN {value} IS NOT NULL THEN 0e0 END"
    far = f"ABS({value} {first} {size}) < double('inf')"
    return f"CASE WHEN {far} THEN {moved} ELSE {value} END"


def _cast(self: Generator, node: exp.Expr) -> str:
    source, target = type_of(node.this), type_of(node)
    attempt = "TRY_CAST" if isinstance(node, exp.TryCast) else "CAST"
    name = self.sql(node, "to")
    if target.kind == "integer" and source.kind in {"double", "decimal"}:
        return f"{attempt}({_nearest(self, node.this)} AS {name})"
    if target.kind == "string":
        return as_text(self, node.this)
    if target.kind == "double" and source.kind == "decimal":
        return as_double(self, node.this)
    if target.kind == "decimal" and source.kind == "double":
        return _of_double(self.sql(node.this), target, attempt)
    return f"{attempt}({self.sql(node, 'this')} AS {name})"


def _of_double(text: str, target: ValueType, attempt: str) -> str:
    """Print a decimal of a double: multiplied, rounded half away from zero, cut."""
    size = f"1e{target.scale}D"
    whole = f"ROUND({text} * {size}, 0)"
    if target.precision <= _UNSCALED:  # its digits fit 64 bits, of which a cast is exact
        whole = f"{attempt}({whole} AS BIGINT)"
    whole = f"{attempt}({whole} AS DECIMAL(38, 0))"
    small = f"CAST(1e-{target.scale} AS DECIMAL({max(target.scale, 1)}, {target.scale}))"
    moved = f"{whole} * {small}" if target.scale else whole
    return f"{attempt}({moved} AS DECIMAL({target.precision}, {target.scale}))"


CASTS: dict[type[exp.Expr], Print] = {exp.Cast: _cast, exp.TryCast: _cast}

"""Our queries as Spark SQL: what Spark spells or means otherwise, operation by operation.

Queries are built in DuckDB's dialect. sqlglot knows how Spark spells most of it; the
tables below hold what it leaves as it is, or passes on with another meaning. Types are
those of the lake: ``TIMESTAMPTZ`` is an instant, ``TIMESTAMP`` a wall clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.spark import Spark
from sqlglot.generators.spark import SparkGenerator

from backbone.engines.spark.clauses import prepared
from backbone.engines.spark.portable import NAMED, PRINTED
from backbone.engines.spark.trying import with_trying
from backbone.sql.queries import Query

__all__ = ["BackboneSpark", "spark_sql"]

Print = Callable[["BackboneSpark.Generator", exp.Expr], str]


def _call(name: str) -> Callable[[BackboneSpark.Generator, list[exp.Expr]], str]:
    return lambda self, arguments: self.func(name, *arguments)


def _hexadecimal(self: BackboneSpark.Generator, arguments: list[exp.Expr]) -> str:
    """C's ``%a`` from Java's, which leaves out the plus and never the point."""
    pattern, value = arguments
    if not (isinstance(pattern, exp.Literal) and pattern.this == "%a"):
        return self.func("format_string", *arguments)
    text = self.sql(value)
    java = f"replace(format_string('%a', {text}), '.0p', 'p')"
    return (
        f"CASE WHEN {text} IS NULL THEN NULL "
        f"WHEN {text} IN (double('inf'), double('-inf')) "
        f"THEN if({text} > 0, 'inf', '-inf') "
        f"WHEN isnan({text}) THEN 'nan' "
        f"ELSE regexp_replace({java}, 'p([0-9])', 'p+$1') END"
    )


def _epoch_us(self: BackboneSpark.Generator, arguments: list[exp.Expr]) -> str:
    # a wall clock is read as if it were UTC, which is the time zone of every session
    return f"unix_micros(CAST({self.sql(arguments[0])} AS TIMESTAMP))"


def _full_match(self: BackboneSpark.Generator, arguments: list[exp.Expr]) -> str:
    value, pattern = arguments
    if isinstance(pattern, exp.Literal):
        whole = exp.Literal.string(f"\\A(?:{pattern.this})\\z")
        return f"{self.sql(value)} RLIKE {self.sql(whole)}"
    return f"{self.sql(value)} RLIKE concat('\\\\A(?:', {self.sql(pattern)}, ')\\\\z')"


def _timezone(self: BackboneSpark.Generator, arguments: list[exp.Expr]) -> str:
    """Instant to wall clock; or a wall clock, where it is cast to one, to an instant."""
    zone, time = arguments
    utc = exp.Literal.string("UTC")
    if isinstance(time, exp.Cast) and time.to.this == exp.DType.TIMESTAMP:
        moved = self.func("convert_timezone", zone, utc, time)
        return f"CAST({moved} AS TIMESTAMP)"
    wall = exp.cast(time, exp.DType.TIMESTAMP)
    return self.func("convert_timezone", utc, zone, wall)


_FUNCTIONS: dict[str, Callable[[BackboneSpark.Generator, list[exp.Expr]], str]] = {
    "concat": lambda self, arguments: self.func(
        "concat_ws", exp.Literal.string(""), *arguments
    ),
    "double_text": _call("bb_double_text"),
    "epoch_us": _epoch_us,
    "jaro_winkler_similarity": _call("bb_jaro_winkler"),
    "make_timestamptz": _call("timestamp_micros"),
    "nfc_normalize": _call("bb_nfc"),
    "printf": _hexadecimal,
    "regexp_full_match": _full_match,
    "strlen": _call("octet_length"),
    "title_case": _call("bb_title"),
    "timezone": _timezone,
}
"""Functions of DuckDB that sqlglot has no node for, by name."""


def _anonymous(self: BackboneSpark.Generator, node: exp.Anonymous) -> str:
    name = node.name.lower()
    if name in NAMED:
        return NAMED[name](self, node)
    known = _FUNCTIONS.get(name)
    if known is not None:
        return known(self, node.expressions)
    return self.anonymous_sql(node)


def _cast(self: BackboneSpark.Generator, node: exp.Expr) -> str:
    """Print a cast; a number in hexadecimal digits is none to Spark's own."""
    value = node.this
    if (
        isinstance(value, exp.DPipe)
        and isinstance(value.this, exp.Literal)
        and value.this.this == "0x"
    ):
        digits = self.func("conv", value.expression, "16", "10")
        return f"CAST({digits} AS {self.sql(node, 'to')})"
    return PRINTED[exp.Cast](self, node)


class BackboneSpark(Spark):
    """Spark's dialect with the types and functions of the lake."""

    class Generator(SparkGenerator):
        """Prints a tree that was built in DuckDB's dialect.

        `far` says that sums of very large and very small numbers are met.
        """

        far = False
        trying = False

        # Spark has them for long; Hive had not
        EXPRESSIONS_WITHOUT_NESTED_CTES: ClassVar[set[type[exp.Expr]]] = set()
        TYPE_MAPPING: ClassVar = {
            **SparkGenerator.TYPE_MAPPING,
            exp.DType.TIMESTAMP: "TIMESTAMP_NTZ",
            exp.DType.TIMESTAMPNTZ: "TIMESTAMP_NTZ",
            exp.DType.TIMESTAMPTZ: "TIMESTAMP",
            exp.DType.TIMESTAMPLTZ: "TIMESTAMP",
            exp.DType.INT128: "DECIMAL(38, 0)",
            exp.DType.BIGNUM: "DECIMAL(38, 0)",
        }
        TRANSFORMS: ClassVar = {
            **SparkGenerator.TRANSFORMS,
            **PRINTED,
            **with_trying({**SparkGenerator.TRANSFORMS, **PRINTED}),
            exp.Anonymous: _anonymous,
            exp.Cast: _cast,
            exp.JarowinklerSimilarity: lambda self, node: self.func(
                "bb_jaro_winkler", node.this, node.expression
            ),
            exp.Levenshtein: lambda self, node: self.func(
                "bb_levenshtein", node.this, node.expression
            ),
        }


def spark_sql(
    query: Query, inputs: dict[str, str] | None = None, *, far: bool = False
) -> str:
    """Return the text of `query` for Spark.

    Parameters
    ----------
    query : the query, its trees in DuckDB's dialect
    inputs : the views that stand for the names it reads
    far : whether its sums meet numbers for which `backbone.engines.spark.sums` is asked
        again
    """
    printer = BackboneSpark.Generator(dialect=BackboneSpark, comments=False)
    printer.far = far
    query = Query(tuple((name, prepared(tree)) for name, tree in query.steps))
    *before, (_, last) = query.steps
    heads = [
        f"{_name(name)} AS (SELECT * FROM {view})"
        for name, view in (inputs or {}).items()
    ]
    if last.args.get("with_"):
        whole = query.expression()
        text = printer.generate(whole)
        return _with(heads, text, has_with=True)
    heads += [f"{_name(name)} AS ({printer.generate(step)})" for name, step in before]
    return _with(heads, printer.generate(last), has_with=False)


def _with(heads: list[str], text: str, *, has_with: bool) -> str:
    if not heads:
        return text
    if has_with:
        return f"WITH {', '.join(heads)}, {text.removeprefix('WITH ')}"
    return f"WITH {', '.join(heads)} {text}"


def _name(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"

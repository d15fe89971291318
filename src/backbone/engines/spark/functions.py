"""Functions that Spark lacks, or computes otherwise: DuckDB computes them on executors.

Each is a vectorized function over Arrow batches. What it gives is what the other engine
gives, since it is the other engine; it costs the way of its columns from the JVM to
Python and back, some tenths of a microsecond a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession as Spark
from pyspark.sql import types as st
from pyspark.sql.pandas.functions import arrow_udf
from sqlglot import exp

from backbone.engines.duckdb.batches import evaluate
from backbone.sql.operations import double_text, title_case

__all__ = ["LENT", "Lent", "lend"]

_CALL = re.compile(r"\bbb_\w+")


@dataclass(frozen=True)
class Lent:
    """A function that DuckDB computes: over ``a`` (and ``b``), and Spark's type of it."""

    expression: str
    takes: int
    gives: st.DataType


LENT: dict[str, Lent] = {
    **{
        f"bb_{name}": Lent(f"try({name}(a))", 1, st.DoubleType())
        for name in (
            "acos",
            "asin",
            "atan",
            "cbrt",
            "cos",
            "degrees",
            "exp",
            "ln",
            "log10",
            "log2",
            "radians",
            "sin",
            "tan",
        )
    },
    "bb_atan2": Lent("try(atan2(a, b))", 2, st.DoubleType()),
    "bb_power": Lent("try(power(a, b))", 2, st.DoubleType()),
    "bb_reverse": Lent("reverse(a)", 1, st.StringType()),
    "bb_strip_accents": Lent("strip_accents(a)", 1, st.StringType()),
    "bb_double_text": Lent(
        double_text(exp.column("a")).sql(dialect="duckdb"), 1, st.StringType()
    ),
    "bb_jaro_winkler": Lent("jaro_winkler_similarity(a, b)", 2, st.DoubleType()),
    "bb_levenshtein": Lent("levenshtein(a, b)", 2, st.LongType()),
    "bb_nfc": Lent("nfc_normalize(a)", 1, st.StringType()),
    "bb_title": Lent(
        title_case(exp.column("a")).sql(dialect="duckdb"), 1, st.StringType()
    ),
    "bb_text": Lent("cast(a as varchar)", 1, st.StringType()),
}


def lend(spark: Spark, sql: str, known: set[str]) -> None:
    """Make the functions that a text calls known to a session; `known` are already."""
    for name in set(_CALL.findall(sql.lower())) & LENT.keys() - known:
        lent = LENT[name]
        made: Any = (_of_one, _of_two)[lent.takes - 1](lent.expression)
        gives: Any = lent.gives  # pyspark tells less of what it takes than it takes
        spark.udf.register(name, arrow_udf(made, gives))
        known.add(name)


def _of_one(expression: str) -> Callable[[pa.Array], pa.Array]:
    def compute(a: pa.Array) -> pa.Array:
        return evaluate(expression, a)

    return compute


def _of_two(expression: str) -> Callable[[pa.Array, pa.Array], pa.Array]:
    def compute(a: pa.Array, b: pa.Array) -> pa.Array:
        return evaluate(expression, a, b)

    return compute

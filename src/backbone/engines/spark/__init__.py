"""Apache Spark: the engine of data that outgrew one machine.

The engine is loaded when it is asked for: what can be said without pyspark (is there a
Java, is pyspark installed) is said without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backbone.engines.spark.engine import SparkEngine

__all__ = ["SparkEngine"]


def __getattr__(name: str) -> Any:
    if name != "SparkEngine":
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from backbone.engines.spark.engine import SparkEngine  # noqa: PLC0415 - see above

    return SparkEngine

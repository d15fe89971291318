"""Statistics of written files, from DuckDB's spelling to Delta's."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from backbone.model.files import ColumnStatistics
from backbone.model.schemas import Schema
from backbone.model.types import CanonicalType

__all__ = ["column_statistics"]

_LONGEST = 32
_TOP = "\U0010ffff"
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d{1,6})?\+00")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def column_statistics(
    returned: Mapping[str, Mapping[str, str]], schema: Schema
) -> dict[str, ColumnStatistics]:
    """Return the statistics of one file, by column.

    Parameters
    ----------
    returned : what ``COPY … (RETURN_STATS)`` gives, by quoted column name
    schema : the schema of the file
    """
    return {
        c.name: _one(returned.get('"' + c.name.replace('"', '""') + '"', {}), c.type)
        for c in schema
    }


def _one(given: Mapping[str, str], kind: CanonicalType) -> ColumnStatistics:
    nulls = int(given.get("null_count", "0"))
    low, high = given.get("min"), given.get("max")
    if low is None or high is None or given.get("has_nan") == "true":
        return ColumnStatistics(nulls)
    bounds = _bounds(low, high, kind)
    return ColumnStatistics(nulls, *bounds) if bounds else ColumnStatistics(nulls)


def _bounds(low: str, high: str, kind: CanonicalType) -> tuple[str, str] | None:
    if kind.kind == "string":
        cut = high[:_LONGEST] + _TOP if len(high) > _LONGEST else high
        return _text(low[:_LONGEST]), _text(cut)
    first, last = _literal(low, kind), _literal(high, kind)
    return None if first is None or last is None else (first, last)


def _literal(text: str, kind: CanonicalType) -> str | None:
    if kind.kind == "boolean":
        return "true" if text in {"1", "true"} else "false"
    if kind.kind in {"integer", "decimal"}:
        return text if _NUMBER.fullmatch(text) else None
    if kind.kind == "double":
        value = float(text)
        return repr(value) if math.isfinite(value) else None
    if kind.kind == "date":
        return _text(text) if _DATE.fullmatch(text) else None
    if kind.kind == "timestamp":
        found = _INSTANT.fullmatch(text)
        return found and _text(f"{found[1]}T{found[2]}{(found[3] or '.'):0<7}Z")
    return None


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)

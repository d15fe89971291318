"""The profile of a table: figures of every column, computed where the data are.

Counts, bounds and means are of all rows. Of a table of more than two million rows the
rest (quantiles, frequent values, histogram, outliers, patterns) is of a sample of about a
million, always the same rows, and the number of distinct values is an estimate; the
profile says so. Whatever its size, the same table gives the same profile.

References
----------
Iglewicz, Hoaglin. How to Detect and Handle Outliers. ASQC, 1993: the modified z-score,
0.6745 times the distance from the median over the median absolute deviation, and 3.5 as
its limit.
Gibbons. Distinct Sampling for Highly-Accurate Answers to Distinct Values Queries and
Event Reports. VLDB 2001: they are counted in a sample of the values, not of the rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from backbone.engines.protocol import Relation, Scan, Session, Staged
from backbone.governance.profile import queries
from backbone.governance.profile.queries import QUANTILES, ROWS
from backbone.model.schemas import Column

__all__ = ["REVISION", "profile_of"]

REVISION = 1
"""Raised when the same table gets another profile."""

_WHOLE_ROWS = 2_000_000
_SAMPLE_ROWS = 1_000_000
_VALUES = 4
_ENOUGH = 100
_SHAPED_TEXTS = 100_000
_TOP = 10
_SHAPES = 8
_BUCKETS = 24
_AT_ONCE = 25
_TEXT = 200
_QUARTILES = (2, 4)
_FAR = 3.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class _Basis:
    """The rows that are looked at closely: one in `every`."""

    rows: Relation
    every: int

    @property
    def values(self) -> int:
        """Of distinct values, one in so many is counted."""
        return _VALUES * self.every if self.every > 1 else 1


def profile_of(
    session: Session,
    relation: Scan,
    *,
    rows: int,
    whole_rows: int = _WHOLE_ROWS,
    sample_rows: int = _SAMPLE_ROWS,
) -> dict[str, Any]:
    """Return the profile of a table.

    Parameters
    ----------
    session : of DuckDB
    relation : the table; columns that begin with an underscore are not profiled
    rows : how many rows it has
    whole_rows : tables of more rows are sampled
    sample_rows : about so many rows are in the sample

    Returns
    -------
    ``{rows, sample, columns}``, as JSON holds it: `sample` is None, or ``{every}`` where
    one row in so many was looked at closely. Each column has ``name, type, nulls,
    distincts, distincts_exact, top``; numbers and times ``min, max, quantiles, histogram,
    outliers``; numbers ``mean``, doubles ``nan`` and ``infinite``; texts ``min, max,
    lengths, empty, patterns``.

    Notes
    -----
    Each column is read twice, and once more where it holds numbers or times; of a large
    table once, and its sample is. Memory is that of one column's distinct values at a
    time and of the sample, which spill to disk.
    """
    every = 1 if rows <= whole_rows else math.ceil(rows / sample_rows)
    looked: Relation = relation
    if every > 1:
        sample = queries.sampled(relation.schema, every)
        looked = session.stage(sample, {ROWS: relation})
    basis = _Basis(looked, every)
    columns = list(relation.schema.public)
    found: list[dict[str, Any]] = []
    for first in range(0, len(columns), _AT_ONCE):
        found += _of_some(session, relation, columns[first : first + _AT_ONCE], basis)
    return {
        "rows": rows,
        "sample": {"every": every} if every > 1 else None,
        "columns": [{**one, "nulls": rows - one.pop("there")} for one in found],
    }


def _of_some(
    session: Session, relation: Scan, columns: Sequence[Column], basis: _Basis
) -> list[dict[str, Any]]:
    inputs = {ROWS: relation}
    asked = queries.whole(columns, values=basis.values)
    (whole,) = session.fetch(asked, inputs).to_pylist()
    ranked = [one for one in columns if one.type.is_numeric or one.type.is_temporal]
    spread: dict[str, Any] = {}
    if ranked:
        asked = queries.spread(ranked)
        (spread,) = session.fetch(asked, {ROWS: basis.rows}).to_pylist()
    places = {one.name: place for place, one in enumerate(ranked)}
    return [
        _of_one(
            session,
            basis,
            one,
            _mine(whole, place),
            _mine(spread, places.get(one.name)),
        )
        for place, one in enumerate(columns)
    ]


def _mine(row: Mapping[str, Any], place: int | None) -> dict[str, Any]:
    """Return what a row says of the column at `place`."""
    ending = f"_{place}"
    return {k.removesuffix(ending): v for k, v in row.items() if k.endswith(ending)}


def _of_one(
    session: Session,
    basis: _Basis,
    one: Column,
    whole: Mapping[str, Any],
    spread: Mapping[str, Any],
) -> dict[str, Any]:
    grouped = session.stage(queries.groups(one), {ROWS: basis.rows})
    known = {"groups": grouped}
    top = session.fetch(queries.frequent(_TOP), known).to_pylist()
    looked = _looked(session, grouped)
    found: dict[str, Any] = {
        "name": one.name,
        "type": str(one.type),
        "unit": one.unit,
        "there": whole["there"],
        "distincts": _distincts(whole, grouped, basis),
        "distincts_exact": basis.every == 1,
        "looked": looked,
        "top": [
            {"value": _plain(row["v"]), "count": row["n"], "share": row["n"] / looked}
            for row in top
        ],
    }
    if "least" in whole:
        found |= {"min": _plain(whole["least"]), "max": _plain(whole["most"])}
    if "sum" in whole:
        found["mean"] = _mean(whole)
    found |= {name: whole[name] for name in ("nan", "infinite", "empty") if name in whole}
    if "letters" in whole:
        found["lengths"] = _lengths(whole)
        found |= _patterns(session, grouped)
    if spread:
        found |= _distribution(session, one, grouped, whole, spread)
    return found


def _distincts(whole: Mapping[str, Any], grouped: Staged, basis: _Basis) -> int:
    """Return how many distinct values there are, or about how many.

    A sample of the values tells it for many, a sample of the rows for few.
    """
    picked = whole.get("picked", 0)
    if picked < _ENOUGH:
        return grouped.rows
    return max(grouped.rows, int(picked) * basis.values)


def _looked(session: Session, grouped: Staged) -> int:
    query = queries.total()
    return int(session.fetch(query, {"groups": grouped})["n"][0].as_py() or 0)


def _mean(whole: Mapping[str, Any]) -> float | None:
    """Return the mean of the finite values: an exact sum, divided once."""
    count = whole["there"] - whole.get("nan", 0) - whole.get("infinite", 0)
    total = whole["sum"]
    if not count or total is None:
        return None
    if isinstance(total, float):
        return total / count if math.isfinite(total) else None
    return float(Fraction(total) / count)


def _lengths(whole: Mapping[str, Any]) -> dict[str, Any] | None:
    if not whole["there"]:
        return None
    return {
        "min": whole["shortest"],
        "mean": float(Fraction(whole["letters"]) / whole["there"]),
        "max": whole["longest"],
    }


def _patterns(session: Session, grouped: Staged) -> dict[str, Any]:
    every = max(1, math.ceil(grouped.rows / _SHAPED_TEXTS))
    rows = session.fetch(queries.shapes(every, _SHAPES), {"groups": grouped}).to_pylist()
    return {
        "patterns": [
            {"pattern": row["shape"], "count": row["n"], "share": row["n"] / row["of"]}
            for row in rows
        ],
        "patterns_of": int(rows[0]["of"]) if rows else 0,
        "pattern_kinds": int(rows[0]["kinds"]) if rows else 0,
    }


def _distribution(
    session: Session,
    one: Column,
    grouped: Staged,
    whole: Mapping[str, Any],
    spread: Mapping[str, Any],
) -> dict[str, Any]:
    values = spread["quantiles"]
    if not spread["known"] or not values:
        return {"quantiles": None, "histogram": None, "outliers": None}
    quantiles = {f"{q:g}": _plain(v) for q, v in zip(QUANTILES, values, strict=True)}
    middle, mad = float(spread["middle"]), float(spread["mad"])
    edges = _edges(one, whole, values)
    query = queries.buckets(one, edges, middle=middle, mad=mad)
    rows = session.fetch(query, {"groups": grouped}).to_pylist()
    counts = {int(row["bucket"]): int(row["n"]) for row in rows}
    number = len(edges) - 1
    far = sum(int(row["far"]) for row in rows)
    return {
        "quantiles": quantiles,
        "histogram": {
            "edges": [_from_axis(one, edge) for edge in edges],
            "counts": [counts.get(place, 0) for place in range(number)],
            "below": counts.get(-1, 0),
            "above": counts.get(number, 0),
        },
        "outliers": {
            "method": "robust z > 3.5",
            "count": far if mad > 0 else None,
            "share": far / spread["known"] if mad > 0 else None,
        },
    }


def _edges(
    one: Column, whole: Mapping[str, Any], quantiles: Sequence[Any]
) -> list[float]:
    """Return the edges of a histogram: of equal width, far values being left outside."""
    low, high = _on_axis(whole["least"]), _on_axis(whole["most"])
    first, third = (_on_axis(quantiles[place]) for place in _QUARTILES)
    stretch = _FAR * (third - first)
    if stretch > 0:
        low, high = max(low, first - stretch), min(high, third + stretch)
    if one.type.kind == "integer":
        low, high = math.floor(low), math.ceil(high)
        if high - low < _BUCKETS:
            return [float(edge) for edge in range(int(low), int(high) + 2)]
    if high <= low:
        return [low, low]
    return [low + (high - low) * place / _BUCKETS for place in range(_BUCKETS + 1)]


def _on_axis(value: Any) -> float:
    if isinstance(value, datetime):
        return (_zoned(value) - _EPOCH).total_seconds()
    if isinstance(value, date):
        return float((value - _EPOCH.date()).days) * 86_400
    return float(value)


def _from_axis(one: Column, edge: float) -> Any:
    """Return an edge as a value of the column: a number, a date or a time."""
    if one.type.kind == "integer" and edge == int(edge):
        return int(edge)
    if not one.type.is_temporal:
        return edge
    moment = _EPOCH + timedelta(seconds=edge)
    if one.type.kind == "date":
        return moment.date().isoformat()
    text = moment.replace(tzinfo=None).isoformat(timespec="seconds")
    return f"{text}Z" if one.type.kind == "timestamp" else text


def _zoned(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _plain(value: Any) -> Any:
    """Return a value as JSON holds it; long texts are cut."""
    if isinstance(value, datetime):
        text = value.replace(tzinfo=None).isoformat()
        return f"{text}Z" if value.tzinfo else text
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str) and len(value) > _TEXT:
        return f"{value[:_TEXT]}…"
    return value

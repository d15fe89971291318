"""Columns as cards: what is missing, how values are spread, which ones occur most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from backbone.app.figures import cell, count, score, shorten
from backbone.app.pages.charts import histogram

__all__ = ["cards"]

_VALUE = 60
_AXIS = 20
_TOP = 5


def cards(
    profiled: Mapping[str, Any], columns: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return a card for each column of a profile.

    Parameters
    ----------
    profiled : what `app.profiles.profile` returned
    columns : the scores of the columns, as `app.quality.quality` returns them
    """
    scores = {column["name"]: column for column in columns}
    rows = profiled["rows"]
    return [_card(one, scores.get(one["name"], {}), rows) for one in profiled["columns"]]


def _card(one: Mapping[str, Any], scored: Mapping[str, Any], rows: int) -> dict[str, Any]:
    there = (rows - one["nulls"]) / rows if rows else 0.0
    about = "" if one["distincts_exact"] else "about "
    return {
        "name": one["name"],
        "type": one["type"] if not one["unit"] else f"{one['type']}, {one['unit']}",
        "score": score(scored.get("score")),
        "rules": ", ".join(scored.get("rules", ())),
        "there": there,
        "missing": _missing(one["nulls"], rows),
        "distincts": f"{about}{count(one['distincts'])} distinct",
        "chart": _chart(one),
        "facts": _facts(one),
        "top": [
            {
                "value": _said(row["value"], one["type"]),
                "count": count(row["count"]),
                "share": row["share"],
            }
            for row in _top(one)
        ],
        "patterns": [
            {
                "value": shorten(row["pattern"], _VALUE),
                "count": count(row["count"]),
                "share": row["share"],
            }
            for row in one.get("patterns", ())[:_TOP]
        ],
    }


def _missing(nulls: int, rows: int) -> str:
    if not rows:
        return "no rows"
    if not nulls:
        return "none missing"
    share = f"{nulls / rows:.1%}".replace("%", " %")
    return f"{count(nulls)} missing ({share})"


def _top(one: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the frequent values; none where no value occurs twice."""
    top = list(one["top"][:_TOP])
    return top if top and (top[0]["count"] > 1 or len(top) == one["distincts"]) else []


def _chart(one: Mapping[str, Any]) -> Markup | None:
    found = one.get("histogram")
    if not found:
        return None
    first, *_, last = found["edges"]
    if one["type"] == "integer" and last - first == len(found["counts"]):
        last -= 1  # a bucket for every whole number
    ends = [shorten(_said(end, one["type"]), _AXIS) for end in (first, last)]
    return histogram(found["counts"], *ends)


def _said(value: Any, kind: str) -> str:
    """Write a value; of a time no more than it says."""
    if value == "":
        return "(empty)"
    if kind not in {"datetime", "timestamp"} or not isinstance(value, str):
        return shorten(cell(value), _VALUE)
    zone = "Z" if value.endswith("Z") else ""
    return value.removesuffix("Z").removesuffix(":00").replace("T", " ") + zone


def _facts(one: Mapping[str, Any]) -> list[tuple[str, str]]:
    quantiles = one.get("quantiles") or {}
    histogram_ = one.get("histogram") or {}
    outside = histogram_.get("below", 0) + histogram_.get("above", 0)
    outliers = (one.get("outliers") or {}).get("count")
    lengths = one.get("lengths") or {}
    facts = [
        ("least", one.get("min")),
        ("lower quarter", quantiles.get("0.25")),
        ("median", quantiles.get("0.5")),
        ("upper quarter", quantiles.get("0.75")),
        ("most", one.get("max")),
        ("mean", one.get("mean")),
        ("outliers", count(outliers) if outliers else None),
        ("beyond the picture", count(outside) if outside else None),
        ("NaN", count(one["nan"]) if one.get("nan") else None),
        ("infinite", count(one["infinite"]) if one.get("infinite") else None),
        ("empty texts", count(one["empty"]) if one.get("empty") else None),
        ("length", _lengths(lengths)),
    ]
    return [(name, _said(v, one["type"])) for name, v in facts if v is not None]


def _lengths(lengths: Mapping[str, Any]) -> str | None:
    if not lengths:
        return None
    if lengths["min"] == lengths["max"]:
        return cell(lengths["min"])
    return f"{lengths['min']} to {lengths['max']}, mean {lengths['mean']:.1f}"

"""What people decided about a table, as a page tells it: first what needs a look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from backbone.app.decisions import decisions
from backbone.app.environment import Environment
from backbone.app.figures import count, decided_words, plural, says_of, shorten
from backbone.app.queries import head
from backbone.engines.protocol import Scan
from backbone.model.names import AssetName
from backbone.sql.queries import Query, column, table

__all__ = ["decided"]

_OPEN = 40
_VALUE = 80
_REASON = 400
_MEANS = {
    "applied": "it holds",
    "no row": "no current row has this key any more",
    "several rows": "several rows have this key, and one was meant: nothing is changed",
    "other value": "the cell does not hold any more what the decision was about",
    "overruled": "a later decision speaks of the same cells",
    "expired": "its last day is over",
    "not run yet": "no version was made with it so far",
    "applied in part": "it holds for some of the rows that it names",
}
_LAST = {"applied": 2, "overruled": 1, "expired": 1}


def decided(
    env: Environment, asset: AssetName, counts: Mapping[str, int]
) -> dict[str, Any] | None:
    """Return what the page says of decisions; None where nobody decided anything.

    Parameters
    ----------
    counts : decisions by what became of them, as `app.quality.quality` counts them
    """
    if asset.zone != "trusted":
        return None
    listed = decisions(env, str(asset))["decisions"]
    if not listed:
        return None
    cells = _cells(env, asset)
    found = [_told(one, cells.get(one["name"], 0)) for one in listed]
    found.sort(key=lambda one: _LAST.get(one["status"], 0))
    people = {one["by"] for one in listed}
    words = f"{decided_words(counts)}, by {plural(len(people), 'person', 'people')}"
    return {"words": words, "shown": found[:_OPEN], "more": found[_OPEN:]}


def _told(one: Mapping[str, Any], cells: int) -> dict[str, Any]:
    rows = one["rows"]
    named = sum(n for status, n in rows.items() if status != "no row")
    was = [f"{name} is {_value(value)}" for name, value in one["was"].items()]
    return {
        "name": one["name"],
        "says": shorten(says_of(one), _VALUE),
        "of": shorten(one["key"], _VALUE),
        "reason": shorten(one["reason"], _REASON),
        "who": f"{shorten(one['by'], _VALUE)}, {one['decided']}",
        "was": f"as long as {' and '.join(was)}" if was else "",
        "until": one["until"] or "",
        "rows": count(named) if rows else "",
        "cells": count(cells) if rows else "",
        "status": one["status"],
        "parts": ", ".join(f"{count(n)} {status}" for status, n in rows.items())
        if len(rows) > 1
        else "",
        "means": _MEANS[one["status"]],
        "tone": "good" if one["status"] == "applied" else "warn",
        "over": one["status"] in {"expired", "overruled"},
    }


def _value(text: str | None) -> str:
    return "missing" if text is None else f"“{shorten(text, _VALUE)}”"


def _cells(env: Environment, asset: AssetName) -> dict[str, int]:
    """Count the cells that each decision changed in the newest version."""
    repairs = head(env, asset.with_side("repairs"))
    if not repairs.files:
        return {}
    is_decision = exp.EQ(this=column("method"), expression=exp.Literal.string("decision"))
    number = exp.alias_(exp.Count(this=exp.Star()), "n")
    counted = exp.select(column("rule"), number).from_(table("repairs"))
    counted = counted.where(is_decision).group_by(column("rule"))
    scan = Scan(repairs.paths(), repairs.schema)
    with env.engine.session() as session:
        rows = session.fetch(Query.of(counted), {"repairs": scan}).to_pylist()
    return {row["rule"]: int(row["n"]) for row in rows}

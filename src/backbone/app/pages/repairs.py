"""What was changed in a table, by rule, with the changes that occur most."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from backbone.app.environment import Environment
from backbone.app.figures import count, plural, shorten
from backbone.app.queries import head
from backbone.engines.protocol import Scan
from backbone.errors import LakeError
from backbone.model.names import AssetName
from backbone.sql.queries import Query, column, table

__all__ = ["repairs"]

_EXAMPLES = 5
_RULES = 200
_VALUE = 60


def repairs(env: Environment, asset: AssetName) -> list[dict[str, Any]]:
    """Return for each rule and column how many cells it changed, and examples.

    Examples are the changes (old value, new value) that occur most; of equally frequent
    ones the first by their texts. At most two hundred of rules and columns are returned.
    """
    if asset.zone != "trusted":
        return []
    try:
        version = head(env, asset.with_side("repairs"))
    except LakeError:
        return []
    if not version.rows:
        return []
    scan = Scan(version.paths(), version.schema)
    with env.engine.session() as session:
        rows = session.fetch(_query(), {"repairs": scan}).to_pylist()
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault(
            (row["rule"], row["column"]),
            {
                "rule": row["rule"],
                "column": row["column"],
                "cells": plural(int(row["cells"]), "cell"),
                "examples": [],
            },
        )
        one["examples"].append(
            (_value(row["old"]), _value(row["new"]), count(int(row["n"])))
        )
    return list(found.values())[:_RULES]


def _value(text: str | None) -> str:
    return "missing" if text is None else f"“{shorten(text, _VALUE)}”"


def _query() -> Query:
    """Return rule, column, its cells, and its commonest changes, of all rules."""
    keys = [column("rule"), column("column")]
    change = [column("old"), column("new")]
    counted = exp.select(
        *keys, *change, exp.alias_(exp.Count(this=exp.Star()), "n", quoted=True)
    ).from_(table("repairs"))
    order = exp.Order(
        expressions=[
            exp.Ordered(this=column("n"), desc=True),
            *(exp.Ordered(this=one.copy(), nulls_first=True) for one in change),
        ]
    )
    place = exp.Window(
        this=exp.RowNumber(), partition_by=[k.copy() for k in keys], order=order
    )
    cells = exp.Window(
        this=exp.Sum(this=column("n")), partition_by=[k.copy() for k in keys]
    )
    placed = exp.select(
        *(one.copy() for one in (*keys, *change)),
        column("n"),
        exp.alias_(place, "place", quoted=True),
        exp.alias_(exp.cast(cells, "BIGINT"), "cells", quoted=True),
    ).from_("counted")
    few = exp.LTE(this=column("place"), expression=exp.Literal.number(_EXAMPLES))
    picked = exp.select("*").from_("placed").where(few)
    picked = picked.order_by(
        exp.Ordered(this=column("cells"), desc=True),
        *(exp.Ordered(this=k.copy()) for k in keys),
        exp.Ordered(this=column("place")),
    ).limit(_EXAMPLES * _RULES)
    return (
        Query.of(counted.group_by(*(one.copy() for one in (*keys, *change))), "counted")
        .then("placed", placed)
        .then("picked", picked)
    )

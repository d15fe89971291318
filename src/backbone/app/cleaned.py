"""What cleaning changed: how many cells of which column, and how."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from backbone.app.environment import Environment
from backbone.app.queries import head
from backbone.engines.protocol import Scan
from backbone.model.names import AssetName
from backbone.sql.queries import Query, column, table

__all__ = ["cleaned", "step_number"]

_CLEANING = "^clean_([0-9]+)_"


def step_number(name: str) -> int | None:
    """Return which cleaning step the repairs call `name`, from 1; None: it is no step.

    >>> step_number("clean_2_trim"), step_number("clean_names")
    (2, None)
    """
    found = re.match(_CLEANING, name)
    return int(found[1]) if found else None


def cleaned(env: Environment, asset: AssetName) -> list[dict[str, Any]]:
    """Return ``{rule, column, method, cells}`` of each step, in their order.

    Steps that changed nothing are among them, with 0 cells, in versions that remember
    which steps there were.
    """
    found = _changed(env, asset)
    met = {(one["rule"], one["column"]) for one in found}
    idle = [
        {"rule": rule, "column": name, "method": method, "cells": 0}
        for rule, name, method in head(env, asset).metadata.get("cleaning", ())
        if (rule, name) not in met
    ]
    return sorted([*found, *idle], key=lambda one: step_number(one["rule"]) or 0)


def _changed(env: Environment, asset: AssetName) -> list[dict[str, Any]]:
    repairs = head(env, asset.with_side("repairs"))
    if not repairs.files:
        return []
    told = [column(name) for name in ("rule", "column", "method")]
    count = exp.alias_(exp.Count(this=exp.Star()), "cells")
    pattern = exp.Literal.string(_CLEANING)
    is_cleaning = exp.RegexpLike(this=column("rule"), expression=pattern)
    first = exp.Min(this=column("step_order"))
    select = exp.select(*told, count).from_(table("repairs")).where(is_cleaning)
    select = select.group_by(*told).order_by(first, column("column"), column("method"))
    scan = Scan(repairs.paths(), repairs.schema)
    with env.engine.session() as session:
        return list(session.fetch(Query.of(select), {"repairs": scan}).to_pylist())

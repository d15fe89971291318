"""What cleaning changed and could not read: how many cells of which column, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping
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


def cleaned(
    env: Environment, asset: AssetName, version: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return what each step did in the newest version of a table, in their order.

    Returns
    -------
    ``{rule, column, method, cells}``, and of a step that reads texts also `unread`:
    ``{cells, texts, blanked, examples}``, examples as ``{text, cells}``. Steps that
    changed nothing are among them; not those of a version that was made when nobody
    remembered steps.
    """
    changed = _changed(env, asset)
    steps = version["record"].get("cleaning")
    if steps is None:
        return [
            dict(zip(_NAMES, key, strict=True), cells=n) for key, n in changed.items()
        ]
    return [_step(step, changed) for step in steps]


_NAMES = ("rule", "column", "method")


def _step(
    step: Mapping[str, Any], changed: Mapping[tuple[str, ...], int]
) -> dict[str, Any]:
    key = tuple(step[name] for name in _NAMES)
    found = {name: step[name] for name in _NAMES} | {"cells": changed.get(key, 0)}
    unread = step.get("unread")
    if unread is None:
        return found
    examples = [{"text": text, "cells": cells} for text, cells in unread["examples"]]
    return found | {"unread": {**unread, "examples": examples}}


def _changed(env: Environment, asset: AssetName) -> dict[tuple[str, ...], int]:
    """Count the changed cells by step, column and method, in the order of the steps."""
    repairs = head(env, asset.with_side("repairs"))
    if not repairs.files:
        return {}
    told = [column(name) for name in _NAMES]
    count = exp.alias_(exp.Count(this=exp.Star()), "cells")
    pattern = exp.Literal.string(_CLEANING)
    is_cleaning = exp.RegexpLike(this=column("rule"), expression=pattern)
    first = exp.Min(this=column("step_order"))
    select = exp.select(*told, count).from_(table("repairs")).where(is_cleaning)
    select = select.group_by(*told).order_by(first, column("column"), column("method"))
    scan = Scan(repairs.paths(), repairs.schema)
    with env.engine.session() as session:
        rows = session.fetch(Query.of(select), {"repairs": scan}).to_pylist()
    return {tuple(row[name] for name in _NAMES): int(row["cells"]) for row in rows}

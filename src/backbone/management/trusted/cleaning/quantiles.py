"""Exact quantiles of groups, the same on every engine.

The quantile of a share q/4 of n values in order, numbered from 0, is the value at place
``h = (n - 1) * q / 4``; where h lies between two places, it lies between their values in
proportion. That is type 7 of Hyndman and Fan, what NumPy and pandas compute. Places are
whole numbers and quarters, so they are exact; only the last step, ``a * (1 - f) + b * f``
with f of 0, 1/4, 1/2 or 3/4, is one of doubles, and no order of rows matters to it.

One sort of a group for all of its quantiles, O(n log n); equal values may stand in any
order, since they are equal.

References
----------
Hyndman, Fan. Sample Quantiles in Statistical Packages. The American Statistician 50(4),
1996.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backbone.management.trusted.rows.steps import Steps, select

__all__ = ["between", "placed"]


def placed(
    name: str, source: str, keys: Sequence[str], quarters: Mapping[str, int]
) -> Steps:
    """Return steps; the last, `name`, has the values around each quantile of a group.

    Parameters
    ----------
    source : the step that has `keys` and ``x``, none of which is null
    quarters : the share, in quarters, of each quantile by its name

    Returns
    -------
    Steps, the last with `keys`, ``total`` (how many values there are) and of a quantile
    ``q`` the columns ``q_low``, ``q_high`` and ``q_part``, how far it lies between them
    """
    listed = ", ".join(keys)
    ranked = (
        f"select {listed}, x, row_number() over (partition by {listed} order by x) - 1 "
        f"as place, count(*) over (partition by {listed}) as total from {source}"
    )
    columns = []
    for quantile, quarter in quarters.items():
        low = f"(total - 1) * {quarter} // 4"
        part = f"(total - 1) * {quarter} % 4"
        high = f"{low} + case when {part} > 0 then 1 else 0 end"
        for end, at in (("low", low), ("high", high)):
            columns.append(f"max(case when place = {at} then x end) as {quantile}_{end}")
        columns.append(f"max(cast({part} as double)) / 4e0 as {quantile}_part")
    found = (
        f"select {listed}, max(total) as total, {', '.join(columns)} "
        f"from {name}_ranked group by {listed}"
    )
    return [(f"{name}_ranked", select(ranked)), (name, select(found))]


def between(quantile: str) -> str:
    """Return SQL for a quantile of numbers that are doubles."""
    low, high, part = (f"{quantile}_{each}" for each in ("low", "high", "part"))
    mixed = f"{low} * (1e0 - {part}) + {high} * {part}"
    return f"case when {part} = 0e0 then {low} else {mixed} end"

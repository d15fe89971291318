"""Description: what goes with an outcome, one factor at a time and all at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backbone.analysis.explore.adjust import Adjusted, adjusted_model
from backbone.analysis.explore.effects import Effect, effect_of, holm, lumped
from backbone.analysis.explore.outcome import (
    Distribution,
    Missing,
    Trend,
    Week,
    distribution,
    missing,
    trend,
    week,
)
from backbone.analysis.measure.levels import Levels, levels_of
from backbone.analysis.measure.means import Means, level_means
from backbone.analysis.measure.resampling import Units, day_units, row_units
from backbone.analysis.prepare.frames import numbers, ordered, zone_of
from backbone.analysis.sandbox.layout import OUTCOME
from backbone.errors import DataError
from backbone.model.schemas import Schema
from backbone.project.analysis import Describe, Factor

__all__ = ["Description", "FactorFinding", "describe"]

Floats = npt.NDArray[np.float64]

_FEWEST = 30


@dataclass(frozen=True)
class FactorFinding:
    """What was found of a factor: per level, alone and adjusted for all others."""

    factor: Factor
    label: str
    unit: str | None
    levels: Levels
    means: Means
    medians: Floats
    effect: Effect
    adjusted: Adjusted
    p_holm: float

    @property
    def known(self) -> npt.NDArray[np.intp]:
        """The codes of levels with rows enough to speak of; missing values are none."""
        count = self.levels.count - int(self.levels.missing)
        n = self.means.n[:count]
        return np.flatnonzero(n >= min(_FEWEST, n.max(initial=0)))


@dataclass(frozen=True)
class Description:
    """Everything that was found, factors by their share of variation, greatest first."""

    rows: int
    mean: float
    distribution: Distribution
    findings: tuple[FactorFinding, ...]
    explained: float
    units: Units
    trend: Trend | None
    week: Week | None
    missing: tuple[Missing, ...]
    timezone: str


def describe(declaration: Describe, sandbox: pa.Table, schema: Schema) -> Description:
    """Describe what goes with the outcome.

    Parameters
    ----------
    sandbox : what `sandbox_query` gave, in any order
    schema : Schema
        That of the sandbox.

    Raises
    ------
    DataError : the sandbox has no rows, or the outcome never varies
    """
    table = ordered(sandbox)
    outcome = numbers(table[OUTCOME])
    if len(outcome) == 0 or np.ptp(outcome) == 0:
        what = (
            "the sandbox has no rows" if len(outcome) == 0 else "the outcome is constant"
        )
        raise DataError(f"there is nothing to describe: {what}", hint="look at `where`")
    zone = _zone(declaration, schema)
    times = None if declaration.time is None else table[declaration.time]
    days = None if times is None else day_units(times, timezone=zone)
    units = days or row_units(len(outcome))
    findings, explained = _findings(declaration, table, schema, outcome, units)
    columns = dict.fromkeys(f.column for f in declaration.factors)
    return Description(
        rows=len(outcome),
        mean=float(outcome.mean()),
        distribution=distribution(outcome),
        findings=findings,
        explained=explained,
        units=units,
        trend=None
        if days is None or times is None
        else trend(times, outcome, timezone=zone),
        week=None if times is None else week(times, outcome, timezone=zone),
        missing=tuple(missing(c, table[c], outcome) for c in columns),
        timezone=zone,
    )


def _zone(declaration: Describe, schema: Schema) -> str:
    if declaration.time is None:
        return declaration.timezone or "UTC"
    return zone_of(schema[declaration.time], declaration.timezone)


def _findings(
    declaration: Describe,
    table: pa.Table,
    schema: Schema,
    outcome: Floats,
    units: Units,
) -> tuple[tuple[FactorFinding, ...], float]:
    grouped = [
        _levels(declaration, factor, table, schema) for factor in declaration.factors
    ]
    model = adjusted_model(outcome, grouped, units)
    few = lumped(units, seed=declaration.seed)
    found = []
    for factor, levels, adjusted in zip(
        declaration.factors, grouped, model.factors, strict=True
    ):
        column = schema[factor.column]
        numeric = numbers(table[factor.column]) if column.type.is_numeric else None
        words = factor.column.replace("_", " ")
        found.append(
            FactorFinding(
                factor=factor,
                label=factor.label
                or (f"{words}, {factor.part}" if factor.part else words),
                unit=factor.unit or column.unit,
                levels=levels,
                means=level_means(outcome, levels.codes, levels.count, units),
                medians=_medians(outcome, levels),
                effect=effect_of(outcome, levels, numeric, few, seed=declaration.seed),
                adjusted=adjusted,
                p_holm=float("nan"),
            )
        )
    corrected = holm([one.effect.p for one in found])
    found = [replace(one, p_holm=p) for one, p in zip(found, corrected, strict=True)]
    found.sort(key=lambda one: -np.nan_to_num(one.effect.share.value))
    return tuple(found), model.share


def _levels(
    declaration: Describe, factor: Factor, table: pa.Table, schema: Schema
) -> Levels:
    return levels_of(
        table[factor.column],
        schema[factor.column],
        bins=factor.bins,
        part=factor.part,
        timezone=declaration.timezone,
    )


def _medians(outcome: Floats, levels: Levels) -> Floats:
    order = np.lexsort((outcome, levels.codes))
    ends = np.cumsum(np.bincount(levels.codes, minlength=levels.count))
    parts = np.split(outcome[order], ends[:-1])
    return np.array([np.median(part) if len(part) else np.nan for part in parts])

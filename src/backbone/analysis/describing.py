"""A descriptive question, from its sandbox to its tables and its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from backbone.analysis.explore.description import Description, FactorFinding, describe
from backbone.analysis.references import References
from backbone.analysis.report.description import description_page
from backbone.analysis.sandbox.queries import SandboxAccount
from backbone.analysis.threads import one_thread
from backbone.model.schemas import Column, Schema
from backbone.model.types import DOUBLE, INTEGER, STRING
from backbone.project.analysis import Describe

__all__ = ["EFFECTS_SCHEMA", "LEVELS_SCHEMA", "DescriptiveAnswer", "answer"]

EFFECTS_SCHEMA = Schema((
    Column("place", INTEGER, "1 is the factor with the greatest share"),
    Column("factor", STRING),
    Column("label", STRING),
    Column("share", DOUBLE, "of the outcome's variation that goes with it: eta²"),
    Column("share_low", DOUBLE, "lower bound of the 95 % interval"),
    Column("share_high", DOUBLE, "upper bound of the 95 % interval"),
    Column("adds", DOUBLE, "what it adds to the share of all other factors"),
    Column("rank_correlation", DOUBLE, "Spearman's rho, of numbers"),
    Column("rank_low", DOUBLE, "lower bound of the 95 % interval"),
    Column("rank_high", DOUBLE, "upper bound of the 95 % interval"),
    Column("p", DOUBLE, "that all levels have one mean"),
    Column("p_holm", DOUBLE, "the same, allowing for the number of factors"),
))  # fmt: skip
LEVELS_SCHEMA = Schema((
    Column("factor", STRING),
    Column("level", STRING),
    Column("place", INTEGER, "the order of levels in their factor; the first is 1"),
    Column("rows", INTEGER),
    Column("share", DOUBLE, "of all rows"),
    Column("mean", DOUBLE),
    Column("mean_low", DOUBLE, "lower bound of the 95 % interval"),
    Column("mean_high", DOUBLE, "upper bound of the 95 % interval"),
    Column("median", DOUBLE),
    Column("difference", DOUBLE, "from the average level, with everything else equal"),
    Column("difference_low", DOUBLE, "lower bound of the 95 % interval"),
    Column("difference_high", DOUBLE, "upper bound of the 95 % interval"),
))  # fmt: skip


@dataclass(frozen=True)
class DescriptiveAnswer:
    """What is kept of a descriptive question.

    `tables` are the side tables, by name, each with its schema; `report` is a whole HTML
    page.
    """

    tables: Mapping[str, tuple[pa.Table, Schema]]
    report: str
    found: Description


def answer(
    declaration: Describe,
    sandbox: pa.Table,
    schema: Schema,
    *,
    account: SandboxAccount,
    references: References,
) -> DescriptiveAnswer:
    """Describe what goes with the outcome, and write it down.

    Parameters
    ----------
    sandbox : what `sandbox_query` gave, in any order
    schema : Schema
        That of the sandbox.
    account : where the rows of the source went
    references : what the report says of where all this comes from

    Raises
    ------
    DataError : the sandbox has no rows, or the outcome never varies
    """
    with one_thread():
        found = describe(declaration, sandbox, schema)
    levels = [row for one in found.findings for row in _levels(one, found.rows)]
    return DescriptiveAnswer(
        tables={
            "effects": (_table(EFFECTS_SCHEMA, _effects(found)), EFFECTS_SCHEMA),
            "levels": (_table(LEVELS_SCHEMA, levels), LEVELS_SCHEMA),
        },
        report=description_page(declaration, found, account, references),
        found=found,
    )


def _effects(found: Description) -> list[tuple[Any, ...]]:
    rows = []
    for place, one in enumerate(found.findings, start=1):
        share, rank = one.effect.share, one.effect.rank
        ranks = (None, None, None) if rank is None else (rank.value, rank.low, rank.high)
        shares = (share.value, share.low, share.high)
        name = one.factor.name
        ends = (one.effect.p, one.p_holm)
        rows.append((place, name, one.label, *shares, one.adjusted.adds, *ranks, *ends))
    return rows


def _levels(one: FactorFinding, rows: int) -> list[tuple[Any, ...]]:
    n = one.means.n
    columns = (
        n,
        n / rows,
        one.means.mean,
        one.means.low,
        one.means.high,
        one.medians,
        one.adjusted.difference,
        one.adjusted.low,
        one.adjusted.high,
    )
    return [
        (one.factor.name, name, place, *(column[place - 1] for column in columns))
        for place, name in enumerate(one.levels.names, start=1)
    ]


def _table(schema: Schema, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    types = {"integer": pa.int64(), "double": pa.float64(), "string": pa.string()}
    columns = {
        column.name: pa.array(list(values), types[column.type.kind], from_pandas=True)
        for column, values in zip(schema, zip(*rows, strict=True), strict=True)
    }
    return pa.table(columns)

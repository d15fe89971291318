"""Checks of analyses: what they ask of which table."""

from __future__ import annotations

from collections.abc import Iterator

from backbone.errors import UnknownAsset
from backbone.model.names import AssetName, Zone
from backbone.model.schemas import FLAGS
from backbone.project.analysis import Analysis, Describe, Predict
from backbone.project.checks.known import Columns, Known, missing_columns
from backbone.project.declarations import zone_problem
from backbone.project.drafts import Draft
from backbone.project.mistakes import Mistake, Where
from backbone.project.reading import Drafts

__all__ = ["check_analyses"]

Named = Iterator[tuple[Where, str]]


def check_analyses(drafts: Drafts, known: Known) -> Iterator[Mistake]:
    """Check every analysis.

    The columns of views are known only when their SQL is planned; those of formatted and
    trusted tables are known here.
    """
    zones: tuple[Zone, ...] = ("formatted", "trusted", "exploitation", "analysis")
    for draft in drafts.analysis.values():
        analysis = draft.value
        if analysis is None:
            continue
        why = known.unknown(analysis.source, zones)
        if why:
            yield draft.mistake(("from",), why)
        why = zone_problem(analysis.timezone) if analysis.timezone else None
        if why:
            yield draft.mistake(("timezone",), why)
        yield from _columns(draft, analysis, _source_columns(analysis, known))


def _source_columns(analysis: Analysis, known: Known) -> Columns | None:
    try:
        asset = AssetName.parse(analysis.source)
    except UnknownAsset:
        return None
    columns = known.of_asset(asset)
    if columns is None or asset.zone != "trusted":
        return columns
    return {**columns, FLAGS.name: FLAGS.type}


def _columns(
    draft: Draft[Analysis], analysis: Analysis, columns: Columns | None
) -> Iterator[Mistake]:
    from backbone.project.checks.sql import columns_of  # noqa: PLC0415 - imports sqlglot

    named = list(_named(analysis))
    for where, text in _expressions(analysis):
        names, why = columns_of(text)
        if why:
            yield draft.mistake(where, why)
        named += [(where, name) for name in names]
    if columns is not None:
        yield from missing_columns(draft, named, columns)


def _expressions(analysis: Analysis) -> Named:
    if isinstance(analysis, Predict):
        yield ("target",), analysis.target
    else:
        yield ("outcome",), analysis.outcome
    if analysis.sandbox.where is not None:
        yield ("sandbox", "where"), analysis.sandbox.where


def _named(analysis: Analysis) -> Named:
    for index, name in enumerate(analysis.key):
        yield ("key", index), name
    for index, name in enumerate(analysis.sandbox.columns):
        yield ("sandbox", "columns", index), name
    yield from (
        _predict(analysis) if isinstance(analysis, Predict) else _describe(analysis)
    )


def _predict(analysis: Predict) -> Named:
    for index, name in enumerate(analysis.features):
        yield ("features", index), name
    for index, name in enumerate(analysis.validate_.by):
        yield ("validate", "by", index), name
    if analysis.split.column is not None:
        yield ("split", "column"), analysis.split.column


def _describe(analysis: Describe) -> Named:
    if analysis.time is not None:
        yield ("time",), analysis.time
    for index, factor in enumerate(analysis.factors):
        yield ("factors", index, "column"), factor.column

"""Ask questions of assets in SQL, or take one whole."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
from sqlglot import exp

from backbone.app.environment import Environment
from backbone.app.past import Past
from backbone.engines.protocol import Relation, Scan
from backbone.errors import BackboneError, EngineError, LakeError, bounded
from backbone.lake.tables import TableVersion
from backbone.model.names import AssetName
from backbone.sql.queries import Query
from backbone.sql.verbs import with_verbs
from backbone.sql.views import named_assets, parse_view

__all__ = ["head", "query", "row_count"]


def query(
    env: Environment, sql: str, *, at: str | None = None, max_rows: int | None = None
) -> pa.Table:
    """Return the result of one select over assets named ``zone.table``.

    Parameters
    ----------
    sql : a select in the DuckDB dialect; assets, joins, windows, whatever it can do,
        and our verbs ``to_utc`` and ``to_local``
    at : read every table as it was then: a pin, a time, the end of a run; where one table
        is read also a version of it. The newest by default
    max_rows : return at most so many rows

    Raises
    ------
    ViewError : the text is not one select over assets
    UnknownAsset : it names an asset that is not there
    """
    select, inputs = _bound(env, sql, at)
    try:
        with env.engine.session() as session:
            return session.fetch(Query.of(select), inputs, max_rows=max_rows)
    except EngineError as error:
        first = next(iter(inputs), None)
        if error.command is None and first is not None:
            error.command = f"backbone show {first}"
        raise


def row_count(env: Environment, sql: str, *, at: str | None = None) -> int:
    """Return how many rows `query` would return; they are counted, not fetched.

    Raises
    ------
    ViewError : the text is not one select over assets
    UnknownAsset : it names an asset that is not there
    """
    select, inputs = _bound(env, sql, at)
    counted = exp.select(exp.alias_(exp.Count(this=exp.Star()), "n")).from_(
        select.subquery("counted")
    )
    with env.engine.session() as session:
        return int(session.fetch(Query.of(counted), inputs)["n"][0].as_py())


def _bound(
    env: Environment, sql: str, at: str | None
) -> tuple[exp.Query, dict[str, Relation]]:
    """Return the select, its assets as single names, and the relations they stand for."""
    parsed = parse_view(sql, name="query", file="query", noun="query")
    for asset in parsed.inputs:
        env.asset(str(asset))
    past = _past(env, at, parsed.inputs) if at else None
    inputs: dict[str, Relation] = {}
    for asset in parsed.inputs:
        version = past.table(asset) if past else head(env, asset)
        inputs[str(asset)] = Scan(version.paths(), version.schema)
    return with_verbs(named_assets(parsed), parsed.failure), inputs


def _past(env: Environment, at: str, assets: Sequence[AssetName]) -> Past:
    past = Past(env, at)
    if not assets:
        past.check()
    if past.is_of_one_table and len({asset.main for asset in assets}) > 1:
        known = [str(asset) for asset in assets]
        raise BackboneError(
            f"`{at}` is no pin, no run and no time, and {bounded(known)} have no version "
            "in common",
            hint="A time reads like 2026-11-01, 2026-11-01T06:00 or `2 days ago`.",
            command="backbone pin --list",
        )
    return past


def head(env: Environment, asset: AssetName) -> TableVersion:
    """Return the newest version of a table; of a side table the one its table names.

    Raises
    ------
    LakeError : it has not been made yet
    """
    main = env.lake.tables.head(asset.main)
    if main is not None and asset.side is None:
        return main
    if main is not None and asset.side in main.sides:
        return env.lake.tables.at(asset, main.sides[asset.side])
    if asset.zone == "landing":
        raise LakeError(
            f"{asset} holds raw bytes, not rows", command=f"backbone versions {asset}"
        )
    raise LakeError(
        f"{asset} has not been made yet", command=f"backbone run +{asset.main}"
    )

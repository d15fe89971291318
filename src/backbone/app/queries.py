"""Ask questions of assets in SQL, or take one whole."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
from sqlglot import exp

from backbone.app.environment import Environment
from backbone.engines.protocol import Relation, Scan
from backbone.errors import BackboneError, EngineError, LakeError, bounded
from backbone.lake.tables import TableVersion
from backbone.model.names import AssetName
from backbone.sql.queries import Query
from backbone.sql.verbs import with_verbs
from backbone.sql.views import named_assets, parse_view

__all__ = ["head", "query", "row_count", "snapshot"]


def query(
    env: Environment, sql: str, *, at: str | None = None, max_rows: int | None = None
) -> pa.Table:
    """Return the result of one select over assets named ``zone.table``.

    Parameters
    ----------
    sql : a select in the DuckDB dialect; assets, joins, windows, whatever it can do,
        and our verbs ``to_utc`` and ``to_local``
    at : read every table as it was at the end of this run; the newest by default
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
    numbers = snapshot(env, at) if at else {}
    inputs: dict[str, Relation] = {}
    for asset in parsed.inputs:
        version = _version(env, asset, numbers, at) if at else head(env, asset)
        inputs[str(asset)] = Scan(version.paths(), version.schema)
    return with_verbs(named_assets(parsed), parsed.failure), inputs


def snapshot(env: Environment, run: str) -> dict[str, int]:
    """Return the version of every table at the end of a run.

    Raises
    ------
    BackboneError : there is no such run, or it changed nothing
    """
    for name, _begun, ended in env.lake.runs:
        if name == run and ended is not None:
            return {str(k): int(v) for k, v in ended["snapshot"].items()}
    known = [name for name, _begun, ended in env.lake.runs if ended is not None]
    raise BackboneError(
        f"there is no snapshot of run `{run}`",
        hint=f"The newest runs: {bounded(sorted(known, reverse=True))}"
        if known
        else None,
        command="backbone versions ASSET",
    )


def _version(
    env: Environment, asset: AssetName, numbers: Mapping[str, int], at: str
) -> TableVersion:
    """Return a table as it was; a side table as its table of that time names it."""
    number = numbers.get(str(asset.main))
    if number is not None:
        main = env.lake.tables.at(asset.main, number)
        if asset.side is None:
            return main
        if asset.side in main.sides:
            return env.lake.tables.at(asset, main.sides[asset.side])
    raise LakeError(f"{asset} was not there at the end of run {at}")


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

"""Rows and what is told of them, looked up by where they came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp

from backbone.app.environment import Environment
from backbone.app.queries import head
from backbone.engines.protocol import Scan
from backbone.errors import LakeError
from backbone.lake.tables import TableVersion
from backbone.management.trusted.texts import canonical_text
from backbone.model.names import AssetName
from backbone.model.schemas import ORIGIN
from backbone.sql.queries import Query, column, table

__all__ = ["row_at", "rows_at", "side_rows"]

Origin = Mapping[str, Any]


def row_at(
    env: Environment, version: TableVersion, origin: Origin, *, as_text: bool = False
) -> dict[str, Any] | None:
    """Return the public columns of the row of this origin; None if it is not there.

    With `as_text` values are canonical text, as they stand in the repairs.
    """
    rows = rows_at(env, version, origin, as_text=as_text)
    public = version.schema.public.names
    return {name: rows[0][name] for name in public} if rows else None


def rows_at(
    env: Environment, version: TableVersion, origin: Origin, *, as_text: bool = False
) -> list[dict[str, Any]]:
    """Return at most a hundred rows of this origin (several, in a side table)."""
    if not version.files:
        return []
    cells = [
        exp.alias_(canonical_text(column(one.name), one.type), one.name, quoted=True)
        if as_text and one.is_public
        else column(one.name)
        for one in version.schema
    ]
    select = exp.select(*cells).from_(table("side"))
    for name, value in origin.items():
        select = select.where(exp.EQ(this=column(name), expression=exp.convert(value)))
    scan = Scan(version.paths(), version.schema)
    with env.engine.session() as session:
        found = session.fetch(Query.of(select), {"side": scan}, max_rows=100)
    return list(found.to_pylist())


def side_rows(
    env: Environment, asset: AssetName, side: str, origin: Origin
) -> list[dict[str, Any]]:
    """Return what a side table tells of the row of this origin, without the origin.

    What could not be read is told in the formatted zone; where there is no such table,
    nothing is.
    """
    zone = "formatted" if side == "rejected_cells" else asset.zone
    try:
        version = head(env, AssetName.parse(f"{zone}.{asset.table}__{side}"))
    except LakeError:
        return []
    rows = rows_at(env, version, origin)
    return [{k: v for k, v in row.items() if k not in ORIGIN.names} for row in rows]

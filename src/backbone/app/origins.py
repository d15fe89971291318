"""Rows and what is told of them, looked up by where they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot import exp

from backbone.app.environment import Environment
from backbone.app.keys import shown_key
from backbone.app.queries import head
from backbone.engines.protocol import Scan
from backbone.errors import DataError, LakeError
from backbone.lake.tables import TableVersion
from backbone.management.trusted.rows.texts import canonical_text
from backbone.model.deliveries import Delivery
from backbone.model.literals import value_of
from backbone.model.names import AssetName
from backbone.model.schemas import ORIGIN
from backbone.sql.queries import Query, column, table

__all__ = ["Placed", "delivery_of", "found_row", "row_at", "rows_at", "side_rows"]

Origin = Mapping[str, Any]
Place = Literal["table", "quarantine", "merged"]
_FEW = 5
_GONE: tuple[Place, ...] = ("quarantine", "merged")


@dataclass(frozen=True)
class Placed:
    """A row, and where it is: in its table, or in the side table of rows that left."""

    place: Place
    row: Mapping[str, Any]

    @property
    def origin(self) -> dict[str, Any]:
        """Where it came from."""
        return {name: self.row[name] for name in ORIGIN.names}


def found_row(
    env: Environment, version: TableVersion, key: Mapping[str, str]
) -> Placed | None:
    """Return the row of a version that has this key; of a trusted table also if it left.

    Raises
    ------
    DataError : several rows have it, or a value is none of its column's type
    """
    tables: list[tuple[Place, TableVersion]] = [("table", version)]
    if version.asset.zone == "trusted" and version.asset.side is None:
        tables += [
            (side, env.lake.tables.at(version.asset.with_side(side), version.sides[side]))
            for side in _GONE
            if side in version.sides
        ]
    for place, one in tables:
        rows = _rows_with(env, one, key)
        if len(rows) > 1:
            known = "" if "_record" not in rows[0] else f": {_places(rows)}"
            raise DataError(
                f"several rows of {one.asset} have {shown_key(key)}{known}",
                hint=f"Name a whole key of {', '.join(version.schema.public.names)}.",
            )
        if rows:
            return Placed(place, rows[0])
    return None


def _places(rows: Sequence[Mapping[str, Any]]) -> str:
    few = [f"{row['_object']}#{row['_record']}" for row in rows[:_FEW]]
    return ", ".join(few) + (" …" if len(rows) > _FEW else "")


def _rows_with(
    env: Environment, version: TableVersion, key: Mapping[str, str]
) -> list[dict[str, Any]]:
    if not version.files or any(name not in version.schema for name in key):
        return []
    select = exp.select("*").from_(table("found"))
    for name, text in key.items():
        _check(version, name, text)
        literal = exp.cast(exp.Literal.string(text), version.schema[name].type.sql)
        select = select.where(exp.EQ(this=column(name), expression=literal))
    scan = Scan(version.paths(), version.schema)
    with env.engine.session() as session:
        found = session.fetch(Query.of(select), {"found": scan}, max_rows=_FEW + 1)
    return list(found.to_pylist())


def _check(version: TableVersion, name: str, text: str) -> None:
    """Refuse a value that its column cannot have; of instants the engine knows more."""
    kind = version.schema[name].type
    if kind.kind in {"timestamp", "datetime"}:
        return
    try:
        value_of(text, kind)
    except ValueError as error:
        what = f"`{name}` of {version.asset.main} is {kind}; `{text}` {error}"
        raise DataError(what) from None


def delivery_of(env: Environment, asset: AssetName, identity: str) -> Delivery | None:
    """Return a delivery of the dataset that a formatted or trusted table is made from."""
    dataset = AssetName.parse(env.project.formatted[asset.table].source).table
    source = env.project.dataset_source(dataset)
    found = env.lake.landing.deliveries(source, dataset)
    return next((one for one in found if one.id == identity), None)


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

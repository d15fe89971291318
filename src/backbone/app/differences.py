"""What changed from one version of an asset to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from backbone.app.environment import Environment
from backbone.app.keys import declared_key
from backbone.app.past import Past
from backbone.app.queries import head
from backbone.engines.protocol import Scan, Session, Staged
from backbone.errors import LakeError
from backbone.governance.differences import (
    AFTER,
    BEFORE,
    CHANGES,
    Compared,
    compared,
)
from backbone.lake.tables import DataFile, TableVersion
from backbone.model.deliveries import Delivery
from backbone.model.names import AssetName
from backbone.model.schemas import ORIGIN, Column

__all__ = ["diff"]

_SAMPLE = 5
_KINDS = ("added", "removed", "changed")


def diff(
    env: Environment,
    name: str,
    before: str | None = None,
    after: str | None = None,
    *,
    sample: int = _SAMPLE,
) -> dict[str, Any]:
    """Say what changed in an asset from one version to another.

    Parameters
    ----------
    name : a table, or a dataset of landing
    before : a version of a table (its number or the beginning of its identity), a pin, a
        run or a time; by default the version before `after`
    after : the same; by default the asset as it is now
    sample : how many rows of each kind to show

    Returns
    -------
    Of a table ``{asset, from, to, schema, key, rows, columns, sample, files}``, of a
    dataset ``{asset, from, to, added, again, gone}``.

    Raises
    ------
    LakeError : there is no such version
    BackboneError : nothing has this name

    Notes
    -----
    Files that both versions name are not read. What remains is grouped and joined by the
    engine, on disk where it does not fit into memory.
    """
    asset = env.asset(name)
    if asset.zone == "landing":
        return _of_landing(env, asset, before, after)
    new = Past(env, after).table(asset) if after else head(env, asset)
    old = Past(env, before).table(asset) if before else _previous(env, asset, new)
    found = _of_tables(env, asset, old, new, sample)
    return {**found, "from": _version(old, before), "to": _version(new, after)}


def _previous(env: Environment, asset: AssetName, new: TableVersion) -> TableVersion:
    """Return the version before: of a side table that which its table's named."""
    versions = env.lake.tables.versions(asset.main)
    if asset.side is None:
        older = [one["number"] for one in versions if one["number"] < new.number]
    else:
        named = (one["metadata"].get("sides", {}).get(asset.side) for one in versions)
        older = [n for n in named if n is not None and n < new.number]
    if not older:
        raise LakeError(
            f"{asset} has no version before {new.number}",
            command=f"backbone versions {asset.main}",
        )
    return env.lake.tables.at(asset, int(older[0]))


def _of_tables(
    env: Environment, asset: AssetName, old: TableVersion, new: TableVersion, sample: int
) -> dict[str, Any]:
    columns = compared(old.schema, new.schema, _key(env, asset))
    gone, come, shared = _files(old, new)
    found: dict[str, Any] = {
        "asset": str(asset),
        "from": None,
        "to": None,
        "schema": _schema(columns),
        "key": list(columns.key),
    }
    scans = {
        BEFORE: Scan(_paths(old, gone), old.schema),
        AFTER: Scan(_paths(new, come), new.schema),
    }
    if not columns.columns or not (gone or come):
        counts, by_column = dict.fromkeys(_KINDS, 0), dict[str, int]()
        rows: dict[str, Any] = {}
    else:
        with env.engine.session() as session:
            changes = session.stage(columns.changes(), scans)
            counts, by_column = _totals(session, columns, changes)
            rows = {
                kind: _sample(session, columns, changes, kind, sample)
                for kind in _KINDS
                if counts[kind]
            }
    unchanged = new.rows - counts["added"] - counts["changed"]
    return {
        **found,
        "rows": {**counts, "unchanged": unchanged},
        "columns": by_column,
        "sample": rows,
        "files": {"shared": shared, "read": len(gone) + len(come)},
    }


def _key(env: Environment, asset: AssetName) -> Sequence[str]:
    """Return what names a row: where every delivery is kept, where it came from."""
    if asset.side is not None:
        return ()
    return ORIGIN.names if asset.zone == "formatted" else declared_key(env, asset)


def _files(
    old: TableVersion, new: TableVersion
) -> tuple[list[DataFile], list[DataFile], int]:
    """Return the files that only one of two versions names, and how many both do."""
    if old.folder != new.folder or old.schema.names != new.schema.names:
        return list(old.files), list(new.files), 0
    before, after = ({file.path for file in one.files} for one in (old, new))
    gone = [file for file in old.files if file.path not in after]
    come = [file for file in new.files if file.path not in before]
    return gone, come, len(before & after)


def _paths(version: TableVersion, files: Sequence[DataFile]) -> tuple[str, ...]:
    return tuple(str(version.folder / file.path) for file in files)


def _totals(
    session: Session, columns: Compared, changes: Staged
) -> tuple[dict[str, int], dict[str, int]]:
    row = session.fetch(columns.totals(), {CHANGES: changes}).to_pylist()[0]
    counts = {kind: int(row[kind]) for kind in _KINDS}
    by_column = {
        columns.names[place]: int(row[f"c{place}"])
        for place in columns.rest
        if row[f"c{place}"]
    }
    return counts, by_column


def _sample(
    session: Session, columns: Compared, changes: Staged, kind: str, rows: int
) -> list[dict[str, Any]]:
    found = session.fetch(columns.sample(kind), {CHANGES: changes}, max_rows=rows)
    return [_shown(columns, kind, row) for row in found.to_pylist()]


def _shown(columns: Compared, kind: str, row: Mapping[str, Any]) -> dict[str, Any]:
    names = columns.names
    if kind != "changed":
        side = "o" if kind == "removed" else "n"
        return {name: row[f"{side}{place}"] for place, name in enumerate(names)}
    return {
        "key": {names[place]: row[f"n{place}"] for place in columns.keys},
        "columns": {
            names[place]: {"from": row[f"o{place}"], "to": row[f"n{place}"]}
            for place in columns.rest
            if not _equal(row[f"o{place}"], row[f"n{place}"])
        },
    }


def _equal(one: Any, other: Any) -> bool:
    """Compare two cells as the engine does: NaN is equal to itself."""
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124


def _schema(columns: Compared) -> dict[str, Any]:
    def told(one: Column) -> dict[str, str]:
        return {"name": one.name, "type": str(one.type)}

    return {
        "added": [told(one) for one in columns.added],
        "removed": [told(one) for one in columns.removed],
        "retyped": [
            {"name": new.name, "from": str(old.type), "to": str(new.type)}
            for old, new in columns.retyped
        ],
    }


def _version(version: TableVersion, said: str | None) -> dict[str, Any]:
    return {
        "at": said,
        "version": str(version.number),
        "identity": version.identity,
        "committed": version.committed.isoformat(),
        "rows": version.rows,
        "run": version.metadata.get("run"),
    }


@dataclass(frozen=True)
class _Landed:
    """The deliveries of a dataset at a moment; `upto` is None where that is no time."""

    said: str
    ids: tuple[str, ...]
    upto: datetime | None


def _of_landing(
    env: Environment, asset: AssetName, before: str | None, after: str | None
) -> dict[str, Any]:
    source = env.project.dataset_source(asset.table)
    landed = env.lake.landing.deliveries(source, asset.table)
    known = {one.id: one for one in landed}
    new = _landed(env, asset, after) if after else _now(landed)
    old = _landed(env, asset, before) if before else _earlier(landed, new)
    had, has = set(old.ids), set(new.ids)
    again = [one for one in new.ids if one in had and _received(known.get(one), old, new)]
    return {
        "asset": str(asset),
        "from": {"at": old.said, "deliveries": len(old.ids)},
        "to": {"at": new.said, "deliveries": len(new.ids)},
        "added": [_delivery(one, known) for one in new.ids if one not in had],
        "again": [_delivery(one, known) for one in again],
        "gone": [_delivery(one, known) for one in old.ids if one not in has],
    }


def _now(landed: Sequence[Delivery]) -> _Landed:
    return _Landed(
        "now", tuple(one.id for one in landed), datetime.max.replace(tzinfo=UTC)
    )


def _landed(env: Environment, asset: AssetName, text: str) -> _Landed:
    past = Past(env, text)
    return _Landed(text, tuple(past.pins.get(asset.table, ())), past.moment)


def _earlier(landed: Sequence[Delivery], new: _Landed) -> _Landed:
    """Return what landing held before the newest receipt up to a moment."""
    wanted = set(new.ids)
    times = sorted(
        {
            receipt.received
            for one in landed
            if one.id in wanted
            for receipt in one.receipts
            if new.upto is None or receipt.received <= new.upto
        }
    )
    upto = times[-2] if times[1:] else None
    if upto is None:
        return _Landed("the beginning", (), datetime.min.replace(tzinfo=UTC))
    ids = tuple(one.id for one in landed if one.first_received <= upto)
    return _Landed(upto.isoformat(), ids, upto)


def _received(delivery: Delivery | None, old: _Landed, new: _Landed) -> bool:
    """Tell whether a delivery was received again between two times."""
    if delivery is None or old.upto is None or new.upto is None:
        return False
    return any(old.upto < one.received <= new.upto for one in delivery.receipts)


def _delivery(name: str, known: Mapping[str, Delivery]) -> dict[str, Any]:
    found = known.get(name)
    return {
        "delivery": name,
        "name": found.name if found else None,
        "received": found.received.isoformat() if found else None,
        "size_bytes": found.size if found else None,
    }

"""What there is: list assets, show one, its versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backbone.app.environment import Environment
from backbone.app.runs import selected
from backbone.engines.protocol import Scan
from backbone.lake.hashing import combine, content_hash_query
from backbone.lake.tables import TableVersion
from backbone.model.deliveries import Delivery
from backbone.model.names import ZONES, AssetName
from backbone.model.origins import Origin, origins_of
from backbone.operations.identity import landing_identity
from backbone.operations.plan import Step, make_plan

__all__ = ["content_hash", "ls", "show", "versions"]

_STATUS = {"skip": "fresh", "wait": "missing"}


def ls(
    env: Environment,
    select: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    all_tables: bool = False,
    with_hash: bool = False,
) -> list[dict[str, Any]]:
    """List assets: ``{asset, zone, rows, version, updated_at, status}``.

    Parameters
    ----------
    select, exclude : the selection grammar
    all_tables : side tables too
    with_hash : add ``content_hash``; it costs about as much as writing the tables

    Notes
    -----
    `status` is ``fresh`` (what a run would make is there), ``stale`` (a run would make
    something else), ``missing`` or ``failed`` (the last attempt failed; the version
    before it, if any, is still there). Rows of a landing asset are not known without
    reading it; its version is its newest delivery.
    """
    plan = make_plan(env.project, env.lake, env.catalog)
    only = selected(env, select, exclude)
    heads = env.catalog.heads()
    steps = {step.asset: step for step in plan.steps}
    failed = _failed(env)
    rows = []
    for asset in sorted(env.graph.order, key=lambda a: (ZONES.index(a.zone), a.table)):
        if only is not None and asset not in only:
            continue
        if asset.zone == "landing":
            rows.append(_landing_row(asset, plan.deliveries[asset.table]))
            continue
        rows.append(_row(asset, heads.get(str(asset)), steps.get(asset), failed))
        if all_tables:
            sides = heads.get(str(asset), {}).get("record", {}).get("sides", {})
            for side, number in sorted(sides.items()):
                name = asset.with_side(side)
                known = _numbered(env, name, heads.get(str(name)), number)
                rows.append(_row(name, known, steps.get(asset), failed))
    if with_hash:
        for row in rows:
            row["content_hash"] = _hash_of(env, row, plan.deliveries)
    return rows


def _numbered(
    env: Environment, side: AssetName, head: Mapping[str, Any] | None, number: int
) -> Mapping[str, Any] | None:
    """Return the version of a side table that its table names: `head`, or one before it.

    A side table is committed before the table that names it.
    """
    if head is None or head["number"] == number:
        return head
    found = (one for one in env.catalog.versions(side) if one["number"] == number)
    return next(found, None)


def _failed(env: Environment) -> set[str]:
    last = env.catalog.runs(limit=1)
    steps = env.catalog.steps(last[0]["id"]) if last else []
    return {step["asset"] for step in steps if step["status"] in {"failed", "blocked"}}


def _landing_row(asset: AssetName, deliveries: Sequence[Delivery]) -> dict[str, Any]:
    newest = deliveries[-1] if deliveries else None
    return {
        "asset": str(asset),
        "zone": asset.zone,
        "rows": None,
        "version": newest.id if newest else None,
        "updated_at": _iso(newest.received) if newest else None,
        "status": "fresh" if newest else "missing",
        "deliveries": len(deliveries),
        "removed": sum(1 for delivery in deliveries if delivery.removed),
        "size_bytes": sum(one.size for one in deliveries if not one.removed),
    }


def _row(
    asset: AssetName,
    head: Mapping[str, Any] | None,
    step: Step | None,
    failed: set[str],
) -> dict[str, Any]:
    status = "missing"
    if head is not None:
        status = _STATUS.get(step.action, "stale") if step else "fresh"
    if str(asset.main) in failed and status != "fresh":
        status = "failed"
    return {
        "asset": str(asset),
        "zone": asset.zone,
        "rows": head["rows"] if head else None,
        "version": str(head["number"]) if head else None,
        "updated_at": _iso(head["committed"]) if head else None,
        "status": status,
        "size_bytes": head["size_bytes"] if head else None,
    }


def _hash_of(
    env: Environment,
    row: Mapping[str, Any],
    deliveries: Mapping[str, Sequence[Delivery]],
) -> str | None:
    asset = AssetName.parse(row["asset"])
    if row["version"] is None:
        return None
    if asset.zone == "landing":
        return landing_identity(deliveries[asset.table])
    return content_hash(env, env.lake.tables.at(asset, int(row["version"])))


def content_hash(env: Environment, version: TableVersion) -> str:
    """Return the content hash of a version: equal rows have equal hashes.

    The order of rows, the layout of files and the engine do not matter. Computed once
    per version.
    """
    known = env.catalog.hash(version.asset, version.number)
    if known is not None:
        return known
    query = content_hash_query(version.schema, "hashed")
    with env.engine.session() as session:
        found = session.fetch(query, {"hashed": Scan(version.paths(), version.schema)})
    made = combine(found)
    env.catalog.record_hash(version.asset, version.number, made)
    return made


def versions(env: Environment, name: str) -> list[dict[str, Any]]:
    """Return the versions of an asset, the newest first.

    Of a landing asset they are its deliveries; of a table
    ``{version, identity, committed, rows, size_bytes, inputs, run}``.
    """
    asset = env.asset(name)
    if asset.zone == "landing":
        source = env.project.dataset_source(asset.table)
        found = env.lake.landing.deliveries(source, asset.table)
        notes = env.lake.landing.notes(source, asset.table).all()
        origins = origins_of(found, notes)
        return [_delivery(one, origins[one.id]) for one in reversed(found)]
    return [
        {
            "version": str(one["number"]),
            "identity": one["identity"],
            "committed": _iso(one["committed"]),
            "rows": one["rows"],
            "size_bytes": one["size_bytes"],
            "inputs": one["record"].get("inputs", {}),
            "run": one["record"].get("run"),
        }
        for one in env.catalog.versions(asset)
    ]


def _delivery(delivery: Delivery, origins: Sequence[Origin]) -> dict[str, Any]:
    return {
        "version": delivery.id,
        "name": delivery.name,
        "received": [_iso(receipt.received) for receipt in delivery.receipts],
        "objects": len(delivery.objects),
        "size_bytes": delivery.size,
        "cursor": delivery.cursor,
        "problems": list(delivery.problems),
        "removed": _iso(delivery.removed.at) if delivery.removed else None,
        "reason": delivery.removed.reason if delivery.removed else None,
        "fields": dict(delivery.objects[0].fields) if delivery.objects else {},
        "origins": [
            {"name": one.name, "became": one.became, "to": one.to,
             "since": _iso(one.since)}
            for one in origins
        ],
    }  # fmt: skip


def show(env: Environment, name: str, *, sample: int = 5) -> dict[str, Any]:
    """Describe an asset: columns, inputs, outputs, version, where it is declared, rows.

    Parameters
    ----------
    sample : how many rows to show
    """
    asset = env.asset(name)
    main = asset.main
    heads = env.catalog.heads()
    head: Mapping[str, Any] | None = heads.get(str(asset))
    sides = heads.get(str(main), {}).get("record", {}).get("sides", {})
    if asset.side in sides:
        head = _numbered(env, asset, head, sides[asset.side])
    found: dict[str, Any] = {
        "asset": str(asset),
        "zone": asset.zone,
        "description": _description(env, main),
        "declared_in": _declared_in(env, main),
        "inputs": [str(one) for one in env.graph.inputs[main]],
        "outputs": sorted(map(str, env.graph.downstream(main, depth=1))),
        "version": next(iter(versions(env, name)), None),
    }
    if asset.zone == "landing" or head is None:
        return found
    lineage = env.catalog.lineage(asset)
    found["columns"] = [
        {
            **{
                key: column[key]
                for key in ("name", "type", "description", "unit", "timezone")
            },
            "from": sorted(
                {
                    f"{edge['input_asset']}.{edge['input_name']}"
                    for edge in lineage
                    if edge["name"] == column["name"] and edge["kind"] == "value"
                }
            ),
        }
        for column in env.catalog.columns(asset)
    ]
    found["side_tables"] = {
        str(asset.with_side(side)): env.lake.tables.at(asset.with_side(side), number).rows
        for side, number in head["record"].get("sides", {}).items()
    }
    found["sample"] = _sample(env, asset, int(head["number"]), sample)
    return found


def _sample(
    env: Environment, asset: AssetName, number: int, rows: int
) -> list[dict[str, Any]]:
    from backbone.app.tables import Table  # noqa: PLC0415 - pyarrow is slow to load

    table = Table(lambda: env, env.lake.tables.at(asset, number))
    return list(table.first(rows).to_pylist())


def _description(env: Environment, asset: AssetName) -> str | None:
    project, name = env.project, asset.table
    if asset.zone == "landing":
        return project.sources[project.dataset_source(name)].description
    if asset.zone == "formatted":
        return project.formatted[name].description
    if asset.zone == "trusted":
        return project.trusted[name].description or project.formatted[name].description
    if asset.zone == "exploitation":
        return project.views[name].declaration.description
    return project.analyses[name].question


def _declared_in(env: Environment, asset: AssetName) -> str | None:
    project, name = env.project, asset.table
    if asset.zone == "landing":
        return str(project.place_of("sources", project.dataset_source(name)))
    if asset.zone == "trusted" and name not in project.declared_trusted:
        return None
    return str(project.place_of(asset.zone, name))


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"

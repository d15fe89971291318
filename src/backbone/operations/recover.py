"""Fill the catalog from the lake: after it was lost, or a run that did not end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backbone.catalog import Catalog
from backbone.lake.lake import Lake
from backbone.model.names import AssetName
from backbone.model.versions import VersionRef
from backbone.operations.work import version_ref

__all__ = ["recover"]


def recover(lake: Lake, catalog: Catalog) -> int:
    """Enter in the catalog every version that the lake holds and the catalog does not.

    Returns
    -------
    How many versions were entered.

    Notes
    -----
    Costs one listing of each table's log; a table whose head is known costs one open.
    """
    heads = catalog.heads()
    found = 0
    for asset in lake.tables.assets():
        head = lake.tables.head(asset)
        known = heads.get(str(asset))
        if head is None or not head.identity:
            continue
        if known is not None and known["number"] == head.number:
            continue
        since = -1 if known is None else int(known["number"])
        for entry in reversed(lake.tables.versions(asset)):
            if entry["number"] > since and entry["number"] != head.number:
                _enter(catalog, lake, asset, entry)
                found += 1
        catalog.record_version(version_ref(head), head.schema, dict(head.metadata))
        _enter_details(catalog, asset, head.identity, dict(head.metadata))
        found += 1
    _recover_runs(lake, catalog)
    return found


def _enter(catalog: Catalog, lake: Lake, asset: AssetName, entry: dict[str, Any]) -> None:
    version = lake.tables.at(asset, entry["number"])
    reference: VersionRef = version_ref(version)
    catalog.record_version(reference, version.schema, dict(version.metadata))
    _enter_details(catalog, asset, version.identity, dict(version.metadata))


def _enter_details(
    catalog: Catalog, asset: AssetName, identity: str, record: dict[str, Any]
) -> None:
    if "deliveries" in record:
        catalog.record_deliveries(asset, record["declaration"], record["deliveries"])
    if "rules" in record:
        catalog.record_rules(asset, identity, record["rules"])
    if "lineage" in record:
        catalog.record_lineage(asset, [tuple(edge) for edge in record["lineage"]])


def _recover_runs(lake: Lake, catalog: Catalog) -> None:
    for run, begun, ended in lake.runs:
        if catalog.run(run) is None:
            catalog.record_run(run, **run_row(begun, ended))


def run_row(begun: dict[str, Any], ended: dict[str, Any] | None) -> dict[str, Any]:
    """Return the catalog's row of a run from its records in the lake."""
    finished = ended and datetime.fromisoformat(ended["finished"])
    return {
        "started": datetime.fromisoformat(begun["started"]),
        "finished": finished,
        "status": ended["status"] if ended else "interrupted",
        "target": begun.get("target"),
        "engine": begun["engine"],
        "seconds": ended["seconds"] if ended else None,
        "record": {**begun, **(ended or {})},
    }

"""Fill the catalog from the lake: after it was lost, or a run that did not end."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backbone.catalog import Catalog
from backbone.lake.lake import Lake
from backbone.model.names import AssetName
from backbone.operations.work import enter

__all__ = ["missing", "recover"]


def recover(lake: Lake, catalog: Catalog) -> int:
    """Make the catalog know every version that the lake holds, and no other.

    Returns
    -------
    How many versions were entered.

    Notes
    -----
    Costs one listing of each table's log; a table whose head is known costs one open.
    """
    for name in missing(lake, catalog):
        asset = AssetName.parse(name)
        head = lake.tables.head(asset)
        catalog.forget(asset, above=-1 if head is None else head.number)
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
                enter(catalog, lake.tables.at(asset, entry["number"]))
                found += 1
        enter(catalog, head)
        found += 1
    _recover_runs(lake, catalog)
    return found


def missing(lake: Lake, catalog: Catalog) -> list[str]:
    """Return the assets whose newest known version the lake does not hold."""
    return [
        name
        for name, head in catalog.heads().items()
        if not lake.tables.holds(AssetName.parse(name), int(head["number"]))
    ]


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

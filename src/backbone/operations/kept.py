"""Which deliveries of a formatted table stay as they are, and which are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from backbone.catalog import Catalog
from backbone.errors import LakeError
from backbone.lake.lake import Lake
from backbone.lake.tables import TableVersion
from backbone.management.formatted import (
    Ways,
    raw_objects,
)
from backbone.model.deliveries import Delivery
from backbone.operations.identity import delivery_identity
from backbone.operations.plan import Step
from backbone.project import Project
from backbone.project.formatted import FormattedTable

__all__ = ["Kept", "Readings", "evolved_columns", "known_deliveries"]

_LOOKS = 8

Records = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Kept:
    """What of the newest version of a table stays.

    `records` are those of the deliveries whose rows do. `is_partial`: rows of others
    are to go. `is_carried`: they were read as another declaration says, which for them
    says the same. Of those that were asked about, the table holds `held` now.
    """

    head: TableVersion | None
    records: Records
    is_partial: bool
    is_carried: bool
    held: int = 0


def known_deliveries(
    project: Project,
    lake: Lake,
    catalog: Catalog,
    step: Step,
    pinned: Sequence[Delivery],
) -> Kept:
    """Return which of the `pinned` deliveries need not be read again.

    Where the declaration is as it was, those that the table holds. Where it changed,
    those of them that are read as they were: by the fingerprint that is kept with each.

    Raises
    ------
    LakeError : an object is not there whose header has to be looked at

    Notes
    -----
    Objects are looked at only where the declaration changed, and where headers decide.
    """
    head = lake.tables.head(step.asset)
    if head is None:
        return Kept(None, {}, is_partial=False, is_carried=False)
    before = str(head.metadata.get("declaration"))
    records = catalog.deliveries(step.asset, before)
    have = {file.path for file in head.files}
    there = {
        one.id: records[one.id]
        for one in pinned
        if one.id in records and have.issuperset(records[one.id]["files"])
    }
    delivered = head.metadata.get("delivered")
    same = before == step.declaration
    if same and len(there) == delivered:
        return Kept(head, there, is_partial=False, is_carried=False, held=len(there))
    # what stays of the side tables is known by delivery
    told = {name: one for name, one in there.items() if "reading" in one}
    if not same:
        readings = Readings(project.formatted[step.asset.table], lake)
        asked = [one for one in pinned if one.id in told]
        before_each = [told[one.id]["reading"] for one in asked]
        with ThreadPoolExecutor(_LOOKS) as pool:
            same_each = list(pool.map(readings.are, asked, before_each))
        kept = [one.id for one, stays in zip(asked, same_each, strict=True) if stays]
        told = {name: told[name] for name in kept}
    is_partial = len(told) != delivered
    return Kept(head, told, is_partial=is_partial, is_carried=not same, held=len(there))


class Readings:
    """How deliveries are read as a table declares."""

    def __init__(self, table: FormattedTable, lake: Lake) -> None:
        self.table = table
        self.lake = lake
        self._ways = Ways(table)

    def of(self, delivery: Delivery) -> str | None:
        """Return the fingerprint of how a delivery is read.

        None where its header decides, and was removed with its bytes.
        """
        landing = self.lake.landing
        paths = {obj.name: landing.path(obj) for obj in delivery.objects}
        try:
            readings = tuple(map(self._ways.reading_of, raw_objects(delivery, paths)))
        except LakeError:
            if delivery.removed is None:
                raise
            return None
        return delivery_identity(self.table, readings)

    def are(self, delivery: Delivery, before: str) -> bool:
        """Tell whether a delivery is read as before.

        Where headers decide and the bytes were removed on purpose, nobody can tell.
        """
        return self.of(delivery) == before


def evolved_columns(records: Records) -> list[str]:
    """Return the columns that deliveries brought and nothing declares, in their order.

    It is that of the deliveries by name and id, whenever they came: the same set of
    deliveries has the same columns in the same order.
    """
    ordered = sorted(records, key=lambda one: (str(records[one]["name"]), one))
    found = (name for one in ordered for name in records[one].get("evolved", ()))
    with_rows = {
        name
        for one in records.values()
        if one["files"]
        for name in one.get("evolved", ())
    }
    return [name for name in dict.fromkeys(found) if name in with_rows]

"""What the next run will make of new deliveries, from a look at their headers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backbone.catalog import Catalog
from backbone.errors import LakeError, bounded
from backbone.lake.lake import Lake
from backbone.management.formatted import Reading, Ways, raw_objects
from backbone.model.deliveries import Delivery
from backbone.operations.kept import known_deliveries
from backbone.operations.plan import Step
from backbone.project import Project
from backbone.project.formatted import FormattedTable

__all__ = ["Foresight", "foresee"]

_MOST_OBJECTS = 200


@dataclass(frozen=True)
class Foresight:
    """What a formatted table will read of the `landed` deliveries, and how.

    Of `to_read` deliveries, `again` are in the table as they were read before. So many
    objects were `looked_at`; of them are told, with their number, the `variants`, the
    columns that are new (`evolved`) or `left_out`, and those that are `missing`, for
    which an object will be refused. The raw bytes of `removed` deliveries that are to be
    read are not there any more.
    """

    landed: int
    to_read: int
    again: int
    objects: int = 0
    looked_at: int = 0
    variants: Mapping[str, int] = field(default_factory=dict)
    evolved: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    rejects_new: bool = False
    removed: int = 0

    def told(self) -> dict[str, Any]:
        """Return it as plain values."""
        columns = {
            "new": dict(self.evolved),
            "left_out": dict(self.left_out),
            "missing": dict(self.missing),
        }
        return {
            "deliveries": self.to_read,
            "again": self.again,
            "removed": self.removed,
            "files": self.objects,
            "looked_at": self.looked_at,
            "variants": dict(self.variants),
            "columns": columns,
        }

    def words(self) -> list[str]:
        """Say it, a part for each thing that is worth saying."""
        said = []
        if self.again:
            verb = "is" if self.again == 1 else "are"
            said.append(f"{self.again:,} of {self.landed:,} deliveries {verb} read again")
        if self.removed:
            of = "1 delivery" if self.removed == 1 else f"{self.removed:,} deliveries"
            said.append(f"it cannot be: the raw bytes of {of} were removed")
        names = [f"`{name}` ({n:,})" for name, n in self.variants.items()]
        if names:
            said.append(f"variant{'s' * (len(names) > 1)} {bounded(names)}")
        becomes = "refuse their delivery" if self.rejects_new else "will be left out"
        said += _columns("new", self.evolved, "will be text")
        said += _columns("new", self.left_out, becomes)
        said += _columns("missing", self.missing, "refuse their file")
        if said and self.looked_at < self.objects:
            said.append(f"{self.looked_at:,} of {self.objects:,} files were looked at")
        return said


def _columns(what: str, found: Mapping[str, int], becomes: str) -> list[str]:
    if not found:
        return []
    names = bounded([f"`{name}` (in {n:,})" for name, n in found.items()])
    return [f"{what} column{'s' * (len(found) > 1)} {names}: {becomes}"]


def foresee(
    project: Project,
    lake: Lake,
    catalog: Catalog,
    step: Step,
    landed: Sequence[Delivery],
) -> Foresight:
    """Look at what a step of the formatted zone will read.

    Notes
    -----
    The headers of at most 200 objects that are to be read are looked at, the newest
    deliveries first; and where a changed declaration asks for headers, those of the
    deliveries that the table holds.
    """
    table = project.formatted[step.asset.table]
    kept = known_deliveries(project, lake, catalog, step, landed)
    todo = [one for one in landed if one.id not in kept.records]
    there = [one for one in todo if not one.removed]
    readings = list(_readings(table, lake, there))
    return Foresight(
        landed=len(landed),
        to_read=len(todo),
        again=kept.held - len(kept.records),
        objects=sum(len(one.objects) for one in todo),
        looked_at=len(readings),
        variants=Counter(one.variant for one in readings if one.variant),
        evolved=Counter(name for one in readings for name in one.evolved),
        left_out=Counter(name for one in readings for name in one.left_out),
        missing=Counter(name for one in readings for name in one.missing),
        rejects_new=table.new_columns == "reject",
        removed=sum(1 for one in todo if one.removed),
    )


def _readings(
    table: FormattedTable, lake: Lake, todo: Sequence[Delivery]
) -> list[Reading]:
    found: list[Reading] = []
    ways = Ways(table)
    for delivery in reversed([one for one in todo if one.removed is None]):
        paths = {obj.name: lake.landing.path(obj) for obj in delivery.objects}
        for obj in raw_objects(delivery, paths):
            if len(found) == _MOST_OBJECTS:
                return found
            try:
                found.append(ways.reading_of(obj, look=True))
            except LakeError:  # the run tells it, of this delivery
                continue
    return found

"""Which deliveries and objects make the current state of a trusted table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backbone.catalog import Catalog
from backbone.errors import DeliveryRefused
from backbone.lake.tables import TableVersion
from backbone.management.trusted.rows.current import CurrentState
from backbone.model.deliveries import Delivery, in_order
from backbone.model.names import AssetName
from backbone.project import Project
from backbone.project.delivering import BUILT_IN_ORDERS

__all__ = ["current_state"]


def current_state(
    project: Project,
    catalog: Catalog,
    formatted: TableVersion,
    landed: Sequence[Delivery],
) -> CurrentState:
    """Return what makes rows of a formatted table current.

    Parameters
    ----------
    formatted : the version whose rows are asked for
    landed : the deliveries that it holds, by receipt

    Raises
    ------
    DeliveryRefused : an object lacks a field that the source's `partition` names
    """
    table = project.formatted[formatted.asset.table]
    dataset = AssetName.parse(table.source).table
    source = project.sources[project.dataset_source(dataset)]
    records = catalog.refused(formatted.asset, str(formatted.metadata["declaration"]))
    sound = [one for one in landed if not _refused_whole(records.get(one.id, {}))]
    by_field = any(name.startswith("$") for name in source.partition)
    told = source.deletes
    return CurrentState(
        source.delivers,
        tuple(one.id for one in in_order(sound, source.order)),
        parts=_parts(sound, source.partition, records) if by_field else None,
        partition=() if by_field else source.partition,
        key=table.key if source.delivers == "changes" else (),
        order=None if source.order in BUILT_IN_ORDERS else source.order,
        deletes=None if told is None else (told.column, told.values),
    )


def _refused_whole(record: Mapping[str, Any]) -> bool:
    """Tell whether nobody could read any of a delivery.

    Such a snapshot does not take the place of the one before it.
    """
    return bool(record) and not record["account"]["formatted"]


def _parts(
    deliveries: Sequence[Delivery],
    fields: Sequence[str],
    records: Mapping[str, Mapping[str, Any]],
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the part of each object that could be read."""
    found = {}
    for delivery in deliveries:
        unread = records.get(delivery.id, {}).get("unread", ())
        for obj in delivery.objects:
            if obj.name in unread:
                continue
            known = {"file": obj.name, **dict(obj.fields)}
            missing = next((name for name in fields if name[1:] not in known), None)
            if missing is not None:
                raise DeliveryRefused(
                    f"`{obj.name}` of delivery {delivery.id} has no field `{missing}`, "
                    "which `partition` names",
                    hint=f"Its fields: {', '.join(f'${name}' for name in known)}.",
                )
            found[delivery.id, obj.name] = tuple(known[name[1:]] for name in fields)
    return found

"""The history of a cell: from the raw file to the value that stands in the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backbone.app.cleaned import step_number
from backbone.app.environment import Environment
from backbone.app.keys import key_of, shown_key
from backbone.app.origins import Placed, delivery_of, found_row, rows_at, side_rows
from backbone.app.queries import head
from backbone.engines.raw import raw_cells, raw_record
from backbone.errors import BackboneError, DataError, LakeError, MissingColumn
from backbone.lake.tables import TableVersion
from backbone.management.formatted import reading_of
from backbone.management.trusted import describe_rule, describe_step
from backbone.model.names import AssetName
from backbone.model.raw import RawObject

__all__ = ["history"]

_MAX_VERSIONS = 100
_STAYS = frozenset({"keep", "undo", "fine", "out"})
Event = dict[str, Any]


def history(
    env: Environment, name: str, key: Sequence[str], column: str
) -> dict[str, Any]:
    """Tell what happened to a cell of a formatted or trusted table, in order.

    Parameters
    ----------
    key : values in the order of the table's key, or ``column=value``
    column : the column of the cell

    Returns
    -------
    ``{asset, version, key, column, delivery, object, record, place, value, events,
    versions}``. `value` is canonical text (None is missing), `place` says where the row
    is: ``table``, ``quarantine`` or ``merged``. `events` have a `kind`: ``raw`` (the
    text in the raw file), ``read`` (as it was formatted), ``decision``, ``change`` (by
    cleaning or a rule), ``breaks`` (a rule that names the column), ``quarantined``,
    ``merged``. `versions` are those in which the value or its place changed, the oldest
    first; at most the newest hundred are looked at.

    Raises
    ------
    DataError : no row has this key, or several
    MissingColumn : there is no such column
    BackboneError : the asset has no cells that come from one record
    """
    asset = env.asset(name)
    if asset.zone not in {"formatted", "trusted"} or asset.side is not None:
        raise BackboneError(
            f"cells of {asset} have no history of their own",
            hint="Cells of formatted and trusted tables have; a view is made of those.",
            command=f"backbone explain {asset.main}",
        )
    version = head(env, asset)
    public = version.schema.public
    if column not in public:
        raise MissingColumn.named(column, public.names, where=str(asset))
    wanted = key_of(env, asset, version.schema, key)
    placed = found_row(env, version, wanted)
    if placed is None:
        raise DataError(_nowhere(env, asset, wanted), command=_query(asset))
    return {
        "asset": str(asset),
        "version": version.number,
        "key": wanted,
        "column": column,
        **{name.strip("_"): value for name, value in placed.origin.items()},
        "place": placed.place,
        "value": _value(env, version, placed, column),
        "events": list(_events(env, version, placed, column)),
        "versions": _versions(env, asset, wanted, column),
    }


def _query(asset: AssetName) -> str:
    return f'backbone query "select * from {asset}"'


def _nowhere(env: Environment, asset: AssetName, key: Mapping[str, str]) -> str:
    """Say that there is no such row, or that it counts no more."""
    what = f"no row of {asset} has {shown_key(key)}"
    if asset.zone == "formatted":
        return what
    try:
        before = found_row(env, head(env, AssetName("formatted", asset.table)), key)
    except DataError:
        return f"{what}; there are several in formatted.{asset.table}"
    if before is None:
        return what
    return f"{what}; the one in formatted.{asset.table} is superseded, or was changed"


def _value(
    env: Environment, version: TableVersion, placed: Placed, column: str
) -> str | None:
    """Return the cell as canonical text, wherever its row is."""
    held = version
    if placed.place != "table":
        side = version.asset.with_side(placed.place)
        held = env.lake.tables.at(side, version.sides[placed.place])
    (row,) = rows_at(env, held, placed.origin, as_text=True)[:1]
    text: str | None = row[column]
    return text


def _events(
    env: Environment, version: TableVersion, placed: Placed, column: str
) -> Iterator[Event]:
    asset, origin = version.asset, placed.origin
    yield _raw(env, asset, origin, column)
    yield _read(env, asset, origin, column)
    if asset.zone == "formatted":
        return
    said = _decisions(env, asset, origin, column)
    yield from (event for event in said if event["form"] in _STAYS)
    yield from _in_order(env, asset, [
        *_changes(env, asset, origin, column, said),
        *_breaks(env, asset, origin, column),
        *_left(placed),
    ])  # fmt: skip


def _in_order(env: Environment, asset: AssetName, events: Sequence[Event]) -> list[Event]:
    """Put events in the order of what caused them: decisions, cleaning, rules.

    A rule finds a violation, then changes the cell, then takes the row out.
    """
    rules = env.project.trusted[asset.table].rules
    places = {rule.name: place for place, rule in enumerate(rules)}
    turns = {"breaks": 0, "change": 1, "quarantined": 2, "merged": 2}

    def turn(event: Event) -> tuple[int, int]:
        if event["kind"] == "change" and event["rule"] not in places:
            return -1, 0
        return places.get(event["rule"], -2), turns[event["kind"]]

    return sorted(events, key=turn)


def _changes(
    env: Environment,
    asset: AssetName,
    origin: Mapping[str, Any],
    column: str,
    said: Sequence[Event],
) -> Iterator[Event]:
    """Yield the changes of the cell in the order in which they happened."""
    repairs = side_rows(env, asset, "repairs", origin)
    mine = [one for one in repairs if one["column"] == column]
    for one in sorted(mine, key=lambda one: int(one["step_order"])):
        yield _change(env, asset, one, said)


def _breaks(
    env: Environment, asset: AssetName, origin: Mapping[str, Any], column: str
) -> Iterator[Event]:
    """Yield the rules that the row breaks and that name the column.

    Or in a violation of which it has a part, `beside` the row that breaks it.
    """
    ordered = {
        rule.name for rule in env.project.trusted[asset.table].rules if rule.sequence
    }
    for one in side_rows(env, asset, "violations", origin):
        if column in one["columns"].split(", "):
            yield {
                "kind": "breaks",
                **{k: one[k] for k in ("rule", "severity", "role", "reason")},
                "beside": one["role"] == "t2" and one["rule"] in ordered,
                "says": _says(env, asset, one["rule"]),
            }


def _raw(
    env: Environment, asset: AssetName, origin: Mapping[str, Any], name: str
) -> Event:
    """Tell what the raw file holds; where that is gone, that it is."""
    found: Event = {"kind": "raw", "object": origin["_object"]}
    found["record"] = int(origin["_record"])
    delivery = delivery_of(env, asset, str(origin["_delivery"]))
    if delivery is None:
        return found | {"gone": "its delivery is not in landing any more"}
    obj = next(one for one in delivery.objects if one.name == origin["_object"])
    path = str(env.lake.landing.path(obj))
    target = RawObject(path, obj.name, delivery.id, obj.fields)
    found |= {
        "file": path,
        "origin": obj.origin,
        "received": delivery.first_received.isoformat(),
    }
    if delivery.removed is not None:
        return found | {"gone": delivery.removed.words}
    try:
        read = reading_of(env.project.formatted[asset.table], target)
        found["record"], columns = read.row(found["record"])
        made = next(each for each in columns if each.name == name)
        found["text"] = raw_record(path, read.format, found["record"])
        if made.sql is not None:
            return found | {"computed": made.sql}
        if not made.sources:
            return found | {"cells": {"declared": made.value}}
        found["cells"] = raw_cells(target, read.format, made, found["record"])
    except (LakeError, DataError) as error:
        found["gone"] = error.what
    return found


def _read(
    env: Environment, asset: AssetName, origin: Mapping[str, Any], column: str
) -> Event:
    """Tell the cell as it was formatted, and why it could not be read."""
    formatted = head(env, AssetName("formatted", asset.table))
    rows = rows_at(env, formatted, origin, as_text=True)
    found: Event = {"kind": "read", "value": rows[0][column] if rows else None}
    found["type"] = str(formatted.schema[column].type)
    bad = side_rows(env, asset, "rejected_cells", origin)
    reasons = [one["reason"] for one in bad if one["column"] == column]
    return found | ({"unread": reasons[0]} if reasons else {})


def _decisions(
    env: Environment, asset: AssetName, origin: Mapping[str, Any], column: str
) -> list[Event]:
    """Return the decisions on the row that speak of the cell, or of no cell."""
    found = []
    for one in side_rows(env, asset, "decisions", origin):
        columns = (one["columns"] or "").split(", ")
        if one["columns"] is None or column in columns:
            found.append(
                {
                    "kind": "decision",
                    **{n: one[n] for n in ("decision", "form", "rules", "status")},
                    "reason": one["reason"],
                    "by": one["decided_by"],
                    "on": one["decided_on"].isoformat(),
                }
            )
    return found


def _change(
    env: Environment, asset: AssetName, repair: Mapping[str, Any], said: Sequence[Event]
) -> Event:
    names = ("rule", "method", "old", "new", "confidence")
    found: Event = {"kind": "change", **{name: repair[name] for name in names}}
    if repair["method"] == "decision":
        mine = [one for one in said if one["decision"] == repair["rule"]]
        for one in mine[:1]:
            found |= {name: one[name] for name in ("reason", "by", "on")}
        return found
    return found | {"says": _says(env, asset, repair["rule"])}


def _says(env: Environment, asset: AssetName, name: str) -> str | None:
    """Return why a rule is there, or what it or a cleaning step says, as declared now."""
    declared = env.project.trusted[asset.table]
    found = next((rule for rule in declared.rules if rule.name == name), None)
    if found is None:
        number = step_number(name)
        steps = declared.clean[number - 1 : number] if number else ()
        return describe_step(steps[0]) if steps else None
    return " ".join((found.description or describe_rule(found)).split())


def _left(placed: Placed) -> Iterator[Event]:
    """Tell why the row is not in its table; our columns are the last of a side table."""
    values = list(placed.row.values())
    if placed.place == "quarantine":
        rule, reason = values[-2:]
        yield {"kind": "quarantined", "rule": rule, "reason": reason}
    elif placed.place == "merged":
        rule, delivery, name, record = values[-4:]
        survivor = {"delivery": delivery, "object": name, "record": record}
        yield {"kind": "merged", "rule": rule, "into": survivor}


def _versions(
    env: Environment, asset: AssetName, key: Mapping[str, str], column: str
) -> list[Event]:
    """Return the versions in which the value changed, or the place of its row."""
    known = env.lake.tables.versions(asset)[:_MAX_VERSIONS]
    found: list[Event] = []
    for one in reversed(known):
        version = env.lake.tables.at(asset, one["number"])
        now = _in_version(env, version, key, column)
        if not found or any(found[-1][name] != now[name] for name in now):
            found.append(
                {
                    "version": version.number,
                    "committed": version.committed.isoformat(),
                    "run": version.metadata.get("run"),
                    **now,
                }
            )
    return found


def _in_version(
    env: Environment, version: TableVersion, key: Mapping[str, str], column: str
) -> Event:
    """Return the value in a version, and where the row is there."""
    if column not in version.schema:
        return {"place": "no such column", "value": None}
    try:
        placed = found_row(env, version, key)
    except DataError:
        return {"place": "several rows", "value": None}
    if placed is None:
        return {"place": "no row", "value": None}
    return {"place": placed.place, "value": _value(env, version, placed, column)}

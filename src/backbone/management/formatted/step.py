"""From a delivery's raw bytes to rows of a formatted table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
from sqlglot import exp

from backbone.engines.handing import handed
from backbone.engines.protocol import RawRead, RawResult, Session, Written
from backbone.errors import bounded
from backbone.management.formatted.variants import (
    Reading,
    Ways,
    looks_at_header,
    reading_of,
)
from backbone.model.deliveries import Delivery
from backbone.model.raw import RawObject
from backbone.model.reports import FormattedAccount
from backbone.model.schemas import ORIGIN, Column, Schema
from backbone.model.types import INTEGER, STRING
from backbone.project.formatted import FormattedTable
from backbone.sql.queries import Query, column, table

__all__ = [
    "REJECTED",
    "REJECTED_CELLS",
    "FormattedDelivery",
    "format_deliveries",
    "formatted_schema",
    "raw_objects",
    "readings_of",
]

REJECTED = Schema.of(
    _delivery=STRING,
    _object=STRING,
    _record=INTEGER,
    records=INTEGER,
    reason=STRING,
    column=STRING,
    raw=STRING,
)
REJECTED_CELLS = Schema.of(
    _delivery=STRING,
    _object=STRING,
    _record=INTEGER,
    column=STRING,
    text=STRING,
    reason=STRING,
)

_LOOKS = 8

_OBJECTS = Schema.of(_object=STRING, records=INTEGER)
_HANDED = pa.schema([("_object", pa.string()), ("records", pa.int64())])


@dataclass(frozen=True)
class FormattedDelivery:
    """What became of one delivery.

    `records` are the records of each object, `readings` how each was read. `refused` says
    why the delivery, or some of its objects, could not be read as declared, and `unread`
    which ones. `undeclared` are the columns of its objects that no declaration names, by
    object. `bad_cells` are, by column, how many cells have no value, and a reason.
    """

    main: Written
    rejected: Written
    rejected_cells: Written
    account: FormattedAccount
    records: Mapping[str, int]
    readings: Mapping[str, Reading]
    refused: str | None = None
    unread: tuple[str, ...] = ()
    undeclared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bad_cells: Mapping[str, tuple[int, str]] = field(default_factory=dict)


def formatted_schema(declaration: FormattedTable, evolved: Iterable[str] = ()) -> Schema:
    """Return the schema of a formatted table: canonical columns, then the origin.

    Between them stand the columns that no declaration names and that have `evolved`.
    """
    declared = declaration.schema_()
    new = (Column(name, STRING) for name in dict.fromkeys(evolved))
    more = (each for each in new if each.name not in declared)
    return declared.with_columns(*more, *ORIGIN)


def raw_objects(delivery: Delivery, paths: Mapping[str, Path]) -> tuple[RawObject, ...]:
    """Return the objects of a delivery as the raw reader takes them; `paths` by name."""
    return tuple(
        RawObject(str(paths[obj.name]), obj.name, delivery.id, obj.fields)
        for obj in delivery.objects
    )


def readings_of(
    declaration: FormattedTable, objects: Sequence[RawObject]
) -> tuple[Reading, ...]:
    """Return how each of the objects is read; headers are looked at side by side."""
    if objects and not declaration.variants and not looks_at_header(declaration):
        return (reading_of(declaration, objects[0]),) * len(objects)
    ways = Ways(declaration)
    if len(objects) == 1 or not looks_at_header(declaration):
        return tuple(map(ways.reading_of, objects))
    with ThreadPoolExecutor(_LOOKS) as pool:
        return tuple(pool.map(ways.reading_of, objects))


def format_deliveries(
    session: Session,
    declaration: FormattedTable,
    deliveries: Mapping[str, Delivery],
    paths: Mapping[str, Mapping[str, Path]],
    folder: Path,
) -> dict[str, FormattedDelivery]:
    """Read the objects of deliveries as declared; return what became of each, by its id.

    Parameters
    ----------
    session : where it is computed
    declaration : the table's declaration
    deliveries : what was received, by id
    paths : where the bytes of each object are, by delivery and name
    folder : the attempt's own folder

    Raises
    ------
    AccountMismatch : records read are not rows formatted plus records rejected

    Notes
    -----
    A delivery whose share of rejected records is over ``refuse_over`` is refused whole:
    none of its rows is formatted, all its records are rejected.
    """
    objects = tuple(
        obj
        for delivery in deliveries.values()
        for obj in raw_objects(delivery, paths[delivery.id])
    )
    readings = dict(zip(objects, readings_of(declaration, objects), strict=True))
    results = _read(session, readings, folder)
    cells = _bad_cells(session, results)
    made = {}
    for name, delivery in deliveries.items():
        result = results.get(name) or _nothing(declaration)
        account = result.account.check(f"{delivery.name}, delivery {name}")
        own = {obj.name: how for obj, how in readings.items() if obj.delivery == name}
        result = replace(result, undeclared=_unknown(declaration, result.undeclared))
        why = _why_refused(session, declaration, result)
        if why is not None:
            made[name] = _refuse(session, delivery, result, own, why, folder / name)
            continue
        made[name] = FormattedDelivery(
            main=result.main,
            rejected=result.rejected,
            rejected_cells=result.rejected_cells,
            account=account,
            records={name: one.read for name, one in result.accounts.items()},
            readings=own,
            refused=_unread(delivery, result.refused),
            unread=tuple(sorted(result.refused)),
            undeclared=result.undeclared,
            bad_cells=cells.get(name, {}),
        )
    return made


def _read(
    session: Session, readings: Mapping[RawObject, Reading], folder: Path
) -> dict[str, RawResult]:
    """Read objects, those that are read alike together; results by delivery."""
    alike: dict[Reading, list[RawObject]] = {}
    for obj, reading in readings.items():
        alike.setdefault(reading, []).append(obj)
    results: dict[str, list[RawResult]] = {}
    for number, (how, objects) in enumerate(alike.items()):
        request = RawRead(tuple(objects), how.format, how.columns, how.unpivot)
        home = folder / f"reading-{number}" if number else folder
        for name, result in session.read_deliveries(request, home).items():
            results.setdefault(name, []).append(result)
    return {name: _together(found) for name, found in results.items()}


def _together(results: Sequence[RawResult]) -> RawResult:
    """Put together what became of objects of one delivery that are read differently."""
    if len(results) == 1:
        return results[0]

    def joined(parts: Iterable[Written]) -> Written:
        every = tuple(parts)
        return Written(tuple(f for one in every for f in one.files), every[0].schema)

    return RawResult(
        main=joined(one.main for one in results),
        rejected=joined(one.rejected for one in results),
        rejected_cells=joined(one.rejected_cells for one in results),
        accounts={k: v for one in results for k, v in one.accounts.items()},
        undeclared={k: v for one in results for k, v in one.undeclared.items()},
        refused={k: v for one in results for k, v in one.refused.items()},
    )


def _unknown(
    declaration: FormattedTable, undeclared: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    """Return the undeclared columns that are not known to be left out."""
    known = set(declaration.ignore)
    left = {
        obj: [n for n in names if n not in known] for obj, names in undeclared.items()
    }
    return {obj: tuple(names) for obj, names in left.items() if names}


def _why_refused(
    session: Session, declaration: FormattedTable, result: RawResult
) -> str | None:
    """Say why a delivery is refused whole; None if it is not."""
    if declaration.new_columns == "reject" and result.undeclared:
        names = dict.fromkeys(n for names in result.undeclared.values() for n in names)
        columns = "a column" if len(names) == 1 else "columns"
        told = bounded([f"`{name}`" for name in names])
        return f"{columns} that nothing declares: {told} (`new_columns` is reject)"
    account, most = result.account, declaration.refuse_over
    if not account.read or account.rejected / account.read <= most:
        return None
    return (
        f"{_commonest(session, result.rejected)} ({account.rejected:,} of "
        f"{account.read:,} records, {account.rejected / account.read:.0%}; "
        f"`refuse_over` is {most:.0%})"
    )


def _nothing(declaration: FormattedTable) -> RawResult:
    """Return what a delivery without objects becomes."""
    return RawResult(
        main=Written((), formatted_schema(declaration)),
        rejected=Written((), REJECTED),
        rejected_cells=Written((), REJECTED_CELLS),
        accounts={},
        undeclared={},
        refused={},
    )


def _unread(delivery: Delivery, refused: Mapping[str, str]) -> str | None:
    """Say why objects could not be read; one that is the whole delivery has its name."""
    alone = len(delivery.objects) == 1
    words = [
        reason.rstrip(".") if alone else f"{name}: {reason.rstrip('.')}"
        for name, reason in refused.items()
    ]
    return bounded(words) or None


def _bad_cells(
    session: Session, results: Mapping[str, RawResult]
) -> dict[str, dict[str, tuple[int, str]]]:
    """Count the cells without a value, by delivery and column; with a reason of them."""
    files = [f for result in results.values() for f in result.rejected_cells.files]
    if not files:
        return {}
    key = [column("_delivery"), column("column")]
    query = (
        exp.select(
            *key,
            exp.alias_(exp.Count(this=exp.Star()), "cells"),
            exp.alias_(exp.Min(this=column("reason")), "reason"),
        )
        .from_(table("cells"))
        .group_by(*key)
        .order_by(*key)
    )
    cells = Written(tuple(files), REJECTED_CELLS).scan()
    found: dict[str, dict[str, tuple[int, str]]] = {}
    for row in session.fetch(Query.of(query), {"cells": cells}).to_pylist():
        told = int(row["cells"]), str(row["reason"])
        found.setdefault(str(row["_delivery"]), {})[str(row["column"])] = told
    return found


def _refuse(
    session: Session,
    delivery: Delivery,
    result: RawResult,
    readings: Mapping[str, Reading],
    reason: str,
    folder: Path,
) -> FormattedDelivery:
    account = result.account
    rest = {n: one.formatted for n, one in result.accounts.items() if one.formatted}
    extra = _rows_for(session, delivery, rest, reason, folder)
    rejected = Written((*result.rejected.files, *extra.files), REJECTED)
    return FormattedDelivery(
        main=Written((), result.main.schema),
        rejected=rejected,
        rejected_cells=Written((), REJECTED_CELLS),
        account=FormattedAccount(
            read=account.read, rejected=account.read, left_out=account.left_out
        ),
        records={name: one.read for name, one in result.accounts.items()},
        readings=readings,
        refused=reason,
        unread=tuple(sorted(obj.name for obj in delivery.objects)),
        undeclared=result.undeclared,
    )


def _commonest(session: Session, rejected: Written) -> str:
    """Return the reason for which most records were rejected, and how many more."""
    inputs = {"rejected": rejected.scan()}
    first = (
        exp.select(column("reason"))
        .from_(table("rejected"))
        .group_by(column("reason"))
        .order_by(
            exp.Ordered(this=exp.Sum(this=column("records")), desc=True), column("reason")
        )
        .limit(1)
    )
    different = exp.Distinct(expressions=[column("reason")])
    counted = exp.alias_(exp.Count(this=different), "reasons")
    count = exp.select(counted).from_(table("rejected"))
    why = str(session.fetch(Query.of(first), inputs).column("reason")[0]).rstrip(".")
    more = int(session.fetch(Query.of(count), inputs).column("reasons")[0].as_py()) - 1
    return f"{why}, and {more:,} more reason{'s' * (more > 1)}" if more else why


def _rows_for(
    session: Session,
    delivery: Delivery,
    records: Mapping[str, int],
    reason: str,
    folder: Path,
) -> Written:
    if not records:
        return Written((), REJECTED)
    rows = pa.table([list(records), list(records.values())], schema=_HANDED)
    constants = {"_delivery": delivery.id, "reason": reason}
    query = exp.select(
        column("_object"),
        column("records"),
        *(exp.alias_(exp.Literal.string(v), k) for k, v in constants.items()),
        *(exp.alias_(exp.null(), k, quoted=True) for k in ("_record", "column", "raw")),
    ).from_(table("unread"))
    with handed(rows, _OBJECTS, folder, "objects") as unread:
        inputs = {"unread": unread}
        return session.write(Query.of(query), inputs, REJECTED, folder, name="refused")

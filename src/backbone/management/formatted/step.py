"""From a delivery's raw bytes to rows of a formatted table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from sqlglot import exp

from backbone.engines.handing import handed
from backbone.engines.protocol import RawRead, RawResult, Session, Written
from backbone.errors import bounded
from backbone.model.deliveries import Delivery
from backbone.model.raw import RawObject
from backbone.model.reports import FormattedAccount
from backbone.model.schemas import ORIGIN, Schema
from backbone.model.types import INTEGER, STRING
from backbone.project.formatted import FormattedTable
from backbone.sql.queries import Query, column, table

__all__ = [
    "REJECTED",
    "REJECTED_CELLS",
    "FormattedDelivery",
    "format_deliveries",
    "formatted_schema",
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

_OBJECTS = Schema.of(_object=STRING, records=INTEGER)
_HANDED = pa.schema([("_object", pa.string()), ("records", pa.int64())])


@dataclass(frozen=True)
class FormattedDelivery:
    """What became of one delivery.

    `records` are the records of each object. `refused` says why the delivery, or some of
    its objects, could not be read as declared, and `unread` which ones. `undeclared` are
    the columns of its objects that no declaration names, by object. `bad_cells` are, by
    column, how many cells have no value, and a reason.
    """

    main: Written
    rejected: Written
    rejected_cells: Written
    account: FormattedAccount
    records: Mapping[str, int]
    refused: str | None = None
    unread: tuple[str, ...] = ()
    undeclared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    bad_cells: Mapping[str, tuple[int, str]] = field(default_factory=dict)


def formatted_schema(declaration: FormattedTable) -> Schema:
    """Return the schema of a formatted table: canonical columns, then the origin."""
    return declaration.schema_().with_columns(*ORIGIN)


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
        RawObject(str(paths[delivery.id][obj.name]), obj.name, delivery.id, obj.fields)
        for delivery in deliveries.values()
        for obj in delivery.objects
    )
    read = RawRead(objects, declaration.read.raw(), declaration.raw_columns())
    results = session.read_deliveries(read, folder)
    cells = _bad_cells(session, results)
    made = {}
    for name, delivery in deliveries.items():
        result = results.get(name) or _nothing(declaration)
        account = result.account.check(f"{delivery.name}, delivery {name}")
        if account.read and account.rejected / account.read > declaration.refuse_over:
            made[name] = _refuse(session, declaration, delivery, result, folder / name)
            continue
        made[name] = FormattedDelivery(
            main=result.main,
            rejected=result.rejected,
            rejected_cells=result.rejected_cells,
            account=account,
            records={name: one.read for name, one in result.accounts.items()},
            refused=_unread(delivery, result.refused),
            unread=tuple(sorted(result.refused)),
            undeclared=result.undeclared,
            bad_cells=cells.get(name, {}),
        )
    return made


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
    declaration: FormattedTable,
    delivery: Delivery,
    result: RawResult,
    folder: Path,
) -> FormattedDelivery:
    account = result.account
    share = account.rejected / account.read
    why = _commonest(session, result.rejected)
    reason = (
        f"{why} ({account.rejected:,} of {account.read:,} records, {share:.0%}; "
        f"`refuse_over` is {declaration.refuse_over:.0%})"
    )
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

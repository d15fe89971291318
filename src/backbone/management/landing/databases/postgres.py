"""PostgreSQL: every column lands in a type that holds all its values, or as text.

What has a Parquet type of its own comes as it is; numbers with a declared precision are
decimals; arrays and rows are JSON; everything else (time, uuid, json, enums, ranges …) is
the text that the database itself makes of it. A column in which a value does not fit
(NaN among decimals, infinity or a year before 1 among dates) is text as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.util import find_spec
from typing import Any, Self

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from backbone.errors import BadResponse
from backbone.management.landing.databases.columntypes import Misfit, as_text
from backbone.management.landing.databases.database import (
    Extract,
    Window,
    checked_names,
    no_table,
)
from backbone.management.landing.databases.dsn import Address
from backbone.management.landing.databases.postgrestypes import (
    PostgresColumn,
    TypeRow,
    postgres_column,
)
from backbone.management.landing.databases.windows import typed
from backbone.management.landing.databases.wires import AdbcWire, AlchemyWire, Wire
from backbone.project.sources import SqlDataset

__all__ = ["PostgresDatabase", "connected"]

_RELATIONS = ("r", "v", "m", "f", "p")  # tables and views of every kind
_SYSTEM = ("information_schema", "pg_catalog")
_INTEGER = (sa.BigInteger(), int, 0)
_TEXT = (sa.Text(), str, "")
_CURSORS: Mapping[str, tuple[sa.types.TypeEngine[Any], Callable[[str], Any], Any]] = {
    "int2": _INTEGER,
    "int4": _INTEGER,
    "int8": _INTEGER,
    "numeric": (sa.Numeric(), Decimal, Decimal(0)),
    "date": (sa.Date(), date.fromisoformat, date.min),
    "timestamp": (
        postgresql.TIMESTAMP(), datetime.fromisoformat, datetime(1, 1, 1)  # noqa: DTZ001
    ),
    "timestamptz": (
        postgresql.TIMESTAMP(timezone=True),
        datetime.fromisoformat,
        datetime(1, 1, 1, tzinfo=UTC),
    ),
    "text": _TEXT,
    "varchar": _TEXT,
    "bpchar": _TEXT,
}  # fmt: skip
_TYPE = sa.table(
    "pg_type",
    *map(sa.column, ("oid", "typname", "typtype", "typcategory", "typbasetype",
                     "typtypmod", "typnamespace")),
    schema="pg_catalog",
)  # fmt: skip
_CLASS = sa.table(
    "pg_class", *map(sa.column, ("oid", "relname", "relnamespace", "relkind")),
    schema="pg_catalog",
)  # fmt: skip
_SPACE = sa.table(
    "pg_namespace", sa.column("oid"), sa.column("nspname"), schema="pg_catalog"
)
_ATTRIBUTE = sa.table(
    "pg_attribute",
    *map(sa.column, ("attrelid", "attname", "atttypid", "atttypmod", "attnotnull",
                     "attnum", "attisdropped")),
    schema="pg_catalog",
)  # fmt: skip
_INDEX = sa.table(
    "pg_index", *map(sa.column, ("indrelid", "indkey", "indisprimary")),
    schema="pg_catalog",
)  # fmt: skip


def connected(address: Address) -> PostgresDatabase:
    """Connect with ADBC, or with the driver that the address names.

    Parameters
    ----------
    address : of an URL that begins with ``postgresql``; ``postgresql+driver`` decides

    Raises
    ------
    DeclarationError : no driver is installed
    SourceUnavailable : the database cannot be reached
    """
    named = "+" in address.url.drivername
    if not named and find_spec("adbc_driver_postgresql") is not None:
        return PostgresDatabase(address.shown, AdbcWire(address))
    url = address.url
    if not named and find_spec("pg8000") is not None:
        url = url.set(drivername="postgresql+pg8000")
    note = (
        f"{address.shown} is read row by row; pip install 'backbone[postgres]' is faster"
    )
    notes = () if named else (note,)
    return PostgresDatabase(address.shown, AlchemyWire(address, url), notes)


class PostgresDatabase:
    """A PostgreSQL database, as it was when the connection was made."""

    def __init__(self, shown: str, wire: Wire, notes: tuple[str, ...] = ()) -> None:
        self.shown = shown
        self.notes = notes
        self._wire = wire

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._wire.close()

    def reading(self) -> AbstractContextManager[None]:
        """Read one dataset: driver errors become ours, and do not spoil the next one."""
        return self._wire.reading()

    def extract(self, dataset: SqlDataset) -> Extract:
        """Return what to read for a dataset."""
        if dataset.query is not None:
            return self._query(dataset.query, dataset)
        return self._table(dataset.table or "", dataset)

    def batches(
        self, extract: Extract, window: Window | None = None
    ) -> Generator[pa.RecordBatch]:
        """Return the rows as they land.

        Notes
        -----
        Once a value does not fit, the rest is looked at, so that `Misfit` tells of every
        column at once.
        """
        columns: list[PostgresColumn] = list(extract.columns)
        schema = pa.schema([(column.name, column.type) for column in columns])
        asked = sa.select(*(c.read(extract.rows).label(c.name) for c in columns))
        asked = asked.select_from(extract.rows).where(*self._within(extract, window))
        types = [column.wire_type for column in columns]
        is_wrong = False
        for arrays in self._wire.batches(asked.order_by(*extract.order), types):
            landed = [c.landed(a) for c, a in zip(columns, arrays, strict=True)]
            if None in landed:
                is_wrong = True
                columns = [
                    c.textual() if found is None else c
                    for c, found in zip(columns, landed, strict=True)
                ]
            if not is_wrong:
                yield pa.record_batch(landed, schema=schema)
        if is_wrong:
            raise Misfit(columns)
        yield pa.RecordBatch.from_pylist([], schema=schema)

    def greatest(self, extract: Extract, column: str, above: str | None) -> Any:
        """Return the greatest value of a column, above that of a text if there is one."""
        kind, parse, like = self._cursor(extract, column)
        of = extract.rows.c[column]
        asked = sa.select(sa.cast(sa.func.max(of), sa.Text)).select_from(extract.rows)
        if above is not None:
            low = as_text(typed(above, like, column))
            asked = asked.where(of > sa.cast(sa.literal(low, sa.Text), kind))
        [[found]] = self._wire.rows(asked)
        if found is None:
            return None
        try:
            value = parse(found)
        except ValueError:
            value = None
        if value is None or (isinstance(value, Decimal) and not value.is_finite()):
            what = f"the greatest value of `{column}` is {found}: nothing comes after it"
            raise BadResponse(what, hint="Declare a `query` that leaves such rows out.")
        return value

    def nulls(self, extract: Extract, column: str) -> int:
        """Return how many rows have no value in a column."""
        asked = sa.select(sa.func.count()).select_from(extract.rows)
        [[count]] = self._wire.rows(asked.where(extract.rows.c[column].is_(None)))
        return int(count)

    def _within(
        self, extract: Extract, window: Window | None
    ) -> tuple[sa.ColumnElement[bool], ...]:
        if window is None:
            return ()
        kind, _, _ = self._cursor(extract, window.column)
        of = extract.rows.c[window.column]
        high = sa.cast(sa.literal(as_text(window.high), sa.Text), kind)
        if window.low is None:
            return (of <= high,)
        low = sa.cast(sa.literal(as_text(window.low), sa.Text), kind)
        return (of >= low if window.from_low else of > low, of <= high)

    def _cursor(self, extract: Extract, column: str) -> Any:
        kind = next(c.kind for c in extract.columns if c.name == column)
        if kind not in _CURSORS:
            what = f"`{column}` is a column of the type {kind}"
            hint = "A cursor needs whole numbers, timestamps, dates or texts."
            raise BadResponse(what, hint=hint)
        return _CURSORS[kind]

    def _table(self, text: str, dataset: SqlDataset) -> Extract:
        oid, schema, name = self._find(text)
        asked = (
            sa.select(
                _ATTRIBUTE.c.attname,
                _as_int(_ATTRIBUTE.c.atttypid),
                _as_int(_ATTRIBUTE.c.atttypmod),
                _ATTRIBUTE.c.attnotnull,
            )
            .where(
                _ATTRIBUTE.c.attrelid == sa.literal(oid, sa.BigInteger),
                _ATTRIBUTE.c.attnum > 0,
                sa.not_(_ATTRIBUTE.c.attisdropped),
            )
            .order_by(_ATTRIBUTE.c.attnum)
        )
        found = self._wire.rows(asked)
        types = self._types({typ for _, typ, _, _ in found})
        columns = [
            postgres_column(name_, types, typ, mod) for name_, typ, mod, _ in found
        ]
        table = sa.table(name, *(sa.column(c.name) for c in columns), schema=schema)
        required = frozenset(name_ for name_, _, _, never in found if never)
        return _ordered(table, columns, dataset, self._key(oid), required)

    def _query(self, text: str, dataset: SqlDataset) -> Extract:
        # A colon would begin a parameter, and a query of a declaration has none.
        query = sa.text(text.strip().rstrip(";").replace(":", r"\:"))
        everything = sa.select(sa.text("*")).select_from(query.columns().subquery("q"))
        names = self._wire.names(everything.limit(0))
        checked_names(dataset, names)
        rows = query.columns(*map(sa.column, names)).subquery("q")
        one = sa.select(sa.literal(1, sa.Integer).label("one")).subquery("one")
        kinds: list[Any] = [
            _as_int(sa.cast(sa.func.pg_typeof(column), postgresql.OID))
            for column in rows.c
        ]
        joined = one.outerjoin(rows, sa.false())
        [oids] = self._wire.rows(sa.select(*kinds).select_from(joined))
        types = self._types(set(oids))
        columns = [
            postgres_column(name, types, oid, -1)
            for name, oid in zip(names, oids, strict=True)
        ]
        return _ordered(rows, columns, dataset)

    def _key(self, oid: int) -> tuple[str, ...]:
        numbers = sa.cast(_INDEX.c.indkey, postgresql.ARRAY(sa.SmallInteger))
        place = sa.func.array_position(numbers, _ATTRIBUTE.c.attnum)
        asked = (
            sa.select(_ATTRIBUTE.c.attname)
            .join(_INDEX, _INDEX.c.indrelid == _ATTRIBUTE.c.attrelid)
            .where(
                _INDEX.c.indrelid == sa.literal(oid, sa.BigInteger),
                _INDEX.c.indisprimary,
                place.is_not(None),
            )
            .order_by(place)
        )
        return tuple(name for (name,) in self._wire.rows(asked))

    def _find(self, text: str) -> tuple[int, str, str]:
        """Return number, schema and name of a table or view."""
        visible = sa.func.pg_table_is_visible(_CLASS.c.oid)
        asked = (
            sa.select(_as_int(_CLASS.c.oid), _SPACE.c.nspname, _CLASS.c.relname, visible)
            .join(_SPACE, _SPACE.c.oid == _CLASS.c.relnamespace)
            .where(
                _CLASS.c.relkind.in_(_RELATIONS),
                sa.not_(_SPACE.c.nspname.startswith("pg_toast")),
            )
            .order_by(visible.desc(), _SPACE.c.nspname, _CLASS.c.relname)
        )
        known = self._wire.rows(asked)
        for oid, schema, name, is_visible in known:
            if text == f"{schema}.{name}" or (is_visible and text == name):
                return oid, schema, name
        own = [one for one in known if one[1] not in _SYSTEM]
        names = [name if seen else f"{schema}.{name}" for _, schema, name, seen in own]
        raise no_table(text, self.shown, names)

    def _types(self, oids: set[int]) -> dict[int, TypeRow]:
        """Return what the database knows of types, and of those that they are made of."""
        found: dict[int, TypeRow] = {}
        while missing := sorted(oids - found.keys()):
            asked: sa.Select[Any] = sa.select(
                _as_int(_TYPE.c.oid),
                _TYPE.c.typname,
                sa.cast(_TYPE.c.typtype, sa.Text),
                sa.cast(_TYPE.c.typcategory, sa.Text),
                _as_int(_TYPE.c.typbasetype),
                _as_int(_TYPE.c.typtypmod),
            ).where(_as_int(_TYPE.c.oid).in_(missing))
            found |= {row[0]: row[1:] for row in self._wire.rows(asked)}
            oids = {base for _, _, _, base, _ in found.values() if base}
        return found


def _ordered(
    rows: sa.TableClause | sa.Subquery,
    columns: Sequence[PostgresColumn],
    dataset: SqlDataset,
    key: tuple[str, ...] = (),
    required: frozenset[str] = frozenset(),
) -> Extract:
    checked_names(dataset, [column.name for column in columns])
    cursor = () if dataset.cursor is None else (dataset.cursor.column,)
    first = dict.fromkeys((*cursor, *dataset.order_by, *key))
    rest = () if key else tuple(column.ordered(rows) for column in columns)
    order = (*(rows.c[name] for name in first), *rest)
    return Extract(tuple(columns), rows, order, key, required)


def _as_int(of: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
    return sa.cast(of, sa.BigInteger)

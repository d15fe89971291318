"""The catalog: an index of the lake and the history of runs, in SQLite.

SQLite in WAL mode on a local disk: readers never wait for a writer. The lake is the
truth; a catalog that is lost is filled again from the lake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, inspect, select
from sqlalchemy.dialects.sqlite import insert

from backbone.catalog import tables as t
from backbone.catalog.connections import connect
from backbone.catalog.rows import ANEW, column_rows, mapped
from backbone.errors import CatalogError, CatalogVersion
from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.model.versions import VersionRef

__all__ = ["Catalog"]


class Catalog:
    """What is known of a project.

    Parameters
    ----------
    path : Path
        The file of the SQLite database; made with its folder when absent.

    Raises
    ------
    CatalogVersion : the catalog was written by a newer Backbone
    CatalogError : the file is no catalog, or cannot be written
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CatalogError(
                f"{path.parent} cannot be made: {error.strerror}",
                hint="`catalog` in backbone.yml says where the catalog is.",
            ) from error
        self._engine = connect(path)
        try:
            self.is_new = self._prepared()
        except BaseException:
            self._engine.dispose()
            raise

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _prepared(self) -> bool:
        """Make the catalog if it is not there; tell whether that was so."""
        found = self._revision()
        if found is None:
            self._make()
        elif found > t.REVISION:
            raise CatalogVersion(
                f"{self.path} has revision {found}; this Backbone knows {t.REVISION}",
                hint="Install the newer Backbone that wrote it.",
            )
        return found is None

    def _revision(self) -> int | None:
        """Return the revision of the catalog; None if the database is empty."""
        with self._read() as connection:
            tables = inspect(connection).get_table_names()
            if not tables:
                return None
            if t.meta.name not in tables:
                raise CatalogError(f"{self.path} is another database", hint=ANEW)
            query = select(t.meta.c.value).where(t.meta.c.key == "revision")
            return int(connection.execute(query).scalar_one())

    def _make(self) -> None:
        """Make the tables, all at once, unless another process has just done so."""
        with self._write() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            t.metadata.create_all(connection)
            values = {"key": "revision", "value": str(t.REVISION)}
            connection.execute(insert(t.meta).values(values).on_conflict_do_nothing())

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with mapped(self.path), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with mapped(self.path), self._engine.connect() as connection:
            yield connection

    # Runs and steps

    def record_run(self, run: str, **values: Any) -> None:
        """Insert a run, or change what is known of it."""
        self._upsert(t.runs, {"id": run, **values})

    def runs(self, *, limit: int = 50) -> list[dict[str, Any]]:
        """Return the newest runs, newest first."""
        query = select(t.runs).order_by(t.runs.c.id.desc()).limit(limit)
        return self._rows(query)

    def run(self, run: str) -> dict[str, Any] | None:
        """Return what is known of one run."""
        rows = self._rows(select(t.runs).where(t.runs.c.id == run))
        return rows[0] if rows else None

    def record_step(self, run: str, asset: AssetName, **values: Any) -> None:
        """Insert a step of a run, or change what is known of it."""
        self._upsert(t.steps, {"run": run, "asset": str(asset), **values})

    def steps(self, run: str) -> list[dict[str, Any]]:
        """Return the steps of a run in the order in which they began."""
        query = select(t.steps).where(t.steps.c.run == run)
        return self._rows(query.order_by(t.steps.c.started, t.steps.c.asset))

    def step_seconds(self) -> dict[str, float]:
        """Return how long the last finished step of each asset took."""
        newest = (
            select(t.steps.c.asset, func.max(t.steps.c.run).label("run"))
            .where(t.steps.c.status == "done")
            .group_by(t.steps.c.asset)
            .subquery()
        )
        query = select(t.steps.c.asset, t.steps.c.seconds).join(
            newest, (t.steps.c.asset == newest.c.asset) & (t.steps.c.run == newest.c.run)
        )
        return {row["asset"]: float(row["seconds"] or 0) for row in self._rows(query)}

    def record_collection(self, run: str, dataset: str, **values: Any) -> None:
        """Record what the collection of a dataset brought."""
        self._upsert(t.collections, {"run": run, "dataset": dataset, **values})

    def collections(self, run: str) -> list[dict[str, Any]]:
        """Return the collections of a run."""
        query = select(t.collections).where(t.collections.c.run == run)
        return self._rows(query.order_by(t.collections.c.dataset))

    # Versions

    def record_version(
        self, version: VersionRef, schema: Schema, record: Mapping[str, Any]
    ) -> None:
        """Record a committed version and the columns of its table."""
        with self._write() as connection:
            values = {
                "asset": str(version.asset),
                "number": version.number,
                "identity": version.identity,
                "committed": _naive(version.committed),
                "rows": version.rows,
                "size_bytes": version.size_bytes,
                "record": {
                    **record,
                    "sides": dict(version.sides),
                    "inputs": dict(version.inputs),
                },
            }
            _put(connection, t.versions, values)
            name = str(version.asset)
            connection.execute(delete(t.columns).where(t.columns.c.asset == name))
            if len(schema):
                connection.execute(t.columns.insert(), list(column_rows(name, schema)))

    def forget(self, asset: AssetName, *, above: int) -> None:
        """Forget the versions of `asset` after version `above`; -1 forgets all."""
        with self._write() as connection:
            for table in (t.versions, t.hashes):
                mine = (table.c.asset == str(asset)) & (table.c.number > above)
                connection.execute(delete(table).where(mine))

    def heads(self) -> dict[str, dict[str, Any]]:
        """Return the newest version of every asset, by its name."""
        newest = (
            select(t.versions.c.asset, func.max(t.versions.c.number).label("number"))
            .group_by(t.versions.c.asset)
            .subquery()
        )
        query = select(t.versions).join(
            newest,
            (t.versions.c.asset == newest.c.asset)
            & (t.versions.c.number == newest.c.number),
        )
        return {row["asset"]: row for row in self._rows(query)}

    def version(self, asset: AssetName, identity: str) -> dict[str, Any] | None:
        """Return the newest version of `asset` with this identity."""
        query = (
            select(t.versions)
            .where(t.versions.c.asset == str(asset), t.versions.c.identity == identity)
            .order_by(t.versions.c.number.desc())
            .limit(1)
        )
        rows = self._rows(query)
        return rows[0] if rows else None

    def versions(
        self, asset: AssetName, *, limit: int | None = None
    ) -> list[dict[str, Any]]:
        """Return the known versions of `asset`, the newest first, at most `limit`."""
        query = select(t.versions).where(t.versions.c.asset == str(asset))
        return self._rows(query.order_by(t.versions.c.number.desc()).limit(limit))

    def number_at(self, asset: AssetName, moment: datetime) -> int | None:
        """Return the number of the newest version committed at `moment` or before."""
        query = select(func.max(t.versions.c.number)).where(
            t.versions.c.asset == str(asset), t.versions.c.committed <= _naive(moment)
        )
        with self._read() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else int(found)

    def numbered(self, asset: AssetName, prefix: str) -> dict[str, int]:
        """Return the newest number of every identity that begins with `prefix`."""
        name = t.versions.c.identity
        query = (
            select(name, func.max(t.versions.c.number).label("number"))
            .where(t.versions.c.asset == str(asset), name.startswith(prefix))
            .group_by(name)
        )
        return {row["identity"]: int(row["number"]) for row in self._rows(query)}

    def columns(self, asset: AssetName) -> list[dict[str, Any]]:
        """Return the columns of a table in order."""
        query = select(t.columns).where(t.columns.c.asset == str(asset))
        return self._rows(query.order_by(t.columns.c.position))

    # Deliveries that were formatted

    def record_deliveries(
        self, asset: AssetName, reading: str, records: Mapping[str, Mapping[str, Any]]
    ) -> None:
        """Record what became of each delivery (by id) when it was formatted."""
        values = [
            {
                "asset": str(asset),
                "reading": reading,
                "delivery": key,
                "record": dict(value),
            }
            for key, value in records.items()
        ]
        if values:
            with self._write() as connection:
                for value in values:
                    _put(connection, t.deliveries, value)

    def deliveries(self, asset: AssetName, reading: str) -> dict[str, dict[str, Any]]:
        """Return what became of each delivery, by its id."""
        query = select(t.deliveries.c.delivery, t.deliveries.c.record).where(
            t.deliveries.c.asset == str(asset), t.deliveries.c.reading == reading
        )
        return {row["delivery"]: row["record"] for row in self._rows(query)}

    def delivered(self, asset: AssetName, reading: str) -> set[str]:
        """Return the ids of the deliveries that were formatted; no record is parsed."""
        query = select(t.deliveries.c.delivery).where(
            t.deliveries.c.asset == str(asset), t.deliveries.c.reading == reading
        )
        with self._read() as connection:
            return set(connection.execute(query).scalars())

    def refused(self, asset: AssetName, reading: str) -> dict[str, dict[str, Any]]:
        """Return what became of the deliveries that were refused, by their ids."""
        query = select(t.deliveries.c.delivery, t.deliveries.c.record).where(
            t.deliveries.c.asset == str(asset),
            t.deliveries.c.reading == reading,
            t.deliveries.c.record["refused"].as_string().is_not(None),
        )
        return {row["delivery"]: row["record"] for row in self._rows(query)}

    # Quality, lineage, hashes

    def record_rules(
        self, asset: AssetName, identity: str, reports: Sequence[Mapping[str, Any]]
    ) -> None:
        """Record what each rule found in one version of a table."""
        with self._write() as connection:
            for position, report in enumerate(reports):
                values = {
                    "asset": str(asset),
                    "identity": identity,
                    "name": report["name"],
                    "position": position,
                    "violating_rows": report["violating_rows"],
                    "record": dict(report),
                }
                _put(connection, t.rules, values)

    def rules(self, asset: AssetName, identity: str) -> list[dict[str, Any]]:
        """Return what each rule found in one version of a table."""
        query = select(t.rules.c.record).where(
            t.rules.c.asset == str(asset), t.rules.c.identity == identity
        )
        return [row["record"] for row in self._rows(query.order_by(t.rules.c.position))]

    def record_lineage(
        self, asset: AssetName, edges: Sequence[tuple[str, str, str, str]]
    ) -> None:
        """Replace the column lineage of `asset`: (column, input, input column, kind)."""
        with self._write() as connection:
            name = str(asset)
            connection.execute(delete(t.lineage).where(t.lineage.c.asset == name))
            values = [
                {
                    "asset": name,
                    "name": column,
                    "input_asset": source,
                    "input_name": input_name,
                    "kind": kind,
                }
                for column, source, input_name, kind in sorted(set(edges))
            ]
            if values:
                connection.execute(t.lineage.insert(), values)

    def lineage(self, asset: AssetName) -> list[dict[str, Any]]:
        """Return the column lineage of `asset`."""
        query = select(t.lineage).where(t.lineage.c.asset == str(asset))
        return self._rows(query.order_by(t.lineage.c.name, t.lineage.c.input_asset))

    def record_hash(self, asset: AssetName, number: int, content_hash: str) -> None:
        """Remember the content hash of a version."""
        values = {"asset": str(asset), "number": number, "hash": content_hash}
        self._upsert(t.hashes, values)

    def hash(self, asset: AssetName, number: int) -> str | None:
        """Return the remembered content hash of a version."""
        query = select(t.hashes.c.hash).where(
            t.hashes.c.asset == str(asset), t.hashes.c.number == number
        )
        rows = self._rows(query)
        return str(rows[0]["hash"]) if rows else None

    def _upsert(self, table: Any, values: Mapping[str, Any]) -> None:
        with self._write() as connection:
            _put(connection, table, values)

    def _rows(self, query: Any) -> list[dict[str, Any]]:
        with self._read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _put(connection: Connection, table: Any, values: Mapping[str, Any]) -> None:
    keys = [column.name for column in table.primary_key]
    changed = {
        k: _naive(v) if isinstance(v, datetime) else v
        for k, v in values.items()
    }  # fmt: skip
    rest = {k: v for k, v in changed.items() if k not in keys}
    statement = insert(table).values(changed)
    exists = connection.execute(
        select(func.count()).where(*(table.c[k] == changed[k] for k in keys))
    ).scalar()
    if exists:
        where = [table.c[k] == changed[k] for k in keys]
        if rest:
            connection.execute(table.update().where(*where).values(rest))
        return
    connection.execute(statement.on_conflict_do_nothing())


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment

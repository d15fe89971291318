from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from backbone.engines.protocol import ColumnStatistics, RawRead, RawResult, WrittenFile
from backbone.engines.raw import read_raw
from backbone.model.raw import RawColumn, RawFormat, RawObject
from backbone.model.types import CanonicalType


@dataclass(frozen=True)
class Outcome:
    """What became of raw files, as plain values."""

    result: RawResult
    rows: list[tuple]
    rejected: list[dict]
    cells: list[dict]

    @property
    def values(self):
        """The canonical columns, without the origin."""
        return [row[:-3] for row in self.rows]

    @property
    def reasons(self):
        return [(row["_record"], row["reason"]) for row in self.rejected]


def text(*names):
    return tuple(column(name) for name in names)


def column(name, kind="string", *sources, **more):
    return RawColumn(
        name,
        CanonicalType.parse(kind),
        () if "sql" in more else sources or (name,),
        **more,
    )


def copier(connection):
    def copy(sql, schema, path):
        found = connection.execute(
            f"COPY ({sql}) TO '{path}' (FORMAT parquet, RETURN_STATS)"
        ).fetchone()
        statistics = {
            name.strip('"'): ColumnStatistics(int(given["null_count"]))
            for name, given in found[4].items()
        }
        return WrittenFile(Path(found[0]), found[1], found[2], statistics)

    return copy


def rows_of(written):
    tables = [pq.read_table(file.path) for file in written.files]
    return [row for table in tables for row in table.to_pylist()]


@pytest.fixture(scope="session")
def connection():
    with duckdb.connect() as opened:
        opened.execute("SET threads = 2")
        opened.execute("SET TimeZone = 'America/New_York'")
        yield opened


@pytest.fixture
def read(connection, tmp_path):
    """Read bytes, or several objects, as declared."""
    numbers = count()

    def run(data, columns, *, piece_bytes=1 << 20, **layout):
        place = tmp_path / str(next(numbers))
        place.mkdir()
        objects = data if isinstance(data, dict) else {"a.csv": data}
        for name, content in objects.items():
            (place / name).write_bytes(content)
        result = read_raw(
            connection,
            RawRead(
                tuple(RawObject(str(place / name), name, "d1") for name in objects),
                RawFormat(**{"format": "csv"} | layout),
                columns,
            ),
            place / "out",
            threads=2,
            copy=copier(connection),
            piece_bytes=piece_bytes,
        )
        rows = [tuple(row.values()) for row in rows_of(result.main)]
        return Outcome(
            result, rows, rows_of(result.rejected), rows_of(result.rejected_cells)
        )

    return run


@pytest.fixture
def declare():
    return column


@pytest.fixture
def texts():
    return text


@pytest.fixture
def value(read):
    """The value that a text has in a column; `bad` if it is a bad cell."""

    def run(written, kind, **more):
        found = read(f"x\n{quote(written)}\n".encode(), (column("x", kind, **more),))
        assert len(found.rows) == 1
        if found.cells:
            assert found.cells[0]["column"] == "x"
            assert found.values == [(None,)]
            return found.cells[0]["reason"]
        return found.values[0][0]

    return run


def quote(written):
    return '"' + written.replace('"', '""') + '"'

"""A small table, a declaration, and everything the trusted step makes of them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from backbone.engines.protocol import Scan
from backbone.management.trusted import CurrentState, TrustedResult, trust
from backbone.model.schemas import ORIGIN, Schema
from backbone.project.decisions import Ruling
from backbone.project.trusted import TrustedTable

ARROW = {
    "string": pa.string(),
    "integer": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "datetime": pa.timestamp("us"),
    "decimal": pa.decimal128(9, 2),
}


def scan_of(path, rows, schema):
    """Write `rows` (dictionaries) as a Parquet file."""
    types = pa.schema([(c.name, ARROW[c.type.kind]) for c in schema])
    # those of Arrow leave NaN out, by which some engines take a column for constant
    table = pa.Table.from_pylist(rows, schema=types)
    pq.write_table(table, path, write_statistics=False)
    return Scan((str(path),), schema)


@dataclass
class Trusting:
    """Runs the step in a session over rows given as dictionaries."""

    session: object
    folder: object
    runs: int = 0
    formatted: Scan | None = None
    last: TrustedResult | None = field(default=None)

    def __call__(
        self,
        rows,
        schema,
        *,
        clean=(),
        rules=(),
        current=None,
        references=None,
        lookups=None,
        decisions=(),
    ):
        self.runs += 1
        folder = self.folder / f"run{self.runs}"
        folder.mkdir()
        full = schema.with_columns(*ORIGIN)
        origin = {"_delivery": "d1", "_object": "a.csv"}
        placed = [{**origin, "_record": i + 1, **row} for i, row in enumerate(rows)]
        self.formatted = formatted = scan_of(folder / "formatted.parquet", placed, full)
        self.last = trust(
            self.session,
            formatted,
            table="things",
            declaration=TrustedTable(clean=clean, rules=rules),
            schema=full,
            current=current or CurrentState("increments", ("d1",)),
            references=references or {},
            folder=folder / "out",
            lookups=lookups,
            rulings=[d if isinstance(d, Ruling) else Ruling.of(d) for d in decisions],
        )
        return self.last

    def other(self, name, rows, **types):
        schema = Schema.of(**types)
        return scan_of(self.folder / f"{name}.parquet", rows, schema)

    def rows(self, written, *names):
        """The rows of an output by their origin, then by what is said of them."""
        tables = [pq.read_table(file.path) for file in written.files]
        found = pa.concat_tables(tables).to_pylist() if tables else []
        found.sort(key=_place)
        return [tuple(r[n] for n in names) for r in found] if names else found


def _place(row):
    said = (row.get(name) or "" for name in ("rule", "role", "column"))
    return (row["_delivery"], row["_object"], row["_record"], *said)


@pytest.fixture
def trusting(fast_session, tmp_path):
    return Trusting(fast_session, tmp_path)

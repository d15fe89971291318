"""Did the backbone and the script make the same?

    python -m bench.tpch.same PROJECT OUT

Compares every table of the management path by content: rows with their flags, what was
rejected, violations, quarantine, merged rows, repairs and views (doubles to nine digits:
the backbone adds them exactly). Prints the differences as a list in JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
from deltalake import DeltaTable

from bench.tpch.by_hand import COLUMNS, KEYS

__all__ = ["differences"]

_GRAINS = {
    "pricing_summary": ("ship_month", "return_flag", "line_status"),
    "nation_revenue": ("order_year", "supplier_nation", "customer_nation"),
    "supplier_delivery": ("supplier_key",),
}
_FLAGS = (
    "array_to_string(list_sort(string_split(coalesce(_flags, ''), ',')), ',') as flags"
)
_NET = """ "column" as cell, arg_min_null(old, step_order) as old,
    arg_max_null(new, step_order) as new"""
_RELATIVE = 1e-9
_SHOWN = 3


def differences(project: Path, out: Path) -> list[str]:
    """Return what is not the same, in words; nothing if all is."""
    return list(_Both(project, out).compared())


class _Both:
    """Both results, as SQL; a table without a file is the query of nothing: None."""

    def __init__(self, project: Path, out: Path) -> None:
        self._db = duckdb.connect()
        self._tables = project / ".backbone/lake/tables"
        self._out = out

    def compared(self) -> Iterator[str]:
        for name in COLUMNS:
            yield from self._formatted(name)
            yield from self._trusted(name)
        for name, grain in _GRAINS.items():
            yield from self._view(f"exploitation/{name}", grain)

    def _formatted(self, name: str) -> Iterator[str]:
        yield from self._rows(f"formatted/{name}", ", ".join(COLUMNS[name]))
        rejected = f"formatted/{name}__rejected"
        yield from self._equal(
            rejected,
            self._ours(rejected, "unnest(list_resize([_object], records, _object)) as o"),
            self._theirs(rejected, "_object as o"),
        )
        cells = f"formatted/{name}__rejected_cells"
        yield from self._equal(
            cells,
            self._ours(cells, "concat(\"column\", '=', text) as cell, _object"),
            self._theirs(cells, "cell, _object"),
        )

    def _trusted(self, name: str) -> Iterator[str]:
        every, keys = ", ".join(COLUMNS[name]), ", ".join(KEYS[name])
        yield from self._rows(f"trusted/{name}", f"{every}, {_FLAGS}")
        for side in ("quarantine", "merged"):
            yield from self._rows(f"trusted/{name}__{side}", f"{every}, rule")
        broken = f"trusted/{name}__violations"
        yield from self._equal(
            broken,
            self._keyed(name, self._ours(broken, "distinct rule, _object, _record")),
            self._theirs(broken, f"rule, {keys}"),
        )
        repairs = f"trusted/{name}__repairs"
        ours = self._ours(repairs, f"{_NET}, _object, _record", end="group by all")
        yield from self._equal(
            repairs,
            self._keyed(name, ours),
            self._theirs(repairs, f"cell, old, new, {keys}"),
        )

    def _keyed(self, name: str, sql: str | None) -> str | None:
        """Put the key of its row in place of the origin."""
        if sql is None:
            return None
        keys = ", ".join(KEYS[name])
        origins = self._ours(f"formatted/{name}", f"{keys}, _object, _record")
        return (
            f"select v.* exclude (_object, _record), {keys} from ({sql}) v "
            f"join ({origins}) o using (_object, _record)"
        )

    def _view(self, place: str, grain: tuple[str, ...]) -> Iterator[str]:
        ours, theirs = self._ours(place, "*"), self._theirs(place, "*")
        other = " or ".join(
            f"(a.{name} is null) <> (b.{name} is null) "
            f"or abs(a.{name} - b.{name}) > {_RELATIVE} * abs(a.{name})"
            if kind == "DOUBLE"
            else f"a.{name} is distinct from b.{name}"
            for name, kind in self._types(ours)
        )
        pairs = " and ".join(f"a.{key} is not distinct from b.{key}" for key in grain)
        wrong = self._count(f"({ours}) a full join ({theirs}) b on {pairs} where {other}")
        if wrong:
            yield f"{place}: {wrong:,} rows differ"

    def _rows(self, place: str, columns: str) -> Iterator[str]:
        yield from self._equal(
            place, self._ours(place, columns), self._theirs(place, columns)
        )

    def _equal(self, place: str, ours: str | None, theirs: str | None) -> Iterator[str]:
        """Compare two bags of rows by sums of hashes, and row by row if those differ."""
        if ours is None or theirs is None:
            many, few = (
                self._count(f"({side})") if side else 0 for side in (ours, theirs)
            )
            if many != few:
                yield f"{place}: {many:,} rows by the backbone, {few:,} by hand"
            return
        alike = ", ".join(
            f'"{name}"::{kind} as "{name}"' for name, kind in self._types(ours)
        )
        theirs = f"select {alike} from ({theirs})"
        (many, mine), (few, yours) = self._sum(ours), self._sum(theirs)
        if (many, mine) == (few, yours):
            return
        yield f"{place}: {many:,} rows by the backbone, {few:,} by hand"
        for who, here, there in (("backbone", ours, theirs), ("by hand", theirs, ours)):
            sql = f"({here}) except all ({there}) order by all limit {_SHOWN}"
            rows = self._db.execute(sql).fetchall()
            yield from (f"  only {who}: {row}" for row in rows)

    def _sum(self, sql: str) -> tuple[int, int]:
        whole = f"select count(*), sum(hash(t)::hugeint) from ({sql}) t"
        return self._db.execute(whole).fetchall()[0]

    def _count(self, source: str) -> int:
        return int(self._db.execute(f"select count(*) from {source}").fetchall()[0][0])

    def _types(self, sql: str | None) -> list[tuple[str, str]]:
        described = f"select column_name, column_type from (describe {sql})"
        return self._db.execute(described).fetchall()

    def _ours(self, place: str, columns: str, end: str = "") -> str | None:
        return _read(DeltaTable(self._tables / place).file_uris(), columns, end)

    def _theirs(self, place: str, columns: str) -> str | None:
        files = sorted(map(str, (self._out / place).glob("*.parquet")))
        return _read(files, columns)


def _read(files: list[str], columns: str, end: str = "") -> str | None:
    return f"select {columns} from read_parquet({files}) {end}" if files else None


if __name__ == "__main__":
    print(json.dumps(differences(Path(sys.argv[1]), Path(sys.argv[2]))))

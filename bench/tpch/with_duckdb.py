"""Plain DuckDB, for the job by hand."""

from __future__ import annotations

from pathlib import Path

import duckdb

from bench.tpch.by_hand import COLUMNS

__all__ = ["WithDuckDB"]

_FUNCTIONS = """
create macro tidy(t) as trim(regexp_replace(t, ' +', ' ', 'g'));
create macro days(d) as d - date '1970-01-01';
create macro explode(l) as unnest(l);
create macro regexp_like(t, form) as regexp_matches(t, form);
"""


class WithDuckDB:
    """A database in memory that spills into a folder."""

    def __init__(self, spill: Path) -> None:
        self._db = duckdb.connect(config={"temp_directory": str(spill)})
        self._db.execute(_FUNCTIONS)
        self._kept: list[str] = []

    def read(self, name: str, files: str) -> None:
        raw = [source for source, _ in COLUMNS[name.removesuffix("_raw")].values()]
        columns = dict.fromkeys(raw, "varchar")
        self._db.execute(f"""
            create table {name} as
            select * exclude (filename), parse_filename(filename) as _object,
                row_number() over () as _record, cast(null as varchar) as _raw
            from read_csv('{files}', filename = true, auto_detect = false, header = true,
                delim = ',', quote = '"', escape = '"', allow_quoted_nulls = false,
                columns = {columns}, store_rejects = true)
        """)
        self._db.execute(f"""
            insert into {name} by name
            select any_value(csv_line) as _raw, parse_filename(file_path) as _object
            from reject_errors join reject_scans using (scan_id, file_id)
            group by file_path, line;
            drop table reject_errors; drop table reject_scans;
        """)
        self._kept.append(name)

    def keep(self, name: str, sql: str) -> None:
        self._db.execute(f"create table {name} as {sql}")
        self._kept.append(name)

    def write(self, name: str, path: Path, sql: str) -> None:
        path.mkdir(parents=True)
        self._db.execute(f"copy ({sql}) to '{path}/part.parquet'")
        self._db.execute(f"create view {name} as from '{path}/*.parquet'")

    def empty(self, sql: str) -> bool:
        return self._db.execute(sql).fetchone() is None

    def forget(self) -> None:
        for name in self._kept:
            self._db.execute(f"drop table {name}")
        self._kept.clear()

    def close(self) -> None:
        self._db.close()

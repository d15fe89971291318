"""Substations of district heating, a file a device and month: from files to trusted rows.

The files are not in the repository: they are read from ``../shared/data/energy``, or from
below `BACKBONE_TEST_DATA`. Eleven of the 114 are used, so that the slow parse stays quick:
both devices, the months in which clocks change, sensors fail, and readings come four times
an hour.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.commands import account, ask, backbone, call, hashes
from tests.projects import edit, write

HERE = Path(__file__).parents[2]
SHARED = Path(os.environ.get("BACKBONE_TEST_DATA", HERE.parent / "shared/data"))
DATA = SHARED / "energy/scada_monthly"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("energy"),
    pytest.mark.skipif(
        not DATA.is_dir(),
        reason="the energy data are neither in ../shared/data nor in BACKBONE_TEST_DATA",
    ),
]

MONTHS = ("2019-08", "2019-10", "2020-10", "2021-03", "2024-03")
NAMES = [f"{d}_{m}.csv" for d in ("L4", "L17") for m in MONTHS] + ["L17_2021-11.csv"]
FILES = {
    "backbone.yml": "name: heating\n",
    "sources/substations.yml": """
collector: files
path: inbox/{device}_{month}.csv
datasets: {heat: "*.csv"}
delivers: snapshots
partition: [$file]
""",
}
RULES = {
    "trusted/heat.yml": """
rules:
  - {name: one_reading, unique: [device, datetime], action: deduplicate, keep: latest}
  - {name: sensible, range: {t_amb: [-35, 45], t_sup_prim: [0, 130], pe: [0, 10000]}, action: blank}
  - name: counter_never_falls
    sequence: {per: device, by: datetime}
    deny: "e < previous.e"
""",
}
# the lines that a person changes in what was inferred, as docs/infer.md lists them
BY_HAND = {
    "datetime: {type: datetime}": "datetime: {type: timestamp, timezone: Europe/Belgrade,"
    " ambiguous: first, missing: forward}",
    "t_amb: {type: double}": 't_amb: {type: double, nulls: ["-39.9"]}',
    "t_sup_sec: {type: double}": 't_sup_sec: {type: double, nulls: ["-39.9"]}',
    "t_ret_sec: {type: double}": 't_ret_sec: {type: double, nulls: ["-39.9"]}',
}
NUMBERS = (
    "t_amb", "t_ref", "t_sup_prim", "t_ret_prim", "t_sup_sec", "t_ret_sec", "e", "pe",
)  # fmt: skip
BROKEN = ("t_amb", "t_sup_sec", "t_ret_sec")
Row = tuple[str, datetime, dict[str, float | None]]


def made(folder: Path, names: list[str]) -> Path:
    """Make the project as a person does: files, `infer --write`, a few lines by hand."""
    write(folder, FILES)
    (folder / "inbox").mkdir()
    for name in names:
        shutil.copyfile(DATA / name, folder / "inbox" / name)
    call(folder, "run", "landing.heat")
    call(folder, "infer", "landing.heat", "--write")
    for old, new in BY_HAND.items():
        edit(folder / "formatted/heat.yml", old, new)
    write(folder, RULES)
    return folder


@pytest.fixture(scope="module")
def energy(tmp_path_factory) -> Path:
    folder = made(tmp_path_factory.mktemp("energy"), NAMES)
    call(folder, "run")
    return folder


def by_hand(path: Path) -> Iterator[Row]:
    """Yield the records of a file by Python's csv, datetime and zoneinfo alone.

    `fold=0` is the first of two equal hours, and reads an hour that clocks skip by the
    clock before.
    """
    with path.open(encoding="utf-8", newline="") as file:
        for record in csv.DictReader(file):
            local = datetime.strptime(record["datetime"], "%Y-%m-%d %H:%M:%S")
            at = local.replace(tzinfo=ZoneInfo("Europe/Belgrade"), fold=0).astimezone(UTC)
            cells = {
                name: None
                if text == "" or (text == "-39.9" and name in BROKEN)
                else float(text)
                for name, text in ((n, record[n]) for n in NUMBERS)
            }
            yield path.stem.partition("_")[0], at, cells


def read(folder: Path, table: str) -> dict[tuple[str, int], Row]:
    """Return the rows of a table by file and record."""
    found = ask(folder, f"select * from {table}")
    return {
        (row["_object"], row["_record"]): (
            row["device"],
            datetime.fromisoformat(row["datetime"]),
            {name: row[name] for name in NUMBERS},
        )
        for row in found
    }


def parsed(folder: Path) -> dict[tuple[str, int], Row]:
    return {
        (path.name, number): row
        for path in sorted((folder / "inbox").glob("*.csv"))
        for number, row in enumerate(by_hand(path), start=1)
    }


def differing(found: dict, wanted: dict) -> dict:
    """Return what two tables do not agree on, by file and record."""
    assert found.keys() == wanted.keys()
    return {key: (found[key], wanted[key]) for key in wanted if found[key] != wanted[key]}


def sensible(row: Row) -> Row:
    device, at, cells = row
    power = cells["pe"]
    return device, at, cells | {"pe": None if power and power > 10_000 else power}


def falls(rows: list[Row]) -> int:
    """Count the readings that are less than the one before them of their device."""
    counters = defaultdict(list)
    for device, at, cells in rows:
        if cells["e"] is not None:
            counters[device].append((at, cells["e"]))
    return sum(
        later < earlier
        for own in counters.values()
        for (_, earlier), (_, later) in pairwise(sorted(own))
    )


def test_every_cell_is_the_one_that_a_slow_parse_finds(energy):
    wanted = parsed(energy)
    assert differing(read(energy, "formatted.heat"), wanted) == {}
    told = account(energy, "formatted.heat")
    assert (told["read"], told["rejected"], told["rejected_cells"]) == (len(wanted), 0, 0)
    gone = [row for row in wanted.values() if None in [row[2][n] for n in BROKEN]]
    assert len(gone) > 300  # else nothing of -39.9 was seen here


def test_what_a_person_declared_is_kept_when_it_is_inferred_again(energy):
    path = energy / "formatted/heat.yml"
    before = path.read_text()
    call(energy, "infer", "landing.heat", "--write")
    assert path.read_text() == before


def test_rules_find_what_a_slow_count_finds(energy):
    wanted = {key: sensible(row) for key, row in parsed(energy).items()}
    found = read(energy, "trusted.heat")
    assert differing(found, wanted) == {}
    assert wanted != parsed(energy)
    told = json.loads(call(energy, "quality", "trusted.heat", "--json").stdout)
    rules = {rule["name"]: rule for rule in told["rules"]}
    assert rules["one_reading"]["violating_rows"] == 0
    assert rules["sensible"]["changed_cells"] == sum(
        row != wanted[key] for key, row in parsed(energy).items()
    )
    fallen = falls([*wanted.values()])

    assert rules["counter_never_falls"]["pairs"] == fallen > 0


def test_a_month_sent_again_with_corrections_changes_its_own_rows(energy, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(energy, folder)
    before = read(folder, "trusted.heat")
    name = "L4_2020-10.csv"
    path = folder / "inbox" / name
    head, *lines = path.read_text().splitlines(keepends=True)
    cells = lines[5].split(",")
    changed = ",".join([cells[0], "12.5" if cells[1] != "12.5" else "13.5", *cells[2:]])
    late = "2020-10-01 00:30:00,9.9,45.0,60.0,40.0,41.0,35.0,15000.0,\n"
    lines = [*lines[:5], changed, *lines[6:9], *lines[10:], late, lines[20]]
    path.write_text(head + "".join(lines))
    call(folder, "run")
    wanted = {key: sensible(row) for key, row in parsed(folder).items()}
    doubled, last = (name, lines.index(lines[-1]) + 1), (name, len(lines))
    assert wanted[doubled] == wanted[last]
    del wanted[doubled]  # of two equal readings the later stays
    after = read(folder, "trusted.heat")
    assert differing(after, wanted) == {}
    others = [key for key in before if key[0] != name]
    assert [after[key] for key in others] == [before[key] for key in others]
    assert {row[1:] == before.get(key, ())[1:] for key, row in after.items()} == {
        True, False,
    }  # fmt: skip
    told = account(folder, "trusted.heat")
    assert told["superseded"] == sum(key[0] == name for key in before)
    assert told["merged"] == 1


@pytest.mark.spark
@pytest.mark.xdist_group("spark")
def test_on_spark_the_tables_are_the_same(tmp_path):
    names = [n for n in NAMES if n.endswith(("2019-10.csv", "2021-03.csv"))]
    here = made(tmp_path / "here", names)
    there = tmp_path / "there"
    shutil.copytree(here, there)
    call(here, "run")
    backbone(there, "run", "--engine", "spark")
    assert hashes(there) == hashes(here)

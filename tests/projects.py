"""Small projects with the habits of real ones, made anew for a test."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

__all__ = ["MONTHS", "add_month", "edit", "shop_project", "small_project", "write"]

MONTHS = 6
_FILES = {
    "backbone.yml": "name: meters\nlock_timeout_s: 30\n",
    "sources/readings.yml": """
collector: files
path: inbox/*.csv
datasets: {readings: "readings_*.csv"}
delivers: increments
""",
    "sources/register.yml": """
collector: sql
url: sqlite:///{project}/register.db
delivers: snapshots
datasets:
  devices: {table: devices}
""",
    "formatted/readings.yml": """
from: landing.readings
read: {format: csv, nulls: ["", "NA"]}
key: [device, measured_at]
columns:
  device: {type: string}
  measured_at: {type: timestamp, from: at, format: "%Y-%m-%d %H:%M", timezone: Europe/Belgrade, ambiguous: first}
  outdoor: {type: double, unit: degC}
  energy: {type: "decimal(18,3)", unit: MWh}
""",
    "formatted/devices.yml": """
from: landing.devices
read: {format: parquet}
key: [device]
columns:
  device: {type: string}
  place: {type: string}
  zip: {type: string}
""",
    "trusted/readings.yml": """
clean:
  - {column: device, do: [trim]}
rules:
  - {name: one_reading, unique: [device, measured_at], action: deduplicate, keep: latest}
  - {name: sensible, range: {outdoor: [-35, 45]}, action: blank}
  - {name: known_device, references: {device: devices.device}}
  - {name: has_time, not_null: [measured_at], action: quarantine}
  - name: falls
    deny: "t1.device = t2.device and t1.measured_at < t2.measured_at and t1.energy > t2.energy"
""",
    "trusted/devices.yml": """
rules:
  - {name: one_place, functional: {zip: [place]}, action: repair}
""",
    "exploitation/by_device.sql": """
select r.device, d.place, count(*) as readings, avg(r.outdoor) as outdoor, max(r.energy) as energy
from trusted.readings r left join trusted.devices d on r.device = d.device
group by r.device, d.place
""",
    "exploitation/by_device.yml": "grain: [device]\n",
    "exploitation/by_place.sql": """
select place, sum(readings) as readings, avg(outdoor) as outdoor
from exploitation.by_device group by place
""",
}


_SHOP = {
    "backbone.yml": "name: shop\nengine: {kind: duckdb, threads: 1}\n",
    "sources/till.yml": """
collector: files
path: inbox/*
datasets: {sales: "sales_*"}
""",
    "sources/register.yml": """
collector: sql
url: sqlite:///{project}/register.db
delivers: snapshots
datasets:
  shops: {table: shops}
""",
    "formatted/sales.yml": """
from: landing.sales
read: {format: csv}
key: [id]
columns:
  id: {type: integer}
  day: {type: date}
  shop: {type: string}
  amount: {type: "decimal(18,2)"}
""",
    "formatted/shops.yml": """
from: landing.shops
read: {format: parquet}
key: [shop]
columns:
  shop: {type: string}
  city: {type: string}
""",
    "trusted/sales.yml": """
clean:
  - {column: shop, do: [trim]}
rules:
  - {name: one_sale, unique: [id], action: deduplicate, keep: latest}
  - {name: positive, range: {amount: [0, ~]}, action: quarantine}
  - {name: known_shop, references: {shop: shops.shop}}
""",
    "exploitation/by_shop.sql": """
select s.shop, h.city, count(*) as sales, sum(s.amount) as amount
from trusted.sales s left join trusted.shops h on s.shop = h.shop
group by s.shop, h.city
""",
    "exploitation/by_shop.yml": "grain: [shop]\n",
    "inbox/sales_1.csv": """
id,day,shop,amount
1,2024-01-01,north,1.50
2,2024-01-01, south,2.25
3,2024-01-02,north,-4.00
4,2024-01-02,west,0.10
""",
    "inbox/sales_2.csv": """
id,day,shop,amount
5,2024-02-01,north,7.00
6,2024-02-01,south,8.00
""",
}


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts below `folder`, each without the empty line before it."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip())


def edit(path: Path, old: str, new: str) -> None:
    """Put `new` in the place of `old`, which is there."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def shop_project(folder: Path) -> Path:
    """Write the smallest whole project: two files of sales, a database with two shops.

    Six sales, of which one has a bad amount and one an unknown shop.
    """
    write(folder, _SHOP)
    with closing(sqlite3.connect(folder / "register.db")) as database, database:
        database.execute("create table shops (shop text primary key, city text)")
        shops = [("north", "Nis"), ("south", "Nis")]
        database.executemany("insert into shops values (?, ?)", shops)
    return folder


def small_project(folder: Path) -> Path:
    """Write the project of meters and its sources into `folder`."""
    write(folder, _FILES)
    (folder / "inbox").mkdir(exist_ok=True)
    for month in range(1, MONTHS + 1):
        add_month(folder, month)
    with closing(sqlite3.connect(folder / "register.db")) as database, database:
        database.execute(
            "create table devices (device text primary key, place text, zip text)"
        )
        rows = [
            (f"L{n}", "Nis" if n % 5 else "Niš", f"{18000 + n // 10}") for n in range(40)
        ]
        database.executemany("insert into devices values (?, ?, ?)", rows)
    return folder


def add_month(folder: Path, month: int, *, rows: int = 1500) -> Path:
    """Deliver one more file: good rows, doubled ones, bad cells and broken records."""
    lines = ["device,at,outdoor,energy"]
    for n in range(rows):
        device = f"L{n % 40}" if n % 97 else " L1 "
        minute = f"2024-{month:02d}-{1 + n // 960:02d} {n // 40 % 24:02d}:{n % 40:02d}"
        outdoor = (
            "-39.9"
            if n % 211 == 0
            else ("NA" if n % 50 == 0 else f"{n % 37 - 9}.{n % 10}")
        )
        energy = "1e3x" if n % 503 == 0 else f"{month * 1000 + n // 40}.{n % 1000:03d}"
        lines.append(f"{device},{minute},{outdoor},{energy}")
        if n % 400 == 0:
            lines.append(lines[-1])
        if n % 700 == 0:
            lines.append("L9,broken record")
    path = folder / "inbox" / f"readings_2024_{month:02d}.csv"
    path.write_text("\n".join(lines) + "\n")
    return path

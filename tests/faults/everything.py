"""A small project that has all habits of sources at once, and what was sent to it."""

from __future__ import annotations

import hashlib
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

from tests.projects import write
from tests.servers import Server

PINGS = 24
_FILES = {
    "backbone.yml": "name: everything\nengine: {kind: duckdb, threads: 1}\n",
    "sources/meters.yml": """
collector: files
path: inbox/{device}/*
datasets: {heat: "heat_*"}
""",
    "sources/pings.yml": """
collector: files
path: pings/*.csv
datasets: {pings: "*"}
""",
    "sources/contracts.yml": """
collector: files
path: contracts/*.csv
datasets: {contracts: "*"}
delivers: changes
order: at
deletes: {column: op, values: [D]}
""",
    "sources/register.yml": """
collector: sql
url: sqlite:///{project}/register.db
datasets:
  orders: {table: orders, cursor: {column: id, overlap: 1}}
""",
    "sources/weather.yml": """
collector: http
url: "${var:WEATHER}"
pages: {next: next}
datasets:
  weather: {path: /weather, records: data, cursor: {param: since, field: hour}}
""",
    "sources/prices.yml": """
collector: http
url: "${var:WEATHER}"
datasets:
  prices: {path: /prices.csv}
delivers: snapshots
retention: {keep: 1}
""",
    "formatted/heat.yml": """
from: landing.heat
read: {format: csv}
key: [device, day]
new_columns: evolve
columns:
  device: {type: string, from: $device}
  day: {type: date, on_bad_cell: reject}
  heat: {type: "decimal(18,3)"}
variants:
  - {name: renamed, when: {header_has: [warmth]}, rename: {warmth: heat}}
""",
    "formatted/pings.yml": """
from: landing.pings
read: {format: csv}
key: [n]
columns:
  n: {type: integer}
  file: {type: string, from: $file}
""",
    "formatted/contracts.yml": """
from: landing.contracts
read: {format: csv}
key: [id]
columns:
  id: {type: integer}
  op: {type: string}
  at: {type: integer}
  place: {type: string}
""",
    "formatted/orders.yml": """
from: landing.orders
read: {format: parquet}
key: [id]
columns:
  id: {type: integer}
  amount: {type: "decimal(18,2)"}
""",
    "formatted/weather.yml": """
from: landing.weather
read: {format: json, records: data}
key: [hour]
columns:
  hour: {type: integer}
  outdoor: {type: double}
""",
    "formatted/prices.yml": """
from: landing.prices
read: {format: csv}
key: [n]
columns:
  n: {type: integer}
  price: {type: double}
""",
    "trusted/contracts.yml": "rules: []\n",
    "trusted/prices.yml": "rules: []\n",
}
_HEAT = {
    "inbox/L1/heat_1.csv": "day,heat\n2024-01-01,1.5\n2024-01-32,2\n2024-01-03,x\n",
    "inbox/L2/heat_1.csv": "day,warmth\n2024-01-01,2.5\n2024-01-02,2.25\n",
}
_MORE = {
    "inbox/L1/heat_1.csv": "day,heat\n2024-01-01,1.75\n2024-01-32,2\n2024-01-03,3\n",
    "inbox/L2/heat_2.csv": "day,warmth,sky\n2024-02-01,2.5,grey\n2024-02-30,1,blue\n",
    "contracts/2.csv": "id,op,at,place\n1,U,5,Nis\n2,D,6,\n",
}


def everything(folder: Path) -> Path:
    """Write the project, and what its sources have on the first day."""
    write(folder, {**_FILES, **_HEAT})
    _pack(folder / "inbox/L3/heat_1.zip", "3")
    write(
        folder, {"contracts/1.csv": "id,op,at,place\n1,I,1,Pirot\n2,I,2,Bor\n3,I,3,Bor\n"}
    )
    for n in range(PINGS):
        write(folder, {f"pings/{n:02}.csv": f"n\n{n}\n"})
    with closing(sqlite3.connect(folder / "register.db")) as database, database:
        database.execute("create table orders (id integer primary key, amount text)")
    _order(folder, range(5))
    return folder


def next_day(folder: Path) -> None:
    """More comes from all sources; one file changes, one moves, one is deleted."""
    write(folder, _MORE)
    _pack(folder / "inbox/L3/heat_2.zip", "4")
    (folder / "pings/00.csv").rename(folder / "pings/moved.csv")
    (folder / "pings/01.csv").unlink()
    for n in range(PINGS, 2 * PINGS):
        write(folder, {f"pings/{n:02}.csv": f"n\n{n}\n"})
    _order(folder, range(5, 9))


def _order(folder: Path, numbers: range) -> None:
    with closing(sqlite3.connect(folder / "register.db")) as database, database:
        rows = [(n, f"{n}.50") for n in numbers]
        database.executemany("insert into orders values (?, ?)", rows)


def _pack(path: Path, month: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in "12":
            text = f"day,heat\n2024-0{month}-01,{part}\n2024-0{month}-02,{part}.5\n"
            archive.writestr(f"heat_{part}.csv", text)


def answering(server: Server, day: list[int]) -> None:
    """Let a server tell the weather up to a day, and prices by a line that breaks."""

    def answer(path, query):
        if path == "/prices.csv":
            return lambda handler: _prices(handler, day[0])
        hours = [h for h in range(6 * day[0]) if h > int(query.get("since", -1))]
        first = int(query.get("page", 0))
        data = [{"hour": h, "outdoor": h / 4} for h in hours[first : first + 3]]
        link = f"/weather?since={query.get('since', -1)}&page={first + 3}"
        return {"data": data, "next": link if first + 3 < len(hours) else None}

    server.answer = answer


def prices(day: int) -> bytes:
    return "".join(["n,price\n", *(f"{n},{day}.5\n" for n in range(300))]).encode()


def _prices(handler, day: int) -> None:
    """Send the half, and from where it is asked for by a range the rest."""
    body = prices(day)
    mark = {"ETag": f'"{day}"', "Content-Type": "text/csv", "Accept-Ranges": "bytes"}
    asked = handler.headers.get("Range")
    if handler.headers.get("If-None-Match") == mark["ETag"]:
        handler.reply(304, mark, b"")
    elif asked is None:
        handler.cut(mark, body[:1000], len(body))
    else:
        first = int(asked.removeprefix("bytes=").partition("-")[0])
        mark["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
        handler.reply(206, mark, body[first:])


def sent(folder: Path) -> dict[str, set[str]]:
    """Return the hashes of what files and archives hold now, by dataset."""
    found: dict[str, set[str]] = {"heat": set(), "pings": set(), "contracts": set()}
    for file in folder.glob("inbox/*/*.csv"):
        found["heat"].add(_sha256(file.read_bytes()))
    for file in folder.glob("inbox/*/*.zip"):
        with zipfile.ZipFile(file) as archive:
            found["heat"] |= {_sha256(archive.read(name)) for name in archive.namelist()}
    for dataset in ("pings", "contracts"):
        files = (folder / dataset).iterdir()
        found[dataset] |= {_sha256(file.read_bytes()) for file in files}
    return found


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()

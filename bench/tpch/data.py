"""The eight tables of TPC-H as raw files, with errors planted in them.

    python -m bench.tpch.data SCALE FOLDER

TPC-H is clean; raw files are not. Of every table each so-many-th record is spoilt, always
the same ones, so that there is something to reject, clean, repair, blank, merge and
quarantine, and as much of it in a large table as in a small one for its size. Needs the
program ``tpchgen-cli``, which comes with the extra `dev`.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

__all__ = ["generated"]

Row = dict[str, str]
Edit = Callable[[Row], None]

_PARTS = 4
_STRANGER = 900_000_000  # beyond every key of the scales that a bench has time for


@dataclass(frozen=True)
class _Plan:
    """What is spoilt in a table: of every `period` records, which one and how.

    `fields` changes a record by the names of its columns, `line` changes its text;
    `repeats` are delivered once more as they are, `corrections` with a change.
    """

    period: int
    fields: Mapping[int, Edit] = field(default_factory=dict)
    line: Mapping[int, Callable[[bytes], bytes]] = field(default_factory=dict)
    repeats: frozenset[int] = frozenset()
    corrections: Mapping[int, Edit] = field(default_factory=dict)


def _put(name: str, value: str) -> Edit:
    def edit(row: Row) -> None:
        row[name] = value

    return edit


def _change(name: str, change: Callable[[str], str]) -> Edit:
    def edit(row: Row) -> None:
        row[name] = change(row[name])

    return edit


def _swap(one: str, other: str) -> Edit:
    def edit(row: Row) -> None:
        row[one], row[other] = row[other], row[one]

    return edit


def _stranger(key: str) -> str:
    return str(int(key) + _STRANGER)


def _other_status(status: str) -> str:
    return "F" if status == "O" else "O"


def _later(day: str) -> str:
    return str(date.fromisoformat(day) + timedelta(days=27))


def _shorter(line: bytes) -> bytes:
    return line.split(b",", 1)[0] + b",1,2\n"


def _longer(line: bytes) -> bytes:
    return b"1," + line


_PLANS: Mapping[str, _Plan] = {
    "supplier": _Plan(
        97,
        {
            11: _put("s_nationkey", "99"),
            23: _change("s_phone", lambda phone: "99" + phone[2:]),
            37: _put("s_acctbal", "1234567.00"),
            41: _change("s_name", lambda name: name.replace("#", " # ") + " "),
            53: _put("s_acctbal", "unknown"),
        },
    ),
    "customer": _Plan(
        149,
        {
            11: _put("c_nationkey", "99"),
            23: _change("c_phone", lambda phone: "99" + phone[2:]),
            37: _put("c_acctbal", "1234567.00"),
            41: _put("c_mktsegment", "AUTOMOBIL"),
            53: _put("c_mktsegment", "SPACE"),
            67: _change("c_name", lambda name: name.replace("#", " #  ") + " "),
            71: _put("c_acctbal", "unknown"),
        },
        repeats=frozenset({83}),
    ),
    "part": _Plan(
        499,
        {
            11: _put("p_mfgr", "Manufacturer#9"),
            23: _put("p_size", "0"),
            37: _put("p_container", "MEGA BOX"),
            41: _put("p_retailprice", "?"),
            53: _change("p_name", lambda name: f"  {name.replace(' ', '  ')}"),
        },
        {67: _shorter},
        repeats=frozenset({83}),
    ),
    "partsupp": _Plan(
        1999,
        {
            11: _put("ps_availqty", "-5"),
            23: _change("ps_suppkey", _stranger),
            37: _change("ps_partkey", _stranger),
            41: _put("ps_supplycost", "1000000.00"),
            53: _put("ps_partkey", "none"),
        },
        repeats=frozenset({83}),
    ),
    "orders": _Plan(
        1499,
        {
            11: _change("o_custkey", _stranger),
            23: _put("o_totalprice", "12,34"),
            37: _put("o_orderdate", "1995-13-01"),
            41: _change("o_orderpriority", lambda priority: priority + " "),
            53: _put("o_orderpriority", "URGENT"),
            67: _put("o_orderpriority", "6-NEVER"),
            71: _change("o_totalprice", lambda price: "-" + price),
            83: _put("o_clerk", "Clerk#12"),
            97: _put("o_orderstatus", "X"),
        },
        {101: _longer},
        repeats=frozenset({113}),
        corrections={127: _put("o_orderpriority", "1-URGENT")},
    ),
    "lineitem": _Plan(
        2003,
        {
            11: _swap("l_shipdate", "l_receiptdate"),
            23: _change("l_extendedprice", lambda price: price.replace(".", "") + ".00"),
            37: _put("l_extendedprice", "n/a"),
            41: _change("l_quantity", lambda quantity: quantity + "O"),
            53: _change("l_orderkey", _stranger),
            67: _change("l_suppkey", _stranger),
            71: _change("l_partkey", lambda key: str(int(key) + 1)),
            83: _put("l_discount", "0.55"),
            97: _change("l_linestatus", _other_status),
            101: _put("l_shipmode", "RAILWAY"),
            113: _change("l_shipmode", lambda mode: f" {mode} "),
            127: _put("l_shipmode", "ROCKET"),
            131: _put("l_receiptdate", "1996-02-30"),
            149: _put("l_orderkey", "A12"),
            151: _put("l_partkey", ""),
            163: _change("l_receiptdate", _later),
        },
        {167: _shorter},
        repeats=frozenset({173}),
        corrections={179: _put("l_shipinstruct", "CORRECTED")},
    ),
}
_MASTER = ("region", "nation", "customer", "supplier", "part", "partsupp")
_SALES = ("orders", "lineitem")


def generated(scale: float, folder: Path) -> Path:
    """Write ``master/*.csv`` and ``sales/*.csv`` of a scale factor into `folder`.

    What comes again is at the end of a table of `master`, and in a last file of `sales`.
    """
    master, sales = folder / "master", folder / "sales"
    master.mkdir(parents=True)
    sales.mkdir()
    with tempfile.TemporaryDirectory(dir=folder) as clean:
        _generate(scale, clean, _MASTER)
        _generate(scale, clean, _SALES, "--parts", str(_PARTS))
        for name in _MASTER:
            spoiling = _Spoiling(name)
            spoiling.copy(Path(clean, f"{name}.csv"), master / f"{name}.csv")
            spoiling.append(master / f"{name}.csv")
        for name in _SALES:
            spoiling = _Spoiling(name)
            for part in range(1, _PARTS + 1):
                source = Path(clean, name, f"{name}.{part}.csv")
                spoiling.copy(source, sales / f"{name}_{part}.csv")
            again = sales / f"{name}_corrections.csv"
            again.write_bytes(spoiling.header)
            spoiling.append(again)
    return folder


def _generate(scale: float, folder: str, tables: tuple[str, ...], *more: str) -> None:
    program = Path(sys.executable).with_name("tpchgen-cli")
    if not program.exists():
        raise SystemExit(
            "tpchgen-cli, which makes the data of TPC-H, is not installed: "
            'pip install "backbone[dev]"'
        )
    wanted = ["-s", str(scale), "-o", folder, "-T", ",".join(tables)]
    subprocess.run([program, "csv", "-q", *wanted, *more], check=True)


class _Spoiling:
    """The copying of one table, whose records are counted through all of its files."""

    def __init__(self, name: str) -> None:
        self._plan = _PLANS.get(name, _Plan(1))
        self._number = 0
        self._again: list[bytes] = []
        self.header = b""

    def copy(self, source: Path, target: Path) -> None:
        """Copy a file record by record; no record of TPC-H is longer than a line."""
        plan = self._plan
        touched = {*plan.fields, *plan.line, *plan.repeats, *plan.corrections}
        with source.open("rb") as lines, target.open("wb") as out:
            self.header = next(lines)
            out.write(self.header)
            for number, line in enumerate(lines, start=self._number):
                at = number % plan.period
                out.write(self._spoilt(line, at) if at in touched else line)
                self._number = number + 1

    def append(self, target: Path) -> None:
        """Write what comes again."""
        with target.open("ab") as out:
            out.writelines(self._again)

    def _spoilt(self, line: bytes, at: int) -> bytes:
        plan = self._plan
        if at in plan.repeats:
            self._again.append(line)
        elif at in plan.corrections:
            self._again.append(self._edited(line, plan.corrections[at]))
        elif at in plan.line:
            return plan.line[at](line)
        else:
            return self._edited(line, plan.fields[at])
        return line

    def _edited(self, line: bytes, edit: Edit) -> bytes:
        names = self.header.decode().strip().split(",")
        row = dict(zip(names, next(csv.reader([line.decode()])), strict=True))
        edit(row)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(row.values())
        return text.getvalue().encode()


if __name__ == "__main__":
    generated(float(sys.argv[1]), Path(sys.argv[2]))

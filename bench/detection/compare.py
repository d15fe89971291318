"""Detection by shape, size and share of violations, beside what else could be asked."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.detection.hundred import hundred_rules
from bench.detection.shapes import KEYS, SHAPES, Shape, table_sql
from bench.measure import Measured, measured

__all__ = ["ROWS", "SHAPES", "SHARES", "compared"]

ROWS = (100_000, 1_000_000, 10_000_000)
SHARES = (0.0, 0.001, 0.1)
_FAR_TOO_LONG = 3
_HERE = Path(__file__).parent

Peers = dict[str, list[tuple[int, float]]]
"""By peer, the seconds that it took for so many rows; infinite if it was stopped."""


@dataclass(frozen=True)
class _Asked:
    """A table of a shape: so many rows, of which a share is bad."""

    shape: Shape
    rows: int
    share: float
    folder: Path

    @property
    def parquet(self) -> Path:
        return self.folder / "t.parquet"

    @property
    def csv(self) -> Path:
        return self.folder / "t.csv"

    @property
    def places(self) -> Path:
        return self.folder / "places.parquet"


def compared(
    work: Path,
    *,
    shapes: Sequence[str],
    shares: Sequence[float],
    rows: Sequence[int],
    limit_s: float,
    verifier: Path | None,
) -> dict[str, Any]:
    """Search tables of each size, each shape and each share of violations.

    A peer that did not end within `limit_s` is not asked about larger tables of that
    shape and share, nor one that by its growth so far would take three times as long.
    `verifier` is a Python that has Desbordante. A hundred rules on one table are looked
    for where all shapes are.
    """
    found: list[dict[str, Any]] = []
    for shape in (SHAPES[name] for name in shapes):
        for share in shares:
            peers: Peers = {}
            for size in sorted(set(rows)):
                print(
                    f"  {shape.name}, {size:,} rows, {share:.1%} …",
                    end="",
                    file=sys.stderr,
                    flush=True,
                )
                with tempfile.TemporaryDirectory(dir=work) as folder:
                    asked = _Asked(shape, size, share, Path(folder))
                    _make(asked, csv=verifier is not None and shape.verified is not None)
                    found.append(_one(asked, peers, limit_s, verifier))
                _say(f" {_words(found[-1])}\n")
    return {
        "limit_s": limit_s,
        "verifier": _version(verifier),
        "searches": found,
        "exponents": list(_exponents(found)),
        "hundred": hundred_rules(work) if set(shapes) == set(SHAPES) else None,
    }


def _say(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)


def _words(found: dict[str, Any]) -> str:
    """Say as soon as it is known what a search took: all of them take hours."""
    sides = {
        name: found[name] for name in ("backbone", "sql", "verifier") if name in found
    }
    return ", ".join(
        f"{name} {one['s']:.3g} s" if "s" in one else f"{name}: {one['why']}"
        for name, one in sides.items()
    )


def _make(asked: _Asked, *, csv: bool) -> None:
    """Make the files in another process, so that this one stays small."""
    query = table_sql(asked.shape, asked.rows, asked.share)
    keys = f"select cast(range as bigint) as code from range({KEYS})"
    statements = [
        f"copy ({query}) to '{asked.parquet}'",
        f"copy ({keys}) to '{asked.places}'",
    ]
    if csv:
        statements.append(
            f"copy (select * exclude (_row) from '{asked.parquet}') to '{asked.csv}' "
            "(header)"
        )
    code = "import duckdb, sys\nfor text in sys.argv[1:]: duckdb.execute(text)"
    measured([sys.executable, "-c", code, *statements])


def _one(
    asked: _Asked, peers: Peers, limit_s: float, verifier: Path | None
) -> dict[str, Any]:
    shape = asked.shape
    told = json.dumps({"deny": shape.deny, "sequence": dict(shape.sequence)})
    module = [sys.executable, "-m", "bench.detection.backbones"]
    run = measured([*module, asked.parquet, asked.places, told])
    found: dict[str, Any] = {
        "shape": shape.name,
        "rows": asked.rows,
        "share": asked.share,
        "backbone": _told(run),
    }
    module = [sys.executable, "-m", "bench.detection.sqls"]
    sql = [*module, asked.parquet, asked.places, shape.sql]
    found["sql"] = _peer(sql, asked.rows, peers.setdefault("sql", []), limit_s)
    if "rows" in found["sql"] and found["sql"]["rows"] != found["backbone"]["rows"]:
        raise SystemExit(f"they disagree on who breaks the rule: {found}")
    if verifier is not None and shape.verified is not None:
        command = [verifier, _HERE / "desbordantes.py", asked.csv, shape.verified]
        known = peers.setdefault("verifier", [])
        found["verifier"] = _peer(command, asked.rows, known, limit_s)
    return found


def _told(run: Measured) -> dict[str, Any]:
    return {**json.loads(run.output), "peak_bytes": run.peak_bytes}


def _peer(
    command: Sequence[str | Path],
    rows: int,
    known: list[tuple[int, float]],
    limit_s: float,
) -> dict[str, Any]:
    """Ask a peer, unless it is `known` from fewer rows that it takes far too long."""
    expected = _expected(rows, known)
    if expected > limit_s * _FAR_TOO_LONG:
        hours = f", about {expected / 3600:.1f} h" if expected < math.inf else ""
        return {"why": f"late, by fewer rows{hours}"}
    try:
        told = _told(measured(command, limit_s=limit_s))
    except subprocess.TimeoutExpired:
        known.append((rows, math.inf))
        return {"why": f"more than {limit_s:.0f} s"}
    known.append((rows, told["s"]))
    return told


def _expected(rows: int, known: Sequence[tuple[int, float]]) -> float:
    """Return the seconds for `rows`, if they grow on as they did; 0 if nobody knows."""
    if known and known[-1][1] == math.inf:
        return math.inf
    if len(known) < 2:
        return 0.0
    (few, before), (many, last) = known[-2:]
    power = math.log(last / before) / math.log(many / few)
    return last * (rows / many) ** power


def _exponents(found: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """From the largest size to that before: seconds grow as rows to this power."""
    for shape in dict.fromkeys(f["shape"] for f in found):
        for share in dict.fromkeys(f["share"] for f in found):
            same = [f for f in found if f["shape"] == shape and f["share"] == share]
            if len(same) > 1:
                *_, before, last = same
                grown = math.log(last["backbone"]["s"] / before["backbone"]["s"])
                power = grown / math.log(last["rows"] / before["rows"])
                yield {"shape": shape, "share": share, "exponent": power}


def _version(python: Path | None) -> str | None:
    if python is None:
        return None
    code = "from importlib.metadata import version; print(version('desbordante'))"
    return measured([python, "-c", code]).output.strip()

"""What the TPC-H part found, for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bench import backbone
from bench.tables import aimed, mebibytes, seconds, table

__all__ = ["shown"]

_AIM = 1.5
_WHO = ("backbone", "by_hand")
_MADE = {
    "formatted": "formatted rows",
    "trusted": "trusted rows",
    "violations": "violations",
    "repairs": "repairs",
    "quarantine": "rows in quarantine",
    "merged": "merged rows",
}


def shown(result: Mapping[str, Any]) -> str:
    """Show the result for people."""
    parts = [_scale(one, result["start_s"]) for one in result["scales"]]
    return "\n\n".join(parts + [_growth(one) for one in result["growth"]])


def _scale(found: Mapping[str, Any], start_s: float) -> str:
    engines, counts = found["engines"], found["counts"]
    head = [f"TPC-H, scale {found['scale']:g}"]
    for engine in engines:
        head += [engine, "by hand", "ratio"]
    lines = [table(head, list(_rows(engines))), ""]
    lines += [_memory(engine, sides) for engine, sides in engines.items()]
    if "spark" in engines:
        ours, script = (engines["spark"][who]["without_start_s"] for who in _WHO)
        met = aimed(ours / script, _AIM, "x")
        lines += [
            f"Spark takes {seconds(start_s)} to start and to end.",
            f"Spark beside PySpark by hand, without that: {met}",
        ]
    made = ", ".join(f"{counts[what]:,} {words}" for what, words in _MADE.items())
    size = mebibytes(found["raw_bytes"])
    lines.append(f"From {size} both made the same: {made}, and views.")
    if len(engines) > 1:
        both = " and ".join(engines)
        lines.append(f"All {found['hashed']} tables have the same hash on {both}.")
    return "\n".join(lines)


def _rows(engines: Mapping[str, Any]) -> Iterator[list[str]]:
    def row(name: str, show: Callable[[float], str], *path: str) -> list[str]:
        cells = [name]
        for sides in engines.values():
            ours, script = (_pick(sides[who], path) for who in _WHO)
            ratio = f"{ours / script:.2f}x" if script else ""
            cells += [show(ours), show(script), ratio]
        return cells

    yield row("in all", seconds, "seconds")
    if "spark" in engines:
        yield row("without the start of Spark", seconds, "without_start_s")
    yield row("processor time", seconds, "cpu_s")
    for zone in backbone.ZONES:
        yield row(f"{zone} (steps added up)", seconds, "zones", zone, "seconds")
    yield row("peak memory, all processes", mebibytes, "peak_bytes")
    for zone in backbone.ZONES:
        yield row(f"{zone}, left on the disk", mebibytes, "zones", zone, "bytes")


def _pick(side: Mapping[str, Any], path: tuple[str, ...]) -> float:
    found: Any = side
    for key in path:
        found = found[key]
    return float(found)


def _memory(engine: str, sides: Mapping[str, Any]) -> str:
    names = {"first": "Python", "java": "Java", "others": "workers"}
    told = []
    for who in _WHO:
        peaks = sides[who]["peaks"].items()
        told.append(", ".join(f"{names[kind]} {mebibytes(size)}" for kind, size in peaks))
    return f"memory on {engine}: {told[0]}; by hand: {told[1]}"


def _growth(found: Mapping[str, Any]) -> str:
    head = [
        f"growth from scale {found['from']:g} to {found['to']:g}, as exponent",
        *backbone.ZONES, "all",
    ]  # fmt: skip
    rows = [
        [
            f"{one['who'].replace('_', ' ')} on {one['engine']}",
            *(f"{one[part]:.2f}" for part in (*backbone.ZONES, "all")),
        ]
        for one in found["exponents"]
    ]
    told = table(head, rows)
    return f"{told}\n\nn log n would be {found['n_log_n']:.2f} here."

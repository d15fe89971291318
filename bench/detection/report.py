"""How the figures of detection are shown: a table for each shape, and the aims."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.tables import aimed, mebibytes, seconds, table

__all__ = ["shown"]

_HEAD = [
    "rows", "bad", "broken by", "Backbone", "memory", "exponent", "SQL self-join",
    "ratio",
]  # fmt: skip
_TWO_S, _MANY_S, _HUNDRED_S, _TIMES = 1.0, 15.0, 20.0, 20.0


def shown(found: Mapping[str, Any]) -> str:
    """Show the result for people."""
    blocks = []
    for name in dict.fromkeys(one["shape"] for one in found["searches"]):
        searches = [one for one in found["searches"] if one["shape"] == name]
        beside = any("verifier" in one for one in searches)
        head = [*_HEAD, *(["Desbordante", "ratio"] if beside else [])]
        rows = [_row(one, found, beside=beside) for one in searches]
        blocks.append(f"{name}\n{table(head, rows)}")
    verifier = f"Desbordante {found['verifier'] or 'was not there'}: it"
    notes = [
        "Seconds without loading; memory is the process's peak, under a limit of 4 GB.",
        f"Peers have {found['limit_s']:.0f} s; the self-join counts the same rows.",
        f"{verifier} says if a rule holds, and stops at the first pair that breaks it.",
    ]
    return "\n\n".join([*blocks, "\n".join(notes), "\n".join(_aims(found))])


def _row(one: Mapping[str, Any], found: Mapping[str, Any], *, beside: bool) -> list[str]:
    own = one["backbone"]
    row = [
        f"{one['rows']:,}",
        f"{one['share']:.1%}",
        f"{own['rows']:,}",
        seconds(own["s"]),
        mebibytes(own["peak_bytes"]),
        _exponent(one, found),
        *_against(one["sql"], own),
    ]
    return [*row, *_against(one.get("verifier", {}), own)] if beside else row


def _against(peer: Mapping[str, Any], own: Mapping[str, Any]) -> list[str]:
    if "s" not in peer:
        return [str(peer.get("why", "")), ""]
    return [seconds(peer["s"]), f"{peer['s'] / own['s']:.1f}x"]


def _exponent(one: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    same = [f for f in found["searches"] if _kind(f) == _kind(one)]
    power = [f["exponent"] for f in found["exponents"] if _kind(f) == _kind(one)]
    return f"{power[0]:.2f}" if power and one is same[-1] else ""


def _kind(one: Mapping[str, Any]) -> tuple[str, float]:
    return one["shape"], one["share"]


def _aims(found: Mapping[str, Any]) -> Iterator[str]:
    two = [one for one in found["searches"] if one["shape"] == "two orders"]
    for size, aim in ((1_000_000, _TWO_S), (10_000_000, _MANY_S)):
        slowest = max(
            (o["backbone"]["s"] for o in two if o["rows"] == size), default=None
        )
        if slowest is not None:
            yield f"Two orders, {size:,} rows: {aimed(slowest, aim, ' s')}"
    for one in found["searches"]:
        peer = one.get("verifier", {})
        if one["rows"] == 1_000_000 and one["share"] == 0 and "s" in peer:
            times = peer["s"] / one["backbone"]["s"]
            word = "met" if times > _TIMES else "missed"
            yield f"{one['shape']}: {times:.1f} times Desbordante, aim {_TIMES:g}: {word}"
    if hundred := found["hundred"]:
        yield (
            f"A hundred rules on 1,000,000 rows of 20 columns: "
            f"{aimed(hundred['s'], _HUNDRED_S, ' s')} "
            f"(CPU {seconds(hundred['cpu_s'])}, {mebibytes(hundred['peak_bytes'])})"
        )

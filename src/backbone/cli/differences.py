"""What changed between two versions, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from backbone.app.figures import cell, count, moment, plural, shorten, size
from backbone.cli.output import Column, Grid, facts, heading, note, out, rows_table

__all__ = ["print_diff"]

_STYLES = {"added": "green", "removed": "red", "changed": "yellow"}
_CELL = 40


def print_diff(found: Mapping[str, Any]) -> None:
    """Print what `diff` found."""
    console = out()
    if "gone" in found:
        _print_landing(console, found)
    else:
        _print_table(console, found)


def _print_table(console: Console, found: Mapping[str, Any]) -> None:
    console.print(Text(found["asset"], style="bold"))
    console.print(facts({"from": _version(found["from"]), "to": _version(found["to"])}))
    schema = list(_schema(found["schema"]))
    if schema:
        console.print(heading("columns"))
        for line in schema:
            console.print(line)
    rows = found["rows"]
    console.print(heading("rows"))
    told = {kind: count(rows[kind]) for kind in (*_STYLES, "unchanged")}
    by = ", ".join(found["key"])
    console.print(facts({**told, "named by": by or "nothing: no key is declared"}))
    if found["columns"]:
        console.print(heading("changed cells"))
        lines = [[name, count(n)] for name, n in found["columns"].items()]
        console.print(Grid([Column("column"), Column("rows", "right")], lines))
    for kind, sample in found["sample"].items():
        _print_sample(console, kind, sample, rows[kind])


def _version(one: Mapping[str, Any]) -> str:
    said = one["at"] if one["at"] not in {None, one["version"]} else None
    told = f"version {one['version']}, {moment(one['committed'])} UTC"
    told = f"{said}: {told}" if said else told
    return f"{told}, {plural(one['rows'], 'row')}"


def _schema(schema: Mapping[str, Any]) -> list[Text]:
    came = [Text(f"+ {one['name']} {one['type']}", "green") for one in schema["added"]]
    went = [Text(f"- {one['name']} {one['type']}", "red") for one in schema["removed"]]
    other = [
        Text(f"~ {one['name']} {one['from']} → {one['to']}", "yellow")
        for one in schema["retyped"]
    ]
    return [*came, *went, *other]


def _print_sample(
    console: Console, kind: str, sample: Sequence[dict[str, Any]], total: int
) -> None:
    if not sample:
        return
    shown = f", {count(len(sample))} of {count(total)}" if len(sample) < total else ""
    console.print(heading(f"{kind}{shown}"))
    if kind != "changed":
        console.print(rows_table(list(sample[0]), sample, console))
        return
    lines = [
        [", ".join(cell(value) for value in row["key"].values()) if place == 0 else "",
         name, _cell(values["from"]), _cell(values["to"])]
        for row in sample
        for place, (name, values) in enumerate(row["columns"].items())
    ]  # fmt: skip
    columns = [Column("key"), Column("column"), Column("from"), Column("to")]
    console.print(Grid(columns, lines))


def _cell(value: Any) -> str:
    return "missing" if value is None else shorten(cell(value), _CELL)


def _print_landing(console: Console, found: Mapping[str, Any]) -> None:
    console.print(Text(found["asset"], style="bold"))
    sides = {
        side: f"{found[side]['at']}, "
        + plural(found[side]["deliveries"], "delivery", "deliveries")
        for side in ("from", "to")
    }
    console.print(facts(sides))
    signs = {"added": ("+", "green"), "again": ("=", "cyan"), "gone": ("-", "red")}
    lines = [
        [Text(sign, style=style), kind, one["delivery"],
         shorten(one["name"] or "", _CELL),
         moment(one["received"]) if one["received"] else None, size(one["size_bytes"])]
        for kind, (sign, style) in signs.items()
        for one in found[kind]
    ]  # fmt: skip
    if not lines:
        console.print(note("the same deliveries"))
        return
    columns = [
        Column(""), Column(""), Column("delivery"), Column("name"),
        Column("received (UTC)"), Column("size", "right", drop=1),
    ]  # fmt: skip
    console.print(Grid(columns, lines))

"""Descriptions of assets, as a terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from backbone.app.figures import count, moment, plural, size
from backbone.cli.output import (
    Column,
    Grid,
    err,
    facts,
    heading,
    note,
    out,
    print_next,
    rows_table,
)
from backbone.errors import bounded

__all__ = ["print_description"]

_NAMES_SHOWN = 12
_IDENTITY_DIGITS = 12


def print_description(found: Mapping[str, Any]) -> None:
    """Print what `app.assets.show` found."""
    console = out()
    console.print(Text(found["asset"], style="bold"))
    if found["description"]:
        console.print(found["description"], soft_wrap=False)
    version = found["version"]
    console.print()
    console.print(
        facts(
            {
                "made from": _names(found["inputs"]),
                "used by": _names(found["outputs"]),
                "declared in": found["declared_in"],
                **_version(version),
            }
        )
    )
    if version is None:
        console.print(note(f"{found['asset']} has not been made yet"))
        print_next(err(), [f"backbone run +{found['asset']}"])
        return
    _print_columns(console, found.get("columns", ()))
    _print_sides(console, found.get("side_tables", {}))
    sample = found.get("sample", ())
    if sample:
        console.print(heading(plural(len(sample), "row")))
        console.print(rows_table(list(sample[0]), sample, console))


def _names(names: Sequence[str]) -> str:
    return bounded(list(names), at_most=_NAMES_SHOWN)


def _version(version: Mapping[str, Any] | None) -> dict[str, Any]:
    if version is None:
        return {}
    if "received" in version:
        return {
            "newest delivery": f"{version['version']} {version['name']}",
            "received": f"{moment(version['received'][-1])} UTC",
            "size": size(version["size_bytes"]),
            "problems": "; ".join(version["problems"]),
        }
    identity = (version["identity"] or "")[:_IDENTITY_DIGITS]
    return {
        "version": f"{version['version']} ({identity})"
        if identity
        else version["version"],
        "updated": f"{moment(version['committed'])} UTC",
        "rows": version["rows"],
        "size": size(version["size_bytes"]),
    }


def _print_columns(console: Console, columns: Sequence[Mapping[str, Any]]) -> None:
    if not columns:
        return
    lines = [
        [
            column["name"],
            column["type"],
            column["unit"] or column["timezone"],
            column["description"],
            _from(column),
        ]
        for column in columns
    ]
    titles = [
        Column("column"), Column("type", style="dim"), Column("unit"),
        Column("description", fold=True), Column("from", style="dim", fold=True, drop=1),
    ]  # fmt: skip
    console.print(heading(plural(len(columns), "column")))
    console.print(Grid(titles, lines))


def _from(column: Mapping[str, Any]) -> str:
    """Name the columns that a column is made from; of an equal name the table alone."""
    ending = f".{column['name']}"
    return ", ".join(origin.removesuffix(ending) for origin in column["from"])


def _print_sides(console: Console, sides: Mapping[str, int]) -> None:
    if not sides:
        return
    console.print(heading("Side tables"))
    columns = [Column("asset"), Column("rows", "right")]
    console.print(Grid(columns, [[name, count(rows)] for name, rows in sides.items()]))

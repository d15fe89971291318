"""Decisions of people, as a terminal shows them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from rich.text import Text

from backbone.app.figures import count, plural, says_of, shorten
from backbone.cli.output import Column, Grid, err, facts, near, note, out, print_next

__all__ = ["print_decided", "print_decisions"]

_WIDTH = 60
_SAYS = 200
_MANY = 5
_STYLES = {
    "applied": "green", "expired": "dim", "not run yet": "cyan", "overruled": "dim",
}  # fmt: skip


def print_decisions(found: Mapping[str, Any]) -> None:
    """Print what `app.decisions.decisions` found: a line for each decision."""
    asset, listed = found["asset"], found["decisions"]
    if not listed:
        err().print(f"nothing is decided about rows of {asset}")
        command = f"backbone decide {asset} KEY --column COLUMN --keep --reason TEXT"
        print_next(err(), [command])
        return
    columns = [
        Column("decision"), Column("says", fold=True), Column("of", fold=True),
        Column("status"), Column("until"), Column("by", drop=1),
        Column("reason", fold=True, drop=2),
    ]  # fmt: skip
    lines = [
        [
            one["name"], shorten(says_of(one), _SAYS),
            shorten(one["key"], _WIDTH), _status(one), one["until"], one["by"],
            one["reason"],
        ]
        for one in listed
    ]  # fmt: skip
    out().print(Text(f"{asset}  {plural(len(listed), 'decision')}", style="bold"))
    out().print(Grid(columns, lines))
    if any(one["status"] == "not run yet" for one in listed):
        print_next(err(), [f"backbone run {asset}+"])


def _status(one: Mapping[str, Any]) -> Text:
    words = one["status"]
    rows = one["rows"]
    if words == "applied in part" or sum(rows.values()) > 1:
        words = ", ".join(f"{status} {count(n)}" for status, n in rows.items())
    return Text(words, style=_STYLES.get(one["status"], "yellow"))


def print_decided(found: Mapping[str, Any]) -> None:
    """Print what `app.decisions.decide` decided, and what it changes."""
    console, said, rows = out(), found["decision"], found["rows"]
    title = Text.assemble((said["name"], "bold"), "  ", (found["asset"], "dim"))
    console.print(title)
    for row in rows[:_MANY]:
        _print_row(row, alone=len(rows) == 1)
    if len(rows) > _MANY:
        console.print(note(f"  … and {count(len(rows) - _MANY)} more rows"))
    if said.get("was"):
        words = ", ".join(f"{k} is {_value(v)}" for k, v in said["was"].items())
        console.print(note(f"  as long as the source says that {words}"))
    if not found["written"]:
        err().print(f"Nothing is written; it would stand in {near(found['file'])}.")
        return
    err().print(f"Written to {near(found['file'])}.")
    print_next(err(), [f"backbone run {shlex.quote(found['asset'])}+"])


def _print_row(row: Mapping[str, Any], *, alone: bool) -> None:
    place = f"{row['_object']}#{row['_record']}"
    lines = {
        change["column"]: Text.assemble(
            _value(change["now"]), (" → ", "dim"), _value(change["then"])
        )
        if change["now"] != change["then"]
        else Text(f"{_value(change['then'])} (as it is; it stays)")
        for change in row.get("changes", ())
    }
    if row.get("effect"):
        lines["row"] = Text(row["effect"])
    out().print(Text(f"  {place}", style="dim") if not alone else Text(f"  row {place}"))
    out().print(facts({f"    {name}": line for name, line in lines.items()}))


def _value(value: Any) -> str:
    return "missing" if value is None else repr(shorten(str(value), _WIDTH))

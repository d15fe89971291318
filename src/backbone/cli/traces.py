"""The way back of a row as a tree: the row, what it was made of, the raw records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from rich.text import Text
from rich.tree import Tree

from backbone.app.figures import cell, count, moment, shorten
from backbone.cli.output import near, note, out

__all__ = ["print_trace"]

_RAW_WIDTH = 300
_VALUE_WIDTH = 60
_MANY, _FEW = 5, 3


def print_trace(found: Mapping[str, Any]) -> None:
    """Print what `app.lineage.trace` found; of many rows of a table the first few."""
    title = Text.assemble((found["asset"], "bold"), "  ", _values(found["key"]))
    tree = Tree(title, guide_style="dim")
    inputs = found["inputs"]
    if len(inputs) == 1 and inputs[0]["asset"] == found["asset"]:
        _add_row(tree, inputs[0])
    else:
        tree.add(_values(found["row"]))
        for asset, rows in groupby(inputs, key=itemgetter("asset")):
            _add_table(tree, asset, list(rows), found["totals"][asset])
    if not inputs:
        tree.add(note("no row of a source stands behind it"))
    out().print(tree)


def _add_table(
    tree: Tree, asset: str, rows: Sequence[Mapping[str, Any]], total: int
) -> None:
    shown = rows if len(rows) <= _MANY else rows[:_FEW]
    version = f"version {rows[0]['version']}"
    held = f"{version}, {count(total)} rows" if total > 1 else version
    table = tree.add(Text.assemble((asset, "bold"), "  ", (held, "dim")))
    for row in shown:
        _add_row(table if total == 1 else table.add(_place(row)), row)
    if total > len(shown):
        table.add(note(f"… and {count(total - len(shown))} more; --json shows more"))


def _add_row(branch: Tree, one: Mapping[str, Any]) -> None:
    if one["row"] is not None:
        branch.add(_values(one["row"]))
    for line in _remarks(one):
        branch.add(line)
    if "file" not in one:
        return
    leaf = branch.add(_record(one))
    if one["raw"] is not None:
        leaf.add(Text(shorten(one["raw"], _RAW_WIDTH), style="cyan"))
    if "gone" in one:
        leaf.add(Text(f"{one['gone']}; received {moment(one['received'])} UTC", "red"))
        return
    kept = f"received {moment(one['received'])} UTC, kept as {near(one['file'])}"
    leaf.add(Text(kept, style="dim", overflow="fold"))


def _record(one: Mapping[str, Any]) -> Text:
    words = ("record ", "dim"), count(one["record"]), (" of ", "dim")
    return Text.assemble(*words, (one["origin"], "bold"))


def _place(one: Mapping[str, Any]) -> Text:
    return Text(f"{one['object']}#{one['record']}", style="dim")


def _remarks(one: Mapping[str, Any]) -> Iterator[Text]:
    """Yield what happened to the row on its way."""
    for repair in one.get("repairs", ()):
        words = f"  ({repair['rule']})"
        yield Text.assemble(
            ("repaired  ", "yellow"), f"{repair['column']}: ", _value(repair["old"]),
            " → ", _value(repair["new"]), (words, "dim"),
        )  # fmt: skip
    for broken in one.get("violations", ()):
        style = "red" if broken["severity"] == "error" else "yellow"
        yield Text.assemble(
            ("breaks    ", style), broken["rule"], (f"  {broken['reason']}", "dim")
        )
    for said in one.get("decisions", ()):
        what = " ".join(filter(None, (said["form"], said["rules"], said["columns"])))
        why = f"  {said['status']}; {said['decided_by']}: {said['reason']}"
        yield Text.assemble(("decided   ", "green"), what, (why, "dim"))
    if "quarantine" in one:
        gone = one["quarantine"]
        reason = (f"  {gone['reason']}", "dim")
        yield Text.assemble(("taken out ", "red"), gone["rule"], reason)
    if "merged" in one:
        gone = one["merged"]
        into = f"into {gone['survivor_object']}#{gone['survivor_record']}"
        yield Text.assemble(("merged    ", "yellow"), into, (f"  {gone['rule']}", "dim"))
    for bad in one.get("rejected_cells", ()):
        yield Text.assemble(
            ("unread    ", "yellow"), f"{bad['column']}: ", _value(bad["text"]),
            (f"  ({bad['reason']})", "dim"),
        )  # fmt: skip


def _value(value: Any) -> str:
    return "null" if value is None else repr(shorten(str(value), _VALUE_WIDTH))


def _values(row: Mapping[str, Any]) -> Text:
    """Return the values that are there, on as many lines as they take."""
    parts: list[Any] = []
    shown: Sequence[str] = [name for name in row if not name.startswith("_")]
    for name in shown:
        if row[name] is None:
            continue
        value = shorten(cell(row[name]), _VALUE_WIDTH).replace(" ", "\u00a0")
        parts += [*([" "] if parts else []), (f"{name}=", "dim"), value]
    return Text.assemble(*parts)

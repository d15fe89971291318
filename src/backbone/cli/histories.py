"""The history of a cell, told line by line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from backbone.app.figures import count, moment, shorten
from backbone.cli.output import STYLES, Column, Grid, heading, near, out

__all__ = ["print_history"]

_WIDTH, _RAW = 80, 300
_FORMS = {
    "keep": "kept as it was delivered",
    "undo": "left alone by {rules}",
    "fine": "fine for {rules}",
    "out": "taken out",
    "set": "set",
}
_BY = {"blank": "blanked", "majority": "repaired", "decision": "decided"}


def print_history(found: Mapping[str, Any]) -> None:
    """Print what `app.history.history` found."""
    console = out()
    key = " ".join(f"{name}={value}" for name, value in found["key"].items())
    title = Text.assemble((found["asset"], "bold"), "  ", (key, "dim"), "  ",
                          (found["column"], "bold"))  # fmt: skip
    console.print(title)
    lines = Table.grid(padding=(0, 2))
    lines.add_column(no_wrap=True)
    lines.add_column(overflow="fold")
    for event in found["events"]:
        for lead, said in _TOLD[event["kind"]](event):
            lines.add_row(lead, said)
    lines.add_row(*_now(found))
    console.print(Padding(lines, (0, 0, 0, 2), expand=False))
    if len(found["versions"]) > 1:
        console.print(heading("Where it changed"))
        columns = [
            Column("version", "right"), Column("committed (UTC)"), Column("value"),
            Column("run", drop=1),
        ]  # fmt: skip
        console.print(Grid(columns, [_version(one) for one in found["versions"]]))


Lines = Iterator[tuple[Text, Text]]


def _raw(event: Mapping[str, Any]) -> Lines:
    place = f"record {count(event['record'])} of {event.get('origin', event['object'])}"
    cells = event.get("cells")
    if cells is not None:
        held = [_value(value) for value in cells.values()]
        names = ", ".join(cells)
        said = Text.assemble(" ".join(held), (f"  {names} in {place}", "dim"))
        yield Text("raw"), said
    else:
        yield Text("raw"), Text(place, style="dim")
    if event.get("computed"):
        yield Text(""), Text(f"computed: {event['computed']}", style="dim")
    if event.get("text") is not None:
        yield Text(""), Text(shorten(event["text"], _RAW), style="cyan")
    if "gone" in event:
        yield Text(""), Text(event["gone"], style="red")
    if "received" in event:
        kept = f"received {moment(event['received'])} UTC"
        if "gone" not in event:
            kept = f"{kept}, kept as {near(event['file'])}"
        yield Text(""), Text(kept, style="dim")


def _read(event: Mapping[str, Any]) -> Lines:
    said = Text.assemble(_value(event["value"]), (f"  {event['type']}", "dim"))
    if "unread" in event:
        said.append(f"  {event['unread']}", style="yellow")
    yield Text("read"), said


def _decision(event: Mapping[str, Any]) -> Lines:
    words = _FORMS[event["form"]].format(rules=event["rules"])
    if event["status"] != "applied":
        words = f"{words}: not applied, {event['status']}"
    said = Text.assemble(words, (f"  {_why(event)}", "dim"))
    yield Text("decided", style="green"), said


def _why(event: Mapping[str, Any]) -> str:
    if "by" not in event:
        return ""
    return f"{event['by']} on {event['on']}: {event['reason']}"


def _change(event: Mapping[str, Any]) -> Lines:
    old, new = _value(event["old"]), _value(event["new"])
    by = _BY.get(event["method"], "cleaned")
    share = event["confidence"]
    of = f", {share:.1%} of the votes" if share is not None else ""
    said = Text.assemble(old, (" → ", "dim"), new, (f"  {event['rule']}{of}", "dim"))
    yield Text(by, style="green" if by == "decided" else "yellow"), said
    why = _why(event) or event.get("says")
    if why:
        yield Text(""), Text(why, style="dim")


def _breaks(event: Mapping[str, Any]) -> Lines:
    if event["beside"]:
        told = Text.assemble(("it is next to a row that breaks ", "dim"), event["rule"])
        yield Text("beside"), told
        return
    said = Text.assemble(event["rule"], (f"  {event['reason']}", "dim"))
    yield Text("breaks", style=STYLES.get(event["severity"], "")), said


def _quarantined(event: Mapping[str, Any]) -> Lines:
    said = Text.assemble(str(event["rule"]), (f"  {event['reason']}", "dim"))
    yield Text("taken out", style="red"), said


def _merged(event: Mapping[str, Any]) -> Lines:
    into = event["into"]
    said = f"into {into['object']}#{into['record']} of delivery {into['delivery'][:8]}"
    yield (
        Text("merged", style="yellow"),
        Text.assemble(said, (f"  {event['rule']}", "dim")),
    )


def _now(found: Mapping[str, Any]) -> tuple[Text, Text]:
    where = (
        "" if found["place"] == "table" else f"in {found['asset']}__{found['place']}, "
    )
    said = Text.assemble(
        (_value(found["value"]), "bold"), (f"  {where}version {found['version']}", "dim")
    )
    return Text("now", style="bold"), said


def _version(one: Mapping[str, Any]) -> list[str | Text | None]:
    if one["place"] == "table":
        value = _value(one["value"])
    elif one["place"] in {"quarantine", "merged"}:
        value = f"{_value(one['value'])} ({one['place']})"
    else:
        value = one["place"]
    return [str(one["version"]), moment(one["committed"]), value, one["run"]]


def _value(value: Any) -> str:
    return "missing" if value is None else repr(shorten(str(value), _WIDTH))


_TOLD: Mapping[str, Callable[[Mapping[str, Any]], Lines]] = {
    "raw": _raw, "read": _read, "decision": _decision, "change": _change,
    "breaks": _breaks, "quarantined": _quarantined, "merged": _merged,
}  # fmt: skip

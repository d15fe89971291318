"""What a check found, as a terminal shows it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from backbone.app.check_words import header_notes
from backbone.app.figures import between, count, duration, plural, shorten
from backbone.cli.output import (
    STYLES,
    Column,
    Grid,
    err,
    facts,
    heading,
    note,
    out,
    print_next,
)
from backbone.errors import bounded

__all__ = ["print_checked", "print_plans", "working"]

_COLUMNS = (
    Column(""), Column("rule"), Column("severity", drop=1), Column("rows", "right"),
    Column("share", "right"), Column("pairs", "right", drop=2),
    Column("time", "right", drop=3), Column("what must not occur", fold=True, drop=4),
)  # fmt: skip
_FILES = (
    Column(""), Column("file"), Column("rows", "right"),
    Column("rejected", "right", drop=1), Column("breaks", fold=True),
)  # fmt: skip
_DENY_WIDTH = 100
_SENTENCE_WIDTH = 300
_RAW_WIDTH = 100
_SLIGHT = 0.001


@contextmanager
def working() -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is being done while the block lasts."""
    console = err()
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with console.status("", spinner="dots") as status:
        yield lambda text: status.update(Text(shorten(text, 100), style="dim"))


def print_checked(
    found: Mapping[str, Any],
    *,
    explain: bool = False,
    again: str | None = None,
    with_layout: bool = False,
) -> None:
    """Print what a check found: a line per rule, examples, and what is worth knowing.

    `again` is the command that was typed, which the next one may begin with; without it
    this is one of several files. How a file is laid out is told `with_layout`.
    """
    console, rows = out(), found["rows"]
    title = f"{found.get('file') or found.get('asset')}  {plural(rows, 'row')}"
    console.print(Text(title, style="bold"))
    console.print()
    console.print(Grid(_COLUMNS, [_line(rule, rows) for rule in found["rules"]]))
    if explain:
        _print_plans(console, found)
    for rule in found["rules"]:
        _print_examples(console, rule)
    _print_notes(found, with_layout=with_layout)
    _print_refused(found["rules"])
    if again is not None:
        _print_end(found, [rule for rule in found["rules"] if rule["broken"]], again)


def print_each(
    found: Sequence[Mapping[str, Any]], *, explain: bool, with_layout: bool
) -> None:
    """Print what was found in several files: what breaks rules, then a line for each."""
    console = out()
    for one in found:
        if "error" not in one and (explain or any(r["broken"] for r in one["rules"])):
            print_checked(one, explain=explain, with_layout=with_layout)
            console.print()
    console.print(Grid(_FILES, list(map(_file_line, found))))
    messages = err()
    for one in found:
        if "error" in one:
            messages.print(Text(f"! {_trouble(one)}", style="yellow"))
    broken = sum(any(r["broken"] for r in one.get("rules", ())) for one in found)
    wrong = sum("error" in one for one in found)
    breaks = "breaks" if broken == 1 else "break"
    words = f"{broken} of {count(len(found))} files {breaks} rules"
    words += f", {wrong} cannot be checked" if wrong else ""
    took = duration(sum(one.get("seconds", 0.0) for one in found))
    style = "bold red" if broken or wrong else "bold green"
    messages.print()
    messages.print(Text(f"{words}, in {took}", style=style))


def _trouble(one: Mapping[str, Any]) -> str:
    """Say why a file cannot be checked, on a line."""
    what, hint = one["error"]["what"], one["error"]["hint"]
    first, *rest = (f"{what}. {hint}" if hint else what).splitlines()
    words = " ".join([first, "; ".join(line.strip() for line in rest)]).rstrip()
    return words if one["file"] in words else f"{one['file']}: {words}"


def _file_line(one: Mapping[str, Any]) -> list[str | Text | None]:
    name = str(one.get("file") or one.get("asset"))
    if "error" in one:
        return [Text("!", style="yellow"), name, None, None, "cannot be checked"]
    broken = [rule for rule in one["rules"] if rule["broken"]]
    refused = [f"{rule} (refused)" for rule in one["refused"]]
    told = [f"{rule['name']} ({count(rule['violating_rows'])})" for rule in broken]
    style = "red" if one["failed"] else "yellow" if told or refused else "green"
    return [
        Text("✗" if told else "!" if refused else "✓", style=style),
        name,
        count(one["rows"]),
        count(one.get("rejected", {}).get("records", 0)),
        bounded([*told, *refused]) if told or refused else "",
    ]


def _line(rule: Mapping[str, Any], rows: int) -> list[str | Text | None]:
    broken = rule["violating_rows"]
    wrong, refused = rule["broken"], rule["refused"] is not None
    style = STYLES[rule["severity"]] if wrong else "yellow" if refused else "green"
    return [
        Text("✗" if wrong else "!" if refused else "✓", style=style),
        rule["name"],
        rule["severity"],
        Text("refused" if refused else _rows(rule), style=style if broken else "dim"),
        _share(rule, rows) if broken else "",
        between(rule["pairs_at_least"], rule["pairs_at_most"]) if broken else "",
        duration(rule["seconds"]),
        Text(shorten(rule["deny"], _DENY_WIDTH), style="dim"),
    ]


def _rows(rule: Mapping[str, Any]) -> str:
    """Say how many rows break a rule; and how many of them are wrong, if not all."""
    broken, blamed = rule["violating_rows"], rule["blamed_rows"]
    said = [count(broken)]
    if blamed is not None and blamed != broken:
        said.append(f"{count(blamed)} to blame")
    if rule["fine_rows"]:
        said.append(f"{count(rule['fine_rows'])} fine")
    return ", ".join(said)


def _share(rule: Mapping[str, Any], rows: int) -> str:
    """Say which share of the rows that a rule looks at break it; of how many, if few."""
    share, looked = rule["share"], rule["looked_rows"]
    said = f"{share:.1%}" if share >= _SLIGHT else "< 0.1%"
    return said if looked == rows else f"{said} of {count(looked)}"


def print_plans(found: Mapping[str, Any]) -> None:
    """Print how each rule would be looked for."""
    console = out()
    console.print(Text(f"{found.get('file') or found.get('asset')}", style="bold"))
    _print_plans(console, found)


def _print_plans(console: Console, found: Mapping[str, Any]) -> None:
    if "layout" in found:
        console.print()
        console.print(Padding(facts(_layout(found)), (0, 0, 0, 2), expand=False))
    for rule in found["rules"]:
        kinds = rule.get("compared", ())
        pairs = {
            "forbids": rule["deny"],
            "where": rule["where"],
            "holds": f"for {rule['holds']} of the rows" if rule["holds"] else None,
            "blame": ", ".join(rule["blame"]),
            "severity": rule["severity"],
            "found by": f"{rule['shape']}: {rule['plan']}, {rule['cost']}",
            "compares": "; ".join(f"{one['comparison']} as {one['as']}" for one in kinds),
            "given in": rule["declared"],
        }
        console.print()
        console.print(Text(rule["name"], style="bold"))
        console.print(Padding(facts(pairs), (0, 0, 0, 2), expand=False))


def _layout(found: Mapping[str, Any]) -> dict[str, str]:
    """Return how a file is laid out, in words, and what of that was found out."""
    layout = found["layout"]
    guessed = set(layout["found_out"])
    shown = {"\t": "tab", " ": "blank"}
    said = {
        name: f"{shown.get(layout[name], layout[name])}"
        f"{' (found out)' if name in guessed else ''}"
        for name in ("format", "delimiter", "encoding")
        if layout[name] is not None
    }
    return said | {"columns": ", ".join(name or "?" for name in found["columns"])}


def _print_examples(console: Console, rule: Mapping[str, Any]) -> None:
    if not rule["witnesses"]:
        return
    console.print(heading(rule["name"]))
    for one in rule["witnesses"]:
        console.print(f"  {shorten(one['sentence'], _SENTENCE_WIDTH)}", soft_wrap=False)


def _print_notes(found: Mapping[str, Any], *, with_layout: bool) -> None:
    console = err()
    rejected = found.get("rejected", {})
    header = header_notes(found)
    if rejected.get("records") or found["notes"] or header:
        console.print()
    for one in header:
        console.print(Text(f"! {one}", style="yellow"))
    if with_layout and "layout" in found:
        console.print(Padding(facts(_layout(found)), (0, 0, 0, 2), expand=False))
    if rejected.get("records"):
        records = plural(rejected["records"], "record")
        words = f"! {records} could not be read, and took no part"
        console.print(Text(words, style="yellow"))
        for one in rejected["examples"]:
            where = f"row {count(one['row'])}" if one["row"] is not None else "the rest"
            raw = shorten(one["raw"], _RAW_WIDTH)
            console.print(note(f"    {where}: {one['reason']}  {raw}".rstrip()))
    for one in found["notes"]:
        console.print(Text(f"! {one['note']}", style="yellow"))
        console.print(note(f"    in {', '.join(one['rules'])}"))


def _and(refused: int) -> str:
    return f", {refused} refused" if refused else ""


def _print_refused(rules: Sequence[Mapping[str, Any]]) -> None:
    console = err()
    for rule in rules:
        if rule["refused"] is not None:
            words = f"! {rule['refused']}; --allow-quadratic lets it run"
            console.print(Text(words, style="yellow"))


def _print_end(
    found: Mapping[str, Any], broken: Sequence[Mapping[str, Any]], again: str
) -> None:
    console = err()
    console.print()
    total = len(found["rules"])
    took = duration(found["seconds"])
    refused = len(found["refused"])
    if broken or refused:
        words = (
            f"{len(broken)} of {plural(total, 'rule')} broken{_and(refused)}, in {took}"
        )
        style = "bold red" if found["failed"] else "bold yellow"
    else:
        words, style = f"{plural(total, 'rule')} hold, in {took}", "bold green"
        words = words.replace("1 rule hold", "1 rule holds")
    console.print(Text(words, style=style))
    written = found.get("violations")
    if written:
        rows = plural(written["rows"], "row")
        console.print(note(f"{rows} written to {written['file']}"))
    elif broken:  # all rows that break a rule, not a few examples
        print_next(console, [f"{again} --violations broken.csv"])

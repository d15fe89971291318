"""How an asset is made, as a terminal shows it: rules, SQL and lineage, findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

from backbone.cli.output import STYLES, facts, heading, near, out, rows_table
from backbone.errors import bounded

__all__ = ["print_explanation"]

_CODE = {"sql": "sql", "declaration": "yaml"}
_NAMES_SHOWN = 12


def print_explanation(found: Mapping[str, Any]) -> None:
    """Print what `app.lineage.explain` found, part by part."""
    console = out()
    console.print(Text(found["asset"], style="bold"))
    own = {"asset", "cleaning", "rules", *_CODE}
    simple = {k: v for k, v in found.items() if k not in own and not _is_nested(v)}
    if simple.get("report"):
        simple["report"] = near(simple["report"])
    console.print(facts({_title(k): _words(v) for k, v in simple.items()}))
    if found.get("cleaning"):
        console.print(heading("Cleaned first"))
        says = {step["name"]: step["says"] for step in found["cleaning"]}
        console.print(Padding(facts(says), (0, 0, 0, 2), expand=False))
    for _name, parts in groupby(found.get("rules", ()), key=itemgetter("name")):
        console.print()
        _print_rule(list(parts))
    for part, language in _CODE.items():
        if found.get(part):
            console.print(heading("SQL" if part == "sql" else part.capitalize()))
            code = Syntax(
                found[part].strip(), language, theme="ansi_dark",
                background_color="default", word_wrap=True,
            )  # fmt: skip
            console.print(Padding(code, (0, 0, 0, 2), expand=False))
    for name, value in found.items():
        if name not in own and _is_nested(value):
            console.print(heading(_title(name).capitalize()))
            _print_nested(value)


def _print_rule(parts: Sequence[Mapping[str, Any]]) -> None:
    """Print a rule, which may forbid several things."""
    console, rule = out(), parts[0]
    style = STYLES.get(rule["severity"], "")
    name = Text.assemble((rule["name"], "bold"), "  ", (rule["severity"], style))
    console.print(name, rule["action"])
    plans = [f"{part['shape']}: {part['plan']}, {part['cost']}" for part in parts]
    pairs = {
        "says": rule["says"],
        **({"owner": rule["owner"]} if rule.get("owner") else {}),
        "forbids": "\n".join(part["deny"] for part in parts),
        "found by": "\n".join(dict.fromkeys(plans)),
    }
    console.print(Padding(facts(pairs), (0, 0, 0, 2), expand=False))


def _print_nested(value: Any) -> None:
    """Print pairs, a table of rows, or a table of parts that have the same names."""
    console = out()
    if not isinstance(value, Mapping):
        names = list(dict.fromkeys(name for row in value for name in row))
        rows = [{name: _words(row.get(name, "")) for name in names} for row in value]
        console.print(rows_table(names, rows, console))
        return
    simple = {name: _words(v) for name, v in value.items() if not _is_nested(v)}
    if simple:
        console.print(Padding(facts(simple), (0, 0, 0, 2), expand=False))
    nested = {name: inner for name, inner in value.items() if _is_nested(inner)}
    if nested and all(isinstance(inner, Mapping) for inner in nested.values()):
        console.print()
        _print_nested([{"": _title(name), **inner} for name, inner in nested.items()])
        return
    for name, inner in nested.items():
        console.print(heading(_title(name).capitalize()))
        _print_nested(inner)


def _is_nested(value: Any) -> bool:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return bool(value) and all(isinstance(one, Mapping) for one in value)
    return isinstance(value, Mapping) and bool(value)


def _words(value: Any) -> Any:
    """Return a value as a line shows it: lists bounded, numbers as they are."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_words(one)}" for name, one in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return bounded([str(one) for one in value], at_most=_NAMES_SHOWN)
    return value


def _title(name: str) -> str:
    return name.replace("_", " ")

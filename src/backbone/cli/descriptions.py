"""Descriptions of assets and of their quality, as a terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from backbone.app.figures import count, duration, moment, plural, shorten, size
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
    rows_table,
)
from backbone.errors import bounded

__all__ = ["print_description", "print_quality"]

_NAMES_SHOWN = 12
_SENTENCE_WIDTH = 200
_IDENTITY_DIGITS = 12
_SUMS = (
    ("read", ("formatted", "rejected")),
    ("formatted", ("trusted", "quarantined", "merged", "superseded")),
)
_COUNTED = {
    "read": "records read", "formatted": "formatted rows",
    "rejected_cells": "cells rejected", "repaired": "repairs",
    "flagged": "rows flagged",
}  # fmt: skip
_DONE = {
    "blank": "blanked", "repair": "repaired", "quarantine": "quarantined",
    "deduplicate": "merged",
}  # fmt: skip


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


def print_quality(found: Mapping[str, Any]) -> None:
    """Print what `app.quality.quality` found: rules, examples, the account."""
    console = out()
    title = f"{found['asset']}  version {found['version']}, {count(found['rows'])} rows"
    console.print(Text(title, style="bold"))
    rules = found["rules"]
    if rules:
        console.print()
        columns = [
            Column(""), Column("rule"), Column("violating", "right"),
            Column("severity"), Column("action", drop=2), Column("outcome", drop=1),
            Column("time", "right", "dim", drop=3),
        ]  # fmt: skip
        console.print(Grid(columns, [_rule(rule) for rule in rules]))
    else:
        console.print(note("no rules are declared for it"))
    _print_examples(console, rules)
    _print_account(console, found["account"])
    _print_decisions(console, found["asset"], found.get("decisions", {}))
    if found.get("failed_rules"):
        words = f"Rules of severity error are broken: {', '.join(found['failed_rules'])}"
        err().print(Text(f"\n{words}", style="bold red"))


def _rule(rule: Mapping[str, Any]) -> list[str | Text | None]:
    broken = rule["violating_rows"] > 0
    style = STYLES.get(rule.get("severity", "warn"), "") if broken else "green"
    return [
        Text("✗" if broken else "✓", style=style),
        rule["name"],
        Text(count(rule["violating_rows"]), style=style if broken else "dim"),
        rule.get("severity"),
        rule.get("action"),
        _outcome(rule),
        duration(rule.get("seconds")),
    ]


def _outcome(rule: Mapping[str, Any]) -> str:
    changed, removed = rule.get("changed_cells", 0), rule.get("removed_rows", 0)
    done = _DONE.get(rule.get("action", ""), "changed")
    parts = [f"{plural(changed, 'cell')} {done}"] if changed else []
    parts += [f"{plural(removed, 'row')} {done}"] if removed else []
    return ", ".join(parts)


def _print_examples(console: Console, rules: Sequence[Mapping[str, Any]]) -> None:
    told = [
        (rule["name"], shorten(rule["witnesses"][0]["sentence"], _SENTENCE_WIDTH))
        for rule in rules
        if rule.get("witnesses")
    ]
    if told:
        console.print(heading("An example each"))
        console.print(facts(dict(told)))


def _print_account(console: Console, account: Mapping[str, Any]) -> None:
    """Print the sums that say that no row went missing, and whatever else was counted."""
    if not account:
        return
    console.print(heading("Account"))
    lines: dict[str, Any] = {}
    for whole, parts in _SUMS:
        if whole in account and parts[0] in account:
            lines[_COUNTED[whole]] = _sum(account, whole, parts)
    told = {name for whole, parts in _SUMS for name in (whole, *parts)}
    more = {name: number for name, number in account.items() if name not in told}
    lines |= {_COUNTED.get(name, name): number for name, number in more.items()}
    console.print(facts(lines))


def _print_decisions(console: Console, asset: str, counts: Mapping[str, int]) -> None:
    """Print what became of people's decisions, where there are any."""
    if not counts:
        return
    told = {"of people": counts.get("decisions", 0)}
    told |= {status: n for status, n in counts.items() if status != "decisions"}
    console.print(heading("Decisions"))
    console.print(facts(told))
    if set(counts) & {"no row", "several rows", "other value", "expired"}:
        print_next(console, [f"backbone decide {asset}"], lead="Which:")


def _sum(account: Mapping[str, int], whole: str, parts: Sequence[str]) -> str:
    terms = " + ".join(f"{count(account.get(p, 0))} {p}" for p in parts)
    return f"{count(account.get(whole, 0))} = {terms}"

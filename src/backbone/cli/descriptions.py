"""Descriptions of assets and of their quality, as a terminal shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.text import Text

from backbone.app.figures import count, duration, moment, plural, size
from backbone.cli.output import (
    STYLES,
    Column,
    err,
    facts,
    grid,
    heading,
    note,
    out,
    print_next,
    rows_table,
)
from backbone.errors import bounded

__all__ = ["print_description", "print_explanation", "print_quality"]

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
            ", ".join(column["from"]),
        ]
        for column in columns
    ]
    titles = [
        Column("column", keep=True), Column("type", style="dim"), Column("unit"),
        Column("description", fold=True), Column("from", style="dim", fold=True),
    ]  # fmt: skip
    kept = [i for i in range(len(titles)) if any(line[i] for line in lines)]
    console.print(heading(plural(len(columns), "column")))
    console.print(
        grid([titles[i] for i in kept], [[line[i] for i in kept] for line in lines])
    )


def _print_sides(console: Console, sides: Mapping[str, int]) -> None:
    if not sides:
        return
    console.print(heading("Side tables"))
    columns = [Column("asset"), Column("rows", "right")]
    console.print(grid(columns, [[name, count(rows)] for name, rows in sides.items()]))


def print_quality(found: Mapping[str, Any]) -> None:
    """Print what `app.quality.quality` found: rules, examples, the account."""
    console = out()
    title = f"{found['asset']}  version {found['version']}, {count(found['rows'])} rows"
    console.print(Text(title, style="bold"))
    rules = found["rules"]
    if rules:
        console.print()
        columns = [
            Column(""), Column("rule", keep=True), Column("violating rows", "right"),
            Column("severity"), Column("action"), Column("outcome"),
            Column("time", "right", "dim"),
        ]  # fmt: skip
        console.print(grid(columns, [_rule(rule) for rule in rules]))
    else:
        console.print(note("no rules are declared for it"))
    _print_examples(console, rules)
    _print_account(console, found["account"])
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
    parts = [plural(changed, "cell") + " changed"] if changed else []
    parts += [plural(removed, "row") + " moved"] if removed else []
    return ", ".join(parts)


def _print_examples(console: Console, rules: Sequence[Mapping[str, Any]]) -> None:
    told = [
        (rule["name"], rule["witnesses"][0]["sentence"])
        for rule in rules
        if rule.get("witnesses")
    ]
    if told:
        console.print(heading("An example each"))
        console.print(facts(dict(told)))


def _print_account(console: Console, account: Mapping[str, int]) -> None:
    """Print the sums that say that no row went missing."""
    if not account:
        return
    console.print(heading("Account"))
    lines: dict[str, Any] = {}
    if "read" in account:
        lines["records read"] = _sum(account, "read", ("formatted", "rejected"))
    if "trusted" in account:
        parts = ("trusted", "quarantined", "merged", "superseded")
        lines["formatted rows"] = _sum(account, "formatted", parts)
    counted = {
        "cells rejected": account.get("rejected_cells"),
        "cells repaired": account.get("repaired"),
        "rows flagged": account.get("flagged"),
    }
    lines |= {name: number for name, number in counted.items() if number is not None}
    console.print(facts(lines))


def _sum(account: Mapping[str, int], whole: str, parts: Sequence[str]) -> str:
    terms = " + ".join(f"{count(account.get(p, 0))} {p}" for p in parts)
    return f"{count(account.get(whole, 0))} = {terms}"


def print_explanation(found: Mapping[str, Any]) -> None:
    """Print what `app.lineage.explain` found, part by part."""
    console = out()
    console.print(Text(str(found.get("asset", "")), style="bold"))
    plain = {
        name: value
        if not isinstance(value, list | tuple)
        else bounded(list(map(str, value)))
        for name, value in found.items()
        if name not in {"asset", "sql"} and not _is_nested(value)
    }
    console.print(facts({name.replace("_", " "): value for name, value in plain.items()}))
    if found.get("sql"):
        console.print(heading("SQL"))
        console.print(Syntax(found["sql"].strip(), "sql", background_color="default"))
    for name, value in found.items():
        if _is_nested(value) and value:
            console.print(heading(name.replace("_", " ").capitalize()))
            _print_nested(console, value)


def _is_nested(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(isinstance(one, Mapping) for one in value)
    return isinstance(value, Mapping)


def _print_nested(console: Console, value: Any) -> None:
    if isinstance(value, Mapping):
        console.print(Padding(facts(value), (0, 0, 0, 2)))
        return
    names = list(dict.fromkeys(name for row in value for name in row))
    rows = [{name: row.get(name) for name in names} for row in value]
    console.print(rows_table(names, rows, console))

"""The quality of tables, as a terminal shows it: scores, rules, history, the zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from backbone.app.figures import (
    between,
    count,
    decided_words,
    duration,
    moment,
    outcome,
    plural,
    score,
    shorten,
)
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

__all__ = ["print_below", "print_history", "print_overview", "print_quality"]

_SENTENCE_WIDTH = 200
_TEXT_WIDTH = 40
_COLUMNS = 3
_HALF = 0.0005
_SUMS = (
    ("read", ("records", "rejected")),
    ("read", ("formatted", "rejected")),
    ("formatted", ("trusted", "quarantined", "merged", "superseded")),
)
_COUNTED = {
    "read": "records read", "formatted": "formatted rows",
    "unfilled": "rows left out, without a value",
    "rejected_cells": "cells rejected", "left_out": "lines left out",
    "repaired": "repairs",
    "flagged": "rows flagged",
}  # fmt: skip


def print_quality(found: Mapping[str, Any]) -> None:
    """Print what `app.quality.quality` found: rules, examples, the account."""
    console = out()
    title = f"{found['asset']}  version {found['version']}, {count(found['rows'])} rows"
    console.print(Text(title + _scored(found), style="bold"))
    rules = found["rules"]
    if rules:
        console.print()
        columns = [
            Column(""), Column("rule"), Column("violating", "right"),
            Column("pairs", "right", drop=4), Column("severity"),
            Column("action", drop=2), Column("outcome", drop=1),
            Column("score", "right", drop=2), Column("time", "right", "dim", drop=3),
        ]  # fmt: skip
        console.print(Grid(columns, [_rule(rule) for rule in rules]))
    else:
        console.print(note("no rules are declared for it"))
    _print_cleaning(console, found["cleaning"])
    _print_dimensions(console, found["dimensions"])
    _print_examples(console, rules)
    _print_account(console, found["account"])
    _print_decisions(console, found["asset"], found["decisions"])
    for asset, rows in found["left_out"].items():
        words = f"Made without {plural(rows, 'row')} of {asset} (severity error)"
        err().print(Text(f"\n{words}", style="yellow"))
    if found.get("failed_rules"):
        words = f"Rules of severity error are broken: {', '.join(found['failed_rules'])}"
        err().print(Text(f"\n{words}", style="bold red"))


def _scored(found: Mapping[str, Any]) -> str:
    """Say the score of a table, and what it was before rules acted."""
    if found["score_before"] is None and found["score"] is None:
        return ""
    return (
        f", score {score(found['score'])} ({score(found['score_before'])} as formatted)"
    )


def _print_cleaning(console: Console, steps: Sequence[Mapping[str, Any]]) -> None:
    if not steps:
        return
    console.print(heading("Cleaned first"))
    columns = [
        Column("step"), Column("column", fold=True), Column("method"),
        Column("cells", "right"),
    ]  # fmt: skip
    read = any("unread" in step for step in steps)
    if read:
        columns.append(Column("not read", "right"))
    told = _folded(steps)
    console.print(Grid(columns, [_cleaning(step)[: len(columns)] for step in told]))
    unread = [step for step in steps if step.get("unread", {}).get("cells")]
    if unread:
        words = {f"{s['rule']}, {s['column']}": _unread(s["unread"]) for s in unread}
        console.print(heading("What cleaning could not read"))
        console.print(facts(words))


def _folded(steps: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the steps in order, a line for all columns that one left as they were."""
    told: dict[tuple[str, str], dict[str, Any]] = {}
    idle: dict[str, list[str]] = {}
    for step in steps:
        is_idle = not step["cells"] and not step.get("unread", {}).get("cells")
        key = (step["rule"], "" if is_idle else step["column"])
        told.setdefault(key, dict(step))
        if is_idle:
            idle.setdefault(step["rule"], []).append(step["column"])
    for (rule, column), step in told.items():
        if not column:
            step["column"] = bounded(idle[rule], at_most=_COLUMNS)
    return list(told.values())


def _cleaning(step: Mapping[str, Any]) -> list[str | Text | None]:
    unread = step.get("unread")
    style = "yellow" if unread and unread["cells"] else "dim"
    return [
        step["rule"],
        step["column"],
        step["method"],
        Text(count(step["cells"]), style="" if step["cells"] else "dim"),
        Text(count(unread["cells"]), style=style) if unread else None,
    ]


def _unread(unread: Mapping[str, Any]) -> str:
    """Say which texts a step could not read, and what became of them."""
    shown = [
        f"{shorten(one['text'], _TEXT_WIDTH)!r} {count(one['cells'])}"
        for one in unread["examples"]
    ]
    more = unread["texts"] - len(shown)
    words = ", ".join(shown) + (f", and {plural(more, 'more text')}" if more else "")
    return f"{words}; {'missing now' if unread['blanked'] else 'left as they were'}"


def _print_dimensions(console: Console, found: Sequence[Mapping[str, Any]]) -> None:
    if not found:
        return
    console.print(heading("Dimensions"))
    columns = [
        Column("dimension"), Column("score", "right"), Column("as formatted", "right"),
        Column("rules", "right"), Column("weight", "right", drop=1),
    ]  # fmt: skip
    rows = [
        [
            one["name"],
            score(one["score"]),
            score(one["score_before"]),
            count(one["rules"]),
            f"{one['weight']:g}",
        ]
        for one in found
    ]
    console.print(Grid(columns, rows))


def _rule(rule: Mapping[str, Any]) -> list[str | Text | None]:
    broken = rule["violating_rows"] > 0
    style = STYLES.get(rule.get("severity", "warn"), "") if broken else "green"
    return [
        Text("✗" if broken else "✓", style=style),
        rule["name"],
        Text(count(rule["violating_rows"]), style=style if broken else "dim"),
        between(rule.get("pairs_at_least"), rule.get("pairs_at_most")),
        rule.get("severity"),
        rule.get("action"),
        outcome(rule),
        score(rule.get("score")),
        duration(rule.get("seconds")),
    ]


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
            lines.setdefault(_COUNTED[whole], _sum(account, whole, parts))
    told = {name for whole, parts in _SUMS for name in (whole, *parts)}
    told |= {name for name in ("left_out",) if not account.get(name)}
    more = {name: number for name, number in account.items() if name not in told}
    lines |= {_COUNTED.get(name, name): number for name, number in more.items()}
    console.print(facts(lines))


def _print_decisions(console: Console, asset: str, counts: Mapping[str, int]) -> None:
    """Say in one line what became of people's decisions, where there are any."""
    if not counts:
        return
    console.print(heading("Decisions"))
    console.print(Text(f"  {decided_words(counts)}"))
    if set(counts) & {"no row", "several rows", "other value", "expired"}:
        print_next(console, [f"backbone decide {asset}"], lead="Which:")


def _sum(account: Mapping[str, int], whole: str, parts: Sequence[str]) -> str:
    terms = " + ".join(f"{count(account.get(p, 0))} {p}" for p in parts)
    return f"{count(account.get(whole, 0))} = {terms}"


def print_history(found: Sequence[Mapping[str, Any]]) -> None:
    """Print what `app.quality.history` found: a line per version."""
    console = out()
    console.print(Text(f"{found[0]['asset']}  {plural(len(found), 'version')}", "bold"))
    console.print()
    names = list(dict.fromkeys(name for one in found for name in one["dimensions"]))
    columns = [
        Column("version", "right"), Column("committed (UTC)"), Column("rows", "right"),
        Column("score", "right"), Column("as formatted", "right"),
        *(Column(name, "right", drop=3) for name in names),
        Column("violated", "right", drop=1), Column("repairs", "right", drop=2),
        Column("flagged", "right", drop=2),
    ]  # fmt: skip
    rows = [
        [
            one["version"],
            moment(one["committed"]),
            count(one["rows"]),
            score(one["score"]),
            score(one["score_before"]),
            *(score(one["dimensions"].get(name)) for name in names),
            f"{one['violated_rules']} of {one['rules']}" if one["rules"] else None,
            count(one.get("repaired")),
            count(one.get("flagged")),
        ]
        for one in found
    ]
    console.print(Grid(columns, rows))


def print_overview(found: Sequence[Mapping[str, Any]]) -> None:
    """Print what `app.quality.overview` found: a line per table of the trusted zone."""
    console = out()
    if not found:
        console.print(note("the project has no table in the trusted zone"))
        return
    columns = [
        Column(""), Column("table"), Column("rows", "right"), Column("score", "right"),
        Column("change", "right"), Column("as formatted", "right", drop=2),
        Column("violated", "right"), Column("worst dimension", drop=1),
    ]  # fmt: skip
    console.print(Grid(columns, [_table(one) for one in found]))
    if not any(one["version"] for one in found):
        print_next(err(), ["backbone run"])


def print_below(found: Sequence[Mapping[str, Any]]) -> None:
    """Say on stderr which tables do not reach the score that they have to, and why."""
    for one in found:
        judged = one["fail_under"]
        words = f"score {score(one['score'])} is under {judged['bar']:g}"
        if one["version"] is None:
            words = f"not made yet, so no score of {judged['bar']:g}"
        rules = [f"{rule['name']} {score(rule['score'])}" for rule in judged["rules"]]
        why = f": {bounded(rules)}" if rules else ""
        line = Text.assemble("✗ ", (one["asset"], "bold"), f"  {words}{why}", style="red")
        err().print(line)


def _table(one: Mapping[str, Any]) -> list[str | Text | None]:
    broken = one["violated_rules"]
    style = "red" if one["failed_rules"] else ("yellow" if broken else "green")
    sign = Text("·" if one["version"] is None else ("✗" if broken else "✓"), style=style)
    worst = one["worst_dimension"] if one["worst_score"] != 1 else None
    return [
        sign,
        one["asset"],
        count(one["rows"]),
        Text(score(one["score"]), style=style),
        _changed(one["change"]),
        score(one["score_before"]),
        f"{broken} of {one['rules']}" if one["rules"] else None,
        f"{worst} {score(one['worst_score'])}" if worst else None,
    ]


def _changed(change: float | None) -> Text:
    """Write a difference of scores with its sign."""
    if change is None:
        return Text("")
    if abs(change) < _HALF:
        return Text("=", style="dim")
    return Text(f"{change:+.3f}", style="green" if change > 0 else "red")

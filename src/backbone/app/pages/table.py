"""The page about one table: its score, trend, account, rules, repairs and columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backbone.analysis.report.page import page
from backbone.app.environment import Environment
from backbone.app.figures import (
    cell,
    count,
    duration,
    moment,
    outcome,
    plural,
    score,
    shorten,
)
from backbone.app.pages.cards import cards
from backbone.app.pages.charts import Bar, Point, score_bars, trend
from backbone.app.pages.decisions import decided
from backbone.app.pages.flow import flow
from backbone.app.pages.repairs import repairs
from backbone.app.profiles import profile
from backbone.app.quality import history, quality
from backbone.management.trusted.rules.declared import describe_rule

__all__ = ["PACKAGE", "points_of", "quality_page", "rules_of", "shown_rules"]

PACKAGE = "backbone.app"
_OPEN_RULES = 40
_OPEN_CARDS = 40
_WITNESSES = 3
_SENTENCE = 300
_TEXT = 80
_RULE_TEXT = 600
_VERSIONS = 400
_DONE = {
    "blank": "blanked", "repair": "repaired", "quarantine": "quarantined",
    "deduplicate": "merged",
}  # fmt: skip


def quality_page(env: Environment, name: str) -> str:
    """Return the report on the quality of a table as one HTML page.

    It loads nothing and runs nothing: styles and drawings are inside, texts are escaped.

    Raises
    ------
    LakeError : the table has not been made yet, or holds raw bytes

    Notes
    -----
    The profile of the columns is computed the first time that a version is asked for.
    """
    found = quality(env, name)
    asset = env.asset(name).main
    past = history(env, name)
    profiled = profile(env, name)
    rules = rules_of(env, asset.table, found["rules"], found["rows"])
    drawn = cards(profiled, found["columns"])
    points = points_of(past)
    context = {
        "question": str(asset),
        "value": _description(env, asset.zone, asset.table),
        "references": {
            "asset": str(asset),
            "project": env.project.name,
            "made_at": datetime.fromisoformat(found["committed"]),
        },
        "answer": _answer(found),
        "tiles": _tiles(found),
        "dimensions": score_bars(_bars(found)) if found["dimensions"] else None,
        "trend": trend(points) if len(points) > 1 else None,
        "versions": plural(len(past), "version"),
        "flow": flow(found["account"]),
        "account": _account(found["account"]),
        "rules": shown_rules(rules),
        "decisions": decided(env, asset, found["decisions"]),
        "unread": _unread(found["cleaning"]),
        "repairs": repairs(env, asset),
        "cards": drawn[:_OPEN_CARDS],
        "more_cards": drawn[_OPEN_CARDS:],
        "sample": profiled["sample"],
        "command": f"backbone quality {asset}",
        "version": found["version"],
    }
    return page("quality.html.j2", context, package=PACKAGE)


def _description(env: Environment, zone: str, name: str) -> str:
    project = env.project
    if zone == "trusted":
        own = project.trusted[name].description
        return own or project.formatted[name].description or ""
    if zone == "formatted":
        return project.formatted[name].description or ""
    if zone == "exploitation":
        return project.views[name].declaration.description or ""
    return project.analyses[name].question


def _answer(found: Mapping[str, Any]) -> list[str]:
    rules = found["rules"]
    if not rules:
        words = "No rule is declared for this table; what its columns hold is below."
        return [words, *_without(found["left_out"])]
    broken = [rule for rule in rules if rule["violating_rows"]]
    left = [rule for rule in rules if rule.get("left_rows")]
    lines = [_first(found, broken), _second(found, left)]
    failed = found["failed_rules"]
    if failed:
        words = ", ".join(failed)
        lines.append(
            f"Rules of severity error are still broken: {words}. What is made from this "
            "table waits, or leaves those rows out."
        )
    return [line for line in lines if line]


def _without(left_out: Mapping[str, int]) -> list[str]:
    """Say which rows of its inputs a view was made without."""
    return [
        f"It was made without {plural(rows, 'row')} of {asset}, for they break a rule of "
        "severity error."
        for asset, rows in left_out.items()
    ]


def _first(found: Mapping[str, Any], broken: Sequence[Mapping[str, Any]]) -> str:
    rules = plural(len(found["rules"]), "rule")
    if not found["rows"] and found["score_before"] is None:
        return f"The table has no rows, so there was nothing for its {rules} to look at."
    if not broken:
        many = "it" if len(found["rules"]) == 1 else "all of them"
        return f"{rules}, and every row keeps {many}."
    verb = "was" if len(broken) == 1 else "were"
    return (
        f"{count(len(broken))} of {rules} {verb} broken by rows. "
        f"{_said(found['score'], found['score_before'])}"
    )


def _said(now: float | None, before: float | None) -> str:
    if before is None:
        return "There is no score: no rule looked at any row."
    if now is None:
        return f"The score was {score(before)} as the rows came."
    return f"The score is {score(now)}; it was {score(before)} as the rows came."


def _second(found: Mapping[str, Any], left: Sequence[Mapping[str, Any]]) -> str:
    flagged = found["account"].get("flagged")
    if not flagged or not found["rows"]:
        return ""
    most = max(left, key=lambda rule: rule["left_rows"], default=None)
    words = f"{count(flagged)} of {count(found['rows'])} rows are flagged"
    more = (
        f", most of them by {most['name']} ({count(most['left_rows'])})" if most else ""
    )
    return f"{words}{more}."


def _tiles(found: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    account, rules = found["account"], found["rules"]
    broken = sum(rule["violating_rows"] > 0 for rule in rules)
    tiles = [("rows", count(found["rows"]), f"version {found['version']}", "")]
    if rules:
        before = f"{score(found['score_before'])} as formatted"
        if found["score"] is None and found["score_before"] is None:
            before = "nothing was looked at"
        tiles.insert(0, ("score", score(found["score"]), before, ""))
        tone = "bad" if found["failed_rules"] else ""
        tiles.append(("rules broken", count(broken), f"of {count(len(rules))}", tone))
    for name, words in (
        ("repaired", "cells changed"), ("flagged", "rows flagged"),
        ("quarantined", "rows quarantined"), ("merged", "rows merged"),
        ("rejected", "records rejected"),
    ):  # fmt: skip
        if account.get(name):
            tiles.append((words, count(account[name]), "", ""))
    fresh = found["freshness"]
    if fresh:
        limit = _age(fresh["within_s"])
        tone = "good" if fresh["age_s"] <= fresh["within_s"] else "bad"
        tiles.append(("newest delivery", _age(fresh["age_s"]), f"limit {limit}", tone))
    return tiles


def _age(seconds: float) -> str:
    days = seconds / 86_400
    return f"{days:.3g} days" if days >= 2 else duration(seconds)  # noqa: PLR2004


def _bars(found: Mapping[str, Any]) -> list[Bar]:
    bars = [
        Bar(one["name"], one["score"], one["score_before"]) for one in found["dimensions"]
    ]
    return [Bar("all of them", found["score"], found["score_before"]), *bars]


def points_of(past: Sequence[Mapping[str, Any]]) -> list[Point]:
    """Return the scores of versions, the newest given first, the oldest returned first.

    Of very many versions the newest are shown.
    """
    return [
        Point(
            f"version {one['version']}, {moment(one['committed'])}",
            one["score"],
            one["score_before"],
        )
        for one in reversed(past[:_VERSIONS])
        if one["score"] is not None or one["score_before"] is not None
    ]


def _unread(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what cleaning steps could not read."""
    told = [one for one in steps if one.get("unread", {}).get("cells")]
    return [
        {
            "step": one["rule"],
            "column": one["column"],
            "cells": plural(one["unread"]["cells"], "cell"),
            "now": "missing now" if one["unread"]["blanked"] else "left as they were",
            "examples": [
                (f"“{shorten(each['text'], _TEXT)}”", count(each["cells"]))
                for each in one["unread"]["examples"]
            ],
            "more": count(one["unread"]["texts"] - len(one["unread"]["examples"])),
        }
        for one in told
    ]


def _account(account: Mapping[str, int]) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), count(rows)) for name, rows in account.items()]


def rules_of(
    env: Environment, table: str, reports: Sequence[Mapping[str, Any]], rows: int
) -> list[dict[str, Any]]:
    """Return what a page says of each rule; those that rows break come first."""
    trusted = env.project.trusted.get(table)
    declared = {rule.name: rule for rule in trusted.rules} if trusted else {}
    found = []
    for report in reports:
        rule = declared.get(report["name"])
        looked = report.get("looked_rows") or rows
        share = report["violating_rows"] / looked if looked else 0.0
        found.append(
            {
                "name": report["name"],
                "says": describe_rule(rule) if rule else "",
                "owner": (rule.owner or "") if rule else "",
                "why": (rule.description or "") if rule else "",
                "text": shorten(report["text"], _RULE_TEXT),
                "blames": ", ".join(rule.blame) if rule else "",
                "severity": report["severity"],
                "action": report["action"],
                "dimension": report["dimension"],
                "weight": f"{report['weight']:g}",
                "score": score(report["score"]),
                "before": score(report["score_before"]),
                "rows": report["violating_rows"],
                "violating": count(report["violating_rows"]),
                "left": count(report.get("left_rows")),
                "share": share,
                "percent": _percent(share),
                "outcome": cell(outcome(report)),
                "plan": report.get("plan", ""),
                "time": duration(report.get("seconds")),
                "pairs": count(report["pairs"]) if report.get("pairs") else "",
                "witnesses": [
                    shorten(one["sentence"], _SENTENCE)
                    for one in report.get("witnesses", ())[:_WITNESSES]
                ],
            }
        )
    return sorted(found, key=lambda one: (-one["share"], not one["rows"]))


def shown_rules(rules: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the rules in three parts: shown, folded because many, kept by all rows."""
    broken = [rule for rule in rules if rule["rows"]]
    return {
        "broken": broken[:_OPEN_RULES],
        "more": broken[_OPEN_RULES:],
        "kept": [rule for rule in rules if not rule["rows"]],
    }


def _percent(share: float) -> str:
    if share and share < 0.0001:  # noqa: PLR2004 - what is there is not called nothing
        return "<0.01 %"
    return f"{share:.2%}".replace("%", " %")

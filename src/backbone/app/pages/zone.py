"""The page about the trusted zone: every table with its score, trend and rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from backbone.analysis.report.page import page
from backbone.app.environment import Environment
from backbone.app.figures import count, decided_words, plural, score
from backbone.app.pages.charts import Bar, score_bars, trend
from backbone.app.pages.flow import flow
from backbone.app.pages.table import PACKAGE, points_of, rules_of, shown_rules
from backbone.app.quality import history, overview, quality
from backbone.model.names import AssetName

__all__ = ["zone_page"]


def zone_page(env: Environment) -> str:
    """Return the report on the quality of the trusted zone as one HTML page.

    It loads nothing and runs nothing. Columns are on the pages of single tables.
    """
    found = overview(env)
    made = [one for one in found if one["version"] is not None]
    known = [one for one in made if one["score"] is not None]
    worst = sorted(known, key=lambda one: (one["score"], one["asset"]))
    context = {
        "question": "The trusted zone",
        "value": "",
        "references": {
            "asset": "trusted",
            "project": env.project.name,
            "made_at": datetime.now(UTC),
        },
        "answer": _answer(found, worst),
        "tiles": _tiles(found),
        "scores": score_bars(
            [
                Bar(one["asset"].partition(".")[2], one["score"], one["score_before"])
                for one in worst
            ]
        )
        if worst
        else None,
        "rows": [_row(one) for one in found],
        "tables": [_table(env, one) for one in made],
    }
    return page("zone.html.j2", context, package=PACKAGE)


def _answer(found: list[dict[str, Any]], worst: list[dict[str, Any]]) -> list[str]:
    if not found:
        return ["The project has no table in the trusted zone."]
    failed = [one["asset"] for one in found if one["failed_rules"]]
    lines = []
    if worst:
        low = worst[0]
        lines.append(
            f"The lowest score of {plural(len(worst), 'table')} is that of "
            f"{low['asset']}, {score(low['score'])}"
            + (f", by its {low['worst_dimension']}." if low["score"] != 1 else ".")
        )
    else:
        lines.append("No table has a score yet: none was made, or none has rules.")
    if failed:
        lines.append(f"Rules of severity error are broken in {', '.join(failed)}.")
    return lines


def _tiles(found: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    rules = sum(one["rules"] for one in found)
    broken = sum(one["violated_rules"] for one in found)
    failed = sum(len(one["failed_rules"]) for one in found)
    return [
        ("tables", count(len(found)), "", ""),
        ("rows", count(sum(one["rows"] or 0 for one in found)), "", ""),
        ("rules broken", count(broken), f"of {count(rules)}", ""),
        ("of severity error", count(failed), "", "bad" if failed else "good"),
    ]


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    change = one["change"]
    worst = one["worst_dimension"] if one["worst_score"] != 1 else None
    return (
        one["asset"],
        count(one["rows"]),
        score(one["score"]),
        "" if change is None else f"{change:+.3f}",
        score(one["score_before"]),
        f"{count(one['violated_rules'])} of {count(one['rules'])}",
        f"{worst} {score(one['worst_score'])}" if worst else "",
    )


def _table(env: Environment, one: Mapping[str, Any]) -> dict[str, Any]:
    name = AssetName.parse(one["asset"])
    found = quality(env, str(name))
    points = points_of(history(env, str(name)))
    bars = [Bar(d["name"], d["score"], d["score_before"]) for d in found["dimensions"]]
    rules = rules_of(env, name.table, found["rules"], found["rows"])
    return {
        "asset": str(name),
        "score": score(found["score"]),
        "rows": count(found["rows"]),
        "dimensions": score_bars(bars) if bars else None,
        "trend": trend(points) if len(points) > 1 else None,
        "flow": flow(found["account"]),
        "rules": shown_rules(rules),
        "decisions": decided_words(found["decisions"]) if found["decisions"] else "",
        "command": f"backbone quality {name} --html {name.table}.html",
    }

"""Answers as a notebook shows them: values of `app` with an HTML face.

Each is still what `app` returned, a list, a dictionary or a report, so it can be worked
on as such.
"""

from __future__ import annotations

from typing import Any

from backbone.app.figures import count, duration, plural, score
from backbone.app.markup import (
    COLOURS,
    facts_html,
    nested_html,
    paragraph,
    part_html,
    records_html,
)
from backbone.app.runs import PlanReport
from backbone.operations.run import StepResult
from backbone.operations.verbs import RunReport
from backbone.operations.work import Event

__all__ = ["Facts", "Listing", "Quality", "ShownPlan", "ShownRun", "event_line"]

_NAME_WIDTH = 34
_SIGNS = {"done": "✓", "failed": "✗", "blocked": "✗", "waiting": "…"}


class Listing(list[dict[str, Any]]):
    """A list of plain rows that a notebook shows as a table."""

    def _repr_html_(self) -> str:
        return records_html(self)


class Facts(dict[str, Any]):
    """A plain dictionary that a notebook shows part by part."""

    def _repr_html_(self) -> str:
        return nested_html(self)


class Quality(Facts):
    """What `app.quality` tells of a table: rules, an example each, and the account."""

    def _repr_html_(self) -> str:
        title = f"{self['asset']}, version {self['version']}: {count(self['rows'])} rows"
        if self.get("score") is not None:
            title += f", score {score(self['score'])}"
        columns = (
            "name", "violating_rows", "score", "severity", "action", "changed_cells",
            "removed_rows", "seconds",
        )  # fmt: skip
        rules = [
            {name: rule.get(name) for name in columns}
            | {"score": score(rule.get("score"))}
            for rule in self["rules"]
        ]
        examples = {
            rule["name"]: rule["witnesses"][0]["sentence"]
            for rule in self["rules"]
            if rule["witnesses"]
        }
        account = {name: count(number) for name, number in self["account"].items()}
        parts = [paragraph(title, strong=True), records_html(rules) if rules else ""]
        parts += [part_html("an example each", examples, depth=1), facts_html(account)]
        return "".join(parts)


def _scored(rule: dict[str, Any]) -> str:
    return score(rule.get("score"))


class ShownPlan(PlanReport):
    """A plan that shows well."""

    def __repr__(self) -> str:
        return f"plan: {_plan_words(self)}"

    def _repr_html_(self) -> str:
        columns = ("action", "asset", "reason", "seconds_last_time")
        rows = [
            {name: row[name] for name in columns}
            for row in self.rows()
            if row["action"] != "skip"
        ]
        head = paragraph(_plan_words(self), strong=True)
        return head + (records_html(rows) if rows else "")


def _plan_words(report: PlanReport) -> str:
    actions = [step.action for step in report.plan.steps]
    parts = (
        f"{plural(actions.count('run'), 'step')} to run",
        f"{actions.count('skip')} up to date",
        f"{actions.count('wait')} waiting",
    )
    return ", ".join(parts)


class ShownRun(RunReport):
    """The report of a run that shows well."""

    def __repr__(self) -> str:
        return f"run {self.run}: {_run_words(self)}"

    def _repr_html_(self) -> str:
        colour = COLOURS["done" if self.ok else "failed"]
        head = paragraph(f"{self.status}: {_run_words(self)}", strong=True, colour=colour)
        worked = [step for step in self.steps if step.status != "skipped"]
        rows = [_step_row(step) for step in worked]
        errors = [
            {"source": one.source, "dataset": one.dataset, "error": str(error)}
            for one in self.collected
            for error in one.errors
        ]
        return head + "".join(records_html(part) for part in (errors, rows) if part)


def _run_words(report: RunReport) -> str:
    found = [step.status for step in report.steps]
    statuses = ("done", "failed", "blocked", "waiting", "skipped")
    known = [f"{found.count(s)} {s}" for s in statuses if s in found]
    return f"{', '.join(known) or 'no steps'} in {duration(report.seconds)}"


def _step_row(step: StepResult) -> dict[str, Any]:
    said = str(step.error) if step.error else step.message
    words = [said, *step.refused, *step.failed_rules, *step.warnings]
    return {
        "status": step.status,
        "asset": str(step.asset),
        "rows": step.rows,
        "seconds": step.seconds,
        "remarks": "; ".join(word for word in words if word),
    }


def event_line(event: Event) -> str | None:
    """Return a line of text for something that ended or deserves a note, else None."""
    if event.kind == "note":
        return f"! {event.subject}: {event.message}"
    if event.started:
        took = duration(event.seconds or 0)
        return f"{_SIGNS['done']} {event.subject:<{_NAME_WIDTH}} started  {took}"
    if event.kind != "end" or event.status == "skipped":
        return None
    words = event.message or (
        f"{count(event.rows)} rows" if event.rows is not None else ""
    )
    time = duration(event.seconds) if event.seconds is not None else ""
    sign = _SIGNS.get(event.status, "·")
    return f"{sign} {event.subject:<{_NAME_WIDTH}} {words}  {time}".rstrip()

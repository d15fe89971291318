"""What is due: sources by their schedules, and the run that serves them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from backbone.app.environment import Environment
from backbone.app.runs import selected
from backbone.model.names import AssetName
from backbone.operations.collect import sources_of
from backbone.operations.schedule import Turn, mend, turns
from backbone.operations.verbs import RunReport
from backbone.operations.verbs import run as _run
from backbone.operations.work import Tell

__all__ = ["run_due", "schedule", "schedule_rows"]


def schedule(
    env: Environment, select: Sequence[str] = (), *, exclude: Sequence[str] = ()
) -> list[Turn]:
    """Return where the sources that have a schedule stand now, the next one first.

    Parameters
    ----------
    select, exclude : assets; the sources that they are made from are meant
    """
    names = sources_of(env.project, selected(env, select, exclude))
    return turns(env.project, env.lake, datetime.now(UTC), names)


def schedule_rows(found: Sequence[Turn]) -> list[dict[str, Any]]:
    """Return turns as plain rows: source, schedule, served, next, due, missed, why."""
    return [
        {
            "source": one.source,
            "schedule": one.schedule.words,
            "served": one.served and one.served.isoformat(),
            "next": one.moment.isoformat(),
            "due": one.is_due,
            "missed": one.missed,
            "why": one.why,
        }
        for one in found
    ]


def run_due(
    env: Environment,
    select: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    tell: Tell = lambda _event: None,
    without_removed: bool = False,
) -> RunReport | None:
    """Collect the sources that are due, and bring what is made of them up to date.

    Returns
    -------
    None where nothing is due: nothing is collected, made or recorded
    """
    found = schedule(env, select, exclude=exclude)
    mend(env.project, env.lake, found, datetime.now(UTC))
    due = [one.source for one in found if one.is_due]
    if not due:
        return None
    only = _made_of(env, due)
    chosen = selected(env, select, exclude)
    if chosen is not None:
        only &= chosen
    return _run(
        env.place, only=only, sources=due, tell=tell, without_removed=without_removed
    )


def _made_of(env: Environment, sources: Collection[str]) -> set[AssetName]:
    """Return the datasets of sources, and all that is made of them."""
    datasets = {
        AssetName("landing", dataset)
        for name in sources
        for dataset in env.project.sources[name].datasets
    }
    return datasets.union(*(env.graph.downstream(asset) for asset in datasets))

"""The verbs that bring a project up to date: plan, run, resume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backbone.app.environment import Environment
from backbone.app.past import Past
from backbone.model.deliveries import Delivery
from backbone.model.names import AssetName
from backbone.operations.aside import plan_aside, run_aside
from backbone.operations.plan import Plan, Step, make_plan, states
from backbone.operations.selection import select
from backbone.operations.verbs import RunReport
from backbone.operations.verbs import resume as _resume
from backbone.operations.verbs import run as _run
from backbone.operations.work import Tell

if TYPE_CHECKING:
    from backbone.operations.foresight import Foresight

__all__ = ["PlanReport", "plan", "resume", "run", "run_at", "selected"]


@dataclass(frozen=True)
class PlanReport:
    """What a run would do with what landing holds now; `seconds` is from earlier runs.

    `engine` computes what names no other. `left_out` counts, by view, the rows of each
    input that the view is made without; of an input that is still to be made it is not
    known. `foreseen` says, by formatted table, what the headers of new files promise.
    """

    plan: Plan
    seconds: dict[str, float]
    engine: str
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)
    foreseen: dict[str, Foresight] = field(default_factory=dict)

    def rows(self) -> list[dict[str, Any]]:
        """Return the steps as plain rows, in the order in which they would run."""
        return [
            {
                "asset": str(step.asset),
                "kind": step.kind,
                "action": step.action,
                "reason": step.reason,
                "engine": step.engine or self.engine,
                "inputs": [str(asset) for asset in step.inputs],
                "identity": step.identity,
                "new_deliveries": len(step.new_deliveries),
                "reads": self.foreseen[str(step.asset)].told()
                if str(step.asset) in self.foreseen
                else {},
                "seconds_last_time": self.seconds.get(str(step.asset)),
                "left_out": self.left_out.get(str(step.asset), {}),
            }
            for step in self.plan.steps
        ]


def selected(
    env: Environment, words: Sequence[str] = (), exclude: Sequence[str] = ()
) -> set[AssetName] | None:
    """Return the assets that a selection names; None where it names everything.

    Raises
    ------
    UnknownAsset : a word of the selection matches nothing
    """
    if not words and not exclude:
        return None
    return select(
        env.graph,
        words,
        exclude=exclude,
        sources={name: tuple(s.datasets) for name, s in env.project.sources.items()},
        state=lambda word: states(env.project, env.lake, env.catalog, word),
    )


def plan(
    env: Environment,
    select: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    at: str | None = None,
) -> PlanReport:
    """Say what `run` would do with what landing holds now; nothing is written.

    Parameters
    ----------
    select, exclude : the selection grammar
    at : a pin, a run or a time: say what `run_at` would make

    Raises
    ------
    ProjectError : a rule, view or analysis does not fit the tables that it reads
    """
    only = selected(env, select, exclude)
    if at is None:
        made = make_plan(env.project, env.lake, env.catalog, only=only)
    else:
        made = plan_aside(env.place, Past(env, at).pins, only=only)
    if made.to_make:
        from backbone.operations.check import check_plan  # noqa: PLC0415 - slow to load

        check_plan(env.project, env.engine, env.catalog, made)
    seconds = env.catalog.step_seconds()
    foreseen = _foreseen(env, made) if at is None else {}
    return PlanReport(made, seconds, env.engine_name, _left_out(env, made), foreseen)


def _foreseen(env: Environment, made: Plan) -> dict[str, Foresight]:
    """Look at the headers of what the formatted tables of a plan will read."""
    steps = [one for one in made.to_run if one.kind == "format"]
    if not steps:
        return {}
    from backbone.operations.foresight import foresee  # noqa: PLC0415 - slow to load

    return {
        str(step.asset): foresee(
            env.project, env.lake, env.catalog, step, _wanted(env, made, step)
        )
        for step in steps
    }


def _wanted(env: Environment, made: Plan, step: Step) -> tuple[Delivery, ...]:
    name = step.asset.table
    dataset = AssetName.parse(env.project.formatted[name].source).table
    return made.held.get(name, made.deliveries[dataset])


def _left_out(env: Environment, made: Plan) -> dict[str, dict[str, int]]:
    """Return how many rows of which input each view of the plan is made without."""
    found: dict[str, dict[str, int]] = {}
    for step in made.steps:
        if step.kind != "integrate":
            continue
        if env.project.views[step.asset.table].declaration.on_error != "exclude":
            continue
        for asset, identity in step.inputs.items():
            known = env.catalog.version(asset, identity) if identity else None
            rows = int(known["record"].get("failed_rows", 0)) if known else 0
            if rows:
                found.setdefault(str(step.asset), {})[str(asset)] = rows
    return found


def run(
    env: Environment,
    select: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    tell: Tell = lambda _event: None,
    without_removed: bool = False,
) -> RunReport:
    """Collect what is due and bring everything downstream up to date.

    Parameters
    ----------
    select, exclude : the selection grammar
    tell : is told what happens
    without_removed : where a table has to be read anew, give up the rows of deliveries
        whose raw bytes retention has removed
    """
    only = selected(env, select, exclude)
    return _run(env.place, only=only, tell=tell, without_removed=without_removed)


def run_at(
    env: Environment,
    at: str,
    select: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    tell: Tell = lambda _event: None,
) -> RunReport:
    """Make what is missing of the tables of a pin, a run or a time; collect nothing.

    The tables of the present stay as they are: what is made is kept beside them, and
    read by `query` with the same `at`.

    Raises
    ------
    BackboneError : nothing is called `at`, or landing lacks what it names
    """
    only = selected(env, select, exclude)
    return run_aside(env.place, Past(env, at).pins, only=only, tell=tell)


def resume(env: Environment, *, tell: Tell = lambda _event: None) -> RunReport:
    """Finish the last run at its pinned inputs; nothing is collected."""
    return _resume(env.place, tell=tell)

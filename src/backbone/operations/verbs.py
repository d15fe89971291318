"""Run and resume: collect what is due, plan, carry out, remember."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from backbone.catalog import Catalog
from backbone.engines.protocol import Engine
from backbone.errors import NothingToResume
from backbone.lake.lake import Lake
from backbone.lake.leases import GRACE_S
from backbone.model.names import AssetName
from backbone.operations.collect import DatasetResult, collect
from backbone.operations.conduct import conduct
from backbone.operations.plan import LeaveOut, Pins, Plan, Step, make_plan
from backbone.operations.recover import missing, recover
from backbone.operations.rulings import today
from backbone.operations.run import StepResult, carry_out
from backbone.operations.sweep import sweep
from backbone.operations.work import Event, Tell, Work, plain
from backbone.project import Project
from backbone.project.declarations import EngineKind

__all__ = ["Place", "RunReport", "resume", "run", "run_pinned"]


@dataclass(frozen=True)
class Place:
    """A project with its lake, catalog and engine: where verbs are carried out.

    `start_engine` returns an engine, started when it is first asked for; `engine_name`
    is the one of steps that name none.
    """

    project: Project
    lake: Lake
    catalog: Catalog
    engine_name: EngineKind
    start_engine: Callable[[EngineKind], Engine]

    def engines_of(self, steps: Iterable[Step]) -> dict[str, EngineKind]:
        """Return the engine of each step, by its asset."""
        return {str(step.asset): step.engine or self.engine_name for step in steps}


@dataclass(frozen=True)
class RunReport:
    """What a run did.

    `status` is ``done``, ``failed`` (a source, a delivery, a step or a rule of severity
    error) or ``interrupted``.
    """

    run: str
    status: str
    seconds: float
    collected: tuple[DatasetResult, ...]
    steps: tuple[StepResult, ...]

    @property
    def ok(self) -> bool:
        """Whether everything was done."""
        return self.status == "done"


def run(
    place: Place,
    *,
    only: Collection[AssetName] | None = None,
    sources: Collection[str] | None = None,
    tell: Tell = lambda _event: None,
    without_removed: bool = False,
) -> RunReport:
    """Collect sources, then bring everything downstream up to date.

    Parameters
    ----------
    place : the project and where its data are
    only : bring these assets up to date alone; all by default
    sources : collect these alone; by default those that `only` is made from
    tell : is told what happens, from several threads
    without_removed : where a table has to be read anew, give up the rows of deliveries
        whose raw bytes retention has removed
    """
    _recover_if_needed(place)
    leave_out: LeaveOut = "all" if without_removed else "new"
    run = _Run(place, _new_run(), only, tell, sources=sources, leave_out=leave_out)
    return run.carry_out(pins=None)


def run_pinned(
    place: Place,
    pins: Pins,
    *,
    only: Collection[AssetName] | None = None,
    tell: Tell = lambda _event: None,
) -> RunReport:
    """Bring assets to what `pins` (ids by dataset) give; collect nothing."""
    _recover_if_needed(place)
    run = _Run(place, _new_run(), only, tell, leave_out="none")
    return run.carry_out(pins=pins)


def resume(place: Place, *, tell: Tell = lambda _event: None) -> RunReport:
    """Finish the last run at its pinned inputs; nothing is collected.

    Raises
    ------
    NothingToResume : the last run ended well, or there was none
    """
    _recover_if_needed(place)
    last = place.catalog.runs(limit=1)
    if not last or last[0]["status"] == "done":
        what = "the last run ended well" if last else "nothing has been run yet"
        raise NothingToResume(what, command="backbone run")
    record = last[0]["record"]
    only = record.get("only")
    selected = None if only is None else {AssetName.parse(one) for one in only}
    tell(Event("note", last[0]["id"], "resumed"))
    pins: Pins | None = record.get("pins")
    if pins is None:
        what = "the last run stopped before it had pinned its inputs"
        raise NothingToResume(what, command="backbone run")
    day = date.fromisoformat(record["day"]) if "day" in record else today()
    return _Run(place, _new_run(), selected, tell, day).carry_out(pins=pins)


@dataclass(frozen=True)
class _Run:
    place: Place
    name: str
    only: Collection[AssetName] | None
    tell: Tell
    day: date = field(default_factory=today)
    sources: Collection[str] | None = None
    leave_out: LeaveOut = "new"

    def carry_out(self, *, pins: Pins | None) -> RunReport:
        started, clock = datetime.now(UTC), time.perf_counter()
        self._check(pins)
        self._remember("running", started, record={"pins": pins} if pins else {})
        collected: tuple[DatasetResult, ...] = ()
        results: Sequence[StepResult] = ()
        status = "interrupted"
        try:
            if pins is None:
                collected = tuple(conduct(lambda: self._collect(started)))
            plan = self._plan(pins)
            count = len(plan.to_run)
            self.tell(Event("run", self.name, f"{count} steps to run", total=count))
            self._begin(plan, started)
            self._start_engines(plan.to_run)
            results = carry_out(
                self._work(plan), plan, parallel=self.place.project.settings.parallel
            )
            status = _status(collected, results)
        except Exception:
            status = "failed"
            raise
        finally:
            seconds = time.perf_counter() - clock
            self._end(status, started, seconds, collected, results)
        return RunReport(self.name, status, seconds, collected, tuple(results))

    def _collect(self, received: datetime) -> list[DatasetResult]:
        place = self.place
        results = collect(
            place.project, place.lake, received=received, only=self.only,
            sources=self.sources, tell=self.tell,
        )  # fmt: skip
        for result in results:
            place.catalog.record_collection(
                self.name, result.dataset, source=result.source, at=received,
                new=len(result.new), again=len(result.again), unchanged=result.unchanged,
                size_bytes=result.size_bytes, seconds=result.seconds,
                error="; ".join(e.what for e in result.errors) or None,
            )  # fmt: skip
        return results

    def _check(self, pins: Pins | None) -> None:
        """Check what may run before anything is collected, recorded or written.

        What is up to date by now was checked when it was made, and what is collected
        changes no declaration.
        """
        place, plan = self.place, self._plan(pins)
        if plan.to_make:
            from backbone.operations.check import check_plan  # noqa: PLC0415 - slow to load

            check_plan(place.project, place.start_engine("duckdb"), place.catalog, plan)
        self._start_engines(plan.to_make)

    def _start_engines(self, steps: Sequence[Step]) -> None:
        """Start what steps need: one that does not start fails the run, not each step."""
        for kind in dict.fromkeys(self.place.engines_of(steps).values()):
            self.tell(Event("engine", kind, "starting"))
            clock = time.perf_counter()
            self.place.start_engine(kind)
            self.tell(Event("engine", kind, seconds=time.perf_counter() - clock))

    def _plan(self, pins: Pins | None) -> Plan:
        place = self.place
        return make_plan(
            place.project,
            place.lake,
            place.catalog,
            only=self.only,
            pins=pins,
            day=self.day,
            leave_out=self.leave_out,
        )

    def _work(self, plan: Plan) -> Work:
        place = self.place
        return Work(
            place.project, place.lake, place.catalog, place.start_engine, self.name,
            plan.deliveries, self.tell, plan.held, place.engine_name, plan.day,
        )  # fmt: skip

    def _remember(self, status: str, started: datetime, **more: Any) -> None:
        place = self.place
        record = {
            "only": None if self.only is None else sorted(map(str, self.only)),
            "day": self.day.isoformat(),
            **more.pop("record", {}),
        }
        place.catalog.record_run(
            self.name, started=started, status=status, target=place.project.target,
            engine=place.engine_name, record=record, **more,
        )  # fmt: skip

    def _begin(self, plan: Plan, started: datetime) -> None:
        record = {
            "pins": plan.pins,
            "planned": {str(step.asset): step.identity for step in plan.to_run},
            "engines": self.place.engines_of(plan.to_run),
        }
        self._remember("running", started, record=record)
        if plan.to_run:
            self.place.lake.runs.begin(
                self.name,
                {
                    "started": started.isoformat(),
                    "target": self.place.project.target,
                    "engine": self.place.engine_name,
                    "only": None if self.only is None else sorted(map(str, self.only)),
                    "day": self.day.isoformat(),
                    **record,
                },
            )

    def _end(
        self,
        status: str,
        started: datetime,
        seconds: float,
        collected: Sequence[DatasetResult],
        results: Sequence[StepResult],
    ) -> None:
        catalog = self.place.catalog
        known = (catalog.run(self.name) or {}).get("record", {})
        finished = datetime.now(UTC)
        self._remember(status, started, finished=finished, seconds=seconds, record=known)
        worked = [one for one in results if one.status != "skipped"]
        if worked or any(one.new or one.again for one in collected):
            heads = catalog.heads()
            self.place.lake.runs.end(
                self.name,
                {
                    "finished": finished.isoformat(),
                    "status": status,
                    "seconds": seconds,
                    "collected": [plain(replace(c, errors=())) for c in collected],
                    "steps": [plain(replace(r, error=None)) for r in worked],
                    "snapshot": {name: head["number"] for name, head in heads.items()},
                },
            )


def _status(collected: Sequence[DatasetResult], results: Sequence[StepResult]) -> str:
    bad = any(one.errors for one in collected) or any(
        one.status in {"failed", "blocked"} or one.refused or one.failed_rules
        for one in results
    )
    return "failed" if bad else "done"


def _new_run() -> str:
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"[:-3] + f"_{secrets.token_hex(2)}"


def _recover_if_needed(place: Place) -> None:
    """Look into the lake where the catalog may not tell what it holds.

    That is so where the catalog knows no run, where the last one did not end, and where
    the lake lacks what the catalog names: it was removed, or brought back from a copy.
    What a dead process was receiving is removed in any case: a run beside it may have
    ended well since.
    """
    place.lake.landing.sweep()
    place.lake.leases.retire(older_than_s=GRACE_S)
    last = place.catalog.runs(limit=1)
    if (
        not last
        or last[0]["status"] in {"running", "interrupted"}
        or missing(place.lake, place.catalog)
    ):
        recover(place.lake, place.catalog)
        sweep(place.lake)

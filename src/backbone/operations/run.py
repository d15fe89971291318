"""Carry out a plan: independent steps at once, each step whole or not at all.

A failure stops only what is downstream of it. What a step does is found in `steps`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import import_module
from queue import SimpleQueue
from typing import Any, Literal

from backbone.errors import BackboneError, CommitConflict, context
from backbone.model.names import AssetName
from backbone.operations.conduct import conduct
from backbone.operations.memory import MemoryWatch
from backbone.operations.plan import Plan, Step, StepKind
from backbone.operations.work import (
    Event,
    Outcome,
    Work,
    broken_words,
    left_out_rows,
    left_out_words,
)

__all__ = ["Status", "StepResult", "carry_out"]

Status = Literal["done", "skipped", "failed", "blocked", "waiting"]
Execute = Callable[[Work, Step], Outcome]


@dataclass(frozen=True)
class StepResult:
    """What became of a step of the plan.

    `message` says why it failed, was blocked or waits; `memory_bytes` is the peak of the
    process while it ran.
    """

    asset: AssetName
    kind: StepKind
    status: Status
    identity: str
    reason: str
    message: str = ""
    rows: int | None = None
    size_bytes: int | None = None
    seconds: float = 0.0
    memory_bytes: int | None = None
    warnings: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    failed_rules: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    error: BackboneError | None = None


def carry_out(work: Work, plan: Plan, *, parallel: int) -> list[StepResult]:
    """Carry out `plan` and return what became of each step, in the plan's order.

    Parameters
    ----------
    work : where the steps find what they need
    plan : the steps and what they need
    parallel : how many steps run at once

    Notes
    -----
    A BackboneError or a fault of a library ends its step; KeyboardInterrupt ends the run
    after the steps in flight.
    """
    crew = _Crew(work, plan)

    def run() -> None:
        with (
            MemoryWatch() as memory,
            ThreadPoolExecutor(parallel, thread_name_prefix="step") as pool,
        ):
            try:
                crew.run_all(pool, memory)
            except BaseException:
                crew.stop()
                raise

    conduct(run, stop=crew.stop)
    return [crew.results[step.asset] for step in plan.steps]


class _Crew:
    """The state of one run: what is done, what is under way, what is still to come.

    A step becomes ready when the last of its inputs is settled, so the whole costs one
    look at each step and at each of its inputs.
    """

    def __init__(self, work: Work, plan: Plan) -> None:
        self.work = work
        self.results: dict[AssetName, StepResult] = {}
        self._stopped = False
        self._heads = work.catalog.heads()
        self._steps = {step.asset: step for step in plan.steps}
        self._needs = {
            step.asset: {one for one in step.inputs if one in self._steps}
            for step in plan.steps
        }
        self._needed_by: dict[AssetName, list[AssetName]] = {}
        for asset, needs in self._needs.items():
            for one in needs:
                self._needed_by.setdefault(one, []).append(asset)
        self._ready = deque(step for step in plan.steps if not self._needs[step.asset])

    def run_all(self, pool: ThreadPoolExecutor, memory: MemoryWatch) -> None:
        ended: SimpleQueue[Future[StepResult]] = SimpleQueue()
        under_way = 0
        while self._goes_on() or under_way:
            while self._goes_on():
                step = self._ready.popleft()
                settled = self._without_work(step)
                if settled is not None:
                    self._tell(settled)
                    self._settle(settled)
                    continue
                future = pool.submit(self._attempt, step, memory)
                future.add_done_callback(ended.put)
                under_way += 1
            if under_way:
                self._settle(ended.get().result())
                under_way -= 1

    def stop(self) -> None:
        """Begin no further step; those under way are finished."""
        self._stopped = True

    def _goes_on(self) -> bool:
        return bool(self._ready) and not self._stopped

    def _attempt(self, step: Step, memory: MemoryWatch) -> StepResult:
        if self._stopped:
            return _result(step, "waiting", "the run was interrupted")
        return _attempt(self.work, step, memory)

    def _settle(self, result: StepResult) -> None:
        """Keep a result; what waited for it alone is ready."""
        self.results[result.asset] = result
        for asset in self._needed_by.get(result.asset, ()):
            self._needs[asset].discard(result.asset)
            if not self._needs[asset]:
                self._ready.append(self._steps[asset])

    def _without_work(self, step: Step) -> StepResult | None:
        blocker = self._blocker(step)
        if blocker:
            return _result(step, "blocked", blocker)
        if step.action == "skip":
            return self._skipped(step)
        if step.action == "wait":
            return _result(step, "waiting", step.reason)
        return None

    def _skipped(self, step: Step) -> StepResult:
        known = self._known(step.asset, step.identity) or {}
        record = known.get("record", {})
        return replace(
            _result(step, "skipped", ""),
            rows=known.get("rows"),
            size_bytes=known.get("size_bytes"),
            failed_rules=tuple(record.get("failed_rules", ())),
            left_out=left_out_rows(record),
            warnings=(
                *_still_refused(step.asset, int(record.get("refused", 0))),
                *left_out_words(record),
                *broken_words(record),
            ),
        )

    def _blocker(self, step: Step) -> str:
        for asset in step.inputs:
            before = self.results.get(asset)
            if before is None:
                failed = self._failed_rules(asset, step.inputs)
            elif before.status in {"failed", "blocked"}:
                return f"{asset} {before.status}"
            else:
                failed = before.failed_rules
            if failed and not self._reads_the_rest(step, asset):
                return f"{asset} breaks {', '.join(failed)} (severity error)"
        return ""

    def _reads_the_rest(self, step: Step, asset: AssetName) -> bool:
        """Tell whether a step is made without the rows of an input that break rules."""
        if step.kind != "integrate" or asset.zone != "trusted":
            return False
        view = self.work.project.views[step.asset.table]
        return view.declaration.on_error == "exclude"

    def _failed_rules(
        self, asset: AssetName, inputs: Mapping[AssetName, str]
    ) -> tuple[str, ...]:
        known = self._known(asset, inputs[asset])
        return tuple(known["record"].get("failed_rules", ())) if known else ()

    def _known(self, asset: AssetName, identity: str) -> Mapping[str, Any] | None:
        """Return what the catalog has of a version; nearly always that is the head."""
        head = self._heads.get(str(asset))
        if head is not None and head["identity"] == identity:
            return head
        return self.work.catalog.version(asset, identity)

    def _tell(self, result: StepResult) -> None:
        """Remember and tell what did not run; what was up to date is no news."""
        if result.status != "skipped":
            self.work.catalog.record_step(self.work.run, result.asset, **_row(result))
            self.work.tell(
                Event("end", str(result.asset), result.message, status=result.status)
            )


def _attempt(work: Work, step: Step, memory: MemoryWatch) -> StepResult:
    """Do the work of one step; every fault becomes a result."""
    name = str(step.asset)
    started = datetime.now(UTC)
    clock = time.perf_counter()
    work.catalog.record_step(
        work.run, step.asset, kind=step.kind, identity=step.identity, status="running",
        started=started,
    )  # fmt: skip
    work.tell(Event("begin", name, step.reason))
    with memory.during(name):
        result = _guarded(work, step)
    result = replace(
        result, seconds=time.perf_counter() - clock, memory_bytes=memory.peak(name)
    )
    work.catalog.record_step(work.run, step.asset, started=started, **_row(result))
    work.tell(
        Event(
            "end", name, result.message, status=result.status,
            seconds=result.seconds, rows=result.rows,
        )
    )  # fmt: skip
    return result


def _guarded(work: Work, step: Step) -> StepResult:
    try:
        with context(f"{step.asset}, run {work.run}"), _locked(work, step):
            outcome = _made(work, step)
    except BackboneError as error:
        return replace(_result(step, "failed", error.what), error=error)
    except Exception as error:  # noqa: BLE001 - a library's fault ends this step only
        what = f"{type(error).__name__}: {error}"
        wrapped = BackboneError(what, where=f"{step.asset}, run {work.run}")
        wrapped.__cause__ = error
        return replace(_result(step, "failed", what), error=wrapped)
    return replace(
        _result(step, "done", ""),
        rows=outcome.version.rows,
        size_bytes=outcome.version.size_bytes,
        warnings=outcome.warnings,
        refused=outcome.refused,
        failed_rules=outcome.failed_rules,
        left_out=outcome.left_out,
    )


def _made(work: Work, step: Step) -> Outcome:
    """Make what a step makes, unless another run has come first since it was planned."""
    head = work.lake.tables.head(step.asset)
    if head is not None and head.identity == step.identity:
        work.record(head)
        failed = head.metadata.get("failed_rules", ())
        return Outcome(
            head,
            warnings=left_out_words(head.metadata),
            failed_rules=tuple(failed),
            left_out=left_out_rows(head.metadata),
        )
    if head is not None and str(head.metadata.get("run", "")) > work.run:
        raise CommitConflict(
            f"{step.asset} was brought further by a later run, {head.metadata['run']}",
            command="backbone run",
        )
    try:
        return _executor(step.kind)(work, step)
    except Exception:
        work.lake.tables.sweep(step.asset)
        raise


def _locked(work: Work, step: Step) -> AbstractContextManager[None]:
    return work.lake.locks.hold(
        step.asset,
        run=work.run,
        timeout_s=work.project.settings.lock_timeout_s,
        waiting=lambda words: work.tell(Event("note", str(step.asset), words)),
    )


def _executor(kind: StepKind) -> Execute:
    """Return the function that carries out a kind of step, loaded when first needed."""
    execute: Execute = import_module(f"backbone.operations.steps.{kind}").execute
    return execute


def _still_refused(asset: AssetName, deliveries: int) -> tuple[str, ...]:
    if not deliveries:
        return ()
    what = "1 delivery is" if deliveries == 1 else f"{deliveries:,} deliveries are"
    return (f"{what} refused since an earlier run; {asset}__rejected says why",)


def _result(step: Step, status: Status, message: str) -> StepResult:
    return StepResult(step.asset, step.kind, status, step.identity, step.reason, message)


def _row(result: StepResult) -> dict[str, object]:
    return {
        "kind": result.kind,
        "identity": result.identity,
        "status": result.status,
        "seconds": result.seconds,
        "rows": result.rows,
        "size_bytes": result.size_bytes,
        "memory_bytes": result.memory_bytes,
        "message": result.message or "; ".join(result.warnings) or None,
    }

"""The whole job of an engine whose workers are elsewhere: tasks out, answers back.

A driver cuts a request into shares and has them read by workers, who see the same
folders: a worker reads its share as one process would, writes Parquet files, and answers
with their names, statistics and accounts. Big objects are indexed the same way before.
Tasks and answers are texts, and how they travel is the engine's matter (`Spread`).

A task may be done twice, or by two workers at once: the files of an attempt have names
of their own, and only those count that the one answer names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from backbone.engines.protocol import RawRead, RawResult, Written
from backbone.engines.raw import wire
from backbone.engines.raw.checks import check
from backbone.engines.raw.database import opened_database
from backbone.engines.raw.failures import mapped
from backbone.engines.raw.index import parts_of
from backbone.engines.raw.reading import main_schema
from backbone.engines.raw.shares import Share, bundled, share_bytes_for, size_of
from backbone.engines.raw.sides import CELLS, REJECTED
from backbone.engines.raw.worker import PLACE, Job
from backbone.model.reports import FormattedAccount
from backbone.model.schemas import Schema

__all__ = ["Spread", "read_spread", "read_spread_deliveries"]

Spread = Callable[[str, Sequence[str]], Sequence[str]]
"""``spread(job, tasks)`` has ``worker.perform(job, task)`` done for each of the tasks, by
whichever worker, and returns the answers in the order of the tasks."""


def read_spread(
    request: RawRead,
    folder: Path,
    spread: Spread,
    *,
    parallelism: int,
    share_bytes: int | None = None,
) -> RawResult:
    """Read raw objects into Parquet files under `folder`, by many workers.

    Parameters
    ----------
    request : the objects, their layout, and the columns to be made of them
    folder : seen by all workers, as the objects are
    spread : has tasks done
    parallelism : how many tasks are done at once
    share_bytes : about how many bytes of raw files make a task; by default by how many
        there are, 60 MB at most

    Raises
    ------
    DeclarationError : the layout or the columns cannot be used; before anything is read
    LakeError : an object is not there, or a worker does not see `folder`
    AccountMismatch : records went missing (a bug)
    EngineError : a worker's engine failed, or the SQL of a computed column on a value

    Notes
    -----
    Rows, record numbers, rejections and accounts are those of `reading.read_raw`, since
    that is what reads every share. The driver holds the names of objects and of written
    files, and an account for each object; no data.
    """
    with _reading(request, folder, spread, parallelism, share_bytes) as made:
        result = _merged(request, made.shares, made.answers)
        made.named |= _names(result)
    return result


def read_spread_deliveries(
    request: RawRead,
    folder: Path,
    spread: Spread,
    *,
    parallelism: int,
    share_bytes: int | None = None,
) -> dict[str, RawResult]:
    """Read raw objects of several deliveries at once; return a result for each.

    Everything else is as `read_spread` has it.
    """
    results: dict[str, RawResult] = {}
    with _reading(request, folder, spread, parallelism, share_bytes) as made:
        for delivery, own in request.by_delivery().items():
            results[delivery] = _merged(own, *made.of(delivery))
            made.named |= _names(results[delivery])
    return results


@dataclass
class _Made:
    """Shares, what workers answered, and the files that are kept."""

    shares: Sequence[Share]
    answers: Sequence[dict[str, Any]]
    named: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._places: dict[str, list[int]] = {}
        for place, share in enumerate(self.shares):
            self._places.setdefault(share.objects[0].delivery, []).append(place)

    def of(self, delivery: str) -> tuple[list[Share], list[dict[str, Any]]]:
        """Return the shares of a delivery, and what was made of them."""
        places = self._places.get(delivery, [])
        return [self.shares[n] for n in places], [self.answers[n] for n in places]


@contextmanager
def _reading(
    request: RawRead,
    folder: Path,
    spread: Spread,
    parallelism: int,
    share_bytes: int | None,
) -> Iterator[_Made]:
    """Have workers read everything; at the end, files that nobody named are removed."""
    with mapped(PLACE), closing(opened_database(threads=1)) as connection:
        check(request, connection)
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [size_of(obj) for obj in request.objects]
    each = share_bytes or share_bytes_for(sizes, parallelism)
    job = Job(replace(request, objects=()), folder, uuid4().hex[:12], each)

    def ask(tasks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        if not tasks:
            return []
        answers = spread(job.text(), [json.dumps(task) for task in tasks])
        return [json.loads(answer) for answer in answers]

    named: set[str] = set()
    job.sign.touch()
    try:
        parts = parts_of(request, sizes, each, ask)
        shares = list(bundled(request.objects, sizes, parts, each))
        answers = ask([_read_task(n, share) for n, share in enumerate(shares)])
        yield _Made(shares, _sound(answers), named)
    finally:
        _sweep(job, named)


def _read_task(number: int, share: Share) -> dict[str, Any]:
    return {"do": "read", "number": number, "share": wire.share_as_json(share)}


def _sound(answers: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was made; raise what went wrong first."""
    for answer in answers:
        if "error" in answer:
            raise wire.error_of(answer["error"])
    return [answer["made"] for answer in answers]


def _names(result: RawResult) -> frozenset[str]:
    written = (result.main, result.rejected, result.rejected_cells)
    return frozenset(file.path.name for each in written for file in each.files)


def _sweep(job: Job, named: AbstractSet[str]) -> None:
    """Remove the files of attempts that came to nothing."""
    for path in job.folder.glob(f"{job.token}-*"):
        if path.name not in named:
            path.unlink(missing_ok=True)


def _merged(
    request: RawRead, shares: Sequence[Share], answers: Sequence[dict[str, Any]]
) -> RawResult:
    """Put the results of shares together, in their order."""
    accounts: dict[str, FormattedAccount] = {}
    undeclared: dict[str, tuple[str, ...]] = {}
    refused: dict[str, str] = {}
    for share, answer in zip(shares, answers, strict=True):
        own, unread, problems = wire.sides_of(answer)
        for name, account in own.items():
            accounts[name] = accounts.get(name, FormattedAccount()) + account
        if share.part and share.part.first > 1:
            name = share.objects[0].name
            met = (*undeclared.get(name, ()), *unread.get(name, ()))
            unread = {name: tuple(dict.fromkeys(met))} if met else {}
        undeclared |= unread
        refused |= problems
    return RawResult(
        main=_written(answers, "main", main_schema(request.columns)),
        rejected=_written(answers, "rejected", REJECTED),
        rejected_cells=_written(answers, "cells", CELLS),
        accounts={name: each.check(name) for name, each in accounts.items()},
        undeclared=undeclared,
        refused=refused,
    )


def _written(answers: Sequence[dict[str, Any]], name: str, schema: Schema) -> Written:
    files = (file for answer in answers for file in wire.files_of(answer[name], schema))
    return Written(tuple(files), schema)

"""Pins: names for the raw data of a moment, in `refs/`, committed with the project."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from backbone.app.environment import Environment
from backbone.app.past import Past
from backbone.app.runs import selected
from backbone.errors import BackboneError, LakeError
from backbone.model.deliveries import Delivery
from backbone.operations.pinned import absences, pinned
from backbone.operations.plan import Pins
from backbone.project.pins import Pin, pins_of, read_pin, remove_pin, write_pin

__all__ = ["pin", "pins", "unpin", "verify_pins"]

_AT_ONCE = 4


def pin(
    env: Environment,
    name: str,
    select: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    at: str | None = None,
    replace: bool = False,
) -> dict[str, Any]:
    """Name the deliveries that landing holds, in ``refs/<name>.json``.

    Parameters
    ----------
    name : of the pin
    select, exclude : the selection grammar: what these assets are made from is pinned
    at : what had been received then (a time), or what a run was made from, in place of
        what landing holds now
    replace : a pin of this name may name something else from now on

    Returns
    -------
    ``{pin, file, status, datasets}``: the status is ``new``, ``unchanged`` or
    ``replaced``; of each dataset ``{dataset, source, deliveries, size_bytes}``.
    Deliveries whose raw bytes were removed are not pinned; `left_out` counts them.

    Raises
    ------
    BackboneError : there is another pin of this name, or nothing to pin
    """
    datasets = _datasets(env, select, exclude)
    pins = Past(env, at).pins if at else None
    made = pinned(env.project, env.lake, name, datasets, pins)
    if not any(found.digests for found in made.datasets.values()):
        raise BackboneError(
            "there is nothing to pin: landing holds no delivery of the selection",
            command="backbone run",
        )
    before = _before(env, name)
    if before is not None and before != made.text() and not replace:
        raise BackboneError(
            f"there is a pin `{name}` already, and it names other deliveries",
            hint="--replace lets the name stand for these; git keeps the one before.",
        )
    path = write_pin(env.project.folder, made)
    status = "new" if before is None else "replaced"
    return {
        "file": path.relative_to(env.project.folder).as_posix(),
        "status": "unchanged" if before == made.text() else status,
        "left_out": _left_out(env, datasets, pins),
        **_row(env, made),
    }


def pins(env: Environment) -> list[dict[str, Any]]:
    """Return the pins of a project: ``{pin, datasets}`` of each, by name."""
    return [_row(env, one) for _, one in sorted(pins_of(env.project.folder).items())]


def unpin(env: Environment, name: str) -> dict[str, Any]:
    """Remove a pin; what it names stays in landing.

    Raises
    ------
    ProjectError : there is no such pin
    """
    path = remove_pin(env.project.folder, name)
    return {"pin": name, "removed": path.relative_to(env.project.folder).as_posix()}


def verify_pins(env: Environment, names: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Read every byte that pins name again; all pins where none is named.

    Returns
    -------
    ``{pin, ok, deliveries, size_bytes, problems}`` of each; a problem is ``{dataset,
    delivery, reason}``.

    Notes
    -----
    A delivery that several pins name is read once.
    """
    known = pins_of(env.project.folder)
    folder = env.project.folder
    chosen = [read_pin(folder, name) for name in names] or list(known.values())
    wrong: dict[tuple[str, str], str | None] = {}
    return [_verified(env, one, wrong) for one in chosen]


def _verified(
    env: Environment, found: Pin, wrong: dict[tuple[str, str], str | None]
) -> dict[str, Any]:
    gone = {
        (one.dataset, one.delivery): one.reason
        for one in absences(env.project, env.lake, found)
    }
    deliveries = [one for one in _landed(env, found) if (one.dataset, one.id) not in gone]
    unread = [one for one in deliveries if (one.dataset, one.id) not in wrong]

    def read(one: Delivery) -> str | None:
        try:
            env.lake.landing.verify(one)
        except LakeError as error:
            return error.what
        return None

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for one, reason in zip(unread, pool.map(read, unread), strict=True):
            wrong[one.dataset, one.id] = reason
    bad = {
        (one.dataset, one.id): reason
        for one in deliveries
        if (reason := wrong[one.dataset, one.id]) is not None
    }
    problems = [
        {"dataset": dataset, "delivery": delivery, "reason": reason}
        for (dataset, delivery), reason in {**gone, **bad}.items()
    ]
    return {
        "pin": found.name,
        "ok": not problems,
        "deliveries": sum(len(one.digests) for one in found.datasets.values()),
        "size_bytes": sum(one.size for one in deliveries),
        "problems": problems,
    }


def _datasets(
    env: Environment, select: Sequence[str], exclude: Sequence[str]
) -> set[str]:
    """Return the datasets that the selected assets are made from."""
    only = selected(env, select, exclude)
    if only is None:
        return set(env.project.datasets)
    needed = only.union(*(env.graph.upstream(asset) for asset in only))
    return {asset.table for asset in needed if asset.zone == "landing"}


def _left_out(env: Environment, datasets: set[str], pins: Pins | None) -> int:
    """Count the deliveries that cannot be pinned: their raw bytes were removed."""
    landed = (
        one
        for name in datasets
        for one in env.lake.landing.deliveries(env.project.dataset_source(name), name)
    )
    return sum(
        1
        for one in landed
        if one.removed and (pins is None or one.id in pins.get(one.dataset, ()))
    )


def _before(env: Environment, name: str) -> str | None:
    """Return the text of the pin of this name, if there is one, whatever it says."""
    path = env.project.folder / "refs" / f"{name}.json"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return "" if path.exists() else None


def _row(env: Environment, found: Pin) -> dict[str, Any]:
    sizes: dict[str, int] = {}
    for one in _landed(env, found):
        sizes[one.dataset] = sizes.get(one.dataset, 0) + one.size
    return {
        "pin": found.name,
        "datasets": [
            {
                "dataset": name,
                "source": one.source,
                "deliveries": len(one.digests),
                "size_bytes": sizes.get(name, 0),
            }
            for name, one in sorted(found.datasets.items())
        ],
    }


def _landed(env: Environment, found: Pin) -> list[Delivery]:
    """Return what landing holds of a pin."""
    landed = []
    for dataset, one in found.datasets.items():
        wanted = set(one.ids)
        if env.project.datasets.get(dataset) == one.source:
            known = env.lake.landing.deliveries(one.source, dataset)
            landed += [delivery for delivery in known if delivery.id in wanted]
    return landed

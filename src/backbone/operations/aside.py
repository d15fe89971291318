"""Tables as other deliveries make them, beside the present ones.

What pinned deliveries give under the declarations of now is made in a lake of its own,
``at/<key>`` in the lake, where the key stands for the deliveries. The tables of the
present, their versions and their catalog stay as they are; landing is the same one. What
the present has made already is not made again: its files are linked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from backbone.catalog import Catalog
from backbone.lake.lake import Lake
from backbone.lake.leftovers import Judge, Leftover
from backbone.lake.linking import link_version
from backbone.lake.tables import TableVersion
from backbone.model.names import AssetName
from backbone.operations.pinned import key_of
from backbone.operations.plan import Pins, Plan, Step, make_plan
from backbone.operations.run import StepResult
from backbone.operations.sweep import sweep
from backbone.operations.verbs import Place, RunReport, run_pinned
from backbone.operations.work import Event, Tell, enter
from backbone.project.pins import pins_of

__all__ = [
    "aside_folder",
    "opened_aside",
    "plan_aside",
    "run_aside",
    "sweep_aside",
    "version_aside",
]

_FOLDER = "at"


def aside_folder(lake: Lake, pins: Pins | None = None) -> Path:
    """Return where tables of `pins` are, or the folder of all such places."""
    return lake.root / _FOLDER / (key_of(pins) if pins is not None else "")


@contextmanager
def opened_aside(place: Place, pins: Pins) -> Iterator[Place]:
    """Open the place of tables that are made from `pins`; it is made when absent."""
    root = aside_folder(place.lake, pins)
    lake = Lake(root, landing=place.lake.landing)
    catalog = Catalog(root / "catalog.db")
    try:
        yield replace(place, lake=lake, catalog=catalog)
    finally:
        lake.close()
        catalog.close()


def version_aside(place: Place, pins: Pins, step: Step) -> TableVersion | None:
    """Return the version of a step's table that was made of `pins`, wherever it is."""
    known = place.catalog.version(step.asset, step.identity)
    if known is not None:
        return place.lake.tables.at(step.asset, int(known["number"]))
    if not (aside_folder(place.lake, pins) / "catalog.db").is_file():
        return None
    with opened_aside(place, pins) as there:
        known = there.catalog.version(step.asset, step.identity)
        if known is None:
            return None
        return there.lake.tables.at(step.asset, int(known["number"]))


def plan_aside(
    place: Place, pins: Pins, *, only: Collection[AssetName] | None = None
) -> Plan:
    """Plan what `run_aside` would make; what is there, wherever, is skipped."""
    plan, wanted = _planned(place, pins, only)

    def judged(step: Step) -> Step:
        if step.action == "wait":
            return step
        if version_aside(place, pins, step) is not None:
            return replace(step, action="skip", reason="made of these deliveries")
        return replace(step, action="run", reason="not made of these deliveries")

    return replace(plan, steps=tuple(map(judged, wanted)))


def _planned(
    place: Place, pins: Pins, only: Collection[AssetName] | None
) -> tuple[Plan, list[Step]]:
    plan = make_plan(
        place.project, place.lake, place.catalog, pins=pins, leave_out="none"
    )
    return plan, [s for s in plan.steps if only is None or s.asset in only]


def run_aside(
    place: Place,
    pins: Pins,
    *,
    only: Collection[AssetName] | None = None,
    tell: Tell = lambda _event: None,
) -> RunReport:
    """Make what `pins` give and is not there yet; nothing is collected.

    Parameters
    ----------
    place : the project and where its present is
    pins : ids of deliveries by dataset; of a dataset that is left out there is nothing
    only : make these assets alone; all by default
    tell : is told what happens, from several threads

    Returns
    -------
    The report of the run; what was there already is ``skipped``.
    """
    plan, wanted = _planned(place, pins, only)
    there_already = {
        step.asset: version
        for step in wanted
        if step.action != "wait"
        and (version := version_aside(place, pins, step)) is not None
    }
    settled = {step.asset: _settled(step, there_already) for step in wanted}
    missing = {
        step.asset
        for step in wanted
        if step.action != "wait" and step.asset not in there_already
    }
    if not missing:
        return RunReport("", "done", 0.0, (), tuple(settled.values()))
    needed = missing.union(*(plan.graph.upstream(asset) for asset in missing))
    tell(Event("note", key_of(pins), "made beside the present"))
    with opened_aside(place, pins) as there:
        _bring(place, there, plan, needed - missing)
        report = run_pinned(there, pins, only=needed, tell=tell)
    made = {one.asset: one for one in report.steps if one.status != "skipped"}
    return replace(report, steps=tuple({**settled, **made}.values()))


def sweep_aside(
    place: Place,
    *,
    only: Collection[AssetName] | None,
    older_than_s: float,
    remove: bool,
) -> list[Leftover]:
    """Remove tables beside the present that no pin names, and what attempts left there.

    Where assets are selected nothing goes: what is beside the present belongs to all.
    """
    places = sorted(path for path in aside_folder(place.lake).glob("*") if path.is_dir())
    if only is not None or not places:
        return []
    named = {key_of(pin.ids) for pin in pins_of(place.project.folder).values()}
    judge = Judge(place.lake.leases, older_than_s=older_than_s)
    found: list[Leftover] = []
    for path in places:
        if path.name in named:
            found += sweep(Lake(path), older_than_s=older_than_s, remove=remove)
            continue
        tree = judge.look(path)
        files = tuple(file for file, _ in tree.files)
        size = sum(size for _, size in tree.files)
        one = Leftover("tables of no pin", path, files, size, None, judge.young(tree))
        found.append(one.removed() if remove else one)
    return found


def _settled(step: Step, versions: Mapping[AssetName, TableVersion]) -> StepResult:
    version = versions.get(step.asset)
    waits = step.action == "wait"
    return StepResult(
        step.asset,
        step.kind,
        "waiting" if waits else "skipped",
        step.identity,
        step.reason,
        step.reason if waits else "",
        rows=version.rows if version else None,
        size_bytes=version.size_bytes if version else None,
    )


def _bring(place: Place, there: Place, plan: Plan, assets: Collection[AssetName]) -> None:
    """Link the versions that the present has made of the same deliveries."""
    for step in plan.steps:
        if step.asset not in assets:
            continue
        known = place.catalog.version(step.asset, step.identity)
        head = there.lake.tables.head(step.asset)
        if known is None or (head is not None and head.identity == step.identity):
            continue
        version = place.lake.tables.at(step.asset, int(known["number"]))
        patience_s = place.project.settings.lock_timeout_s
        with there.lake.locks.hold(step.asset, run="at", timeout_s=patience_s):
            enter(there.catalog, _linked(place, there, plan, step, version))


def _linked(
    place: Place, there: Place, plan: Plan, step: Step, version: TableVersion
) -> TableVersion:
    tables = there.lake.tables
    numbers = {}
    for suffix, number in version.sides.items():
        side = place.lake.tables.at(step.asset.with_side(suffix), number)
        numbers[suffix] = link_version(tables, side, {"kind": "side"}).number
    metadata = {**version.metadata, "sides": numbers}
    if step.kind == "format":
        metadata["deliveries"] = _told(place, plan, step)
    return link_version(tables, version, metadata)


def _told(place: Place, plan: Plan, step: Step) -> Mapping[str, object]:
    """Return what became of every delivery: a version tells that of its own ones only."""
    records = place.catalog.deliveries(step.asset, step.declaration)
    source = place.project.formatted[step.asset.table].source
    wanted = plan.deliveries[AssetName.parse(source).table]
    return {one.id: records[one.id] for one in wanted if one.id in records}

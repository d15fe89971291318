"""The plan of a run: which steps, in which order, and why each runs or is skipped."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from backbone.catalog import Catalog
from backbone.lake.lake import Lake
from backbone.model.deliveries import Delivery, in_order
from backbone.model.names import AssetName
from backbone.model.versions import fingerprint
from backbone.operations import identity as identify
from backbone.operations.graph import Graph, graph_of
from backbone.operations.rulings import decided_on, today
from backbone.project import Project
from backbone.project.declarations import EngineKind

__all__ = [
    "LeaveOut",
    "Pins",
    "Plan",
    "Step",
    "StepKind",
    "deliveries_of",
    "make_plan",
    "states",
]

StepKind = Literal["format", "trust", "integrate", "analyse"]
Pins = Mapping[str, Sequence[str]]
LeaveOut = Literal["new", "all", "none"]

_KINDS: dict[str, StepKind] = {
    "formatted": "format",
    "trusted": "trust",
    "exploitation": "integrate",
    "analysis": "analyse",
}


@dataclass(frozen=True)
class Step:
    """One unit of work: bring one asset to one identity.

    `action` is ``run``, ``skip`` (it is there already) or ``wait`` (its source has not
    delivered anything yet); `reason` says why in words. `declaration` fingerprints the
    declaration alone. `engine` is the one that the declaration names, if it does.
    """

    asset: AssetName
    kind: StepKind
    identity: str
    declaration: str
    inputs: Mapping[AssetName, str]
    action: Literal["run", "skip", "wait"]
    reason: str
    new_deliveries: tuple[str, ...] = ()
    engine: EngineKind | None = None


@dataclass(frozen=True)
class Plan:
    """Steps in an order in which every step comes after those it needs.

    `deliveries` are what landing holds of each dataset, oldest receipt first: the pinned
    inputs of the run. `held` are, by table, those of a formatted table where they are
    others: it is read as it is, or raw bytes were removed before it was made. What people
    decided counts as it holds on `day`.
    """

    steps: tuple[Step, ...]
    deliveries: Mapping[str, tuple[Delivery, ...]]
    graph: Graph
    held: Mapping[str, tuple[Delivery, ...]] = field(default_factory=dict)
    day: date = field(default_factory=today)

    @property
    def pins(self) -> dict[str, list[str]]:
        """The ids of the deliveries of each dataset."""
        return {name: [d.id for d in found] for name, found in self.deliveries.items()}

    @property
    def to_run(self) -> tuple[Step, ...]:
        """The steps that have work to do."""
        return tuple(step for step in self.steps if step.action == "run")

    @property
    def to_make(self) -> tuple[Step, ...]:
        """The steps that are not up to date: they have work to do, or they wait."""
        return tuple(step for step in self.steps if step.action != "skip")

    def step(self, asset: AssetName) -> Step | None:
        """Return the step that makes `asset`, if the plan has it."""
        return next((step for step in self.steps if step.asset == asset), None)


def deliveries_of(
    project: Project, lake: Lake, pins: Pins | None = None
) -> dict[str, tuple[Delivery, ...]]:
    """Return what landing holds of each dataset, oldest receipt first; of `pins` only."""
    found: dict[str, tuple[Delivery, ...]] = {}
    for source_name, source in project.sources.items():
        for dataset in source.datasets:
            landed = lake.landing.deliveries(source_name, dataset)
            if pins is not None:
                place = {key: n for n, key in enumerate(pins.get(dataset, ()))}
                kept = [d for d in landed if d.id in place]
                landed = tuple(sorted(kept, key=lambda d: place[d.id]))
            found[dataset] = landed
    return found


def make_plan(
    project: Project,
    lake: Lake,
    catalog: Catalog,
    *,
    only: Collection[AssetName] | None = None,
    pins: Pins | None = None,
    day: date | None = None,
    leave_out: LeaveOut = "new",
) -> Plan:
    """Plan to bring assets up to date with what landing holds; nothing is written.

    Parameters
    ----------
    project, lake, catalog : where to look
    only : plan these assets alone; all by default
    pins : ids of the deliveries to work on, by dataset; all by default
    day : what people decided counts as it holds on this day; today by default
    leave_out : deliveries whose raw bytes were removed are left out of tables that never
        held them (``new``), also of those that would have to read them anew (``all``), or
        of none, which cannot be made then

    Notes
    -----
    One query of the catalog and one listing of landing, whatever the number of assets.
    """
    landed = deliveries_of(project, lake, pins)
    day = day or today()
    planner = _Planner(project, lake, landed, catalog, catalog.heads(), day, leave_out)
    graph = graph_of(project)
    steps = []
    for asset in graph.order:
        if asset.zone == "landing":
            planner.land(asset)
            continue
        step = planner.step(asset, graph.inputs[asset])
        if only is None or asset in only:
            steps.append(step)
        else:
            planner.keep(asset)
    return Plan(tuple(steps), planner.deliveries, graph, planner.held, day)


def states(project: Project, lake: Lake, catalog: Catalog, state: str) -> set[AssetName]:
    """Return the assets that are ``new`` (never made) or ``modified`` (out of date)."""
    plan = make_plan(project, lake, catalog)
    known = catalog.heads()
    return {
        step.asset
        for step in plan.steps
        if step.action != "skip" and ((str(step.asset) in known) == (state == "modified"))
    }


@dataclass
class _Planner:
    """Identities of assets as they become known, inputs first."""

    project: Project
    lake: Lake
    deliveries: dict[str, tuple[Delivery, ...]]
    catalog: Catalog
    heads: Mapping[str, Mapping[str, Any]]
    day: date
    leave_out: LeaveOut = "new"
    held: dict[str, tuple[Delivery, ...]] = field(default_factory=dict)
    identities: dict[AssetName, str] = field(default_factory=dict)
    changed: set[AssetName] = field(default_factory=set)
    waiting: set[AssetName] = field(default_factory=set)

    def land(self, asset: AssetName) -> None:
        landed = self.deliveries[asset.table]
        self.identities[asset] = identify.landing_identity(landed)
        if not landed:
            self.waiting.add(asset)

    def keep(self, asset: AssetName) -> None:
        """Take an asset that is not selected as it is, if it is there at all."""
        head = self.heads.get(str(asset))
        self.changed.discard(asset)
        if head is None:
            self.waiting.add(asset)
        else:
            self.waiting.discard(asset)
            self.identities[asset] = str(head["identity"])
            if asset.zone == "formatted":
                self.held[asset.table] = self._held(asset)

    def _held(self, asset: AssetName) -> tuple[Delivery, ...]:
        """Return what a formatted table holds, whatever has landed since.

        A version tells the deliveries that it added, and how many there are in all.
        """
        held: set[str] = set()
        total = None
        for version in self.catalog.versions(asset):
            record = version["record"]
            total = record.get("delivered", 0) if total is None else total
            held |= record.get("deliveries", {}).keys()
            if len(held) >= total:
                break
        dataset = _dataset(self.project.formatted[asset.table].source)
        source = self.project.dataset_source(dataset)
        landed = self.lake.landing.deliveries(source, dataset)
        return tuple(delivery for delivery in landed if delivery.id in held)

    def step(self, asset: AssetName, inputs: Sequence[AssetName]) -> Step:
        known = {one: self.identities.get(one, "") for one in inputs}
        names = {str(one): known[one] for one in inputs}
        identity, declaration = self._identity(asset, names)
        self.identities[asset] = identity
        head = self.heads.get(str(asset))
        missing = [one for one in inputs if one in self.waiting]
        new: tuple[str, ...] = ()
        if missing:
            self.waiting.add(asset)
            action: Literal["run", "skip", "wait"] = "wait"
            reason = f"{missing[0]} is not there yet"
        elif head is not None and head["identity"] == identity:
            action, reason = "skip", "up to date"
        else:
            self.changed.add(asset)
            action = "run"
            new = self._new_deliveries(asset, head, declaration)
            reason = self._reason(asset, inputs, head, declaration, new)
        return Step(
            asset, _KINDS[asset.zone], identity, declaration, known, action, reason, new,
            self._engine(asset),
        )  # fmt: skip

    def _engine(self, asset: AssetName) -> EngineKind | None:
        """Return the engine that a declaration names."""
        project, name = self.project, asset.table
        if asset.zone == "formatted":
            return project.formatted[name].engine
        if asset.zone == "trusted":
            return project.trusted[name].engine
        if asset.zone == "exploitation":
            return project.views[name].declaration.engine
        return project.analyses[name].engine

    def _identity(self, asset: AssetName, inputs: Mapping[str, str]) -> tuple[str, str]:
        project, name = self.project, asset.table
        if asset.zone == "formatted":
            table = project.formatted[name]
            reading = identify.reading_identity(table)
            landed = self._wanted(asset, reading)
            return identify.formatted_identity(table, landed), reading
        if asset.zone == "trusted":
            formatted = project.formatted[name]
            dataset = _dataset(formatted.source)
            source = project.sources[project.dataset_source(dataset)]
            held = self.held.get(name, self.deliveries[dataset])
            landed = in_order(held, source.order)
            trusted = project.trusted[name]
            decided = decided_on(project, name, self.day)

            def made(
                given: Mapping[str, str],
                items: Sequence[Delivery],
                decisions: Sequence[Any] = (),
            ) -> str:
                return identify.trusted_identity(
                    trusted,
                    formatted,
                    source,
                    items,
                    given,
                    lookups=project.lookups,
                    decisions=decisions,
                )

            return made(inputs, landed, decided), made({}, ())
        if asset.zone == "exploitation":
            view = project.views[name]
            return identify.view_identity(view, inputs), identify.view_identity(view, {})
        analysis = project.analyses[name]
        return (
            identify.analysis_identity(analysis, inputs, sandbox=False),
            identify.analysis_identity(analysis, {}, sandbox=False),
        )

    def _wanted(self, asset: AssetName, reading: str) -> tuple[Delivery, ...]:
        """Return the deliveries that a formatted table is to hold.

        Those whose bytes were removed count where the table holds their rows: they stay,
        or have to be read anew, which cannot be.
        """
        landed = self.deliveries[_dataset(self.project.formatted[asset.table].source)]
        if self.leave_out == "none" or not any(one.removed for one in landed):
            return landed
        head = self.heads.get(str(asset))
        known = head["record"].get("declaration") if head else None
        have = self.catalog.delivered(asset, known) if known else set()
        if known and known != reading and self.leave_out == "all":
            have = self._read_alike(asset, known, landed)
        wanted = tuple(one for one in landed if not one.removed or one.id in have)
        if len(wanted) < len(landed):
            self.held[asset.table] = wanted
        return wanted

    def _read_alike(
        self, asset: AssetName, known: str, landed: Sequence[Delivery]
    ) -> set[str]:
        """Return the removed deliveries that a changed declaration reads as before."""
        from backbone.operations.kept import Readings  # noqa: PLC0415 - it needs Step

        readings = Readings(self.project.formatted[asset.table], self.lake)
        records = self.catalog.deliveries(asset, known)
        return {
            one.id
            for one in landed
            if one.removed
            and "reading" in records.get(one.id, {})
            and readings.are(one, records[one.id]["reading"])
        }

    def _new_deliveries(
        self, asset: AssetName, head: Mapping[str, Any] | None, declaration: str
    ) -> tuple[str, ...]:
        if asset.zone != "formatted":
            return ()
        dataset = _dataset(self.project.formatted[asset.table].source)
        wanted = self.held.get(asset.table, self.deliveries[dataset])
        landed = [delivery.id for delivery in wanted]
        if head is None or head["record"].get("declaration") != declaration:
            return tuple(landed)
        have = self.catalog.delivered(asset, declaration)
        return tuple(one for one in landed if one not in have)

    def _reason(
        self,
        asset: AssetName,
        inputs: Sequence[AssetName],
        head: Mapping[str, Any] | None,
        declaration: str,
        new: Sequence[str],
    ) -> str:
        if head is None:
            return "new"
        if head["record"].get("declaration") != declaration:
            return "declaration changed"
        if new:
            return f"{len(new)} new deliver{'y' if len(new) == 1 else 'ies'}"
        if asset.zone == "trusted" and self._decisions_changed(asset, head):
            return "decisions changed"
        changed = [str(one) for one in inputs if one in self.changed]
        before = head["record"].get("inputs", {})
        changed = changed or [
            str(one) for one in inputs if before.get(str(one)) != self.identities[one]
        ]
        return f"{changed[0]} changed" if changed else "its inputs changed"

    def _decisions_changed(self, asset: AssetName, head: Mapping[str, Any]) -> bool:
        now = decided_on(self.project, asset.table, self.day)
        before: str | None = head["record"].get("decided")
        return before != (fingerprint(now) if now else None)


def _dataset(source: str) -> str:
    return AssetName.parse(source).table

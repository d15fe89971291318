"""Retention: which raw bytes may go, which stay though they are old, and why.

A delivery goes where its source declares a retention, it is beyond the newest `keep` and
older than `age` (as far as these are declared), and nothing needs it. What needs it:

- a pin names it, or `hold` does;
- a formatted table has not read it yet, could not read it, or is to be read anew;
- of snapshots: it is the newest one, or rows of a trusted table come from it.

Rows that were formatted stay, whatever becomes of their raw bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlglot import exp

from backbone.catalog import Catalog
from backbone.engines.protocol import Engine, Scan
from backbone.errors import LakeError, LockHeld
from backbone.lake.lake import Lake
from backbone.model.deliveries import Delivery, Removal
from backbone.model.names import AssetName
from backbone.operations.identity import reading_identity
from backbone.operations.verbs import Place
from backbone.project import Project
from backbone.project.formatted import FormattedTable
from backbone.project.pins import pins_of
from backbone.project.sources import Retention, hold_of
from backbone.sql.queries import Query, column, table

__all__ = ["Retained", "retain"]

_LEFT = ("quarantine", "merged")


@dataclass(frozen=True)
class Retained:
    """A delivery that is old enough to go.

    `why` says what of the declaration lets it go; `kept` what needs it, or why it could
    not be removed (`failed`); it is empty for what has gone, or would go.
    """

    delivery: Delivery
    size_bytes: int
    why: str
    kept: str = ""
    failed: bool = False

    @property
    def asset(self) -> AssetName:
        """The dataset."""
        return AssetName("landing", self.delivery.dataset)


def retain(
    place: Place,
    *,
    only: Collection[AssetName] | None = None,
    now: datetime | None = None,
    remove: bool = True,
) -> list[Retained]:
    """Carry out what sources declare as retention, and return what it concerns.

    Parameters
    ----------
    place : the project and where its data are
    only : these datasets alone
    now : by which ages are told; the clock by default
    remove : False to say only what would be removed

    Returns
    -------
    Deliveries that the declaration lets go: those removed, and those kept and why.

    Raises
    ------
    ProjectError : a pin cannot be read, so nobody can say what is pinned

    Notes
    -----
    Of snapshots one column of the trusted tables is read. A removal that was interrupted
    is finished.
    """
    project, moment = place.project, now or datetime.now(UTC)
    found: list[Retained] = []
    for name, source in project.sources.items():
        for dataset in source.datasets:
            asset = AssetName("landing", dataset)
            if only is None or asset in only:
                found += _of_dataset(place, name, dataset, moment, remove=remove)
    return found


def _of_dataset(
    place: Place, source: str, dataset: str, now: datetime, *, remove: bool
) -> list[Retained]:
    found = _past(place, source, dataset, now)
    if not found:
        return []
    tables = _tables(place.project, dataset)
    try:
        with ExitStack() as held:
            for asset in (AssetName("landing", dataset), *tables):
                lock = place.lake.locks.hold(asset, run="gc", timeout_s=0)
                held.enter_context(lock)
            # something may have been received again before the locks were held
            found = _past(place, source, dataset, now)
            todo = _judged(place, source, dataset, found, now)
            return [_gone(place.lake, one, now) if remove else one for one in todo]
    except LockHeld as error:
        return [replace(one, kept=error.what) for one in found]


def _past(place: Place, source: str, dataset: str, now: datetime) -> list[Retained]:
    """Return what is to be finished, and what the declaration lets go."""
    landed = place.lake.landing.deliveries(source, dataset)
    kept = place.project.sources[source].retention
    old = _old(kept, landed, now) if kept is not None else []
    return [*_unfinished(place.lake, [one for one in landed if one.removed]), *old]


def _judged(
    place: Place, source: str, dataset: str, found: Sequence[Retained], now: datetime
) -> list[Retained]:
    """Say what is needed after all; what was removed before is not asked for again."""
    if all(one.delivery.removed for one in found):
        return list(found)
    landed = place.lake.landing.deliveries(source, dataset)
    needs = _needs(place, source, dataset, landed, now)
    return [
        one if one.delivery.removed else replace(one, kept=needs.get(one.delivery.id, ""))
        for one in found
    ]


def _unfinished(lake: Lake, removed: Sequence[Delivery]) -> list[Retained]:
    """Find removed deliveries of which bytes are there yet."""
    left = ((one, lake.landing.remains(one)) for one in removed)
    why = "its removal was interrupted"
    return [Retained(one, size, why) for one, size in left if size]


def _old(kept: Retention, landed: Sequence[Delivery], now: datetime) -> list[Retained]:
    """Return what is beyond the count and the age that are declared, the oldest first."""
    there = [one for one in landed if not one.removed]
    if kept.keep is not None:
        there = there[: -kept.keep]
    found = []
    for one in there:
        age = now - one.received
        if kept.age_s is None or age > timedelta(seconds=kept.age_s):
            found.append(Retained(one, one.size, _why(kept, one)))
    return found


def _why(kept: Retention, delivery: Delivery) -> str:
    parts = [f"keep: {kept.keep}"] if kept.keep is not None else []
    parts += [f"age: {kept.age}"] if kept.age is not None else []
    said = ", ".join(parts)
    return f"retention {said}; received {delivery.received:%Y-%m-%d}"


def _gone(lake: Lake, one: Retained, now: datetime) -> Retained:
    if one.kept:
        return one
    removal = one.delivery.removed or Removal(now, one.why)
    try:
        lake.landing.remove(one.delivery, removal)
    except LakeError as error:
        return replace(one, kept=error.what, failed=True)
    return one


def _tables(project: Project, dataset: str) -> dict[AssetName, FormattedTable]:
    """Return the formatted tables that are made from a dataset."""
    return {
        AssetName("formatted", name): one
        for name, one in project.formatted.items()
        if AssetName.parse(one.source).table == dataset
    }


def _needs(
    place: Place,
    source: str,
    dataset: str,
    landed: Sequence[Delivery],
    now: datetime,
) -> Mapping[str, str]:
    """Return, by delivery, what needs it; the most binding reason first."""
    project, lake, catalog = place.project, place.lake, place.catalog
    declared = project.sources[source]
    needs: dict[str, str] = {}
    if declared.delivers == "snapshots" and landed:
        needs[landed[-1].id] = "it is the newest snapshot"
        for name, words in _current(place, dataset):
            needs.setdefault(name, words)
    for asset, formatted in _tables(project, dataset).items():
        for name, words in _unread(lake, catalog, asset, formatted, landed):
            needs.setdefault(name, words)
    if declared.retention is not None:
        needs |= dict(_held(declared.retention, landed, now))
    for pin in pins_of(project.folder).values():
        for name in pin.datasets[dataset].ids if dataset in pin.datasets else ():
            needs[name] = f"pin `{pin.name}` names it"
    return needs


def _held(
    kept: Retention, landed: Sequence[Delivery], now: datetime
) -> Iterator[tuple[str, str]]:
    for text in kept.hold:
        prefix, until = hold_of(text)
        if until is not None and now.date() > until:
            continue
        for one in landed:
            if prefix is None or one.id.startswith(prefix):
                yield one.id, f"held: {text}"


def _unread(
    lake: Lake,
    catalog: Catalog,
    asset: AssetName,
    formatted: FormattedTable,
    landed: Sequence[Delivery],
) -> Iterator[tuple[str, str]]:
    """Find the deliveries whose rows are not in a formatted table as it is declared."""
    reading, head = reading_identity(formatted), lake.tables.head(asset)
    if head is None or head.metadata.get("declaration") != reading:
        words = (
            f"{asset} {'has not read it yet' if head is None else 'is to be read anew'}"
        )
        yield from ((one.id, words) for one in landed)
        return
    records, files = catalog.deliveries(asset, reading), {f.path for f in head.files}
    for one in landed:
        record = records.get(one.id)
        if record is None or not files.issuperset(record["files"]):
            yield one.id, f"{asset} has not read it yet"
        elif record["refused"]:
            yield one.id, f"{asset} refused it; a mended declaration may read it"


def _current(place: Place, dataset: str) -> Iterator[tuple[str, str]]:
    """Find the snapshots from which rows of trusted tables come."""
    engine = place.start_engine("duckdb")
    for formatted in _tables(place.project, dataset):
        asset = AssetName("trusted", formatted.table)
        for name in _deliveries_in(engine, place.lake, asset):
            yield name, f"rows of {asset} come from it"


def _deliveries_in(engine: Engine, lake: Lake, asset: AssetName) -> set[str]:
    """Return the deliveries that rows of a table came from, and those that left it."""
    main = lake.tables.head(asset)
    if main is None:
        return set()
    sides = [asset.with_side(s) for s in _LEFT if s in main.sides]
    parts = [main, *(lake.tables.at(s, main.sides[s.side or ""]) for s in sides)]
    name = column("_delivery")
    query = Query.of(exp.select(name).distinct().from_(table("held")))
    found: set[str] = set()
    with engine.session() as session:
        for one in parts:
            if one.files and "_delivery" in one.schema:
                rows = session.fetch(query, {"held": Scan(one.paths(), one.schema)})
                found.update(rows["_delivery"].to_pylist())
    return found

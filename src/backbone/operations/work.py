"""What a step needs to do its work: inputs at pinned versions, and one way to commit."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from backbone.catalog import Catalog
from backbone.engines.protocol import Engine, Scan, Written
from backbone.errors import LakeError, bounded
from backbone.lake.lake import Lake
from backbone.lake.tables import Commit, DataFile, TableVersion
from backbone.model.deliveries import Delivery
from backbone.model.names import AssetName
from backbone.model.versions import VersionRef
from backbone.operations.plan import Step
from backbone.operations.rulings import today
from backbone.project import Project
from backbone.project.declarations import EngineKind

__all__ = [
    "Event",
    "Outcome",
    "Tell",
    "Work",
    "broken_words",
    "enter",
    "left_out_rows",
    "left_out_words",
    "plain",
    "version_ref",
]  # fmt: skip


_NOTICED_S = 1.0


@dataclass(frozen=True)
class Event:
    """Something a person who watches a run wants to see.

    An ``engine`` starts, and with `seconds` it has started. `done` of `total` units of
    the step are finished, where that is known.
    """

    kind: Literal["engine", "run", "collect", "begin", "progress", "end", "note"]
    subject: str
    message: str = ""
    status: str = ""
    done: int | None = None
    total: int | None = None
    seconds: float | None = None
    rows: int | None = None

    @property
    def started(self) -> bool:
        """Whether an engine has started for which somebody had to wait."""
        return self.kind == "engine" and (self.seconds or 0) >= _NOTICED_S


Tell = Callable[[Event], None]


@dataclass(frozen=True)
class Outcome:
    """What a step did.

    `warnings` are worth a look; `refused` deliveries could not be read as declared;
    `failed_rules` are rules of severity ``error`` that rows still break: what is
    downstream of the table is not made from it. `left_out` counts the rows of inputs
    that a view was made without.
    """

    version: TableVersion
    warnings: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    failed_rules: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """The place where the steps of one run find what they need.

    `start_engine` returns an engine, started when a step first asks for it; steps that
    name none are computed by `engine_name`. `held` are the deliveries of formatted
    tables that are read as they are. What people decided counts as it holds on `day`.
    """

    project: Project
    lake: Lake
    catalog: Catalog
    start_engine: Callable[[EngineKind], Engine]
    run: str
    deliveries: Mapping[str, tuple[Delivery, ...]]
    tell: Tell = field(default=lambda _event: None)
    held: Mapping[str, tuple[Delivery, ...]] = field(default_factory=dict)
    engine_name: EngineKind = "duckdb"
    day: date = field(default_factory=today)

    def engine_of(self, step: Step) -> Engine:
        """Return where the relations of a step are computed."""
        return self.start_engine(step.engine or self.engine_name)

    def threads_of(self, step: Step) -> int:
        """Return how many threads of this machine a step may keep busy."""
        settings = self.project.settings.engine_of(step.engine or self.engine_name)
        return settings.threads or os.cpu_count() or 1

    def input(self, asset: AssetName, identity: str) -> TableVersion:
        """Return the version of `asset` that has `identity`.

        Raises
        ------
        LakeError : the catalog knows no such version
        """
        known = self.catalog.version(asset, identity)
        if known is None:
            raise LakeError(
                f"{asset} has no version {identity[:8]}", command="backbone run"
            )
        return self.lake.tables.at(asset, int(known["number"]))

    def scan(self, version: TableVersion) -> Scan:
        """Return a version as a relation."""
        return Scan(version.paths(), version.schema)

    def attempt(self, asset: AssetName) -> Path:
        """Return a new folder for the files that a step writes."""
        return self.lake.tables.attempt(asset)

    def commit(
        self,
        step: Step,
        written: Written,
        *,
        identity: str | None = None,
        keep: Sequence[DataFile] = (),
        sides: Mapping[str, Written] | None = None,
        keep_sides: bool | Mapping[str, AbstractSet[str]] = False,
        more_sides: Mapping[str, int] | None = None,
        record: Mapping[str, Any] | None = None,
    ) -> TableVersion:
        """Commit the side tables, then the table that names them; record both.

        Parameters
        ----------
        step : whose work this is
        written : the table's new files
        identity : of the new version; the step's by default
        keep : files of the version before that stay in the table
        sides : side tables by suffix
        keep_sides : whether the side tables' earlier files stay too, or which, by suffix
        more_sides : version numbers of side tables that were committed before
        record : what else is remembered with the version, as JSON holds it
        """
        tables = self.lake.tables
        before = tables.head(step.asset)
        made = identity or step.identity
        inputs = {str(asset): known for asset, known in step.inputs.items()}
        numbers = dict(more_sides or {})
        for suffix, side in (sides or {}).items():
            only = None if isinstance(keep_sides, bool) else keep_sides.get(suffix, ())
            numbers[suffix] = self.commit_side(
                step.asset.with_side(suffix),
                made,
                side,
                before if keep_sides is not False else None,
                only=only,
            ).number
        metadata = {
            **(record or {}),
            "kind": step.kind,
            "engine": step.engine or self.engine_name,
            "declaration": step.declaration,
            "inputs": inputs,
            "sides": numbers,
            "run": self.run,
        }
        version = tables.commit(
            step.asset,
            Commit(
                identity=made,
                schema=written.schema,
                add=written.files,
                keep=keep,
                base=before.number if before else None,
                metadata=plain(metadata),
            ),
        )
        self.record(version)
        return version

    def record(self, version: TableVersion) -> None:
        """Enter a version in the catalog, with all that was recorded with it."""
        enter(self.catalog, version)

    def commit_side(
        self,
        side: AssetName,
        identity: str,
        written: Written,
        main: TableVersion | None = None,
        *,
        only: Collection[str] | None = None,
    ) -> TableVersion:
        """Commit a side table; the rows that belong to version `main` of its table stay.

        `only` these files of it stay, if they are named. It is not seen until a version
        of the table names it.
        """
        tables = self.lake.tables
        suffix = side.side or ""
        kept: tuple[DataFile, ...] = ()
        if main is not None and suffix in main.sides:
            files = tables.at(side, main.sides[suffix]).files
            kept = tuple(f for f in files if only is None or f.path in only)
        version = tables.commit(
            side,
            Commit(
                identity=identity,
                schema=written.schema,
                add=tables.adopt(side, written.files),
                keep=kept,
                metadata={"kind": "side", "run": self.run},
            ),
        )
        self.record(version)
        return version


def enter(catalog: Catalog, version: TableVersion) -> None:
    """Enter in the catalog what a version's commit tells.

    The version itself comes last: where it is known, so is the rest.
    """
    asset, record = version.asset, dict(version.metadata)
    if "deliveries" in record:
        catalog.record_deliveries(asset, record["declaration"], record["deliveries"])
    if "rules" in record:
        catalog.record_rules(asset, version.identity, record["rules"])
    if "lineage" in record:
        catalog.record_lineage(asset, [tuple(edge) for edge in record["lineage"]])
    catalog.record_version(version_ref(version), version.schema, record)


def left_out_rows(record: Mapping[str, Any]) -> dict[str, int]:
    """Return how many rows of which input a view was made without."""
    found = record.get("left_out", {})
    return {str(asset): int(one["rows"]) for asset, one in found.items()}


def left_out_words(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Say which rows a view was made without, from what is recorded with its version."""
    said = []
    for asset, one in record.get("left_out", {}).items():
        rows = "1 row" if one["rows"] == 1 else f"{one['rows']:,} rows"
        verb = "breaks" if one["rows"] == 1 else "break"
        rules = ", ".join(one["rules"])
        said.append(f"made without {rows} of {asset} that {verb} {rules}")
    return tuple(f"{words} (severity error)" for words in said)


def broken_words(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Say, in one warning, which rules of severity warn rows break in the end.

    It reads what is recorded with a version; a rule that holds as nearly as it has to is
    not broken.
    """
    left = {
        report["name"]: report["left_rows"]
        for report in record.get("rules", ())
        if report["severity"] == "warn"
        and report.get("left_rows")
        and (report.get("holds") is None or report["questioned"])
    }
    most = sorted(left, key=lambda name: (-left[name], name))
    words = [f"{name} ({left[name]:,})" for name in most]
    return (f"rows break {bounded(words)} (severity warn)",) if left else ()


def version_ref(version: TableVersion) -> VersionRef:
    """Return what the catalog keeps of a version."""
    return VersionRef(
        asset=version.asset,
        identity=version.identity,
        number=version.number,
        committed=version.committed,
        rows=version.rows,
        size_bytes=version.size_bytes,
        sides=version.sides,
        inputs=dict(version.metadata.get("inputs", {})),
    )


def plain(value: Any) -> Any:
    """Return `value` as JSON holds it: dataclasses as dictionaries, tuples as lists."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)

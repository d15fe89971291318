"""The handle that a notebook holds: every method calls one function of `app`.

::

    import backbone

    bb = backbone.open("city-heat")
    bb.run()
    bb.table("exploitation.heat_by_hour").to_pandas()
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Self

from backbone.app import assets as _assets
from backbone.app import bars as _bars
from backbone.app import checks as _checks
from backbone.app import decisions as _decisions
from backbone.app import differences as _differences
from backbone.app import history as _history
from backbone.app import lineage as _lineage
from backbone.app import past as _past
from backbone.app import pins as _pins
from backbone.app import profiles as _profiles
from backbone.app import quality as _quality
from backbone.app import queries as _queries
from backbone.app import runs as _runs
from backbone.app import sayings as _sayings
from backbone.app.display import (
    Facts,
    Listing,
    Quality,
    ShownPlan,
    ShownRun,
    event_line,
)
from backbone.app.environment import Environment
from backbone.app.tables import Result, Table
from backbone.errors import BackboneError
from backbone.model.names import ZONES, AssetName
from backbone.operations.work import Event, Tell
from backbone.project import load
from backbone.project.folder import FOLDERS, SETTINGS

__all__ = ["Handle", "open_project"]


def open_project(
    folder: Path | str = ".", *, target: str | None = None, engine: str | None = None
) -> Handle:
    """Open a project; ``backbone.open`` is this function.

    Parameters
    ----------
    folder : the project's folder, or one inside it
    target : the target whose settings apply
    engine : the kind of engine to use in place of the declared one

    Raises
    ------
    ProjectError : there is no project, or its declarations hold mistakes
    """
    return Handle(Path(folder), target=target, engine=engine)


class Handle:
    """An opened project. Declarations that changed since the last call are read again.

    Parameters
    ----------
    folder, target, engine : as `open_project` takes them
    """

    def __init__(
        self, folder: Path, *, target: str | None = None, engine: str | None = None
    ) -> None:
        self._folder = folder
        self._target = target
        self._engine = engine
        self._known: Environment | None = None
        self._stamp: frozenset[tuple[str, int, int]] = frozenset()
        self._closed = False
        self._opened()

    @property
    def assets(self) -> list[str]:
        """The names of all assets, zone by zone."""
        order = self._opened().graph.order
        return [str(asset) for asset in sorted(order, key=_zone_first)]

    def plan(self, *select: str, exclude: Sequence[str] = ()) -> ShownPlan:
        """Say what `run` would do; nothing is written.

        Parameters
        ----------
        select : the selection grammar; everything by default
        exclude : what to leave out
        """
        found = _runs.plan(self._opened(), select, exclude=exclude)
        return ShownPlan(**vars(found))

    def run(
        self,
        *select: str,
        exclude: Sequence[str] = (),
        quiet: bool = False,
        at: str | None = None,
    ) -> ShownRun:
        """Collect what is due and bring everything downstream up to date.

        Parameters
        ----------
        select : the selection grammar; everything by default
        exclude : what to leave out
        quiet : write no line for every finished step
        at : a pin, a run or a time: make what is missing of it, beside the present
        """
        env, tell = self._opened(), _teller(quiet=quiet)
        if at is not None:
            made = _runs.run_at(env, at, select, exclude=exclude, tell=tell)
            return ShownRun(**vars(made))
        found = _runs.run(env, select, exclude=exclude, tell=tell)
        return ShownRun(**vars(found))

    def resume(self, *, quiet: bool = False) -> ShownRun:
        """Finish the last run at its pinned inputs; nothing is collected."""
        found = _runs.resume(self._opened(), tell=_teller(quiet=quiet))
        return ShownRun(**vars(found))

    def ls(
        self, *select: str, all_tables: bool = False, with_hash: bool = False
    ) -> Listing:
        """List assets: rows, version, status; on request side tables and hashes."""
        found = _assets.ls(
            self._opened(), select, all_tables=all_tables, with_hash=with_hash
        )
        return Listing(found)

    def show(self, asset: str, *, sample: int = 5) -> Facts:
        """Describe an asset: columns, inputs, outputs, version, sample rows."""
        return Facts(_assets.show(self._opened(), asset, sample=sample))

    def table(self, asset: str, *, at: str | None = None) -> Table:
        """Return a table at its newest version, or as it was at a moment.

        No row is loaded until asked for.
        """
        env = self._opened()
        if at is not None:
            return Table(self._opened, _past.Past(env, at).table(env.asset(asset)))
        return Table(self._opened, _queries.head(env, env.asset(asset)))

    def query(self, sql: str, *, at: str | None = None) -> Result:
        """Ask a question in SQL over assets named ``zone.table``.

        Parameters
        ----------
        sql : one select
        at : read tables as they were: a pin, a time, a run
        """
        return Result(self._opened, sql, at=at)

    def check(
        self,
        target: str | Path,
        *rules: str,
        rules_file: str | Path | Sequence[str | Path] = (),
        examples: int = 3,
        allow_quadratic: bool = False,
    ) -> _checks.Check:
        """Look for what breaks rules, in an asset as it is now; nothing is changed.

        Parameters
        ----------
        target : an asset (or a file, as ``backbone.check`` takes it)
        rules, rules_file : what must not occur; those of a trusted table by default
        examples : how many examples of what breaks a rule are wanted
        allow_quadratic : compare pairs of rows where a rule needs it, however many
        """

        @contextmanager
        def opened() -> Iterator[Environment]:
            yield self._opened()

        return _checks.checked(
            target, rules, rules_file, open_project=opened, examples=examples,
            allow_quadratic=allow_quadratic,
        )  # fmt: skip

    def quality(
        self, asset: str | None = None, *, fail_under: float | str | None = None
    ) -> Quality | Listing:
        """Return what the rules of an asset found, and its account of rows.

        Parameters
        ----------
        asset : a table; by default every table of the trusted zone, a row each
        fail_under : a score, ``0.99`` or ``"99%"``: `fail_under` of each says whether the
            table reaches it, and which rules do not
        """
        env = self._opened()
        one = None if asset is None else _quality.quality(env, asset)
        found = _quality.overview(env) if one is None else [one]
        if fail_under is not None:
            found = _bars.judged(env, found, _bars.bar_of(str(fail_under)))
        return Listing(found) if asset is None else Quality(found[0])

    def quality_history(self, asset: str) -> Listing:
        """Return the scores and figures of every version of a table, newest first."""
        return Listing(_quality.history(self._opened(), asset))

    def profile(self, asset: str) -> Facts:
        """Return what every column of a table holds; computed once for a version."""
        return Facts(_profiles.profile(self._opened(), asset))

    def versions(self, asset: str) -> Listing:
        """Return the versions of an asset, the newest first."""
        return Listing(_assets.versions(self._opened(), asset))

    def diff(
        self,
        asset: str,
        before: str | None = None,
        after: str | None = None,
        *,
        sample: int = 5,
    ) -> Facts:
        """Say what changed in an asset from one version (or moment) to another."""
        env = self._opened()
        return Facts(_differences.diff(env, asset, before, after, sample=sample))

    def pin(
        self, name: str, *select: str, at: str | None = None, replace: bool = False
    ) -> Facts:
        """Name the raw data of this moment, or of another, in ``refs/<name>.json``."""
        env = self._opened()
        return Facts(_pins.pin(env, name, select, at=at, replace=replace))

    def pins(self) -> Listing:
        """Return the pins of the project."""
        return Listing(_pins.pins(self._opened()))

    def trace(
        self, asset: str, *values: object, column: str | None = None, **key: object
    ) -> Facts:
        """Follow a row back to the raw file and record of each of its inputs.

        Parameters
        ----------
        asset : a table with a key
        values : the values of the key, in its order
        column : tell the history of this cell of it instead
        key : the same by name: ``trace("trusted.planes", tailnum="N14228")``
        """
        words = [str(value) for value in values]
        words += [f"{name}={value}" for name, value in key.items()]
        if column is not None:
            return Facts(_history.history(self._opened(), asset, words, column))
        return Facts(_lineage.trace(self._opened(), asset, words).rows())

    def decide(
        self,
        asset: str,
        *values: object,
        reason: str,
        column: str | Sequence[str] = (),
        keep: bool = False,
        set: object = None,  # noqa: A002 - as the command calls it
        blank: bool = False,
        undo: str | None = None,
        fine: str | None = None,
        out: bool = False,
        by: str | None = None,
        until: date | str | None = None,
        name: str | None = None,
        many: bool = False,
        always: bool = False,
        dry_run: bool = False,
    ) -> Facts:
        """Decide about a row of a trusted table; it is added to its file of decisions.

        Parameters
        ----------
        asset : a trusted table
        values : the values of its key, in their order, or ``"column=value"``
        reason : why
        column : of `keep`, `set`, `blank`, `undo`: which, or several of them
        keep, set, blank, undo, fine, out : what is decided, one of them
        by : who decided; by default the user of this machine
        until : the last day on which it holds
        name : what it is called; made from the rest by default
        many : all rows that have this key are meant
        always : it holds even when the source delivers another value later
        dry_run : say what would change, and write nothing
        """
        columns = (column,) if isinstance(column, str) else tuple(column)
        said = {
            "columns": columns, "keep": keep, "set": set, "blank": blank, "undo": undo,
            "fine": fine, "out": out, "reason": reason, "by": by, "until": until,
            "name": name, "many": many, "always": always,
        }  # fmt: skip
        try:
            saying = _sayings.saying_of(said, "`{}`".format)
        except ValueError as error:
            raise BackboneError(str(error)) from error
        key = [str(value) for value in values]
        if not key:
            message = "which row? Name it: the values of its key, or column=value"
            raise BackboneError(message)
        decided = _decisions.decide(self._opened(), asset, key, saying, dry_run=dry_run)
        return Facts(decided)

    def decisions(self, asset: str) -> Listing:
        """Return what people decided about rows of a table, and what came of it."""
        return Listing(_decisions.decisions(self._opened(), asset)["decisions"])

    def explain(self, asset: str) -> Facts:
        """Say how an asset is made: its rules, its SQL and lineage, or its models."""
        return Facts(_lineage.explain(self._opened(), asset))

    def close(self) -> None:
        """Give back memory and connections; the handle cannot be used afterwards."""
        if self._known is not None:
            self._known.close()
        self._known, self._closed = None, True

    def __getitem__(self, asset: str) -> Table:
        return self.table(asset)

    def _ipython_key_completions_(self) -> list[str]:
        return self.assets

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._known is None:
            return "<a closed Backbone project>"
        project = self._known.project
        return f"<Backbone project {project.settings.name} in {project.folder}>"

    def _opened(self) -> Environment:
        """Return the environment of the declarations as they are now."""
        if self._closed:
            raise BackboneError(
                "the project was closed",
                hint=f'Open it again: backbone.open("{self._folder}")',
            )
        if self._known is not None and self._stamp == _stamp(self._known.project.folder):
            return self._known
        project = load(self._folder, target=self._target)
        found = Environment(project, engine=self._engine)
        if self._known is not None:
            self._known.close()
        self._known, self._stamp = found, _stamp(project.folder)
        return found


def _zone_first(asset: AssetName) -> tuple[int, str]:
    return ZONES.index(asset.zone), asset.local


def _stamp(folder: Path) -> frozenset[tuple[str, int, int]]:
    """Return what changes when somebody edits a declaration: names, times and sizes."""
    places = [folder.glob(SETTINGS), *(folder.glob(f"{part}/*") for part in FOLDERS)]
    files = [(path, path.stat()) for place in places for path in place]
    return frozenset((str(path), s.st_mtime_ns, s.st_size) for path, s in files)


def _teller(*, quiet: bool) -> Tell:
    def tell(event: Event) -> None:
        line = event_line(event)
        if line is not None:
            sys.stdout.write(f"{line}\n")

    return (lambda _event: None) if quiet else tell

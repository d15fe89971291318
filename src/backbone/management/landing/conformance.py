"""What every collector has to do, as a test: for ours, and for a stranger's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from backbone.lake.incoming import INCOMING
from backbone.lake.landing import Landing
from backbone.management.landing.protocol import CollectContext, CollectReport, collect
from backbone.model.deliveries import Delivery
from backbone.project.collectors import source_type

__all__ = ["check_collector"]

_SOURCE = "checked"
_START = datetime(2024, 1, 1, tzinfo=UTC)


def check_collector(
    declared: Mapping[str, Any],
    folder: Path,
    *,
    more: Callable[[], object],
    fail: Callable[[], object],
    secrets: Sequence[str] = (),
) -> None:
    """Check that a collector does what Backbone relies on.

    Parameters
    ----------
    declared : a source, as ``sources/*.yml`` would hold it, with secrets in place; each
        of its datasets has something to bring
    folder : the project's folder; lakes are made below it
    more : makes the source have something new for every dataset
    fail : makes every dataset fail
    secrets : texts of `declared` that may be kept and told nowhere

    Raises
    ------
    AssertionError : it does not; the message says what
    DeclarationError, PluginError, ValueError : the source is not declared soundly
    """
    source = _declared(declared)
    one = _Lake(folder / ".conformance" / "one", folder, source, secrets)
    other = _Lake(folder / ".conformance" / "other", folder, source, secrets)
    other.clock += timedelta(days=400)
    _first(one)
    _first(other)
    _expect(
        one.ids() == other.ids(),
        "the same source gave other deliveries in another lake, at another time",
    )
    _again(one)
    more()
    _more(one)
    _again(one)
    fail()
    _failed(one)


@dataclass
class _Lake:
    """A lake into which a source is collected, each time as by a new process."""

    root: Path
    project: Path
    source: Any
    secrets: Sequence[str]
    clock: datetime = _START
    told: list[str] = field(default_factory=list)

    def collect(self) -> CollectReport:
        self.clock += timedelta(hours=1)
        landing = Landing(self.root / "landing")
        context = CollectContext(
            source=_SOURCE,
            project=self.project,
            landing=landing,
            received=self.clock,
            seen={name: landing.deliveries(_SOURCE, name) for name in self.datasets},
            hide=self._hidden,
        )
        report = collect(self.source, context)
        names = [one.dataset for one in report.datasets]
        _expect(
            sorted(names) == sorted(self.datasets),
            f"the report is of {names}, the source has {self.datasets}",
        )
        self.told += [*report.warnings, *_told(report)]
        self._check_rest(landing)
        return report

    @property
    def datasets(self) -> list[str]:
        return list(self.source.datasets)

    def deliveries(self) -> list[Delivery]:
        landing = Landing(self.root / "landing")
        found = (landing.deliveries(_SOURCE, name) for name in self.datasets)
        return list(chain.from_iterable(found))

    def ids(self) -> list[str]:
        return [delivery.id for delivery in self.deliveries()]

    def files(self) -> dict[str, bytes]:
        """Return everything that landing keeps, by path."""
        landing = self.root / "landing"
        files = (path for path in landing.rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): path.read_bytes() for path in files}

    def _hidden(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text

    def _check_rest(self, landing: Landing) -> None:
        incoming = landing.root / INCOMING
        rest = [path for path in incoming.rglob("*") if path.is_file()]
        _expect(not rest, f"temporal landing still holds {rest}")
        for delivery in self.deliveries():
            Landing(landing.root).verify(delivery)
        for secret in self.secrets:
            self._check_secret(secret)

    def _check_secret(self, secret: str) -> None:
        kept = [
            name
            for name, content in self.files().items()
            if Path(name).name.startswith("_") and secret.encode() in content
        ]
        _expect(not kept, f"a secret is in {kept}")
        # A run takes out the secrets that it knows; one that stands in the file itself is
        # known to the collector alone.
        said = [text for text in self.told if secret in text]
        _expect(not said, f"a secret is told: {[self._hidden(text) for text in said]}")


def _declared(declared: Mapping[str, Any]) -> Any:
    adapter: TypeAdapter[Any] = TypeAdapter(source_type(declared.get("collector")))
    source = adapter.validate_python(dict(declared))
    # As a run does, which puts the values of secrets in their place.
    again = type(source).model_validate(source.model_dump(mode="json", by_alias=True))
    _expect(again == source, "the settings are not the same after JSON")
    return again


def _first(lake: _Lake) -> None:
    report = lake.collect()
    _expect(not report.errors, f"the first collection failed: {list(_told(report))}")
    for one in report.datasets:
        _expect(bool(one.new), f"the first collection brought nothing of {one.dataset}")


def _again(lake: _Lake) -> None:
    before = lake.files()
    report = lake.collect()
    _expect(not report.errors, f"nothing changed, and it failed: {list(_told(report))}")
    for one in report.datasets:
        what = f"nothing changed, and {one.dataset} got"
        _expect(not one.new, f"{what} another delivery")
        _expect(not one.again, f"{what} another receipt")
    _expect(before == lake.files(), "nothing changed, and something was written")


def _more(lake: _Lake) -> None:
    before = {name: _newest(lake, name) for name in lake.datasets}
    report = lake.collect()
    _expect(not report.errors, f"it failed to bring more: {list(_told(report))}")
    for one in report.datasets:
        _expect(bool(one.new), f"there was more of {one.dataset}, and it did not come")
        had = before[one.dataset].cursor is not None
        has = _newest(lake, one.dataset).cursor is not None
        _expect(has or not had, f"the cursor of {one.dataset} was lost")


def _failed(lake: _Lake) -> None:
    before = lake.ids()
    try:
        report = lake.collect()
    except AssertionError:
        raise
    except Exception as exc:
        message = f"an error was raised, not reported: {type(exc).__name__}: {exc}"
        raise AssertionError(message) from exc
    for one in report.datasets:
        _expect(bool(one.errors), f"{one.dataset} failed, and no error is reported")
    _expect(before == lake.ids(), "a collection failed, and something of it landed")


def _newest(lake: _Lake, dataset: str) -> Delivery:
    return [each for each in lake.deliveries() if each.dataset == dataset][-1]


def _told(report: CollectReport) -> list[str]:
    """Return everything that a report says."""
    said = [str(error) for error in report.errors]
    return [*said, *(w for one in report.datasets for w in (*one.warnings, *one.notes))]


def _expect(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - what is expected
    if not holds:
        raise AssertionError(otherwise)

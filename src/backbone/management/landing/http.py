"""An API or files over HTTP: what one address gives is one delivery of a dataset.

Pages and files are kept as they were received. A page without records holds nothing of
the dataset and is not kept; a collection without records makes no delivery.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from backbone.errors import BackboneError, BadResponse, SourceUnavailable, bounded
from backbone.management.landing.protocol import CollectContext, CollectReport, Tally
from backbone.management.landing.web.cursors import Greatest
from backbone.management.landing.web.overlaps import before, sent
from backbone.management.landing.web.sidecar import running
from backbone.project.sources import CkanSource, HttpSource, SocrataSource
from backbone.project.sources.http import HttpCursor, HttpDataset, HttpPages
from backbone.project.templates import FieldValue, combinations, field_names, filled

if TYPE_CHECKING:
    from backbone.management.landing.web.fetch import Api, Url
    from backbone.management.landing.web.known import Memory

__all__ = ["Settings", "bound_errors", "collect", "collected"]

_GONE = {404, 410}
_GIVE_UP = 3
_SHOWN_ERRORS = 5
_NOTHING: Mapping[str, str] = MappingProxyType({})

OverHttp = HttpSource | CkanSource | SocrataSource
Settings = HttpSource


def collect(source: HttpSource, context: CollectContext) -> CollectReport:
    """Request what every dataset declares, beginning where the last delivery ended.

    Parameters
    ----------
    source : its sidecar, if it has one, runs from before the first request until the
        last answer
    context : what surrounds the collection

    Returns
    -------
    CollectReport; an answer that is not what was declared is an error of its dataset,
    or of one value of its fields, of which then nothing lands
    """
    return collected(
        source, context, lambda api, tally: _collect_dataset(api, source, tally)
    )


def collected(
    source: OverHttp, context: CollectContext, bring: Callable[[Api, Tally], None]
) -> CollectReport:
    """Bring one dataset after the other; the failure of one stops no other."""
    tallies = [Tally(name, context) for name in source.datasets]
    try:
        with _connected(source, context) as api:
            for tally in tallies:
                with tally.catching(f"dataset {tally.dataset}"):
                    bring(api, tally)
                tally.warnings.extend(api.retries)
                api.retries.clear()
    except BackboneError as error:
        for tally in tallies:
            tally.errors.append(error)
    return CollectReport(context.source, tuple(tally.report() for tally in tallies))


def bound_errors(tally: Tally) -> None:
    """Keep the first errors of a dataset, and say how many more there were."""
    more = tally.errors[_SHOWN_ERRORS:]
    if len(more) > 1:
        places = bounded([error.where or error.what for error in more])
        what = f"{len(more)} more addresses failed: {places}"
        tally.errors[_SHOWN_ERRORS:] = [BadResponse(what)]


@contextmanager
def _connected(source: OverHttp, context: CollectContext) -> Iterator[Api]:
    """Start what a source needs, and return the connection to it."""
    with ExitStack() as stack:
        sidecar = None
        if source.sidecar is not None:
            sidecar = stack.enter_context(running(source.sidecar, context.project))
        # The sidecar starts while the client is loaded and made.
        from backbone.management.landing.web.fetch import Api  # noqa: PLC0415

        port = None if sidecar is None else sidecar.port
        api = stack.enter_context(Api(source, port=port))
        if sidecar is not None:
            sidecar.wait_until_ready()
        yield api


@dataclass(frozen=True)
class _Asking:
    """What is asked of a dataset: one address for each value of its fields."""

    api: Api
    dataset: HttpDataset
    rules: HttpPages
    tally: Tally
    memory: Memory

    def address(
        self, values: Mapping[str, FieldValue], more: Mapping[str, str] = _NOTHING
    ) -> Url:
        """Return the address for values of the fields."""
        declared = self.dataset.params.items()
        params = {name: filled(text, values) for name, text in declared}
        path = filled(self.dataset.path, values, in_address=True)
        return self.api.addresses.below(path, {**params, **more})


def _collect_dataset(api: Api, source: HttpSource, tally: Tally) -> None:
    """Collect what every combination of the values of the fields gives."""
    from backbone.management.landing.web.known import Memory  # noqa: PLC0415

    dataset = source.datasets[tally.dataset]
    rules = dataset.pages or source.pages
    asking = _Asking(api, dataset, rules, tally, Memory.of(tally))
    in_vain = 0
    for values in _asked(asking):
        named = ", ".join(f"{name} {value.text}" for name, value in values.items())
        failed = len(tally.errors)
        with tally.catching(f"dataset {tally.dataset}" + (f", {named}" if named else "")):
            _collect_values(asking, values)
        away = [e for e in tally.errors[failed:] if isinstance(e, SourceUnavailable)]
        in_vain = in_vain + 1 if away else 0
        if values and in_vain == _GIVE_UP:
            note = f"after {named} nothing more was asked for: {away[0].what}"
            tally.warnings.append(note)
            break
    bound_errors(tally)


def _asked(asking: _Asking) -> Iterator[dict[str, FieldValue]]:
    """Return what is asked for: what never landed, and what may have changed since."""
    dataset, tally = asking.dataset, asking.tally
    found = list(combinations(dataset.for_, tally.context.now.date()))
    settled = 0
    if dataset.ask_again is not None:
        settled = max(len(found) - dataset.ask_again, 0)
    for number, values in enumerate(found):
        if number < settled and asking.memory.has(_texts(values)):
            tally.unchanged += 1
        else:
            yield values


def _collect_values(asking: _Asking, values: Mapping[str, FieldValue]) -> None:
    """Collect what the address for one value of each field gives."""
    from backbone.management.landing.web.fetch import Refused  # noqa: PLC0415

    try:
        if asking.rules.way is None and asking.dataset.cursor is None:
            _land_answer(asking, values)
        else:
            _land_pages(asking, values)
    except Refused as error:
        if error.status not in _GONE:
            raise
        if asking.dataset.missing == "error":
            if values:
                error.hint = f"`missing: skip` leaves it out. {error.hint}"
            raise


def _land_answer(asking: _Asking, values: Mapping[str, FieldValue]) -> None:
    from backbone.management.landing.web.singles import (  # noqa: PLC0415
        Wanted,
        land_answer,
    )

    api, dataset, fields = asking.api, asking.dataset, _texts(values)
    url = asking.address(values)
    origin = asking.tally.context.hide(api.shown(url))
    wanted = Wanted(
        url,
        origin,
        asking.memory.known(origin, fields),
        fields,
        frozenset(field_names(dataset.path.rpartition("/")[2])),
        records=dataset.records,
        html=dataset.html,
        json_mb=asking.rules.max_page_mb,
    )
    land_answer(api, wanted, asking.tally)


def _land_pages(asking: _Asking, values: Mapping[str, FieldValue]) -> None:
    from backbone.management.landing.web.paged import Paged, land_pages  # noqa: PLC0415

    fields, declared = _texts(values), asking.dataset.cursor
    greatest, more = None, {}
    if declared is not None:
        last = asking.memory.cursor(fields)
        greatest = Greatest(declared.field, last, declared.format)
        value = _since(declared, last)
        more = {} if value is None else {declared.param: value}
    first = asking.address(values, more)
    paged = Paged(first, asking.rules, asking.dataset.records, fields, greatest)
    land_pages(asking.api, paged, asking.tally, asking.memory)


def _since(declared: HttpCursor, last: str | None) -> str | None:
    """Return the value that is sent: the last one, less the overlap."""
    if last is None:
        return declared.start
    if declared.overlap is not None:
        last = before(last, declared.overlap, declared.format)
    return sent(last, declared.format, declared.send)


def _texts(values: Mapping[str, FieldValue]) -> dict[str, str]:
    return {name: value.text for name, value in values.items()}

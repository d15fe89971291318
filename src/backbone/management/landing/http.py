"""An API or files over HTTP: what one address gives is one delivery of a dataset.

Pages and files are kept as they were received. A page without records holds nothing of
the dataset and is not kept; a collection without records makes no delivery.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from backbone.errors import BackboneError, SourceUnavailable
from backbone.management.landing.cursors import Greatest
from backbone.management.landing.overlaps import before, sent
from backbone.management.landing.protocol import CollectContext, CollectReport, Tally
from backbone.management.landing.sidecar import running
from backbone.project.sources import CkanSource, HttpSource, SocrataSource
from backbone.project.sources_http import HttpCursor, HttpDataset, HttpPages
from backbone.project.templates import FieldValue, combinations, field_names, filled

if TYPE_CHECKING:
    from backbone.management.landing.fetch import Api, Url

__all__ = ["collect", "collected"]

_GONE = {404, 410}
_GIVE_UP = 3

OverHttp = HttpSource | CkanSource | SocrataSource


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


@contextmanager
def _connected(source: OverHttp, context: CollectContext) -> Iterator[Api]:
    """Start what a source needs, and return the connection to it."""
    with ExitStack() as stack:
        sidecar = None
        if source.sidecar is not None:
            sidecar = stack.enter_context(running(source.sidecar, context.project))
        # The sidecar starts while the client is loaded and made.
        from backbone.management.landing.fetch import Api  # noqa: PLC0415

        port = None if sidecar is None else sidecar.port
        api = stack.enter_context(Api(source, port=port))
        if sidecar is not None:
            sidecar.wait_until_ready()
        yield api


def _collect_dataset(api: Api, source: HttpSource, tally: Tally) -> None:
    """Collect what every combination of the values of the fields gives."""
    dataset = source.datasets[tally.dataset]
    rules = dataset.pages or source.pages
    today = tally.context.received.date()
    in_vain = 0
    for values in combinations(dataset.for_, today):
        named = ", ".join(f"{name} {value.text}" for name, value in values.items())
        failed = len(tally.errors)
        with tally.catching(f"dataset {tally.dataset}" + (f", {named}" if named else "")):
            _collect_values(api, dataset, rules, values, tally)
        away = [e for e in tally.errors[failed:] if isinstance(e, SourceUnavailable)]
        in_vain = in_vain + 1 if away else 0
        if values and in_vain == _GIVE_UP:
            tally.warnings.append(
                f"after {named} nothing more was asked for: {away[0].what}"
            )
            return


def _collect_values(
    api: Api,
    dataset: HttpDataset,
    rules: HttpPages,
    values: Mapping[str, FieldValue],
    tally: Tally,
) -> None:
    """Collect what the address for one value of each field gives."""
    from backbone.management.landing.fetch import Refused  # noqa: PLC0415

    try:
        if rules.way is None and dataset.cursor is None:
            _land_answer(api, dataset, rules, values, tally)
        else:
            _land_pages(api, dataset, rules, values, tally)
    except Refused as error:
        if dataset.missing != "skip" or error.status not in _GONE:
            raise


def _land_answer(
    api: Api,
    dataset: HttpDataset,
    rules: HttpPages,
    values: Mapping[str, FieldValue],
    tally: Tally,
) -> None:
    from backbone.management.landing.known import known_of  # noqa: PLC0415
    from backbone.management.landing.singles import (  # noqa: PLC0415
        Wanted,
        land_answer,
    )

    url = _address(api, dataset, values, {})
    origin, fields = tally.context.hide(api.shown(url)), _texts(values)
    wanted = Wanted(
        url,
        origin,
        known_of(tally, origin, fields),
        fields,
        frozenset(field_names(dataset.path.rpartition("/")[2])),
        records=dataset.records,
        html=dataset.html,
        json_mb=rules.max_page_mb,
    )
    land_answer(api, wanted, tally)


def _land_pages(
    api: Api,
    dataset: HttpDataset,
    rules: HttpPages,
    values: Mapping[str, FieldValue],
    tally: Tally,
) -> None:
    from backbone.management.landing.known import cursor_of  # noqa: PLC0415
    from backbone.management.landing.paged import Paged, land_pages  # noqa: PLC0415

    fields, declared = _texts(values), dataset.cursor
    greatest, more = None, {}
    if declared is not None:
        last = cursor_of(tally, fields)
        greatest = Greatest(declared.field, last, declared.format)
        value = _since(declared, last)
        more = {} if value is None else {declared.param: value}
    first = _address(api, dataset, values, more)
    paged = Paged(first, rules, dataset.records, fields, greatest)
    land_pages(api, paged, tally)


def _since(declared: HttpCursor, last: str | None) -> str | None:
    """Return the value that is sent: the last one, less the overlap."""
    if last is None:
        return declared.start
    if declared.overlap is not None:
        last = before(last, declared.overlap, declared.format)
    return sent(last, declared.format, declared.send)


def _address(
    api: Api,
    dataset: HttpDataset,
    values: Mapping[str, FieldValue],
    more: Mapping[str, str],
) -> Url:
    params = {name: filled(text, values) for name, text in dataset.params.items()}
    path = filled(dataset.path, values, in_address=True)
    return api.addresses.below(path, {**params, **more})


def _texts(values: Mapping[str, FieldValue]) -> dict[str, str]:
    return {name: value.text for name, value in values.items()}

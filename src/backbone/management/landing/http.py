"""A JSON API over HTTP: the pages of one collection are one delivery of a dataset.

Pages are kept as they were received. A page without records holds nothing of the
dataset and is not kept; a collection without records makes no delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from backbone.errors import BackboneError
from backbone.management.landing.cursors import Greatest
from backbone.management.landing.protocol import CollectContext, CollectReport, Tally
from backbone.management.landing.sidecar import running
from backbone.project.sources import HttpSource

if TYPE_CHECKING:
    from backbone.management.landing.fetch import Api

__all__ = ["Settings", "collect"]

Settings = HttpSource


def collect(source: HttpSource, context: CollectContext) -> CollectReport:
    """Request the pages of every dataset, beginning where the last delivery ended.

    Parameters
    ----------
    source : its sidecar, if it has one, runs from before the first request until the
        last answer
    context : what surrounds the collection

    Returns
    -------
    CollectReport; an answer that is not what was declared is an error of its dataset,
    of which then nothing lands
    """
    tallies = [Tally(name, context) for name in source.datasets]
    try:
        with _connected(source, context) as api:
            for tally in tallies:
                with tally.catching(f"dataset {tally.dataset}"):
                    _collect_dataset(api, source, tally)
                tally.warnings.extend(api.retries)
                api.retries.clear()
    except BackboneError as error:
        for tally in tallies:
            tally.errors.append(error)
    return CollectReport(context.source, tuple(tally.report() for tally in tallies))


@contextmanager
def _connected(source: HttpSource, context: CollectContext) -> Iterator[Api]:
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
    from backbone.management.landing.pages import walk  # noqa: PLC0415

    context = tally.context
    dataset = source.datasets[tally.dataset]
    before = _cursor(tally) if dataset.cursor else None
    greatest = Greatest(dataset.cursor.field, before) if dataset.cursor else None
    more = {dataset.cursor.param: before} if dataset.cursor and before else {}
    first = api.address(dataset, more)
    with context.landing.receive(
        context.source, tally.dataset, received=context.received
    ) as incoming:
        for page in walk(api, first, source.pages, dataset.records):
            if page.records:
                incoming.add(
                    f"page-{page.number:05}.json",
                    [page.body],
                    media_type="application/json",
                    origin=context.hide(page.address),
                )
            if greatest is not None:
                greatest.see(page.records)
        if not incoming.objects:
            tally.unchanged += 1
            return
        cursor = None if greatest is None else greatest.text
        received = incoming.commit(cursor, origin=context.hide(api.shown(first)))
    tally.landed(received)


def _cursor(tally: Tally) -> str | None:
    """Return the cursor of the newest delivery that has one."""
    seen = reversed(tally.context.seen.get(tally.dataset, ()))
    return next((d.cursor for d in seen if d.cursor is not None), None)

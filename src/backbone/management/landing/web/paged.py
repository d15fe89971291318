"""All pages of one address as one delivery."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from backbone.management.landing.protocol import Tally
from backbone.management.landing.web.cursors import Greatest
from backbone.management.landing.web.fetch import Api, Url
from backbone.management.landing.web.known import Memory, land
from backbone.management.landing.web.objectkinds import prefixed
from backbone.management.landing.web.pages import Repeats, walk
from backbone.project.sources.http import HttpPages

__all__ = ["Paged", "land_pages"]

State = Callable[[], str | None]


@dataclass(frozen=True)
class Paged:
    """An address with pages.

    Parameters
    ----------
    first : the address of the first page
    rules : how the next page is found
    records : path to the records in a body
    fields : what stands in the address for the fields of its dataset
    greatest : is shown every record, and knows where the next collection goes on
    """

    first: Url
    rules: HttpPages
    records: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    greatest: Greatest | None = None


def land_pages(
    api: Api,
    paged: Paged,
    tally: Tally,
    memory: Memory,
    *,
    state: State | None = None,
) -> None:
    """Request page after page, and land those that hold records as one delivery.

    Parameters
    ----------
    state : tells, when the last page is read, what is noted of the source's state

    Raises
    ------
    SourceUnavailable, BadResponse : see `walk`; nothing lands
    """
    context = tally.context
    origin = context.hide(api.shown(paged.first))
    repeats, greatest = Repeats(), paged.greatest
    with context.landing.receive(
        context.source, tally.dataset, received=context.received
    ) as incoming:
        for page in walk(api, paged.first, paged.rules, paged.records):
            if page.records:
                incoming.add(
                    prefixed(f"page-{page.number:05}.json", paged.fields),
                    [page.body],
                    media_type="application/json",
                    origin=context.hide(page.address),
                    fields=paged.fields,
                )
            repeats.see(page.records)
            if greatest is not None:
                greatest.see(page.records)
        if repeats.count:
            tally.warnings.append(_repeated(repeats.count, origin))
        if not incoming.objects:
            tally.unchanged += 1
            return
        land(
            incoming,
            tally,
            memory.known(origin, paged.fields),
            origin=origin,
            state=None if state is None else state(),
            cursor=None if greatest is None else greatest.text,
        )


def _repeated(count: int, origin: str) -> str:
    records = "1 record" if count == 1 else f"{count:,} records"
    return (
        f"{records} of {origin} came on more than one page: they moved while the pages "
        "were read, or have no fixed order"
    )

"""One answer of an address as a delivery: a file, an archive, or a JSON document."""

from __future__ import annotations

from backbone.errors import SourceUnavailable
from backbone.management.landing.protocol import Tally
from backbone.management.landing.web.arrivals import Arrival, NoRecords, Wanted
from backbone.management.landing.web.downloads import Changed
from backbone.management.landing.web.fetch import Api, Opened
from backbone.management.landing.web.known import conditions, land, state_of

__all__ = ["Wanted", "land_answer"]

_GOES = 3


def land_answer(api: Api, wanted: Wanted, tally: Tally) -> None:
    """Request an address and land what it answers, if that is new.

    Raises
    ------
    SourceUnavailable, BadResponse : see `Api.get` and `Download.into`
    DeliveryRefused : an archive of which nothing can be read

    Notes
    -----
    A body goes to the disk as it comes; one that is packed goes there twice, packed and
    unpacked. At most `json_mb` of it are in memory.
    """
    for _ in range(_GOES):
        try:
            _land_once(api, wanted, tally)
        except Changed:
            continue
        except NoRecords:
            tally.unchanged += 1
        return
    what = f"{wanted.origin} changes while it is received, {_GOES} times"
    raise SourceUnavailable(what, hint="Collect again later.")


def _land_once(api: Api, wanted: Wanted, tally: Tally) -> None:
    with api.open(wanted.url, conditions(wanted.known)) as opened:
        if opened.is_known and wanted.known is not None:
            tally.unchanged += 1
            tally.warnings.extend(wanted.known.problems)
        else:
            _receive(api, opened, wanted, tally)


def _receive(api: Api, opened: Opened, wanted: Wanted, tally: Tally) -> None:
    context = tally.context
    with context.landing.receive(
        context.source, tally.dataset, received=context.received
    ) as incoming:
        problems = Arrival(api, opened, wanted, incoming, tally.dataset).take()
        tally.errors.extend(problems)
        if not incoming.objects:
            return
        land(
            incoming,
            tally,
            wanted.known,
            origin=wanted.origin,
            state=state_of(opened.response, wanted.state),
            problems=tuple(str(problem) for problem in problems),
        )

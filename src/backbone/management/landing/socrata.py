"""Open-data portals of Socrata: a data set by its id, page by page in a fixed order.

Rows are asked for by `$limit` and `$offset`, ordered by `:id` so that pages do not
overlap. A whole data set is requested only when its `rowsUpdatedAt` has changed; an
incremental one by its system field `:updated_at`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from backbone.errors import BadResponse
from backbone.management.landing.http import collected
from backbone.management.landing.protocol import CollectContext, CollectReport, Tally
from backbone.management.landing.web.cursors import Greatest
from backbone.management.landing.web.overlaps import before
from backbone.project.sources import SocrataSource
from backbone.project.sources.http import HttpPages, SocrataDataset

if TYPE_CHECKING:
    from backbone.management.landing.web.fetch import Api

__all__ = ["Settings", "collect"]

Settings = SocrataSource

_UPDATED = ":updated_at"
_ID = ":id"


def collect(source: SocrataSource, context: CollectContext) -> CollectReport:
    """Bring every data set, whole or what was updated since the last collection.

    Returns
    -------
    CollectReport; a data set that does not answer as declared is an error of its own
    """
    if source.app_token is not None:
        headers = {**source.headers, "X-App-Token": source.app_token}
        source = source.model_copy(update={"headers": headers})
    return collected(
        source, context, lambda api, tally: _collect_dataset(api, source, tally)
    )


def _collect_dataset(api: Api, source: SocrataSource, tally: Tally) -> None:
    dataset = source.datasets[tally.dataset]
    rules = HttpPages(
        offset="$offset",
        limit="$limit",
        size=source.page_size,
        max_pages=source.max_pages,
    )
    if dataset.incremental:
        _land_updates(api, dataset, rules, tally)
    else:
        _land_whole(api, dataset, rules, tally)


def _land_whole(
    api: Api, dataset: SocrataDataset, rules: HttpPages, tally: Tally
) -> None:
    from backbone.management.landing.web.known import Memory  # noqa: PLC0415
    from backbone.management.landing.web.paged import Paged, land_pages  # noqa: PLC0415

    order = f"{dataset.order}, {_ID}" if dataset.order else _ID
    query = {"$select": dataset.select, "$where": dataset.where, "$order": order}
    first = api.addresses.below(_path(dataset), _given(query))
    origin = tally.context.hide(api.shown(first))
    memory = Memory.of(tally)
    known = memory.known(origin, {})
    changed = _changed(api, dataset)
    if known is not None and changed and known.told().get("rows") == changed:
        tally.unchanged += 1
        return

    def state() -> str | None:
        """Return the state, unless it changed on the way: then pages may not fit."""
        if changed is None or _changed(api, dataset) == changed:
            return None if changed is None else json.dumps({"rows": changed})
        tally.warnings.append(
            f"`{dataset.id}` changed while its pages were read: rows may come twice or "
            "not at all; the next collection brings it whole"
        )
        return None

    land_pages(api, Paged(first, rules), tally, memory, state=state)


def _land_updates(
    api: Api, dataset: SocrataDataset, rules: HttpPages, tally: Tally
) -> None:
    from backbone.management.landing.web.known import Memory  # noqa: PLC0415
    from backbone.management.landing.web.paged import Paged, land_pages  # noqa: PLC0415

    memory = Memory.of(tally)
    last = memory.cursor({})
    query = {
        "$select": f"{_ID}, {_UPDATED}, {dataset.select or '*'}",
        "$where": _since(dataset, last),
        "$order": f"{_UPDATED}, {_ID}",
    }
    first = api.addresses.below(_path(dataset), _given(query))
    paged = Paged(first, rules, greatest=Greatest(_UPDATED, last))
    land_pages(api, paged, tally, memory)


def _since(dataset: SocrataDataset, last: str | None) -> str | None:
    if last is None:
        return dataset.where
    if dataset.overlap is not None:
        last = before(last, dataset.overlap)
    literal = last.replace("'", "''")
    newer = f"{_UPDATED} > '{literal}'"
    return f"({dataset.where}) and {newer}" if dataset.where else newer


def _changed(api: Api, dataset: SocrataDataset) -> str | None:
    """Return when rows of a data set changed last; None if the portal keeps quiet."""
    from backbone.management.landing.web.fetch import Refused  # noqa: PLC0415

    url = api.addresses.below(f"api/views/{dataset.id}.json", {})
    try:
        answer = api.get(url)
    except Refused as error:
        hint = f"Is `id: {dataset.id}` right? {error.hint}"
        raise BadResponse(error.what, hint=hint) from error
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    found = document.get("rowsUpdatedAt") if isinstance(document, dict) else None
    return None if found is None else str(found)


def _path(dataset: SocrataDataset) -> str:
    return f"resource/{dataset.id}.json"


def _given(query: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in query.items() if value is not None}

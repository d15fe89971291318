"""Open-data portals that run CKAN: each resource of a package is a delivery.

`package_show` of the action API, version 3, tells the resources. One that was uploaded
has a time of change that can be relied on, so it is not requested while that stays; one
that is only linked to is asked for conditionally, like any address.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from backbone.errors import BadResponse, bounded
from backbone.management.landing.http import bound_errors, collected
from backbone.management.landing.protocol import CollectContext, CollectReport, Tally
from backbone.project.sources import CkanSource
from backbone.project.sources.http import CkanDataset
from backbone.project.templates import fields_of

if TYPE_CHECKING:
    from backbone.management.landing.web.fetch import Answer, Api, Url
    from backbone.management.landing.web.known import Memory

__all__ = ["Settings", "collect"]

Settings = CkanSource

_PACKAGE_SHOW = "api/3/action/package_show"
_NOT_FOUND = 404


@dataclass(frozen=True)
class _Resource:
    """A resource of a package, and what its name or that of its file tells.

    `changed` tells an upload from the one before; `spelt` are the fields that the name
    of the file spells.
    """

    url: str
    name: str
    fields: Mapping[str, str]
    changed: str | None
    spelt: frozenset[str] = frozenset()


def collect(source: CkanSource, context: CollectContext) -> CollectReport:
    """Deliver the resources that every dataset declares, in the portal's order.

    Returns
    -------
    CollectReport; a resource that cannot be had is an error of its own, the others land
    """
    return collected(
        source, context, lambda api, tally: _collect_dataset(api, source, tally)
    )


def _collect_dataset(api: Api, source: CkanSource, tally: Tally) -> None:
    from backbone.management.landing.web.known import Memory  # noqa: PLC0415

    dataset = source.datasets[tally.dataset]
    answer = _package(api, dataset)
    declared = list(_resources(api, answer))
    chosen = [one for each in declared if (one := _chosen(each, dataset)) is not None]
    if not chosen:
        names = [f"{each.get('name')} ({each.get('format')})" for each in declared]
        raise BadResponse(
            f"the package `{dataset.package}` has no resource that is wanted",
            hint=f"It has: {bounded(names)}" if names else "It has none.",
        )
    memory = Memory.of(tally)
    for resource in chosen:
        with tally.catching(f"dataset {tally.dataset}, resource {resource.name}"):
            url = api.addresses.following(answer.url, resource.url)
            _land(api, url, resource, tally, memory, html=dataset.html)
    bound_errors(tally)


def _package(api: Api, dataset: CkanDataset) -> Answer:
    from backbone.management.landing.web.fetch import Refused  # noqa: PLC0415

    url = api.addresses.below(_PACKAGE_SHOW, {"id": dataset.package})
    try:
        return api.get(url)
    except Refused as error:
        if error.status != _NOT_FOUND:
            raise
        raise BadResponse(
            f"the portal has no package `{dataset.package}`, or no API at "
            f"{api.shown(api.addresses.base)}",
            hint="The name of a package is the last part of its page's address. "
            f"{error.hint}",
        ) from error


def _resources(api: Api, answer: Answer) -> Iterator[dict[str, Any]]:
    from backbone.management.landing.web.pages import no_json  # noqa: PLC0415

    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise no_json(
            api, answer.address, answer.status, answer.content_type, answer.body
        ) from None
    result = document.get("result") if isinstance(document, dict) else None
    found = result.get("resources") if isinstance(result, dict) else None
    if not isinstance(found, list):
        what = f"{answer.address} is no answer of a CKAN portal: it has no `resources`"
        raise BadResponse(what, hint=f"It begins: {api.excerpt(answer.body)!r}")
    for each in found:
        if isinstance(each, dict) and each.get("state", "active") == "active":
            yield each


def _chosen(resource: Mapping[str, Any], dataset: CkanDataset) -> _Resource | None:
    """Return a resource as it is wanted, with its fields; None if it is not."""
    url = str(resource.get("url") or "")
    file = unquote(PurePosixPath(urlsplit(url).path).name)
    kind = str(resource.get("format") or "").casefold().lstrip(".")
    if dataset.format is not None and kind != dataset.format.casefold().lstrip("."):
        return None
    names = [each for each in (str(resource.get("name") or ""), file) if each]
    if not url:
        return None
    if dataset.resource is None:
        return _Resource(url, names[0] if names else url, {}, _changed(resource))
    for name in names:
        fields = fields_of(dataset.resource, name)
        if fields is not None:
            spelt = frozenset(fields) if name == file else frozenset()
            return _Resource(url, names[0], fields, _changed(resource), spelt)
    return None


def _changed(resource: Mapping[str, Any]) -> str | None:
    """Return what tells that an uploaded file is the one of last time."""
    told = resource.get("last_modified")
    if resource.get("url_type") != "upload" or not told:
        return None
    return f"{told} {resource.get('hash') or ''}".strip()


def _land(
    api: Api, url: Url, resource: _Resource, tally: Tally, memory: Memory, *, html: bool
) -> None:
    from backbone.management.landing.web.singles import (  # noqa: PLC0415
        Wanted,
        land_answer,
    )

    origin = tally.context.hide(api.shown(url))
    known = memory.known(origin, resource.fields)
    told = {"changed": resource.changed} if resource.changed else {}
    if known is not None and told and known.told().get("changed") == resource.changed:
        tally.unchanged += 1
        tally.warnings.extend(known.problems)
        return
    wanted = Wanted(url, origin, known, resource.fields, resource.spelt, told, html=html)
    land_answer(api, wanted, tally)

"""A source of dlt's: its records land as JSON lines, its state is the cursor.

Of dlt just the extraction runs: no pipeline, no normalisation, no destination, and no
telemetry, which is switched off before dlt is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from backbone.errors import FunctionFailed, PluginError, nearest
from backbone.management.landing.protocol import CollectContext, CollectReport, Tally
from backbone.project.functions import blamed, importable, load
from backbone.project.sources import DltSource

__all__ = ["Settings", "collect"]

Settings = DltSource

_MEDIA_TYPE = "application/x-ndjson"
_NO_TELEMETRY = "RUNTIME__DLTHUB_TELEMETRY"


def collect(source: DltSource, context: CollectContext) -> CollectReport:
    """Extract the records of every dataset's resource.

    Parameters
    ----------
    source : its function takes the settings by name, and gives a source or resource
    context : what surrounds the collection

    Returns
    -------
    CollectReport; if a resource raises, nothing of its dataset lands
    """
    tallies = [Tally(name, context) for name in source.datasets]
    with importable(context.project):
        for tally in tallies:
            with tally.catching(f"dataset {tally.dataset}"):
                _collect_dataset(source, tally)
    return CollectReport(context.source, tuple(tally.report() for tally in tallies))


def _collect_dataset(source: DltSource, tally: Tally) -> None:
    context = tally.context
    dlt = _Dlt()
    wanted = source.datasets[tally.dataset].resource or tally.dataset
    origin = f"dlt {source.function} {wanted}"
    state = dlt.state(tally.cursor)
    with (
        context.landing.receive(
            context.source, tally.dataset, received=context.received
        ) as incoming,
        blamed(context.project, source.function),
    ):
        found = load(context.project, source.function)(**source.settings)
        resource = _resource(dlt, found, wanted, source.function)
        count = 0
        name = f"{tally.dataset}.jsonl"
        with incoming.writing(name, media_type=_MEDIA_TYPE, origin=origin) as writer:
            for record in dlt.records(resource, state):
                writer.write(dlt.dumped(record) + b"\n")
                count += 1
        if not count:
            tally.unchanged += 1
            return
        tally.landed(incoming.commit(dlt.text(state), origin=origin))


class _Dlt:
    """The parts of dlt that extract.

    Raises
    ------
    PluginError : dlt is not installed
    """

    def __init__(self) -> None:
        os.environ[_NO_TELEMETRY] = "false"
        try:
            from dlt.common.configuration.container import Container  # noqa: PLC0415
            from dlt.common.json import json  # noqa: PLC0415
            from dlt.common.pipeline import StateInjectableContext  # noqa: PLC0415
            from dlt.extract import DltResource, DltSource  # noqa: PLC0415
        except ModuleNotFoundError as exc:
            what = f"the collector `dlt` needs a package that is not installed ({exc})"
            raise PluginError(what, command="pip install 'backbone[dlt]'") from exc
        self._json = json
        self._inject: Callable[[Any], Any] = Container().injectable_context
        self._context: Any = StateInjectableContext
        self.resource = DltResource
        self.source = DltSource

    def state(self, text: str | None) -> dict[str, Any]:
        """Return the state that a cursor holds."""
        return {} if text is None else dict(self._json.typed_loads(text))

    def text(self, state: Mapping[str, Any]) -> str:
        """Return a state as a cursor."""
        return str(self._json.typed_dumps(state, sort_keys=True))

    def records(self, resource: Any, state: dict[str, Any]) -> Iterator[Any]:
        """Return the records of a resource, which goes on from `state` and changes it."""
        with self._inject(self._context(state=state)):
            for item in resource:
                yield from _rows(item)

    def dumped(self, record: Any) -> bytes:
        """Return a record as JSON: times in ISO form, decimals as texts."""
        return bytes(self._json.dumpb(record))


def _rows(item: Any) -> Iterable[Any]:
    """Return the records of what a resource yields: one, or a table of them."""
    if hasattr(item, "to_pylist"):  # Arrow
        return list(item.to_pylist())
    if hasattr(item, "to_dict") and hasattr(item, "columns"):  # pandas
        return list(item.to_dict("records"))
    return [item]


def _resource(dlt: _Dlt, found: Any, wanted: str, name: str) -> Any:
    if isinstance(found, dlt.resource):
        known = {found.name: found}
    elif isinstance(found, dlt.source):
        known = dict(found.resources)
    else:
        what = f"`{name}` gave a {type(found).__name__}"
        raise FunctionFailed(what, hint="It gives a source or a resource of dlt's.")
    if wanted not in known:
        what = f"`{name}` has no resource `{wanted}`"
        raise FunctionFailed(what, hint=nearest(wanted, list(known)))
    return known[wanted]

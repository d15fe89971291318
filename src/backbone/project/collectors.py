"""What may stand in ``sources/*.yml``: the settings of our collectors and of plugins."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import Field
from pydantic.fields import FieldInfo

from backbone.errors import PluginError
from backbone.project.plugins import OWN, installed, loaded
from backbone.project.sources import Source, SourceSettings

__all__ = ["every_source", "settings_of", "source_type"]

_GROUP: Literal["backbone.collectors"] = "backbone.collectors"


def settings_of(collector: str) -> type[SourceSettings]:
    """Return the settings of a plugin's collector.

    Raises
    ------
    PluginError : it cannot be loaded, or has no settings that declare a source
    """
    found = getattr(loaded(_GROUP, collector), "Settings", None)
    if not (isinstance(found, type) and issubclass(found, SourceSettings)):
        what = f"the collector `{collector}` has no `Settings` made of `SourceSettings`"
        raise PluginError(what)
    fields = found.model_fields
    missing = [name for name in ("collector", "datasets") if name not in fields]
    if missing:
        what = f"`Settings` of the collector `{collector}` has no `{missing[0]}`"
        raise PluginError(what)
    if get_args(fields["collector"].annotation) != (collector,):
        what = f"`Settings.collector` of the collector `{collector}` is not "
        raise PluginError(f'{what}`Literal["{collector}"]`')
    if not _is_by_name(fields["datasets"]):
        what = f"`Settings.datasets` of the collector `{collector}` is no dictionary"
        raise PluginError(what, hint="A dataset is found by its name: dict[TableName, …]")
    return found


def source_type(collector: object) -> Any:
    """Return the type of a source that declares `collector`.

    Parameters
    ----------
    collector : what a file says; if no installed package brings it, the type is that of
        every source that could have been meant

    Raises
    ------
    PluginError : it is a plugin's and cannot be loaded
    """
    if not isinstance(collector, str) or collector in OWN[_GROUP]:
        return Source
    if collector in installed(_GROUP):
        return _with([settings_of(collector)])
    return every_source()


def every_source() -> Any:
    """Return the type of a source of any collector that is installed and sound."""
    found = []
    for name in installed(_GROUP)[len(OWN[_GROUP]) :]:
        try:
            found.append(settings_of(name))
        except PluginError:
            continue  # told to those who name it
    return _with(found)


def _with(more: list[type[SourceSettings]]) -> Any:
    own = get_args(get_args(Source)[0])
    union = reduce(or_, [*own, *more])
    return Annotated[union, Field(discriminator="collector")]


def _is_by_name(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is dict

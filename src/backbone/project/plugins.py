"""Plugins: what an installed package adds, found by its entry points.

Backbone's own collectors and readers are named in its package like a stranger's. They are
also named here, so that nothing is looked for among the installed packages, which takes
tens of milliseconds, until a declaration asks for something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from backbone.errors import PluginError, bounded, nearest

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["OWN", "Group", "installed", "loaded", "source_of"]

Group = Literal["backbone.collectors", "backbone.readers"]

OWN: Mapping[Group, Mapping[str, str]] = MappingProxyType(
    {
        "backbone.collectors": MappingProxyType(
            {
                "files": "backbone.management.landing.files",
                "http": "backbone.management.landing.http",
                "ckan": "backbone.management.landing.ckan",
                "socrata": "backbone.management.landing.socrata",
                "sql": "backbone.management.landing.sql",
                "python": "backbone.management.landing.python",
                "dlt": "backbone.management.landing.dlt",
            }
        ),
        "backbone.readers": MappingProxyType(
            {
                "avro": "backbone.engines.raw.readers.avro",
                "excel": "backbone.engines.raw.readers.excel",
                "feather": "backbone.engines.raw.readers.feather",
                "fixed": "backbone.engines.raw.readers.fixed",
                "log": "backbone.engines.raw.readers.log",
                "objects": "backbone.engines.raw.readers.objects",
                "orc": "backbone.engines.raw.readers.orc",
                "sqlite": "backbone.engines.raw.readers.sqlite",
                "xml": "backbone.engines.raw.readers.xml",
            }
        ),
    }
)


def installed(group: Group) -> tuple[str, ...]:
    """Return the names of all plugins of a group: our own first, then by name.

    >>> installed("backbone.collectors")[:3]
    ('files', 'http', 'ckan')
    """
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to load

    own = OWN[group]
    found = {each.name for each in entry_points(group=group)}
    return (*own, *sorted(found - own.keys()))


def loaded(group: Group, name: str) -> Any:
    """Return what the entry point `name` of a group points to: a module or an object.

    Raises
    ------
    PluginError : it is not installed, is installed twice, or cannot be imported

    Notes
    -----
    Our own names are ours: no package can take them.
    """
    own = OWN[group].get(name)
    if own is not None:
        return import_module(own)
    found = _found(group, name)
    try:
        return found.load()
    except Exception as error:
        what = f"the plugin `{name}` ({_package(found)}) cannot be loaded"
        raise PluginError(
            f"{what}: {type(error).__name__}: {error}",
            hint=f"Its entry point of `{group}` names {found.value}.",
        ) from error


def source_of(group: Group, name: str) -> str:
    """Return a hash of the module that a plugin is in.

    Raises
    ------
    PluginError : it is not installed, is installed twice, or cannot be imported
    """
    value = _found(group, name).value
    loaded(group, name)
    file = import_module(value.partition(":")[0]).__file__
    return sha256(Path(file).read_bytes()).hexdigest() if file else value


def _found(group: Group, name: str) -> EntryPoint:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow to load

    # A package that is found twice on the path, as when it is being developed, is one.
    found = {
        (each.value, _package(each)): each
        for each in entry_points(group=group, name=name)
    }
    if not found:
        known = installed(group)
        hint = nearest(name, known) or f"There are: {bounded(known, at_most=12)}."
        what = f"no package that is installed brings `{name}` to `{group}`"
        raise PluginError(what, hint=hint)
    if len(found) > 1:
        packages = " and ".join(sorted(package for _, package in found))
        what = f"two packages bring `{name}` to `{group}`: {packages}"
        raise PluginError(what, hint="Uninstall one of them.")
    return next(iter(found.values()))


def _package(found: EntryPoint) -> str:
    return "an unknown package" if found.dist is None else found.dist.name

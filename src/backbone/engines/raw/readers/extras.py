"""Libraries that some readers need and not everybody has."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from backbone.errors import PluginError

__all__ = ["extra"]


def extra(module: str, name: str) -> Any:
    """Return a library that the extra `name` of Backbone installs.

    Raises
    ------
    PluginError : it is not installed here
    """
    try:
        return import_module(module)
    except ImportError as error:
        what = f"`format: {name}` needs the library {module}, which is not installed"
        hint = f'Install it here, and where workers run: pip install "backbone[{name}]"'
        raise PluginError(what, hint=hint) from error

"""Dotted paths into documents: ``meta.next``, ``links.0.href``, ``data.-1.id``."""

from __future__ import annotations

from typing import Any

from backbone.errors import nearest

__all__ = ["at_path"]

_ABSENT = object()


def at_path(document: Any, path: str) -> Any:
    """Return what is at a dotted path of a document; positions in lists are numbers.

    Raises
    ------
    KeyError : nothing is there; its argument is a hint

    >>> at_path({"links": [{"next": "/b"}]}, "links.0.next")
    '/b'
    >>> at_path({"data": [{"id": 1}, {"id": 2}]}, "data.-1.id")
    2
    """
    value = document
    for key in path.split("."):
        found = _ABSENT
        known: list[str] = []
        if isinstance(value, dict):
            known = list(value)
            found = value.get(key, _ABSENT)
        elif isinstance(value, list):
            found = _at_position(value, key)
        if found is _ABSENT:
            raise KeyError(nearest(key, known) or f"There is no `{key}`.")
        value = found
    return value


def _at_position(values: list[Any], key: str) -> Any:
    digits = key.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()):
        return _ABSENT
    at = int(key)
    return values[at] if -len(values) <= at < len(values) else _ABSENT

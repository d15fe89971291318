"""The JSON Schema of declarations, for editors that complete and check YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import TypeAdapter

from backbone.project.collectors import every_source
from backbone.project.readers import every_table
from backbone.project.reading import DECLARED

__all__ = ["KINDS", "Kind", "json_schema"]

Kind = Literal[
    "backbone", "sources", "formatted", "trusted", "decisions", "exploitation", "analysis"
]
KINDS: tuple[Kind, ...] = get_args(Kind)

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PARAMETER = {"type": "string", "pattern": r"\$\{param:[^{}]*\}"}
_ABOUT = ("title", "description", "default")
_CLOSED = frozenset({"const", "enum", "pattern"})
_NAMED = frozenset({"$defs", "patternProperties", "properties"})
_TYPED = frozenset({"array", "boolean", "integer", "number"})
_VALUES = frozenset({"const", "default", "discriminator", "enum", "propertyNames"})
_TITLES: Mapping[Kind, str] = {
    "backbone": "The settings of a project: backbone.yml",
    "sources": "A source: sources/*.yml",
    "formatted": "A table of the formatted zone: formatted/*.yml",
    "trusted": "A table of the trusted zone: trusted/*.yml",
    "decisions": "What people decided about rows of a trusted table: decisions/*.yml",
    "exploitation": "What is promised of a view: exploitation/*.yml",
    "analysis": "An analytical question: analysis/*.yml",
}


def json_schema(kind: Kind | None = None) -> dict[str, Any]:
    """Return the JSON Schema of one kind of file, or of all kinds under ``$defs``.

    It needs nothing from elsewhere, and has the settings of every collector that is
    installed. As `load` does, it takes a number where a text is
    wanted, and ``${param:NAME}`` in the place of a number, a word or a list.

    >>> json_schema("sources")["title"]
    'A source: sources/*.yml'
    """
    if kind is not None:
        return {"$schema": _DIALECT, **_one(kind)}
    definitions: dict[str, Any] = {}
    for each in KINDS:
        schema = _one(each)
        definitions |= schema.pop("$defs", {})
        definitions[each] = schema
    title = "The files of a Backbone project"
    ordered = dict(sorted(definitions.items()))
    return {"$schema": _DIALECT, "title": title, "$defs": ordered}


def _one(kind: Kind) -> dict[str, Any]:
    schema = TypeAdapter[Any](_declared(kind)).json_schema()
    return {**_widened(schema), "title": _TITLES[kind]}


def _declared(kind: Kind) -> Any:
    if kind == "sources":
        return every_source()
    if kind == "formatted":
        return every_table()
    return DECLARED["settings" if kind == "backbone" else kind]


def _widened(node: Any) -> Any:
    """Accept what loading turns into the declared value before it is validated."""
    if isinstance(node, list):
        return [_widened(each) for each in node]
    if not isinstance(node, dict):
        return node
    widened = {key: _part(key, each) for key, each in node.items()}
    if "patternProperties" in widened:
        widened["additionalProperties"] = False
    if widened.get("type") == "string" and not _CLOSED & widened.keys():
        return {**widened, "type": ["string", "number", "boolean"]}
    if widened.get("type") in _TYPED or {"enum", "pattern"} & widened.keys():
        outer = {key: widened.pop(key) for key in _ABOUT if key in widened}
        return {**outer, "anyOf": [widened, _PARAMETER]}
    return widened


def _part(key: str, value: Any) -> Any:
    if key in _VALUES:
        return value
    if key in _NAMED and isinstance(value, dict):
        return {name: _widened(each) for name, each in value.items()}
    return _widened(value)

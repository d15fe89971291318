"""The JSON Schema of a project's files, for editors and for people who generate them."""

from __future__ import annotations

from typing import Any

from backbone.errors import ProjectError, nearest
from backbone.project.schema import KINDS, json_schema

__all__ = ["schema"]


def schema(kind: str | None = None) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one kind of file, or of all.

    Raises
    ------
    ProjectError : there is no such kind
    """
    if kind is None:
        return json_schema()
    for known in KINDS:
        if kind == known:
            return json_schema(known)
    raise ProjectError(
        f"there is no kind of file `{kind}`",
        hint=nearest(kind, KINDS),
        command="backbone schema",
    )

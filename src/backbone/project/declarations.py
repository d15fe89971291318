"""What every declaration shares: strict keys, short forms, where it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from backbone.model.names import is_table_name
from backbone.model.types import CanonicalType

__all__ = ["Declaration", "Names", "Place", "TableName", "TypeText"]


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _checked_type(value: object) -> object:
    CanonicalType.parse(str(value))
    return value


def _checked_table(value: object) -> object:
    if not isinstance(value, str) or not is_table_name(value):
        message = (
            f"`{value}` cannot name a table: lower-case letters, digits and single "
            "underscores, a letter first"
        )
        raise ValueError(message)
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
TypeText = Annotated[str, BeforeValidator(_checked_type)]
TableName = Annotated[str, BeforeValidator(_checked_table)]


class Declaration(BaseModel):
    """A part of a project's file: unknown keys are mistakes, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def canonical(self) -> dict[str, Any]:
        """Return what was declared, as JSON holds it, for fingerprints."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class Place(Declaration):
    """Where a declaration stands."""

    file: Path
    line: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

"""What every declaration shares: strict keys, short forms, where it came from."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    WithJsonSchema,
)

from backbone.model.names import is_table_name
from backbone.model.types import KINDS, CanonicalType
from backbone.project.mistakes import brief, closest

__all__ = [
    "Declaration",
    "EngineKind",
    "Names",
    "Place",
    "Regex",
    "TableName",
    "TimeZone",
    "TypeText",
    "zone_problem",
]

_OTHER_NAMES = {
    "bigint": "integer",
    "bool": "boolean",
    "char": "string",
    "float": "double",
    "int": "integer",
    "number": "double",
    "numeric": "decimal",
    "real": "double",
    "str": "string",
    "text": "string",
    "timestamptz": "timestamp",
    "varchar": "string",
}
_ONLY_ELSEWHERE = ("bad escape", "unknown extension")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, (str, int, float)) else value


def _checked_type(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        CanonicalType.parse(value)
    except ValueError:
        raise ValueError(_no_type(value)) from None
    return value


def _no_type(text: str) -> str:
    word, bracket, rest = text.partition("(")
    word = word.strip()
    guess = _OTHER_NAMES.get(word.casefold()) or closest(word, KINDS)
    what = f"{brief(text)} is no canonical type"
    if guess is None:
        known = (kind if kind != "decimal" else "decimal(p,s)" for kind in KINDS)
        return f"{what}; there are {', '.join(known)}"
    if guess != "decimal":
        return f"{what}; did you mean `{guess}`?"
    if bracket and word != "decimal":
        return f"{what}; did you mean `decimal({rest}`?"
    return f"{what}; write `decimal(p,s)`: p digits, at most 38, s of them decimals"


def _checked_table(value: object) -> object:
    if isinstance(value, str) and not is_table_name(value):
        message = (
            f"{brief(value)} cannot name a table: lower-case letters, digits and single "
            "underscores, a letter first"
        )
        raise ValueError(message)
    return value


def zone_problem(value: str) -> str | None:
    """Tell why `value` names no time zone, and which was probably meant."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        zones = sorted(available_timezones())
        guess = closest(value, zones) or _by_city(value, zones)
        hint = (
            f"did you mean `{guess}`?" if guess else "zones read like `Europe/Belgrade`"
        )
        return f"{brief(value)} is no time zone; {hint}"
    return None


def _checked_zone(value: str) -> str:
    if problem := zone_problem(value):
        raise ValueError(problem)
    return value


def _by_city(text: str, zones: list[str]) -> str | None:
    cities = {zone.rpartition("/")[2]: zone for zone in zones}
    found = closest(text.rpartition("/")[2].replace(" ", "_"), cities)
    return cities[found] if found else None


def _checked_regex(value: str) -> str:
    """Refuse what is wrong in every dialect of regular expressions."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(value)
    except re.error as error:
        if not str(error.msg).startswith(_ONLY_ELSEWHERE):
            message = f"{brief(value)} is no regular expression: {error}"
            raise ValueError(message) from None
    return value


EngineKind = Literal["duckdb", "spark"]
Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_list, json_schema_input_type=str | tuple[str, ...]),
]
TypeText = Annotated[
    str,
    BeforeValidator(_checked_type, json_schema_input_type=str),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^({'|'.join(k for k in KINDS if k != 'decimal')}"
            r"|decimal\(\s*\d+\s*,\s*\d+\s*\))$",
        }
    ),
]
TableName = Annotated[
    str,
    BeforeValidator(_checked_table, json_schema_input_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$"}),
]
TimeZone = Annotated[str, AfterValidator(_checked_zone)]
Regex = Annotated[str, AfterValidator(_checked_regex)]


class Declaration(BaseModel):
    """A part of a project's file: unknown keys are mistakes, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @classmethod
    def elsewhere(cls, key: str, given: Mapping[str, Any]) -> str | None:  # noqa: ARG003
        """Say where else a key goes that is unknown here, beside the keys `given`."""
        return None

    def canonical(self) -> dict[str, Any]:
        """Return what was declared, as JSON holds it, for fingerprints."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


class Place(Declaration):
    """Where a declaration stands."""

    file: Path
    line: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

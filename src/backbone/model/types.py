"""The canonical types: what a column of the lake may hold, on every engine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = [
    "BOOLEAN",
    "DATE",
    "DATETIME",
    "DOUBLE",
    "INTEGER",
    "KINDS",
    "STRING",
    "TIMESTAMP",
    "CanonicalType",
    "Kind",
]

Kind = Literal[
    "boolean", "integer", "double", "decimal", "string", "date", "timestamp", "datetime"
]
KINDS: tuple[Kind, ...] = get_args(Kind)

_DECIMAL = re.compile(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)")
_MAX_PRECISION = 38
_SQL = {
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMPTZ",
    "datetime": "TIMESTAMP",
}


@dataclass(frozen=True)
class CanonicalType:
    """A canonical type.

    ``integer`` has 64 bits; ``timestamp`` is an instant (microseconds, UTC);
    ``datetime`` is a wall clock without a zone (microseconds).
    """

    kind: Kind
    precision: int | None = None
    scale: int | None = None

    def __str__(self) -> str:
        if self.kind == "decimal":
            return f"decimal({self.precision},{self.scale})"
        return self.kind

    @property
    def sql(self) -> str:
        """The type's name in the DuckDB dialect."""
        if self.kind == "decimal":
            return f"DECIMAL({self.precision},{self.scale})"
        return _SQL[self.kind]

    @property
    def is_numeric(self) -> bool:
        """Whether values of the type can be added."""
        return self.kind in {"integer", "double", "decimal"}

    @property
    def is_temporal(self) -> bool:
        """Whether values of the type are points in time."""
        return self.kind in {"date", "timestamp", "datetime"}

    @classmethod
    def parse(cls, text: str) -> CanonicalType:
        """Read a type as declarations spell it.

        Raises
        ------
        ValueError : the text names no canonical type

        >>> str(CanonicalType.parse("decimal(18, 3)"))
        'decimal(18,3)'
        """
        for kind in KINDS:
            if text == kind and kind != "decimal":
                return cls(kind)
        match = _DECIMAL.fullmatch(text)
        if match:
            precision, scale = int(match[1]), int(match[2])
            if 1 <= precision <= _MAX_PRECISION and scale <= precision:
                return cls("decimal", precision, scale)
        known = ", ".join(k if k != "decimal" else "decimal(p,s)" for k in KINDS)
        message = f"`{text}` is no canonical type; there are {known}"
        raise ValueError(message)


BOOLEAN = CanonicalType("boolean")
INTEGER = CanonicalType("integer")
DOUBLE = CanonicalType("double")
STRING = CanonicalType("string")
DATE = CanonicalType("date")
TIMESTAMP = CanonicalType("timestamp")
DATETIME = CanonicalType("datetime")

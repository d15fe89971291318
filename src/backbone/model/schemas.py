"""Schemas of relations: named columns of canonical types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backbone.errors import MissingColumn
from backbone.model.types import INTEGER, STRING, CanonicalType

__all__ = ["DELIVERY", "FLAGS", "OBJECT", "ORIGIN", "RECORD", "Column", "Schema"]


@dataclass(frozen=True)
class Column:
    """A column: its name and canonical type, and what is known about its meaning.

    `unit` is free text ("degC"); `timezone` is the zone in which an instant was
    written by its source (values are always UTC).
    """

    name: str
    type: CanonicalType
    description: str | None = None
    unit: str | None = None
    timezone: str | None = None

    @property
    def is_public(self) -> bool:
        """Whether the column is the user's, not an origin or flag column of ours."""
        return not self.name.startswith("_")


@dataclass(frozen=True)
class Schema:
    """An ordered set of columns with different names."""

    columns: tuple[Column, ...]

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __contains__(self, name: object) -> bool:
        return any(column.name == name for column in self.columns)

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise MissingColumn.named(name, self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def public(self) -> Schema:
        """The columns that are the user's."""
        return Schema(tuple(c for c in self.columns if c.is_public))

    def with_columns(self, *more: Column) -> Schema:
        """Return the schema with `more` columns at its end (replacing equal names)."""
        new = {c.name for c in more}
        return Schema((*(c for c in self.columns if c.name not in new), *more))

    def without(self, names: Iterable[str]) -> Schema:
        """Return the schema without the columns `names`."""
        gone = set(names)
        return Schema(tuple(c for c in self.columns if c.name not in gone))

    @classmethod
    def of(cls, **types: CanonicalType) -> Schema:
        """Build a schema from keyword arguments.

        >>> Schema.of(device=STRING, _record=INTEGER).names
        ('device', '_record')
        """
        return cls(tuple(Column(name, kind) for name, kind in types.items()))


DELIVERY = Column("_delivery", STRING, "the delivery that brought the row")
OBJECT = Column("_object", STRING, "the object of the delivery, by its name")
RECORD = Column("_record", INTEGER, "the record in the object; the first is 1")
FLAGS = Column("_flags", STRING, "the rules that the row breaks, comma-separated")
ORIGIN = Schema((DELIVERY, OBJECT, RECORD))

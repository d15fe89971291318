"""Declarations of formatted tables: ``formatted/*.yml``."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from backbone.model.raw import Hour, OnBadCell, RawColumn, RawFormat
from backbone.model.schemas import Column, Schema
from backbone.model.types import CanonicalType
from backbone.project.declarations import (
    Declaration,
    EngineKind,
    Names,
    Regex,
    TimeZone,
    TypeText,
)
from backbone.project.reads import (
    AvroRead,
    ExcelRead,
    FeatherRead,
    FixedRead,
    JsonRead,
    LogRead,
    OrcRead,
    ParquetRead,
    ReadSettings,
    SqliteRead,
    XmlRead,
)

__all__ = ["AnyRead", "FormattedColumn", "FormattedTable", "Read"]


class Read(ReadSettings):
    """Delimited text: the CSV family."""

    format: Literal["csv"] = Field(description="The format of the files.")
    delimiter: str = Field(
        ",", min_length=1, max_length=1, description="Between fields of a CSV file."
    )
    quote: str = Field(
        '"', min_length=1, max_length=1, description="Around fields of a CSV file."
    )
    encoding: str = Field("utf-8", description="The encoding of texts.")
    max_record_bytes: int = Field(
        1_000_000, gt=0, description="A longer record is rejected."
    )

    def raw(self) -> RawFormat:
        """Return the layout as the raw reader takes it."""
        return RawFormat(
            format=self.format,
            delimiter=self.delimiter,
            quote=self.quote,
            encoding=self.encoding,
            nulls=self.nulls,
            max_record_bytes=self.max_record_bytes,
        )


AnyRead = Annotated[
    Read
    | JsonRead
    | ParquetRead
    | FixedRead
    | ExcelRead
    | FeatherRead
    | OrcRead
    | AvroRead
    | XmlRead
    | LogRead
    | SqliteRead,
    Field(discriminator="format"),
]


class FormattedColumn(Declaration):
    """A canonical column and how it is made from raw text."""

    type: TypeText = Field(description="A canonical type: integer, decimal(18,3) …")
    source: Names = Field((), alias="from", description="Raw columns; default: its name.")
    pattern: Regex | None = Field(None, description="Take its first group.")
    format: str | None = Field(None, description="strptime format of dates and times.")
    timezone: TimeZone | None = Field(None, description="IANA zone of a local time.")
    ambiguous: Hour = Field("reject", description="Which hour, when clocks go back.")
    nulls: Names = Field((), description="More texts that mean missing, here.")
    pad: dict[str, int] = Field(default={}, description="Raw column: width, with zeros.")
    sql: str | None = Field(None, description="Computed from the table's other columns.")
    on_bad_cell: OnBadCell | None = Field(None, description="Overrides the table's.")
    unit: str | None = Field(None, description="The unit of its values: degC, MWh.")
    description: str | None = Field(None, description="What it means, for people.")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.sql is not None and self.source:
            message = "a column is made `from` raw columns or by `sql`, not both"
            raise ValueError(message)
        return self

    def canonical_type(self) -> CanonicalType:
        """Return the column's type."""
        return CanonicalType.parse(self.type)


class FormattedTable(Declaration):
    """A table of the formatted zone."""

    source: str = Field(alias="from", description="landing.<dataset>")
    description: str | None = Field(None, description="What a row is, for people.")
    read: AnyRead = Field(description="How the raw bytes are read.")
    columns: dict[str, FormattedColumn] = Field(
        min_length=1, description="The canonical columns, in order."
    )
    key: Names = Field((), description="Columns that identify a row.")
    on_bad_cell: OnBadCell = Field(
        "blank",
        description="A cell that cannot be converted: null, or reject the record.",
    )
    refuse_over: float = Field(
        0.5, ge=0, le=1, description="Refuse a delivery with a larger share of rejects."
    )
    engine: EngineKind | None = Field(
        None, description="Computed with this engine, whatever the run's."
    )

    def schema_(self) -> Schema:
        """Return the canonical columns, without those of origin."""
        return Schema(
            tuple(
                Column(name, c.canonical_type(), c.description, c.unit, c.timezone)
                for name, c in self.columns.items()
            )
        )

    def raw_columns(self) -> tuple[RawColumn, ...]:
        """Return the columns as the raw reader takes them."""
        return tuple(self._raw(name, c) for name, c in self.columns.items())

    def _raw(self, name: str, c: FormattedColumn) -> RawColumn:
        return RawColumn(
            name=name,
            type=c.canonical_type(),
            sources=() if c.sql else (c.source or (name,)),
            pattern=c.pattern,
            format=c.format,
            timezone=c.timezone,
            ambiguous=c.ambiguous,
            nulls=c.nulls,
            pad=tuple(c.pad.items()),
            sql=c.sql,
            on_bad_cell=c.on_bad_cell or self.on_bad_cell,
        )

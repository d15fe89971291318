"""Declarations of formatted tables: ``formatted/*.yml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from backbone.model.raw import (
    BlankLines,
    FileFormat,
    Hour,
    Negative,
    OnBadCell,
    RawColumn,
    RawFormat,
    SkippedHour,
)
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

__all__ = ["NO_QUOTES", "FormattedColumn", "FormattedTable", "Read"]

NO_QUOTES = "none"


def _one_or_more(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Negatives = Annotated[
    tuple[Negative, ...],
    BeforeValidator(_one_or_more, json_schema_input_type=Negative | tuple[Negative, ...]),
]


def _one_sign(value: str) -> str:
    """Refuse what is not one ASCII character; a tab is often written as it should not."""
    if len(value) == 1 and value.isascii() and value not in "\r\n\0":
        return value
    hint = '; a tab is "\\t", in double quotes' if value == r"\t" else ""
    message = f"wants one ASCII character that ends no line, not `{value}`{hint}"
    raise ValueError(message)


def _quote(value: str) -> str:
    return value if value == NO_QUOTES else _one_sign(value)


Sign = Annotated[str, AfterValidator(_one_sign)]
Quote = Annotated[str, AfterValidator(_quote)]
DecimalMark = Literal[".", ","]
ThousandsMark = Literal[".", ",", "'", " ", "_", "none"]


class Read(Declaration):
    """How the raw bytes are read."""

    format: FileFormat = Field(description="csv, json, jsonl or parquet")
    delimiter: Sign = Field(",", description="Between fields of a CSV file.")
    quote: Quote = Field(
        '"', description="Around fields of a CSV file; none: there are no quotes."
    )
    escape: Sign | None = Field(
        None, description="What follows it is text, even a quote."
    )
    encoding: str = Field("utf-8", description="The encoding of texts.")
    nulls: Names = Field(("",), description="Texts that mean a missing value.")
    records: str | None = Field(None, description="Path to the records in a document.")
    max_record_bytes: int = Field(
        1_000_000, gt=0, description="A longer record is rejected."
    )
    skip: int = Field(0, ge=0, description="Lines before the header, left out.")
    header: int = Field(1, ge=0, le=20, description="Lines of the header; 0: none.")
    names: Names = Field((), description="Names of all columns, whatever a header says.")
    units: int | None = Field(None, ge=1, description="Which header line holds units.")
    comment: str | None = Field(
        None, min_length=1, description="Lines that begin so are left out."
    )
    footer: Annotated[int, Field(ge=0, le=1000)] | Regex = Field(
        0, description="The last lines, left out: how many, or a pattern."
    )
    repeated_header: bool = Field(
        default=False, description="Lines equal to the header are left out."
    )
    blank_lines: BlankLines = Field("reject", description="Rejected, or left out: skip.")
    trim: bool = Field(default=False, description="Names and cells without blanks.")
    decimal: DecimalMark = Field(".", description="The decimal mark of numbers.")
    thousands: ThousandsMark | None = Field(
        None, description="Between groups of three digits of numbers."
    )

    def raw(self) -> RawFormat:
        """Return the layout as the raw reader takes it."""
        return RawFormat(
            format=self.format,
            delimiter=self.delimiter,
            quote=None if self.quote == NO_QUOTES else self.quote,
            encoding=self.encoding,
            nulls=self.nulls,
            records=self.records,
            max_record_bytes=self.max_record_bytes,
            header=self.header,
            names=self.names,
            units=self.units,
            skip=self.skip,
            comment=self.comment,
            footer=self.footer,
            repeated_header=self.repeated_header,
            blank_lines=self.blank_lines,
            trim=self.trim,
            escape=self.escape,
        )


class FormattedColumn(Declaration):
    """A canonical column and how it is made from raw text."""

    type: TypeText = Field(description="A canonical type: integer, decimal(18,3) …")
    source: Names = Field((), alias="from", description="Raw columns; default: its name.")
    pattern: Regex | None = Field(None, description="Take its first group.")
    format: str | tuple[str, ...] | None = Field(
        None, description="strptime formats of dates and times, iso, epoch_s|ms|us|ns."
    )
    timezone: TimeZone | None = Field(None, description="IANA zone of a local time.")
    ambiguous: Hour = Field("reject", description="Which hour, when clocks go back.")
    missing: SkippedHour = Field("reject", description="An hour that clocks skip.")
    means_true: Names = Field((), description="Texts that mean true, instead of true …")
    means_false: Names = Field((), description="Texts that mean false.")
    decimal: DecimalMark | None = Field(None, description="Overrides the table's.")
    thousands: ThousandsMark | None = Field(None, description="Overrides the table's.")
    prefix: Names = Field((), description="May stand before a number: €, USD.")
    suffix: Names = Field((), description="May stand behind a number: kW, %.")
    negative: Negatives = Field(
        (), description="Negative numbers: parentheses, trailing, unicode (a minus)."
    )
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
    read: Read = Field(description="How the raw bytes are read.")
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
        marks = c.thousands or (None if c.sql else self.read.thousands)
        return RawColumn(
            name=name,
            type=c.canonical_type(),
            sources=() if c.sql else (c.source or (name,)),
            pattern=c.pattern,
            format=c.format,
            timezone=c.timezone,
            ambiguous=c.ambiguous,
            missing=c.missing,
            means_true=c.means_true,
            means_false=c.means_false,
            decimal=c.decimal or ("." if c.sql else self.read.decimal),
            thousands=None if marks == "none" else marks,
            prefix=c.prefix,
            suffix=c.suffix,
            negative=c.negative,
            nulls=c.nulls,
            pad=tuple(c.pad.items()),
            sql=c.sql,
            on_bad_cell=c.on_bad_cell or self.on_bad_cell,
        )

"""Declarations of formatted tables: ``formatted/*.yml``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    JsonValue,
    model_serializer,
    model_validator,
)

from backbone.model.raw import (
    BlankLines,
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
from backbone.project.reads import (
    AvroRead,
    DecimalMark,
    ExcelRead,
    FeatherRead,
    FixedRead,
    JsonRead,
    LogRead,
    ObjectsRead,
    OrcRead,
    ParquetRead,
    ReadSettings,
    SqliteRead,
    ThousandsMark,
    XmlRead,
)
from backbone.project.variants import Dated, NewColumns, Unpivot, When

__all__ = [
    "NO_QUOTES",
    "AnyRead",
    "ColumnChange",
    "FormattedColumn",
    "FormattedTable",
    "Read",
    "Variant",
    "read_model",
]

NO_QUOTES = "none"
_ORIGINS = ("source", "sql", "value", "absent")
_OF_TEXT = (
    "pattern", "format", "pad", "nulls", "timezone", "ambiguous", "missing",
    "means_true", "means_false", "decimal", "thousands", "prefix", "suffix", "negative",
)  # fmt: skip


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


class Read(ReadSettings):
    """Delimited text: the CSV family."""

    format: Literal["csv"] = Field(description="The format of the files.")
    delimiter: Sign = Field(",", description="Between fields of a CSV file.")
    quote: Quote = Field(
        '"', description="Around fields of a CSV file; none: there are no quotes."
    )
    escape: Sign | None = Field(
        None, description="What follows it is text, even a quote."
    )
    encoding: str = Field("utf-8", description="The encoding of texts.")
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

    def raw(self) -> RawFormat:
        """Return the layout as the raw reader takes it."""
        return RawFormat(
            format=self.format,
            delimiter=self.delimiter,
            quote=None if self.quote == NO_QUOTES else self.quote,
            encoding=self.encoding,
            nulls=self.nulls,
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
    | ObjectsRead
    | SqliteRead,
    Field(discriminator="format"),
]


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
    optional: bool = Field(
        default=False, description="A file without its raw column has no value here."
    )
    value: str | None = Field(
        None, description="A constant in place of raw text, read by the same grammar."
    )
    absent: bool = Field(
        default=False, description="It has no value, but where a variant reads one."
    )
    unit: str | None = Field(None, description="The unit of its values: degC, MWh.")
    description: str | None = Field(None, description="What it means, for people.")

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if self.sql is not None and self.source:
            message = "a column is made `from` raw columns or by `sql`, not both"
            raise ValueError(message)
        ways = {
            "from": bool(self.source),
            "sql": self.sql is not None,
            "value": self.value is not None,
            "absent": self.absent,
        }
        told = [f"`{name}`" for name, is_told in ways.items() if is_told]
        if len(told) > 1:
            message = f"a column is made in one way, not by {' and '.join(told)}"
            raise ValueError(message)
        return self

    def changed(self, change: ColumnChange) -> FormattedColumn:
        """Return the column as a variant reads it.

        What the variant does not say stays; another origin takes the place of the one
        before, and a constant or nothing is not read as the text was.
        """
        told = {name: getattr(change, name) for name in change.model_fields_set}
        kept = dict(self)
        if told.keys() & set(_ORIGINS):
            gone = set(_ORIGINS)
            if not change.source:
                gone |= {"optional", *_OF_TEXT}
            defaults = type(self).model_fields
            kept |= {
                name: defaults[name].get_default(call_default_factory=True)
                for name in gone
            }
        return FormattedColumn.model_construct(None, **{**kept, **told})

    def canonical_type(self) -> CanonicalType:
        """Return the column's type."""
        return CanonicalType.parse(self.type)


class _Change(Declaration):
    """Some of what another declaration says; what is set counts, whatever it is."""

    @model_serializer(mode="plain")
    def _as_set(self) -> dict[str, Any]:
        """Return what was set: a value that is a default elsewhere is a change here."""
        names = {n: f.alias or n for n, f in type(self).model_fields.items()}
        told = {names[name]: getattr(self, name) for name in self.model_fields_set}
        return {key: told[key] for key in sorted(told)}


class ColumnChange(_Change, FormattedColumn):
    """How a variant makes a column otherwise; all that a column knows but its type."""

    type: TypeText = Field("string", description="A column has one type in all variants.")

    @model_validator(mode="after")
    def _same_type(self) -> Self:
        for name in ("type", "unit", "description"):
            if name in self.model_fields_set:
                message = f"`{name}` is the same in all variants: declare it in `columns`"
                raise ValueError(message)
        return self


class Variant(Declaration):
    """Files that differ from what the table declares, and how they are read."""

    name: str = Field(min_length=1, description="What it is called, in plans and errors.")
    when: When = Field(description="What a file looks like that it is for.")
    read: dict[str, JsonValue] = Field(
        default={}, description="What of `read` is otherwise; another format has its own."
    )
    rename: dict[str, str] = Field(
        default={}, description="Raw column in the file: the name that columns read."
    )
    columns: dict[str, ColumnChange] = Field(
        default={}, description="Columns that are made otherwise."
    )
    unpivot: Unpivot | None = Field(None, description="In place of the table's.")


def read_model(format_: object) -> type[ReadSettings] | None:
    """Return the model of what may be said of a format; None if it is not ours."""
    for model in get_args(get_args(AnyRead)[0]):
        if format_ in get_args(model.model_fields["format"].annotation):
            found: type[ReadSettings] = model
            return found
    return None


def _changed(read: ReadSettings, told: Mapping[str, JsonValue]) -> ReadSettings:
    """Return how a variant is read: of another format, only what both know stays."""
    said = told.get("format", read.format)
    model = type(read) if said == read.format else read_model(said)
    if model is None:
        message = f"`{said}` is no format of a variant"
        raise ValueError(message)
    kept = read.model_dump(mode="json", by_alias=True, exclude_unset=True)
    kept = {key: value for key, value in kept.items() if key in model.model_fields}
    return model.model_validate({**kept, **told})


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
    variants: tuple[Variant, ...] = Field(
        (), description="Files that are read otherwise; the first that fits counts."
    )
    dated: Dated | None = Field(
        None, description="Where `since` and `until` find the date of a file."
    )
    new_columns: NewColumns = Field(
        "freeze",
        description="Raw columns that nothing names: left out, text columns, or refused.",
    )
    ignore: Names = Field(
        (), description="Raw columns that are known and not read; never new."
    )
    unpivot: Unpivot | None = Field(None, description="Raw columns that become rows.")
    engine: EngineKind | None = Field(
        None, description="Computed with this engine, whatever the run's."
    )

    def varied(self, variant: Variant | None) -> FormattedTable:
        """Return the table as files of a variant are read; `rename` is left to them.

        Raises
        ------
        ValueError : they cannot be read as the variant says
        """
        if variant is None:
            return self.model_copy(update={"variants": ()})
        read = _changed(self.read, variant.read) if variant.read else self.read
        columns = {
            name: one.changed(variant.columns[name]) if name in variant.columns else one
            for name, one in self.columns.items()
        }
        unpivot = variant.unpivot or self.unpivot
        update = {"variants": (), "read": read, "columns": columns, "unpivot": unpivot}
        return self.model_copy(update=update)

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
        is_made = c.sql is not None or c.value is not None or c.absent
        marks = c.thousands or (None if c.sql else self.read.thousands)
        return RawColumn(
            name=name,
            type=c.canonical_type(),
            sources=() if is_made else (c.source or (name,)),
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
            optional=c.optional,
            value=c.value,
            absent=c.absent,
        )

"""How raw bytes are read, by format: what may stand under ``read:`` of a table.

Delimited text has its model in `formatted`; these are the other formats.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    WithJsonSchema,
    model_validator,
)

from backbone.model.raw import FileFormat, RawFormat
from backbone.project.declarations import Declaration, Names, Regex

__all__ = [
    "AvroRead",
    "DecimalMark",
    "ExcelRead",
    "FeatherRead",
    "FixedRead",
    "JsonRead",
    "LogRead",
    "ObjectsRead",
    "OrcRead",
    "ParquetRead",
    "ReadSettings",
    "SqliteRead",
    "ThousandsMark",
    "Typed",
    "XmlRead",
    "is_above",
]

Binary = Literal["text", "hex", "base64"]
DecimalMark = Literal[".", ","]
ThousandsMark = Literal[".", ",", "'", " ", "_", "none"]

_ABOVE = re.compile(r"\^+\..+|\^(record|position|key)", re.DOTALL)
_CELLS = re.compile(r"([A-Z]{1,3})([0-9]{1,7})?:([A-Z]{1,3})([0-9]{1,7})?")
_BINARY = "Cells of bytes: UTF-8 text, or their hex or base64 digits."
_RECORD = "A longer record is rejected."


class ReadSettings(Declaration):
    """What may be said of every format; a format's own model is made of it.

    `format` is narrowed to ``Literal["name"]``. Fields that a model adds reach the
    format's reader as they were declared.
    """

    format: str = Field(description="The format of the files.")
    nulls: Names = Field(("",), description="Texts that mean a missing value.")
    decimal: DecimalMark = Field(".", description="The decimal mark of numbers.")
    thousands: ThousandsMark | None = Field(
        None, description="Between groups of three digits of numbers."
    )

    has_parents: ClassVar[bool] = False
    """Whether there are raw columns such as ``^.id``, of what is around a record."""

    _common: ClassVar[frozenset[str]] = frozenset(
        {"format", "nulls", "encoding", "records", "max_record_bytes"}
    )
    _of_columns: ClassVar[frozenset[str]] = frozenset({"decimal", "thousands"})

    @classmethod
    def elsewhere(cls, key: str, given: Mapping[str, Any]) -> str | None:
        """Say with which formats a key goes that does not go with this one."""
        named = {
            name
            for model in _made_of(ReadSettings)
            if key in model.model_fields and not issubclass(cls, model)
            for name in get_args(model.model_fields["format"].annotation)
        }
        ours = get_args(FileFormat)
        found = [
            *(name for name in ours if name in named),
            *sorted(named.difference(ours)),
        ]
        if not found:
            return None
        words = " and ".join(filter(None, [", ".join(found[:-1]), found[-1]]))
        return f"goes with {words}, not with {given.get('format')}"

    def raw(self) -> RawFormat:
        """Return the layout as the raw reader takes it."""
        said = self.model_dump(mode="json", by_alias=True)
        common = {name: said[name] for name in self._common & said.keys()}
        known = common.keys() | self._of_columns
        own = {name: each for name, each in said.items() if name not in known}
        given = common | {"nulls": tuple(self.nulls)}
        return RawFormat(**given, options=json.dumps(own) if own else "")


def _made_of(model: type[ReadSettings]) -> Iterator[type[ReadSettings]]:
    for each in model.__subclasses__():
        yield each
        yield from _made_of(each)


def is_above(source: str) -> bool:
    """Tell whether a raw column is of a parent of nested records.

    >>> [is_above(text) for text in ("^.id", "^^.id", "^record", "^position", "a^.b")]
    [True, True, True, True, False]
    """
    return _ABOVE.fullmatch(source) is not None


class _Text(ReadSettings):
    encoding: str = Field("utf-8", description="The encoding of texts.")
    max_record_bytes: int = Field(1_000_000, gt=0, description=_RECORD)


class Typed(ReadSettings):
    """What may be said of formats whose values have types."""

    binary: Binary = Field("text", description=_BINARY)


class JsonRead(_Text):
    """A JSON document, or JSON lines."""

    has_parents: ClassVar[bool] = True
    format: Literal["json", "jsonl"] = Field(description="The format of the files.")
    records: str | None = Field(
        None, description="Path to the records, through lists: orders.lines"
    )


class ParquetRead(Typed):
    """Parquet files."""

    format: Literal["parquet"] = Field(description="The format of the files.")


class FeatherRead(Typed):
    """Arrow's own files and streams, and Feather."""

    format: Literal["feather"] = Field(description="The format of the files.")


class OrcRead(Typed):
    """ORC files."""

    format: Literal["orc"] = Field(description="The format of the files.")


class AvroRead(Typed):
    """Avro container files."""

    format: Literal["avro"] = Field(description="The format of the files.")


class SqliteRead(Typed):
    """A table of a SQLite database."""

    format: Literal["sqlite"] = Field(description="The format of the files.")
    table: str | None = Field(
        None, min_length=1, description="The table; may be left out if there is one."
    )


class ObjectsRead(ReadSettings):
    """Images, sounds, films, documents: a row for each file."""

    format: Literal["objects"] = Field(description="The format of the files.")
    max_pixels: int = Field(
        1_000_000_000, gt=0, description="An image that claims more is rejected."
    )


def _placed(value: object) -> object:
    """Take a width alone for a field that follows the one before it."""
    if not isinstance(value, dict):
        return value
    made: dict[object, object] = {}
    behind = 1
    for name, place in value.items():
        is_width = isinstance(place, int) and not isinstance(place, bool)
        made[name] = [behind, place] if is_width else place
        last = made[name]
        if isinstance(last, list) and len(last) == 2 and _are_whole(last):  # noqa: PLR2004
            behind = last[0] + last[1]
    return made


def _are_whole(values: list[Any]) -> bool:
    return all(isinstance(each, int) for each in values)


_Whole = Annotated[int, Field(gt=0)]
_Fields = Annotated[
    dict[str, tuple[_Whole, _Whole]],
    BeforeValidator(
        _placed, json_schema_input_type=dict[str, tuple[_Whole, _Whole] | _Whole]
    ),
]


class FixedRead(_Text):
    """Fields that stand at the same characters of every line."""

    format: Literal["fixed"] = Field(description="The format of the files.")
    fields: _Fields = Field(
        min_length=1,
        description="Name: [first character, width]; a width alone follows on.",
    )
    skip: int = Field(0, ge=0, description="Lines before the first record.")
    trim: bool = Field(True, description="Take blanks around a field away.")
    short: Literal["reject", "pad"] = Field(
        "reject", description="A line that ends before its last field does."
    )


class LogRead(_Text):
    """Entries of a log, whose parts a pattern names."""

    format: Literal["log"] = Field(description="The format of the files.")
    pattern: Regex = Field(
        description="common, combined, or a regular expression with named groups."
    )
    starts_with: Regex | None = Field(
        None, description="Begins an entry; other lines belong to the entry before."
    )
    skip: int = Field(0, ge=0, description="Lines before the first entry.")
    nulls: Names = Field(("", "-"), description="Texts that mean a missing value.")

    @model_validator(mode="after")
    def _has_names(self) -> Self:
        if self.pattern not in {"common", "combined"} and "(?P<" not in self.pattern:
            message = (
                "`pattern` names no groups: it is common, combined, or a regular "
                "expression with `(?P<name>…)`"
            )
            raise ValueError(message)
        return self


def _checked_range(value: str) -> str:
    found = _CELLS.fullmatch(value)
    if found is None or (found[2] is None) != (found[4] is None):
        message = "reads like B3:H200, or B:H for whole columns"
        raise ValueError(message)
    return value


_Range = Annotated[
    str, AfterValidator(_checked_range), WithJsonSchema({"type": "string"})
]


class ExcelRead(ReadSettings):
    """Sheets of a workbook."""

    has_parents: ClassVar[bool] = True
    format: Literal["excel"] = Field(description="The format of the files.")
    sheet: int | str = Field(
        1, description="Name, number from 1, a pattern of names (`20*`), or all."
    )
    range: _Range | None = Field(None, description="The cells to read: B3:H200, B:H")
    header: int = Field(
        1, ge=0, description="Rows of the header; names of several are joined."
    )

    @model_validator(mode="after")
    def _counts_from_one(self) -> Self:
        if isinstance(self.sheet, int) and self.sheet < 1:
            message = "`sheet` counts from 1"
            raise ValueError(message)
        return self


class XmlRead(ReadSettings):
    """Elements of an XML document."""

    has_parents: ClassVar[bool] = True
    format: Literal["xml"] = Field(description="The format of the files.")
    records: str = Field(
        min_length=1, description="Path to the elements: //item, /feed/entry"
    )
    namespaces: dict[str, str] = Field(
        default={}, description="Prefix in paths and columns: namespace."
    )
    max_record_bytes: int = Field(1_000_000, gt=0, description=_RECORD)

    @model_validator(mode="after")
    def _is_path(self) -> Self:
        step = r"(\w[\w.-]*:)?([^\W\d][\w.-]*|\*)"
        if not re.fullmatch(rf"(//?)?{step}(//?{step})*", self.records):
            message = "`records` is a path of element names: //item or /feed/x:entry"
            raise ValueError(message)
        return self

"""Typed values as text, so that the one grammar makes the values of every format.

What a format holds as an Arrow column or as a Python value becomes the same text:

- whole numbers and decimals: their digits, without an exponent
- doubles: the shortest digits that read back as the same double; ``nan``, ``inf``;
  a narrower float is widened before, which is exact
- instants: the wall clock in UTC with a ``Z`` behind it; wall clocks without
- dates ``2024-01-31``, times of day ``17:05:09[.123456]``, durations as seconds
- booleans ``true`` and ``false``; a UUID as it is written
- bytes as UTF-8 text, or as their hex or base64 digits
- lists, structures and maps as JSON, in which numbers keep their digits and what JSON has
  no word for is a string
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["NOT_TEXT", "canonical_text", "json_rows", "spelt", "spelt_json"]

NOT_TEXT = "text that is not Unicode, or has a NUL"

_BARE = frozenset({"nan", "inf", "-inf", "infinity"})
_LEAST, _MOST = 1e-6, 1e21
_FRACTIONS = {"s": 0, "ms": 3, "us": 6, "ns": 9}


def canonical_text(
    column: pa.Array, unsound: dict[int, str], source: str, binary: str = "text"
) -> pa.Array:
    """Return a column as text that the grammar reads back without loss.

    Parameters
    ----------
    column : of any type but an interval
    unsound : gets the rows whose cells are no sound text, and `source`
    binary : how bytes are spelt: text, hex or base64
    """
    column, kind = _plain(column)
    if pa.types.is_nested(kind):
        return _checked(_nested(column, binary), unsound, source)
    if _is_text(kind) or (_is_bytes(kind) and binary == "text"):
        return _sound(column.cast(pa.large_binary()), unsound, source)
    return _scalar_text(column, kind, binary)


def _plain(column: pa.Array) -> tuple[pa.Array, pa.DataType]:
    """Take away what is only a way to store values."""
    while True:
        kind = column.type
        if pa.types.is_dictionary(kind):
            column = column.dictionary_decode()
        elif pa.types.is_run_end_encoded(kind):
            column = pc.run_end_decode(column)
        elif isinstance(kind, pa.UuidType):
            spellings = (each and str(each) for each in column.to_pylist())
            return pa.array(list(spellings), pa.string()), pa.string()
        elif isinstance(kind, pa.BaseExtensionType):
            column = column.storage
        else:
            return column, kind


def _scalar_text(column: pa.Array, kind: pa.DataType, binary: str) -> pa.Array:
    if _is_bytes(kind):
        return _each(column, _SPELL_BYTES[binary])
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        column = column.cast(pa.timestamp(kind.unit, "UTC"))
    if pa.types.is_floating(kind):
        return _doubles(column.cast(pa.float64()))
    if pa.types.is_duration(kind):
        places = _FRACTIONS[kind.unit]
        ticks = column.cast(pa.int64())
        return _each(ticks, lambda value: format(Decimal(value).scaleb(-places), "f"))
    text = column.cast(pa.string())
    if pa.types.is_decimal(kind) and pc.any(pc.match_substring(text, "E")).as_py():
        return _each(column, lambda value: format(value, "f"))
    return text


def _doubles(column: pa.Array) -> pa.Array:
    """Spell doubles; Arrow writes an exponent from 1e10 on, which is no whole number."""
    text = column.cast(pa.string())
    is_big = pc.and_(pc.match_substring(text, "e+"), pc.less(pc.abs(column), _MOST))
    is_big = pc.fill_null(is_big, False)
    if not pc.any(is_big).as_py():
        return text
    spellings = [_double(value) for value in column.filter(is_big).to_pylist()]
    return pc.replace_with_mask(text, is_big, pa.array(spellings, pa.string()))


def _is_text(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    )


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    return bool(
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_binary_view(kind)
        or types.is_fixed_size_binary(kind)
    )


def _each(column: pa.Array, spell: Callable[[Any], str]) -> pa.Array:
    values = (None if value is None else spell(value) for value in column.to_pylist())
    return pa.array(list(values), pa.string())


def _sound(column: pa.Array, unsound: dict[int, str], source: str) -> pa.Array:
    with_nul = pc.any(pc.match_substring(column, b"\0")).as_py()
    if not with_nul:
        try:
            return column.cast(pa.large_string()).cast(pa.string())
        except pa.ArrowInvalid:
            pass
    return _checked(column.to_pylist(), unsound, source)


def _checked(
    values: Iterable[str | bytes | None], unsound: dict[int, str], source: str
) -> pa.Array:
    texts: list[str | None] = []
    for row, value in enumerate(values):
        text = _decoded(value)
        if text is not None and "\0" in text:
            unsound.setdefault(row, source)
            text = None
        texts.append(text)
    return pa.array(texts, pa.string())


def _decoded(value: str | bytes | None) -> str | None:
    """Return sound text; what is not is a NUL."""
    try:
        if isinstance(value, str):
            value.encode()
            return value
        return None if value is None else value.decode()
    except UnicodeError:
        return "\0"


def _nested(column: pa.Array, binary: str) -> list[str | None]:
    """Return the JSON of every cell of a column of lists, structures or maps."""
    valid = column.is_valid().to_pylist()
    spelled = _inner(column, binary)
    return [text if known else None for text, known in zip(spelled, valid, strict=True)]


def _inner(column: pa.Array, binary: str) -> list[str]:
    """Return the JSON of every cell; a missing one is ``null``."""
    column, kind = _plain(column)
    types = pa.types
    if types.is_struct(kind):
        return _objects(column, kind, binary)
    if types.is_map(kind):
        return _maps(column, binary)
    if types.is_nested(kind):
        if not (types.is_list(kind) or types.is_large_list(kind)):
            items = getattr(kind, "value_type", None)
            if items is None:
                raise pa.ArrowInvalid(f"values of {kind} have no text")
            column = column.cast(pa.large_list(items))
        return _lists(column, binary)
    unsound: dict[int, str] = {}
    texts = canonical_text(column, unsound, "", binary).to_pylist()
    is_bare = (
        types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_decimal(kind)
        or types.is_boolean(kind)
        or types.is_duration(kind)
    )
    for row in unsound:
        texts[row] = "\0"  # makes the whole cell unsound
    return [_json_scalar(text, is_bare=is_bare) for text in texts]


def _json_scalar(text: str | None, *, is_bare: bool) -> str:
    if text is None:
        return "null"
    if text == "\0":
        return text
    return text if is_bare and text not in _BARE else _quoted(text)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _objects(column: pa.Array, kind: pa.DataType, binary: str) -> list[str]:
    names = [_quoted(field.name) for field in kind]
    children = [_inner(child, binary) for child in column.flatten()]
    valid = column.is_valid().to_pylist()
    rows = zip(*children, strict=True) if children else iter(lambda: (), None)
    found = []
    for known, row in zip(valid, rows, strict=False):
        pairs = zip(names, row, strict=True)
        inner = ",".join(f"{name}:{text}" for name, text in pairs)
        found.append(f"{{{inner}}}" if known else "null")
    return found


def _lists(column: pa.Array, binary: str) -> list[str]:
    flat = _inner(column.flatten(), binary)
    counts = pc.list_value_length(column).to_pylist()
    found, at = [], 0
    for count in counts:
        if count is None:
            found.append("null")
            continue
        found.append(f"[{','.join(flat[at : at + count])}]")
        at += count
    return found


def _maps(column: pa.Array, binary: str) -> list[str]:
    found = []
    for cell in column:
        if not cell.is_valid:
            found.append("null")
            continue
        pairs = cell.values
        keys, values = pairs.field(0), pairs.field(1)
        unsound: dict[int, str] = {}
        names = canonical_text(keys, unsound, "", binary).to_pylist()
        texts = _inner(values, binary)
        inner = ",".join(
            f"{_quoted(name or '')}:{text}"
            for name, text in zip(names, texts, strict=True)
        )
        found.append("\0" if unsound else f"{{{inner}}}")
    return found


def json_rows(batch: pa.RecordBatch, binary: str = "text") -> list[str]:
    """Return every row of a batch as JSON, whatever is in it."""
    rows = pa.StructArray.from_arrays(batch.columns, fields=list(batch.schema))
    return [text.replace("\0", '"\\u0000"') for text in _inner(rows, binary)]


_SPELL_BYTES: Mapping[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "base64": lambda value: b64encode(value).decode(),
    "text": lambda value: _decoded(value) or "",
}


def spelt(value: object, binary: str = "text") -> str | None:
    r"""Return the text of a Python value, as `canonical_text` does of a column.

    Text that is not sound is ``\0``.

    >>> from decimal import Decimal
    >>> spelt(Decimal("1E+3")), spelt(True), spelt(1e22), spelt([1, None])
    ('1000', 'true', '1e+22', '[1,null]')
    """
    found: str | None
    match value:
        case None | str():
            found = _decoded(value)
        case bytes() | bytearray() | memoryview():
            found = _SPELL_BYTES[binary](bytes(value))
        case bool():
            found = "true" if value else "false"
        case float():
            found = _double(value)
        case Decimal():
            is_number = value.is_finite()
            found = format(value, "f") if is_number else str(value).lower()
        case datetime():
            found = _moment(value)
        case timedelta():
            ticks = value // timedelta(microseconds=1)
            found = _trimmed(format(Decimal(ticks).scaleb(-6), "f"))
        case int() | date() | time() | UUID():
            found = str(value)
        case _:
            found = spelt_json(value, binary)
    return found


def _double(value: float) -> str:
    """Spell a double by the fewest digits; without an exponent from 1e-6 to 1e21."""
    text = repr(value).removesuffix(".0")
    if "e" not in text:
        return text
    if _LEAST <= abs(value) < _MOST:
        return format(Decimal(text), "f")
    digits, _, power = text.partition("e")
    return f"{digits}e{'-' if power[0] == '-' else '+'}{power[1:].lstrip('0')}"


def _trimmed(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat(" ")
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(' ')}Z"


def spelt_json(value: object, binary: str = "text") -> str:
    """Return a value as JSON whose numbers keep their digits."""
    match value:
        case None:
            return "null"
        case dict():
            inner = ",".join(
                f"{_quoted(spelt(key, binary) or '')}:{spelt_json(each, binary)}"
                for key, each in value.items()
            )
            return f"{{{inner}}}"
        case list() | tuple():
            return f"[{','.join(spelt_json(each, binary) for each in value)}]"
    text = spelt(value, binary) or ""
    if isinstance(value, bool | int | float | Decimal | timedelta) and text not in _BARE:
        return text
    return text if text == "\0" else _quoted(text)

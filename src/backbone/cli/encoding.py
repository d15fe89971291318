"""JSON and CSV of answers, the same for every verb.

Numbers keep all their digits (a decimal is a JSON number); NaN and the infinities, which
JSON cannot spell, are null; instants end in ``Z``, wall clocks do not; bytes are base64.
Both formats are UTF-8 whatever the terminal speaks.
"""

from __future__ import annotations

import base64
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["csv_lines", "json_lines", "json_text", "print_data", "print_json"]

_quoted = json.encoder.encode_basestring
_INDENT = "  "
_NEEDS_QUOTES = frozenset(',"\r\n')


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    print_data([json_text(value, indent=0)])


def print_data(lines: Iterable[str]) -> None:
    """Write lines of data to stdout."""
    out = sys.stdout.buffer
    for line in lines:
        out.write(line.encode("utf-8", "surrogateescape"))
        out.write(b"\n")
    out.flush()


def json_text(value: Any, *, indent: int | None = None) -> str:
    r"""Write a value as JSON, on one line or indented from level `indent` on.

    >>> json_text({"n": Decimal("1.50"), "at": datetime(2013, 1, 1, tzinfo=UTC)})
    '{"n": 1.50, "at": "2013-01-01T00:00:00Z"}'
    >>> json_text([math.nan, b"ab"])
    '[null, "YWI="]'
    """
    if isinstance(value, Mapping):
        pairs = [
            f"{_quoted(str(key))}: {json_text(one, indent=_next(indent))}"
            for key, one in value.items()
        ]
        return _bracketed("{}", pairs, indent)
    if isinstance(value, list | tuple | set | frozenset) and not _is_interval(value):
        items = sorted(value) if isinstance(value, set | frozenset) else value
        return _bracketed(
            "[]", [json_text(i, indent=_next(indent)) for i in items], indent
        )
    return _scalar(value)


def _next(indent: int | None) -> int | None:
    return None if indent is None else indent + 1


def _bracketed(pair: str, items: Sequence[str], indent: int | None) -> str:
    if indent is None or not items:
        return pair[0] + ", ".join(items) + pair[1]
    inner, outer = "\n" + _INDENT * (indent + 1), "\n" + _INDENT * indent
    return pair[0] + inner + f",{inner}".join(items) + outer + pair[1]


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "null"
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "null"
    return _quoted(_text(value))


def _is_interval(value: Any) -> bool:
    """Tell whether a value is Arrow's interval of months, days and nanoseconds."""
    return hasattr(value, "nanoseconds") and hasattr(value, "months")


def _text(value: Any) -> str:
    """Return a value that JSON has no number for, as text."""
    if _is_interval(value):
        seconds = f"{value.nanoseconds / 1e9:.6f}".rstrip("0").rstrip(".")
        return f"P{value.months}M{value.days}DT{seconds}S"
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"PT{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "S"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def _instant(value: datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def json_lines(table: pa.Table) -> Iterator[str]:
    """Yield the lines of one JSON array, an object per row, batch by batch."""
    names = [_quoted(name) + ": " for name in table.column_names]
    if not table.num_rows:
        yield "[]"
        return
    before = "["
    for columns in _batches(table, _json_cells):
        for row in zip(*columns, strict=True):
            yield before
            pairs = ", ".join([n + c for n, c in zip(names, row, strict=True)])
            before = f"  {{{pairs}}},"
    yield before.removesuffix(",")
    yield "]"


def csv_lines(table: pa.Table) -> Iterator[str]:
    """Yield a header and a line per row; null is empty, an empty text is ``""``."""
    yield ",".join(map(_csv_quoted, table.column_names))
    for columns in _batches(table, _csv_cells):
        for row in zip(*columns, strict=True):
            yield ",".join(row)


def _batches(
    table: pa.Table, cells: Callable[[pa.Array], list[str]]
) -> Iterator[list[list[str]]]:
    for batch in table.to_batches(max_chunksize=10_000):
        yield [cells(column) for column in batch.columns]


def _json_cells(column: pa.Array) -> list[str]:
    return [_cell_json(value) for value in column.to_pylist()]


def _cell_json(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    return json_text(value)


def _csv_cells(column: pa.Array) -> list[str]:
    return [_cell_csv(value) for value in column.to_pylist()]


def _cell_csv(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return _csv_quoted(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bool | int | Decimal | list | Mapping):
        return _csv_quoted(json_text(value))
    return _csv_quoted(_text(value))


def _csv_quoted(text: str) -> str:
    if text and _NEEDS_QUOTES.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'

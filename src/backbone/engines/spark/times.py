"""Dates and times of the portable subset as Spark SQL.

Sessions are in UTC; a wall clock is cast to an instant, and back, without moving.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.generator import Generator

from backbone.engines.spark.casts import Print, as_double, as_long
from backbone.sql.portable.checks import PARTS
from backbone.sql.portable.formats import pieces
from backbone.sql.types import ValueType, type_of

__all__ = ["NAMED_TIMES", "TIMES", "added", "interval_units", "subtracted"]

_WALL = "TIMESTAMP_NTZ"
_MICROS = 1_000_000
_FIELDS = {
    "year": "YEAR", "quarter": "QUARTER", "month": "MONTH", "week": "WEEK", "day": "DAY",
    "hour": "HOUR", "minute": "MINUTE", "isodow": "DAYOFWEEK_ISO", "doy": "DOY",
    "isoyear": "YEAROFWEEK",
}  # fmt: skip
_SIZES = {
    "week": 604_800 * _MICROS, "day": 86_400 * _MICROS, "hour": 3_600 * _MICROS,
    "minute": 60 * _MICROS, "second": _MICROS, "millisecond": 1_000, "microsecond": 1,
}  # fmt: skip
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_LETTERS = {
    "Y": "yyyy", "m": "MM", "d": "dd", "H": "HH", "M": "mm", "S": "ss", "f": "SSSSSS",
    "j": "DDD", "y": "yy", "b": "MMM", "B": "MMMM", "a": "EEE", "A": "EEEE", "I": "hh",
    "p": "a", "-d": "d", "-m": "M",
}  # fmt: skip


def part(name: str, text: str) -> str:
    """Print a part of a time by its first spelling."""
    if name in _FIELDS:
        return f"CAST(EXTRACT({_FIELDS[name]} FROM {text}) AS BIGINT)"
    if name == "dow":
        return f"CAST(EXTRACT(DAYOFWEEK FROM {text}) - 1 AS BIGINT)"
    size = {"second": 1, "millisecond": 1_000, "microsecond": _MICROS}[name]
    return f"CAST(FLOOR(EXTRACT(SECOND FROM {text}) * {size}) AS BIGINT)"


def _seconds(self: Generator, value: exp.Expr) -> str:
    """Print the seconds since 1970; DuckDB adds those of an instant in two parts."""
    text = f"CAST({self.sql(value)} AS TIMESTAMP)"
    if type_of(value).kind == "timestamp":
        parts = f"UNIX_MILLIS({text}) / 1e3D + PMOD(UNIX_MICROS({text}), 1000) / 1e6D"
        return f"({parts})"
    return f"(CAST(UNIX_MICROS({text}) AS DOUBLE) / 1e6D)"


def _part(name: str) -> Print:
    def print_(self: Generator, node: exp.Expr) -> str:
        value = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
        return part(name, self.sql(value))

    return print_


def _extracted(self: Generator, node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        told, value = node.expressions
    else:
        told, value = node.this, node.expression
    name = PARTS[told.name.lower()]
    return _seconds(self, value) if name == "epoch" else part(name, self.sql(value))


def interval_units(unit: str) -> str:
    """Return a unit of an interval in singular, as the tables here name it."""
    return unit.lower().removesuffix("s")


def _interval(self: Generator, node: exp.Expr) -> str:
    """An interval is a number of the smallest unit that Spark adds exactly."""
    if isinstance(node, exp.Interval):
        unit, given = interval_units(node.args["unit"].name), node.this
    elif isinstance(node, exp.ToDays):
        unit, given = "day", node.this
    else:
        unit, given = interval_units(str(node.name)[3:]), node.expressions[0]
    count = given.name if isinstance(given, exp.Literal) else None
    if count is not None and (told := _constant_interval(count, unit)) is not None:
        return told
    if unit in _MONTHS:
        return f"({as_long(self, given)} * {_MONTHS[unit]} * INTERVAL '1' MONTH)"
    if unit == "second" and type_of(given).kind in {"double", "decimal"}:
        return _of_seconds(as_double(self, given))
    if unit in {"millisecond", "microsecond"}:
        per_second = 1_000 if unit == "millisecond" else _MICROS
        return _of_seconds(f"{count or as_long(self, given)} / {per_second}e0")
    if unit == "week":
        return f"({as_long(self, given)} * 7L * INTERVAL '1' DAY)"
    return f"({as_long(self, given)} * INTERVAL '1' {unit.upper()})"


def _constant_interval(count: str, unit: str) -> str | None:
    if not count.lstrip("-").isdigit() or unit in {"millisecond", "microsecond"}:
        return None
    if unit in _MONTHS:
        return f"INTERVAL '{int(count) * _MONTHS[unit]}' MONTH"
    if unit == "week":
        return f"INTERVAL '{int(count) * 7}' DAY"
    return f"INTERVAL '{count}' {unit.upper()}"


def _of_seconds(seconds: str) -> str:
    return f"MAKE_DT_INTERVAL(0, 0, 0, CAST({seconds} AS DECIMAL(18, 6)))"


def added(self: Generator, node: exp.Expr) -> str | None:
    """Print a time and what is added to it; None if it is about numbers."""
    return _moved(self, node.this, node.expression, "+") or _moved(
        self, node.expression, node.this, "+"
    )


def subtracted(self: Generator, node: exp.Expr) -> str | None:
    """Print what is taken from a time; None if it is about numbers."""
    left, right = type_of(node.this), type_of(node.expression)
    if left.kind == right.kind == "date":
        days = self.func("DATEDIFF", node.this, node.expression)
        return f"CAST({days} AS BIGINT)"
    return _moved(self, node.this, node.expression, "-")


def _moved(self: Generator, time: exp.Expr, by: exp.Expr, sign: str) -> str | None:
    told, moved = type_of(time), type_of(by)
    text = self.sql(time)
    if told.kind == "date" and moved.kind == "integer":
        name = "DATE_ADD" if sign == "+" else "DATE_SUB"
        return f"{name}({text}, CAST({self.sql(by)} AS INT))"
    if told.is_time and moved.kind == "interval":
        start = f"CAST({text} AS {_WALL})" if told.kind == "date" else text
        return f"({start} {sign} {self.sql(by)})"
    return None


def _as_type(told: ValueType, instant: str) -> str:
    """Print an instant as the type that a value of `told` keeps."""
    return (
        instant
        if told.kind in {"timestamp", "unknown"}
        else f"CAST({instant} AS {_WALL})"
    )


def _truncated(self: Generator, node: exp.Expr) -> str:
    unit = interval_units(node.args["unit"].name).upper()
    instant = f"DATE_TRUNC('{unit}', CAST({self.sql(node, 'this')} AS TIMESTAMP))"
    return _as_type(type_of(node.this), instant)


def _difference(self: Generator, node: exp.Expr) -> str:
    """How often a unit changes: both times are cut to it first."""
    unit = interval_units(node.args["unit"].name)
    later, earlier = self.sql(node, "this"), self.sql(node, "expression")
    if unit in _MONTHS:
        size = _MONTHS[unit]
        return f"({_count_of_months(later, size)} - {_count_of_months(earlier, size)})"
    if unit in {"day", "week"}:
        days = f"DATEDIFF(CAST({later} AS DATE), CAST({earlier} AS DATE))"
        return f"CAST({days} AS BIGINT)" if unit == "day" else f"({days} DIV 7)"
    cut = (
        f"UNIX_MICROS(DATE_TRUNC('{unit.upper()}', CAST({each} AS TIMESTAMP)))"
        for each in (later, earlier)
    )
    return f"(({' - '.join(cut)}) DIV {_SIZES[unit]})"


def _count_of_months(text: str, size: int) -> str:
    year, month = part("year", text), part("month", text)
    return year if size == 12 else f"({year} * {12 // size} + ({month} - 1) DIV {size})"  # noqa: PLR2004 - months


def _date(self: Generator, node: exp.Expr) -> str:
    parts = (f"CAST({self.sql(node, key)} AS INT)" for key in ("year", "month", "day"))
    return f"MAKE_DATE({', '.join(parts)})"


def _timestamp(self: Generator, node: exp.Expr) -> str:
    keys = ("year", "month", "day", "hour", "min")
    parts = [f"CAST({self.sql(node, key)} AS INT)" for key in keys]
    seconds = f"CAST({self.sql(node, 'sec')} AS DECIMAL(16, 6))"
    return f"MAKE_TIMESTAMP_NTZ({', '.join(parts)}, {seconds})"


def _epoch(self: Generator, node: exp.Expr) -> str:
    told, text = type_of(node.this), self.sql(node, "this")
    if not node.args.get("scale"):
        micros = f"CAST(RINT({as_double(self, node.this)} * 1e6D) AS BIGINT)"
        return f"TIMESTAMP_MICROS({micros})"
    if told.is_time:
        return f"(UNIX_MICROS(CAST({text} AS TIMESTAMP)) DIV 1000)"
    return f"CAST(TIMESTAMP_MILLIS({text}) AS {_WALL})"


def java_format(text: str) -> str:
    """Return a format of strftime as one of Java.

    >>> java_format("%d.%m.%Y o'clock")
    "dd'.'MM'.'yyyy' o''clock'"
    """
    made, plain = "", ""
    for piece, is_directive in pieces(text):
        if is_directive:
            made, plain = made + _plainly(plain) + _LETTERS[piece], ""
        else:
            plain += piece
    return made + _plainly(plain)


def _plainly(text: str) -> str:
    return "'" + text.replace("'", "''") + "'" if text else ""


def _written(self: Generator, node: exp.Expr) -> str:
    told = self.sql(exp.Literal.string(java_format(node.args["format"].name)))
    return f"DATE_FORMAT({self.sql(node, 'this')}, {told})"


def _named(letters: str) -> Print:
    return lambda self, node: f"DATE_FORMAT({self.sql(node, 'this')}, '{letters}')"


def _bucket(self: Generator, node: exp.Expr) -> str:
    told, text = type_of(node.expression), self.sql(node, "expression")
    unit = interval_units(node.this.args["unit"].name)
    count = int(node.this.this.name)
    if unit in _MONTHS:
        return _bucket_of_months(told, text, count * _MONTHS[unit])
    origin = node.args.get("unit")
    start = (
        f"UNIX_MICROS(CAST({self.sql(origin)} AS TIMESTAMP))"
        if origin is not None
        else "946857600000000L"  # 2000-01-03, a Monday
    )
    micros = f"UNIX_MICROS(CAST({text} AS TIMESTAMP))"
    instant = (
        f"TIMESTAMP_MICROS({micros} - PMOD({micros} - {start}, {count * _SIZES[unit]}L))"
    )
    if told.kind == "date" and (origin is None or type_of(origin).kind == "date"):
        return f"CAST({instant} AS DATE)"
    return _as_type(told, instant)


def _bucket_of_months(told: ValueType, text: str, width: int) -> str:
    months = f"(YEAR({text}) * 12 + MONTH({text}) - 1)"
    first = f"({months} - PMOD({months} - 24000, {width}))"
    day = f"MAKE_DATE({first} DIV 12, CAST(PMOD({first}, 12) + 1 AS INT), 1)"
    day = day.replace(f"{first} DIV 12", f"CAST({first} DIV 12 AS INT)")
    if told.kind == "date":
        return day
    return _as_type(told, f"CAST({day} AS TIMESTAMP)")


TIMES: dict[type[exp.Expr], Print] = {
    exp.DateBin: _bucket,
    exp.DateDiff: _difference,
    exp.DateFromParts: _date,
    exp.DateTrunc: _truncated,
    exp.Day: _part("day"),
    exp.DayOfMonth: _part("day"),
    exp.DayOfWeek: _part("dow"),
    exp.DayOfWeekIso: _part("isodow"),
    exp.DayOfYear: _part("doy"),
    exp.Dayname: _named("EEEE"),
    exp.Extract: _extracted,
    exp.Hour: _part("hour"),
    exp.Interval: _interval,
    exp.LastDay: lambda self, node: f"LAST_DAY(CAST({self.sql(node, 'this')} AS DATE))",
    exp.Minute: _part("minute"),
    exp.Month: _part("month"),
    exp.Monthname: _named("MMMM"),
    exp.Quarter: _part("quarter"),
    exp.Second: _part("second"),
    exp.TimeToStr: _written,
    exp.TimeToUnix: lambda self, node: _seconds(self, node.this),
    exp.TimestampFromParts: _timestamp,
    exp.TimestampTrunc: _truncated,
    exp.ToDays: _interval,
    exp.UnixToTime: _epoch,
    exp.Week: _part("week"),
    exp.WeekOfYear: _part("week"),
    exp.Year: _part("year"),
}


def _to_utc(self: Generator, node: exp.Expr) -> str:
    time, zone = node.expressions
    wall = f"CAST(CAST({self.sql(time)} AS {_WALL}) AS TIMESTAMP)"
    return f"TO_UTC_TIMESTAMP({wall}, {self.sql(zone)})"


def _to_local(self: Generator, node: exp.Expr) -> str:
    time, zone = node.expressions
    moved = f"FROM_UTC_TIMESTAMP(CAST({self.sql(time)} AS TIMESTAMP), {self.sql(zone)})"
    return f"CAST({moved} AS {_WALL})"


NAMED_TIMES: dict[str, Print] = {
    "date_part": _extracted,
    "datepart": _extracted,
    "isoyear": _part("isoyear"),
    "weekday": _part("dow"),
    "to_local": _to_local,
    "to_utc": _to_utc,
    **dict.fromkeys(
        (f"to_{unit}s" for unit in ("year", "month", "week", "hour", "minute", "second")),
        _interval,
    ),
}

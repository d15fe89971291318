"""The portable subset: dates and times."""

from __future__ import annotations

from sqlglot import exp

from backbone.sql.portable.checks import (
    PARTS,
    all_of,
    arity,
    named_of,
    part_of,
    unit_of,
    without,
)
from backbone.sql.portable.formats import check_format, check_parsed
from backbone.sql.portable.rows import Refusal, Row, row

__all__ = ["TIMES"]

_INTERVALS = {
    f"to_{unit}s" for unit in ("year", "month", "week", "day", "hour", "minute", "second")
}
_T = "timestamp '2013-03-10 07:05:09.25'"


def _origin(node: exp.Expr) -> Refusal | None:
    width = node.this
    if not (
        isinstance(width, exp.Interval)
        and isinstance(width.this, exp.Literal)
        and width.args.get("unit")
    ):
        return Refusal(
            "takes a constant interval", "Write `time_bucket(interval 15 minutes, t)`."
        )
    origin = node.args.get("unit")
    if origin is not None and not isinstance(origin, exp.Cast):
        return Refusal(
            "takes an origin that is a constant", "Write `timestamp '2013-01-01'`."
        )
    return named_of(
        width.args["unit"],
        ("year", "quarter", "month", "week", "day", "hour", "minute", "second"),
        "unit",
    )


def _interval(node: exp.Expr) -> Refusal | None:
    if not node.args.get("unit"):
        return Refusal("has several units, or none", "Write `interval 90 minutes`.")
    return unit_of(node)


def _microseconds(node: exp.Expr) -> Refusal | None:
    scale = node.args.get("scale")
    if scale is not None and scale.name == "6":
        return Refusal("makes a time of microseconds", "Write `to_timestamp(x / 1e6)`.")
    return None


TIMES: tuple[Row, ...] = (
    row(
        "date '…', timestamp '…', timestamptz '…'",
        (),
        "a time",
        ("date '2013-01-31'", "2013-01-31"),
        ("timestamp '2013-01-31 17:05:00.5'", "2013-01-31 17:05:00.500000"),
        ("timestamptz '2013-01-31 17:05:00+02:00'", "2013-01-31 15:05:00Z"),
        note="a `date`, a `datetime` (a wall clock), a `timestamp` (an instant)",
    ),
    row(
        "interval n unit",
        (exp.Interval, exp.ToDays, *sorted(_INTERVALS)),
        "an interval",
        ("timestamp '2013-01-31' + interval 1 month", "2013-02-28 00:00:00"),
        (
            "timestamptz '2013-01-31 00:00:00Z' + interval '90' minutes",
            "2013-01-31 01:30:00Z",
        ),
        ("date '2013-01-31' + interval 1 day", "2013-02-01 00:00:00"),
        ("timestamp '2013-01-31' - to_minutes(90)", "2013-01-30 22:30:00"),
        note="added to a date it makes a `datetime`; also `to_years(n)` … `to_seconds(n)`",
        also=" ".join(["to_days", *sorted(_INTERVALS)]),
        check=lambda node: _interval(node) if isinstance(node, exp.Interval) else None,
    ),
    row(
        "date + n",
        (),
        "date",
        ("date '2013-01-31' + 1", "2013-02-01"),
        ("date '2013-03-01' - 1", "2013-02-28"),
        (
            "select date '2013-01-31' + n as d from range(2) s(n)",
            "2013-01-31 | 2013-02-01",
        ),
        note="`n` days",
    ),
    row(
        "date - date",
        (),
        "integer",
        ("date '2013-03-01' - date '2013-02-01'", "28"),
        note="days",
    ),
    row("year(t)", exp.Year, "integer", ("year(date '2013-03-10')", "2013"), also="year"),
    row("month(t)", exp.Month, "integer", ("month(date '2013-03-10')", "3")),
    row(
        "day(t)",
        (exp.Day, exp.DayOfMonth),
        "integer",
        ("day(date '2013-03-10')", "10"),
        also="dayofmonth",
    ),
    row("hour(t)", exp.Hour, "integer", (f"hour({_T})", "7")),
    row("minute(t)", exp.Minute, "integer", (f"minute({_T})", "5")),
    row("second(t)", exp.Second, "integer", (f"second({_T})", "9"), note="whole seconds"),
    row("quarter(t)", exp.Quarter, "integer", ("quarter(date '2013-03-10')", "1")),
    row(
        "week(t)",
        (exp.Week, exp.WeekOfYear),
        "integer",
        ("week(date '2012-12-31')", "1"),
        also="weekofyear",
        note="of ISO 8601",
    ),
    row(
        "isoyear(t)",
        "isoyear",
        "integer",
        ("isoyear(date '2012-12-31')", "2013"),
        note="the year that the ISO week belongs to",
        check=arity(1, 1, "isoyear(t)"),
    ),
    row(
        "dayofweek(t)",
        (exp.DayOfWeek, "weekday"),
        "integer",
        ("dayofweek(date '2013-03-10')", "0"),
        also="weekday",
        note="0 is Sunday",
    ),
    row(
        "isodow(t)",
        exp.DayOfWeekIso,
        "integer",
        ("isodow(date '2013-03-10')", "7"),
        note="1 is Monday, 7 Sunday",
    ),
    row("dayofyear(t)", exp.DayOfYear, "integer", ("dayofyear(date '2013-03-10')", "69")),
    row(
        "extract(part from t)",
        (exp.Extract, "date_part", "datepart"),
        "part",
        (f"extract(hour from {_T})", "7"),
        (f"date_part('millisecond', {_T})", "9250"),
        (f"extract(epoch from {_T})", "1362899109.25"),
        also="date_part datepart",
        note="parts: " + ", ".join(f"`{part}`" for part in PARTS),
        check=part_of,
    ),
    row(
        "monthname(t)",
        exp.Monthname,
        "string",
        ("monthname(date '2013-03-10')", "'March'"),
        check=without("abbreviated", instead="Write `monthname(t)`."),
    ),
    row(
        "dayname(t)",
        exp.Dayname,
        "string",
        ("dayname(date '2013-03-10')", "'Sunday'"),
        check=without("abbreviated", instead="Write `dayname(t)`."),
    ),
    row(
        "last_day(t)",
        exp.LastDay,
        "date",
        ("last_day(date '2013-02-10')", "2013-02-28"),
        check=without("unit", instead="Write `last_day(t)`."),
    ),
    row(
        "date_trunc(unit, t)",
        (exp.TimestampTrunc, exp.DateTrunc),
        "trunc",
        (f"date_trunc('hour', {_T})", "2013-03-10 07:00:00"),
        ("date_trunc('month', date '2013-03-10')", "2013-03-01 00:00:00"),
        ("date_trunc('week', timestamp '2013-03-10')", "2013-03-04 00:00:00"),
        ("date_trunc('day', timestamptz '2013-03-10 07:05:09Z')", "2013-03-10 00:00:00Z"),
        note="a `timestamp` stays one (days are those of UTC), all else is a `datetime`; weeks begin on Monday",
        also="datetrunc",
        check=all_of(
            unit_of,
            without("zone", instead="Write `date_trunc('day', to_local(t, zone))`."),
        ),
    ),
    row(
        "date_diff(unit, a, b)",
        exp.DateDiff,
        "integer",
        ("date_diff('day', date '2013-01-31', date '2013-02-01')", "1"),
        ("date_diff('month', date '2013-01-31', date '2013-02-01')", "1"),
        (
            "date_diff('hour', timestamp '2013-01-01 00:59:00', timestamp '2013-01-01 01:00:00')",
            "1",
        ),
        ("date_diff('week', date '2013-03-10', date '2013-03-17')", "1"),
        note="how many times the unit changes from `a` to `b`; weeks are seven days",
        also="datediff",
        check=unit_of,
    ),
    row(
        "make_date(year, month, day)",
        exp.DateFromParts,
        "date",
        ("make_date(2013, 3, 10)", "2013-03-10"),
        note="an error if there is no such day",
    ),
    row(
        "make_timestamp(year, month, day, hour, minute, second)",
        exp.TimestampFromParts,
        "datetime",
        ("make_timestamp(2013, 3, 10, 7, 5, 9.25)", "2013-03-10 07:05:09.250000"),
    ),
    row(
        "epoch(t)",
        exp.TimeToUnix,
        "double",
        (f"epoch({_T})", "1362899109.25"),
        ("epoch(date '1970-01-02')", "86400.0"),
        note="seconds since 1970; a `datetime` counts as UTC",
    ),
    row(
        "epoch_ms(t)",
        exp.UnixToTime,
        "epoch",
        (f"epoch_ms({_T})", "1362899109250"),
        ("epoch_ms(1362899109250)", "2013-03-10 07:05:09.250000"),
        ("to_timestamp(1362899109.25e0)", "2013-03-10 07:05:09.250000Z"),
        also="to_timestamp",
        note="milliseconds, and back to a `datetime`; `to_timestamp(seconds)` makes a `timestamp`",
        check=_microseconds,
    ),
    row(
        "epoch_us(t)",
        "epoch_us",
        "integer",
        (f"epoch_us({_T})", "1362899109250000"),
        check=arity(1, 1, "epoch_us(t)"),
    ),
    row(
        "strftime(t, format)",
        exp.TimeToStr,
        "string",
        (f"strftime({_T}, '%d.%m.%Y %H:%M')", "'10.03.2013 07:05'"),
        (
            "strftime(date '2013-03-10', '%a %-d %b %y, day %j')",
            "'Sun 10 Mar 13, day 069'",
        ),
        note="see [formats](#formats)",
        check=check_format,
    ),
    row(
        "strptime(s, format)",
        (exp.StrToTime, "try_strptime"),
        "datetime",
        ("strptime('10.03.2013 07:05', '%d.%m.%Y %H:%M')", "2013-03-10 07:05:00"),
        ("try_strptime('30.02.2013', '%d.%m.%Y')", "null"),
        also="try_strptime",
        note="an error if `s` is not so; `try_strptime` is null then; see [formats](#formats)",
        check=check_parsed,
    ),
    row(
        "time_bucket(width, t [, origin])",
        exp.DateBin,
        "bucket",
        (f"time_bucket(interval 15 minutes, {_T})", "2013-03-10 07:00:00"),
        ("time_bucket(interval 2 months, date '2013-04-10')", "2013-03-01"),
        (
            "time_bucket(interval 1 week, timestamptz '2013-03-10 07:05:09Z')",
            "2013-03-04 00:00:00Z",
        ),
        (
            f"time_bucket(interval 6 hours, {_T}, timestamp '2013-01-01 03:00:00')",
            "2013-03-10 03:00:00",
        ),
        note="the start of the bucket; they are counted from 2000-01-03 (months from 2000-01-01), or from the origin",
        check=_origin,
    ),
)

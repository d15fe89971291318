"""Random expressions of the portable subset, and a table of values at the edges."""

from __future__ import annotations

import datetime as dt
import math
import random
from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa

from backbone.model.schemas import Schema
from backbone.model.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DOUBLE,
    INTEGER,
    STRING,
    TIMESTAMP,
    CanonicalType,
)

__all__ = ["SCHEMA", "edges", "expressions"]

SCHEMA = Schema.of(
    id=INTEGER, i=INTEGER, j=INTEGER, big=INTEGER, x=DOUBLE, y=DOUBLE,
    m=CanonicalType.parse("decimal(9,3)"), n=CanonicalType.parse("decimal(20,2)"),
    s=STRING, u=STRING, b=BOOLEAN, d=DATE, e=DATE, w=DATETIME, t=TIMESTAMP,
    clock=DATETIME, at=TIMESTAMP,
)  # fmt: skip

INTEGERS = [None, 0, 1, -1, 2, -2, 3, 7, -7, 10, 31, -100, 2013]
BIG = [None, 0, 2**31, -(2**31), 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), 10**18]
DOUBLES = [
    None, math.nan, math.inf, -math.inf, 0.0, -0.0, 0.1, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-7,
    2.675, 1.005, 123456.789, -1e15, 1e300, 5e-324, 4503599627370497.5, 0.49999999999999994,
]  # fmt: skip
DECIMALS = [None, *map(Decimal, ("0", "0.001", "-0.5", "1.5", "2.5", "-2.675", "999999.999", "12.345"))]  # fmt: skip
LARGE = [None, *map(Decimal, ("0", "0.01", "-0.50", "2.5", "123456789012345678.99", "-99999999999999999.01"))]  # fmt: skip
TEXTS = [
    None, "", "a", "ab", "Straße", "ΟΔΥΣΣΕΥΣ", "İstanbul ŉ", "a%b_c", "a\\b", "o'clock",
    "  pad ", "čaj ČAJ", "👩‍🚀x", "tab\tend", "line\nend", "line\n", "ABC abc 123", "aXbXc",
    "2013-01-31", "42", " 42 ", "-1.5e3", "true", "1e400", "nan", "\u00a0nbsp\u2003", "Ǆ ǅ ß ﬁ",
    "x-y--z", "$1 \\1", "[a]", "e\u0301",
]  # fmt: skip
DATES = [None, *map(dt.date.fromisoformat, (
    "0001-01-01", "0099-12-31", "1582-10-10", "1899-12-31", "1969-12-31", "1970-01-01", "2000-02-29",
    "2012-12-31", "2013-01-31", "2013-03-10", "2013-03-31", "9999-06-30",
))]  # fmt: skip
TIMES = [None, *map(dt.datetime.fromisoformat, (
    "0001-01-01T00:00:00", "1582-10-10T12:00:00.000001", "1969-12-31T23:59:59.999999",
    "1970-01-01T00:00:00", "2012-12-31T23:59:59.5", "2013-01-31T17:05:09.123456",
    "2013-03-10T02:30:00", "2013-11-03T01:30:00", "2013-03-31T02:30:00", "2016-02-29T12:00:00",
    "9999-06-30T23:59:59.999999",
))]  # fmt: skip
MODERN = [time for time in TIMES if time is None or 1970 <= time.year < 2038]  # fmt: skip
OF_COLUMN = {
    "i": INTEGERS, "j": INTEGERS, "big": BIG, "x": DOUBLES, "y": DOUBLES, "m": DECIMALS,
    "n": LARGE, "s": TEXTS, "u": TEXTS, "b": [None, True, False], "d": DATES, "e": DATES,
    "w": TIMES, "t": TIMES, "clock": MODERN, "at": MODERN,
}  # fmt: skip
KINDS = {
    "integer": pa.int64(), "double": pa.float64(), "string": pa.string(), "boolean": pa.bool_(),
    "date": pa.date32(), "datetime": pa.timestamp("us"), "timestamp": pa.timestamp("us", "UTC"),
}  # fmt: skip


def edges(rows: int, seed: int) -> pa.Table:
    """Return a table of values at the edges; each of a column at least once."""
    chance = random.Random(seed)
    columns = {"id": pa.array(range(rows), pa.int64())}
    for name, values in OF_COLUMN.items():
        told = SCHEMA[name].type
        kind = KINDS.get(told.kind) or pa.decimal128(told.precision, told.scale)
        more = chance.choices(values, k=max(rows - len(values), 0))
        mixed = [*values, *more][:rows]
        chance.shuffle(mixed)
        columns[name] = pa.array(mixed, kind)
    return pa.table(columns)


PATTERNS = [
    "[a-z]+",
    "\\d{2,}",
    "^a|c$",
    "(\\w)-(\\w)",
    "\\bend",
    ".end$",
    "[^a-zA-Z\\s]",
    "x*?",
]
FORMATS = [
    "%Y-%m-%d",
    "%d.%m.%y %H:%M:%S",
    "%b %-d, %A %I%p",
    "%Y%j",
    "%H:%M:%S.%f %%",
    "%B, %a",
]
ZONES = [
    "UTC",
    "America/New_York",
    "Europe/Belgrade",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
]
UNITS = ["year", "quarter", "month", "week", "day", "hour", "minute", "second"]
PARTS = [
    "year", "quarter", "month", "week", "day", "hour", "minute", "second", "isodow", "dow",
    "doy", "isoyear", "millisecond", "microsecond", "epoch",
]  # fmt: skip

FORMS: dict[str, list[str]] = {
    "integer": [
        "i", "j", "{n}", "{integer} + {integer}", "{integer} - {integer}", "i * j",
        "{integer} // {integer}", "{integer} % {integer}", "abs({integer})", "sign({number})",
        "cast({double} as bigint)", "try_cast({double} as int)", "cast({decimal} as bigint)",
        "cast({boolean} as int)", "length({string})", "strlen({string})", "strpos({string}, {string})",
        "ascii({string})", "try_cast({string} as bigint)", "extract({part} from {time})",
        "date_diff('{unit}', {time}, {time})", "{date} - {date}", "epoch_ms({time})",
        "greatest({integer}, {integer})", "coalesce({integer}, {integer})", "nullif({integer}, 1)",
        "case when {boolean} then {integer} else {integer} end", "xor(i, j)", "i & 7", "round({integer}, -1)",
        "year({date})", "isodow({date})", "levenshtein({string}, {string})", "if({boolean}, {integer}, 0)",
        "local_hour(at, '{zone}')",
    ],
    "double": [
        "x", "y", "{k}e0", "{double} + {double}", "{double} - {double}", "{double} * {double}",
        "{number} / {number}", "{double} % {double}", "abs({double})", "round({double})", "round({double}, 2)",
        "round({double}, -2)", "floor({double})", "ceil({double})", "trunc({double})", "sqrt(abs({double}))",
        "cast({integer} as double)", "cast({decimal} as double)", "try_cast({string} as double)",
        "greatest({double}, {double})", "least({double}, {double})", "coalesce({double}, {number})",
        "case when {boolean} then {double} end", "nullif({double}, 0)", "floor({integer})", "epoch({time})",
        "power(2, {integer})", "exp({double})", "atan({double})", "cast(big as double)",
    ],
    "decimal": [
        "m", "n", "1.5", "{decimal} + {decimal}", "m * {integer}", "m * 1.5", "m - n", "m % 1.5",
        "round(m, 2)", "round(n)", "floor(m)", "ceil({decimal})", "trunc(m)", "abs({decimal})", "-m",
        "try_cast({double} as decimal(12, 2))", "cast(i as decimal(9, 1))", "coalesce(m, {integer})",
        "greatest(m, n)", "try_cast({string} as decimal(6, 2))", "cast(m as decimal(8, 1))",
        "case when {boolean} then m else 0 end",
    ],
    "string": [
        "s", "u", "'{word}'", "{string} || {string}", "concat({string}, {integer}, {boolean})",
        "concat_ws('-', {string}, {date}, {string})", "lower({string})", "upper({string})", "trim({string})",
        "ltrim({string})", "rtrim({string}, 'd ')", "substr({string}, {n}, {k})", "substr({string}, {integer})",
        "substr({string}, i, j)", "left({string}, {integer})", "right({string}, {integer})", "replace({string}, 'a', {string})",
        "lpad({string}, {k}, '*')", "rpad({string}, {k}, 'xy')", "repeat({string}, {n})", "reverse({string})",
        "translate({string}, 'abc', 'xy')", "split_part({string}, '-', {k})", "split_part({string}, ' ', -1)",
        "md5({string})", "sha256({string})", "regexp_extract({string}, '{pattern}')", "regexp_replace({string}, '{pattern}', '<\\0>')",
        "regexp_replace({string}, '{pattern}', '', 'g')", "cast({integer} as varchar)", "cast({date} as varchar)",
        "cast({datetime} as varchar)", "cast({timestamp} as varchar)", "cast({decimal} as varchar)", "cast({boolean} as varchar)",
        "cast({double} as varchar)", "strftime({time}, '{format}')", "dayname({date})", "monthname({date})",
        "coalesce({string}, '{word}')", "greatest({string}, {string})", "case when {boolean} then {string} end", "chr(65)",
        "strip_accents({string})", "nullif({string}, '')",
    ],
    "boolean": [
        "b", "{number} = {number}", "{number} < {number}", "{double} <= {double}", "{string} = {string}",
        "{string} < {string}", "{date} < {date}", "{time} >= {time}", "{number} is null", "{string} is not null",
        "{number} is distinct from {number}", "not {boolean}", "{boolean} and {boolean}", "{boolean} or {boolean}",
        "{integer} between {integer} and {integer}", "i in (1, 2, null)", "{string} in ('a', '42')", "big > {double}",
        "{string} like 'a%'", "{string} like '%_b%'", "{string} like 'a\\b'", "{string} ilike 'STRA%'", "{string} not like '%#%%' escape '#'",
        "starts_with({string}, {string})", "ends_with({string}, 'end')", "contains({string}, {string})",
        "regexp_matches({string}, '{pattern}')", "regexp_full_match({string}, '{pattern}', 'i')", "isnan({double})",
        "isinf({double})", "isfinite({double})", "try_cast({string} as boolean)", "cast({integer} as boolean)", "{boolean} is true",
    ],
    "date": [
        "d", "e", "date '2013-03-10'", "cast({time} as date)", "{date} + {n}", "{date} - {k}", "last_day({date})",
        "try_cast({string} as date)", "coalesce({date}, d)", "greatest(d, e)", "time_bucket(interval 1 month, {date})",
        "local_day(at, '{zone}')", "case when {boolean} then {date} else e end",
    ],
    "datetime": [
        "w", "timestamp '2013-03-10 02:30:00'", "cast({date} as timestamp)", "cast({timestamp} as timestamp)",
        "{datetime} + interval {n} hours", "{datetime} - interval '{k}' months", "{date} + interval {n} days",
        "date_trunc('{unit}', {datetime})", "date_trunc('{unit}', {date})", "to_local(at, '{zone}')",
        "try_strptime({string}, '%Y-%m-%d')", "time_bucket(interval 15 minutes, {datetime})", "{datetime} + to_minutes(i)",
        "time_bucket(interval 1 week, {datetime})", "try_cast({string} as timestamp)", "coalesce(w, {date})",
    ],
    "timestamp": [
        "t", "timestamptz '2013-11-03 05:30:00Z'", "cast({datetime} as timestamptz)", "to_utc(clock, '{zone}')",
        "{timestamp} + interval {n} days", "{timestamp} - to_seconds(j)", "date_trunc('{unit}', {timestamp})",
        "time_bucket(interval 6 hours, {timestamp})", "greatest({timestamp}, {timestamp})", "to_timestamp({integer})",
        "try_cast({string} as timestamptz)",
    ],
}  # fmt: skip
ANY = {
    "number": ["integer", "double", "decimal"],
    "time": ["date", "datetime", "timestamp"],
}
LEAVES = {"integer": "i", "double": "x", "decimal": "m", "string": "s", "boolean": "b",
          "date": "d", "datetime": "w", "timestamp": "t"}  # fmt: skip


def expressions(count: int, seed: int) -> list[str]:
    """Return each form once with plain columns inside, then random ones up to `count`."""
    chance = random.Random(seed)
    plain = [_filled(chance, form, 0) for forms in FORMS.values() for form in forms]
    nested: list[str] = []
    while len(plain) + len(nested) < count:
        nested.append(_made(chance, chance.choice(list(FORMS)), 3))
    return [*plain, *nested]


def _made(chance: random.Random, kind: str, depth: int) -> str:
    if depth == 0:
        return LEAVES[kind]
    return _filled(chance, chance.choice(FORMS[kind]), depth)


def _filled(chance: random.Random, form: str, depth: int) -> str:
    words: dict[str, Callable[[], str]] = {
        "n": lambda: str(chance.randrange(0, 6)),
        "k": lambda: str(chance.randrange(1, 9)),
        "word": lambda: chance.choice(["a", "ab", "ß", "x-y"]),
        "pattern": lambda: chance.choice(PATTERNS),
        "format": lambda: chance.choice(FORMATS),
        "zone": lambda: chance.choice(ZONES),
        "unit": lambda: chance.choice(UNITS),
        "part": lambda: chance.choice(PARTS),
    }
    made, rest = "", form
    while "{" in rest:
        before, _, rest = rest.partition("{")
        name, closed, after = rest.partition("}")
        if not closed or not name.isalpha():  # a brace of a pattern
            made += before + "{"
            continue
        rest = after
        if name in words:
            made += before + words[name]()
            continue
        kind = chance.choice(ANY.get(name, [name]))
        inner = _made(chance, kind, depth - 1) if depth else LEAVES[kind]
        made += before + (inner if inner.isidentifier() else f"({inner})")
    return made + rest

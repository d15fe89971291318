"""Values of texts as Spark SQL, by the grammar that every engine has (`sql.readings`)."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.generator import Generator

from backbone.engines.spark.casts import Print
from backbone.sql.parsing import time_pattern
from backbone.sql.portable.formats import MONTHS
from backbone.sql.readings import BRIEF, NOUNS, PATTERNS, patterns
from backbone.sql.types import ValueType, type_of

__all__ = ["READINGS"]

_BLANK = "[ \t]*"
_WALL = "TIMESTAMP_NTZ"
_LAST_OF_THIS_CENTURY = 68  # of a year with two digits, as strptime has it


def _quoted(self: Generator, text: str) -> str:
    return str(self.sql(exp.Literal.string(text)))


def _matches(self: Generator, text: str, pattern: str) -> str:
    whole = _quoted(self, f"\\A(?:{_BLANK}(?:{pattern}){_BLANK})\\z")
    return f"{text} RLIKE {whole}"


def _reading(self: Generator, node: exp.Expr, *, safe: bool) -> str:
    text, told = self.sql(node.expressions[0]), type_of(node)
    plain = f"TRIM(BOTH ' \\t' FROM {text})"
    found = _found(self, text, plain, told)
    if safe:
        return found
    return _or_error(found, text, f"` is not {NOUNS[told.kind]}")


def _or_error(found: str, text: str, told: str) -> str:
    """Print a value; that there is none of a text is an error."""
    error = f"RAISE_ERROR(CONCAT('`', {text}, '{told}'))"
    return f"COALESCE({found}, CASE WHEN {text} IS NOT NULL THEN {error} END)"


def _found(self: Generator, text: str, plain: str, told: ValueType) -> str:
    if told.kind == "boolean":
        yes, no = (_matches(self, text, PATTERNS[each]) for each in ("true", "false"))
        return f"CASE WHEN {yes} THEN TRUE WHEN {no} THEN FALSE END"
    if told.kind == "double":
        value = f"TRY_CAST({plain} AS DOUBLE)"
        number, special = (
            _matches(self, text, PATTERNS[k]) for k in ("double", "special")
        )
        finite = f"CASE WHEN ABS({value}) < DOUBLE('inf') THEN {value} END"
        sign = f"IF({plain} LIKE '-%', DOUBLE('-inf'), DOUBLE('inf'))"
        named = f"IF(LOWER({plain}) LIKE '%nan', DOUBLE('nan'), {sign})"
        return f"CASE WHEN {number} THEN {finite} WHEN {special} THEN {named} END"
    if told.kind in {"datetime", "timestamp"}:
        return _moment(self, text, plain, told)
    kind = {"integer": _integer(told), "date": "DATE"}.get(told.kind)
    if told.kind == "decimal":
        kind = f"DECIMAL({told.precision}, {told.scale})"
    matches = _matches(self, text, patterns(told)[0])
    return f"CASE WHEN {matches} THEN TRY_CAST({plain} AS {kind}) END"


def _integer(told: ValueType) -> str:
    return {3: "TINYINT", 5: "SMALLINT", 10: "INT"}.get(told.precision, "BIGINT")


def _moment(self: Generator, text: str, plain: str, told: ValueType) -> str:
    """``24:00`` is the midnight at which the next day starts."""
    usual, midnight = (_matches(self, text, each) for each in patterns(told))
    kind = _WALL if told.kind == "datetime" else "TIMESTAMP"
    whole, rest = plain, ""
    if told.kind == "timestamp":  # 17:05+0230 is written 17:05:00+02:30
        narrow = _quoted(self, "([+-][0-9]{2})([0-9]{2})$")
        brief = _quoted(self, BRIEF)
        whole = f"REGEXP_REPLACE({plain}, {brief}, '$1:00$2')"
        whole = f"REGEXP_REPLACE({whole}, {narrow}, '$1:$2')"
        zone = _quoted(self, "(Z|[+-][0-9:]+)$")
        rest = f", REGEXP_EXTRACT({whole}, {zone}, 1)"
    day = f"CONCAT(SUBSTRING({plain}, 1, 10), ' 00:00:00'{rest})"
    return (
        f"CASE WHEN {usual} THEN TRY_CAST({whole} AS {kind}) "
        f"WHEN {midnight} THEN TRY_CAST({day} AS {kind}) + INTERVAL '1' DAY END"
    )


def _parsing(self: Generator, node: exp.Expr, *, safe: bool) -> str:
    """The parts of the text, put together; there is no such time if they do not fit."""
    text, form = self.sql(node.expressions[0]), node.expressions[1].name
    pattern, letters = time_pattern(form)
    whole = _quoted(self, f"\\A(?:{pattern})\\z")
    parts = {
        letter: f"REGEXP_EXTRACT({text}, {whole}, {place + 1})"
        for place, letter in enumerate(letters)
    }
    made = f"TRY_MAKE_TIMESTAMP_NTZ({', '.join(_fields(parts))})"
    found = f"CASE WHEN {text} RLIKE {whole} THEN {made} END"
    if safe:
        return found
    quoted = form.replace("\\", "\\\\").replace("'", "\\'")
    return _or_error(found, text, f"` is not of the format {quoted}")


def _fields(parts: dict[str, str]) -> list[str]:
    def number(letter: str) -> str:
        return f"CAST({parts[letter]} AS INT)" if letter in parts else "0"

    year = number("Y")
    if "y" in parts:
        century = f"IF({number('y')} > {_LAST_OF_THIS_CENTURY}, 1900, 2000)"
        year = f"{number('y')} + {century}"
    month = number("m")
    if "m" not in parts:
        names = ", ".join(f"'{each}'" for each in MONTHS)
        short = f"LOWER(LEFT({parts.get('b') or parts['B']}, 3))"
        month = f"CAST(ARRAY_POSITION(ARRAY({names}), {short}) AS INT)"
    hour = number("H")
    if "I" in parts:
        hour = f"{number('I')} % 12 + IF(LOWER({parts['p']}) = 'pm', 12, 0)"
    second = number("S")
    if "f" in parts:
        whole = parts.get("S", "'0'")
        second = f"CAST(CONCAT({whole}, '.', {parts['f']}) AS DECIMAL(8, 6))"
    return [year, month, number("d"), hour, number("M"), second]


READINGS: dict[str, Print] = {
    "safe_cast": lambda self, node: _reading(self, node, safe=True),
    "safe_time": lambda self, node: _parsing(self, node, safe=True),
    "text_cast": lambda self, node: _reading(self, node, safe=False),
    "text_time": lambda self, node: _parsing(self, node, safe=False),
}

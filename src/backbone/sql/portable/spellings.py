"""What is not in the portable subset, and its portable spelling."""

from __future__ import annotations

__all__ = ["SPELLINGS"]

_LIST = (
    "Lists are not portable: take rows, and `string_agg(x, ', ' order by x)` for a text."
)
_PATTERN = "Write `regexp_matches(s, pattern)`, or `s like pattern`."
_ZONE = "Write `to_utc(<wall clock>, zone)` or `to_local(<instant>, zone)`."
_STRUCT = "Keep its parts as columns of their own."
_JSON = "Read it in the formatted zone: declare the columns that are in it."

SPELLINGS: dict[str, str] = {
    **dict.fromkeys(
        ("array", "arrayagg", "list_sum", "list_transform", "list_filter", "list_contains",
         "list_aggregate", "list_sort", "arraysize", "arraycontains", "bracket", "slice",
         "explode", "unnest", "lambda", "split", "regexpextractall", "regexpsplit",
         "list_distinct", "array_length", "histogram", "arrayconcat"),
        _LIST,
    ),
    **dict.fromkeys(("struct", "row", "map", "struct_extract", "structextract"), _STRUCT),
    **dict.fromkeys(
        ("jsonextract", "jsonextractscalar", "json_extract", "json_extract_string",
         "from_json", "to_json", "json_object", "jsonobject"),
        _JSON,
    ),
    **dict.fromkeys(("attimezone", "timezone"), _ZONE),
    **dict.fromkeys(("glob", "similarto"), _PATTERN),
    "initcap": "Write `upper(left(s, 1)) || lower(substr(s, 2))`.",
    "round_even": "Write `round(x, places)`.",
    "fmod": "Write `x % y`.",
    "divide": "Write `x // y`.",
    "fsum": "Write `sum(x)`, which is exact.",
    "sumkahan": "Write `sum(x)`, which is exact.",
    "kahan_sum": "Write `sum(x)`, which is exact.",
    "favg": "Write `avg(x)`, which is exact.",
    "prefix": "Write `starts_with(s, t)`.",
    "suffix": "Write `ends_with(s, t)`.",
    "printf": "Write `cast(x as varchar)`, `lpad(s, n, ' ')` and `||`.",
    "format": "Write `cast(x as varchar)`, `lpad(s, n, ' ')` and `||`.",
    "every": "Write `bool_and(x)`.",
    "age": "Write `date_diff('day', earlier, later)`.",
    "date_sub": "Write `date_diff(unit, a, b)`, which counts changes of the unit.",
    "datesub": "Write `date_diff(unit, a, b)`, which counts changes of the unit.",
    "dateadd": "Write `t + interval 1 day`.",
    "date_add": "Write `t + interval 1 day`.",
    "yearweek": "Write `isoyear(t) * 100 + week(t)`.",
    "century": "Write `(year(t) + 99) // 100`.",
    "decade": "Write `year(t) // 10`.",
    "date": "Write `cast(t as date)`.",
    "unicode": "Write `ascii(s)`.",
    "ord": "Write `ascii(s)`.",
    "product": "Write `exp(sum(ln(x)))`.",
    "mad": "Write the median of `abs(x - median)` in two steps.",
    "skewness": "Take the sums of powers: `sum(x)`, `sum(x * x)`, `sum(x * x * x)`.",
    "kurtosis": "Take the sums of powers: `sum(x)`, `sum(x * x)`, `sum(x * x * x)`.",
    "any": "Write `x in (select …)`, or `exists (…)`.",
    "all": "Write `not exists (…)`.",
    "bitwiseleftshift": "Write `x * 2`, or a power of it.",
    "bitwiserightshift": "Write `x // 2`, or a power of it.",
    "collate": "Compare `lower(s)`.",
    "hex": "Write `md5(s)` if it is for a key.",
    "make_timestamptz": "Write `to_timestamp(x / 1e6)`.",
    "error": "Rules of the trusted zone say what may not be.",
    "typeof": "`backbone show` tells the type of each column.",
    "columns": "Name the columns.",
}  # fmt: skip
"""Functions by name and nodes by key: what to write instead."""

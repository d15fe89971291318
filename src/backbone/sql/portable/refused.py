"""What a view may not say on any engine, because its inputs do not define its result.

The same inputs have to make the same table, whenever and wherever a view runs. The tables
below list what breaks that: what asks the clock, the machine or chance; what takes
"some" rows without an order that decides which. An ORDER BY is asked for and taken on
trust: whether it leaves ties cannot be seen in SQL.
"""

from __future__ import annotations

from sqlglot import exp

from backbone.sql.aggregates import function_name, has_order
from backbone.sql.portable.rows import Refusal

__all__ = ["REFUSED_CLAUSES", "REFUSED_FUNCTIONS", "refusal_of"]


def _unordered(node: exp.Expr) -> bool:
    return not has_order(node)


def _without_order_by(node: exp.Expr) -> bool:
    query = node.parent
    if query is None or query.args.get("order"):
        return False
    return not isinstance(query.parent, exp.Exists)


def _on_without_order(node: exp.Expr) -> bool:
    return bool(node.args.get("on")) and _without_order_by(node)


def _frame_without_order(node: exp.Expr) -> bool:
    rows = str(node.args.get("kind") or "").upper() == "ROWS"
    bounded = {node.args.get("start"), node.args.get("end")} != {"UNBOUNDED"}
    return rows and bounded and not has_order(node.parent.this if node.parent else node)


_CLOCK = Refusal(
    "asks the clock, so every run would make another table",
    "Use a time of the data, or a constant such as `timestamp '2013-01-01'`.",
)
_CHANCE = Refusal(
    "is left to chance, so every run would make another table",
    "For a sample that stays the same, filter on md5 of a key column.",
)
_MACHINE = Refusal(
    "asks the machine it runs on, not the data",
    "Write the value itself.",
)
_APPROXIMATE = Refusal(
    "is an estimate that depends on the order of rows",
    "Use the exact `count(distinct …)`, `quantile_cont(…)` or `median(…)`.",
)
_WHICH = Refusal(
    "takes whichever row comes first",
    "Give an order inside it, for example `first(x order by y)`.",
    _unordered,
)
_WHERE_IN_ORDER = Refusal(
    "numbers or compares rows in no order",
    "Give an order, for example `over (partition by k order by t)`.",
    _unordered,
)
_MACRO = Refusal(
    "has no form that does not depend on the order of rows",
    "Write it out: `exp(avg(ln(x)))` or `sum(x * w) / sum(w)`.",
)

REFUSED_FUNCTIONS: dict[str, Refusal] = {
    **dict.fromkeys(
        ("now", "current_timestamp", "current_date", "current_time", "today",
         "get_current_timestamp", "get_current_time", "current_localtimestamp",
         "current_localtime", "localtime", "localtimestamp", "transaction_timestamp"),
        _CLOCK,
    ),
    "age": Refusal(_CLOCK.why, "Give both times: `age(later, earlier)`.",
                   lambda node: len(node.expressions) == 1),
    **dict.fromkeys(
        ("rand", "setseed", "uuid", "uuidv4", "uuidv7", "nextval", "currval"), _CHANCE
    ),
    "hash": Refusal(
        "differs between engines and their versions", "Use `md5(…)` or `sha256(…)`."
    ),
    **dict.fromkeys(
        ("current_user", "session_user", "current_version", "current_database",
         "current_schema", "current_schemas", "current_catalog", "current_setting",
         "current_query", "getenv", "getvariable", "txid_current", "in_search_path"),
        _MACHINE,
    ),
    **dict.fromkeys(
        ("approx_distinct", "approx_quantile", "approx_top_k", "reservoir_quantile"),
        _APPROXIMATE,
    ),
    **dict.fromkeys(
        ("first", "last", "any_value", "arbitrary", "array_agg", "group_concat", "mode",
         "arg_min", "arg_max", "arg_min_null", "arg_max_null", "arg_min_nulls_last",
         "arg_max_nulls_last", "json_group_array", "json_group_object"),
        _WHICH,
    ),
    **dict.fromkeys(
        ("row_number", "ntile", "lag", "lead", "first_value", "last_value", "nth_value",
         "fill", "counter_increase"),
        _WHERE_IN_ORDER,
    ),
    **dict.fromkeys(("geomean", "geometric_mean", "weighted_avg", "wavg"), _MACRO),
}  # fmt: skip

_BY_CHANCE = {"NATURAL", "POSITIONAL"}
_SOME_ROWS = Refusal(
    "keeps whichever rows come first",
    "Put an `order by` before it that decides which rows are kept.",
    _without_order_by,
)

REFUSED_CLAUSES: dict[type[exp.Expr], Refusal] = {
    exp.Limit: _SOME_ROWS,
    exp.Offset: _SOME_ROWS,
    exp.Fetch: _SOME_ROWS,
    exp.Distinct: Refusal(
        _SOME_ROWS.why, "Add an `order by` that decides which.", _on_without_order
    ),
    exp.TableSample: _CHANCE,
    exp.WindowSpec: Refusal(
        "counts rows that are in no order",
        "Give the window an `order by`.",
        _frame_without_order,
    ),
    exp.Pivot: Refusal(
        "makes columns that depend on the data",
        "Write one `sum(…) filter (where …) as <name>` a column.",
    ),
    exp.With: Refusal(
        "has no portable form",
        "Use a series of days or numbers: `generate_series(…) as t(n)`.",
        lambda node: bool(node.args.get("recursive")),
    ),
    exp.Union: Refusal(
        "has no portable form",
        "Name the columns of both sides in the same order.",
        lambda node: bool(node.args.get("by_name")),
    ),
    exp.Join: Refusal(
        "joins by what happens to have the same name, or place",
        "Write `join … using (<columns>)` or `join … on <condition>`.",
        lambda node: str(node.args.get("method") or "").upper() in _BY_CHANCE,
    ),
    exp.TableAlias: Refusal(
        "renames the columns of a table by their position",
        "Rename them where they are selected: `select a as x`.",
        lambda node: (
            bool(node.args.get("columns"))
            and isinstance(node.parent, exp.Table)
            and isinstance(node.parent.this, exp.Identifier)
        ),
    ),
    exp.Into: Refusal("writes a table", "Leave it out: the view is the table."),
    exp.Placeholder: Refusal("is a parameter, which nothing gives", "Write its value."),
    exp.Parameter: Refusal("is a parameter, which nothing gives", "Write its value."),
    exp.HistoricalData: Refusal(
        "reads a version of its own", "Name the table; a run pins the version it reads."
    ),
}


def refusal_of(node: exp.Expr) -> Refusal | None:
    """Return why this node (not what is inside it) is refused, or None."""
    refusal = REFUSED_CLAUSES.get(type(node))
    if isinstance(node, exp.Func):
        refusal = REFUSED_FUNCTIONS.get(function_name(node))
    return refusal if refusal is not None and refusal.when(node) else None

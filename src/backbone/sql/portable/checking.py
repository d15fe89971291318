"""Is a view in the portable subset? If not: where, why, and what would have worked."""

from __future__ import annotations

from sqlglot import exp

from backbone.errors import nearest
from backbone.sql.portable.clauses import SILENT
from backbone.sql.portable.refused import refusal_of
from backbone.sql.portable.rows import Refusal
from backbone.sql.portable.spellings import SPELLINGS
from backbone.sql.portable.table import function_names, row_of
from backbone.sql.views import ParsedView

__all__ = ["check_portable"]

_UNKNOWN = "is not in the portable subset of SQL"
_LIFT = "`engine: duckdb` beside the view lets it say all that DuckDB knows."


def check_portable(view: ParsedView) -> None:
    """Refuse a view whose result its inputs do not define, on every engine.

    A view that is not `portable` may say all that one engine knows, if it is not left to
    chance, the clock or the order of rows.

    Raises
    ------
    ViewError : with file and line, why, and what would have worked
    """
    for node in view.expression.walk():
        refusal = refusal_of(node) or (_outside(view, node) if view.portable else None)
        if refusal is not None:
            raise view.failure(node, refusal.why, refusal.instead)


def _outside(view: ParsedView, node: exp.Expr) -> Refusal | None:
    row = row_of(node)
    if row is not None:
        return row.check(node) if row.check is not None else None
    if type(node) in SILENT:
        return None
    known = SPELLINGS.get(_name(node)) or SPELLINGS.get(node.key)
    if known is not None:
        return Refusal(_UNKNOWN, known)
    written = view.written(node).partition("(")[0].lower()
    near = nearest(written, function_names()) if isinstance(node, exp.Func) else None
    found = near if near is not None and near.startswith("Did") else ""
    return Refusal(_UNKNOWN, f"{found} {_LIFT}".strip())


def _name(node: exp.Expr) -> str:
    return str(node.name).lower() if isinstance(node, exp.Anonymous) else ""

"""The portable verbs: functions of our own that a view may call.

A verb is an operation (`backbone.sql.operations`) that people write by its name.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from backbone.errors import ViewError

__all__ = ["VERBS", "with_verbs"]

Failure = Callable[[exp.Expr, str, str], ViewError]

VERBS: dict[str, tuple[str, str]] = {
    "to_local": ("a time and a zone", "to_local(<time>, 'Europe/Belgrade')"),
    "to_utc": ("a time and a zone", "to_utc(<time>, 'Europe/Belgrade')"),
}
"""What each verb takes, in words and as an example."""

_LOGARITHMS = {"10": "log10", "2": "log2"}


def with_verbs(tree: exp.Query, failure: Failure) -> exp.Query:
    """Return a copy of `tree` in which verbs are operations.

    A column that is a verb and has no name has the verb's.

    Raises
    ------
    ViewError : a verb has not the arguments it takes
    """
    tree = tree.copy()
    for call in list(tree.find_all(exp.Anonymous)):
        name = call.name.lower()
        if name not in VERBS:
            continue
        takes, example = VERBS[name]
        if len(call.expressions) != 2:  # noqa: PLR2004 - a time and a zone
            raise failure(call, f"takes {takes}", f"Write `{example}`.")
        call.set("this", name)
        if isinstance(call.parent, exp.Select) and call.arg_key == "expressions":
            call.replace(exp.alias_(call.copy(), name, copy=False))
    for logarithm in list(tree.find_all(exp.Log)):
        logarithm.replace(_logarithm(logarithm))
    return tree


def _logarithm(call: exp.Log) -> exp.Expr:
    """Return a logarithm by its own name: ``log(10, x)`` is another number."""
    base, value = call.this, call.args.get("expression")
    if value is None:
        return exp.Anonymous(this="log10", expressions=[base.copy()])
    name = _LOGARITHMS.get(base.name) if isinstance(base, exp.Literal) else None
    return exp.Anonymous(this=name, expressions=[value.copy()]) if name else call.copy()

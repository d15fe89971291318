"""Days that are added to a date: DuckDB takes 32 bits of them, columns have 64."""

from __future__ import annotations

from sqlglot import exp

from backbone.sql.types import LONG, type_of

__all__ = ["with_days"]


def with_days(tree: exp.Query) -> exp.Query:
    """Return a typed tree in which a whole number of any width is added to a date."""
    tree = tree.copy()
    for node in list(tree.find_all(exp.Add, exp.Sub)):
        sides = (node.this, node.expression)
        if any(type_of(each).kind == "date" for each in sides):
            for count in sides:
                if type_of(count) == LONG:
                    made = exp.cast(count, "int")
                    made.type = made.to.copy()
                    count.replace(made)
    return tree

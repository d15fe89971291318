"""Named steps: what every query of the zone is made of."""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from sqlglot import exp, parse_one

from backbone.model.schemas import Schema
from backbone.sql.copies import copied
from backbone.sql.types import annotated

__all__ = ["ROWS", "Step", "Steps", "broadcast", "select", "typed"]

ROWS = "rows"
"""The name by which a query reads the table that a constraint is about."""

_POSITION = ("line", "col", "start", "end")
"""Where a node stood in the text: nobody asks that of ours, and copies take it along."""

Step = tuple[str, exp.Query]
Steps = list[Step]


def select(text: str) -> exp.Query:
    """Return a select over steps of ours (no outside name or value is in `text`)."""
    return copied(_parsed(text))


def broadcast(query: exp.Query, *aliases: str) -> exp.Query:
    """Tell engines that ask that the relations `aliases` of `query` are small."""
    small = [
        exp.JoinHint(this="BROADCAST", expressions=[exp.to_table(alias)])
        for alias in aliases
    ]
    query.set("hint", exp.Hint(expressions=small))
    return query


@lru_cache(maxsize=512)
def _parsed(text: str) -> exp.Query:
    tree = cast("exp.Query", parse_one(text, read="duckdb"))
    for node in tree.walk():
        for name in _POSITION:
            node.meta.pop(name, None)
    return tree


def typed(query: exp.Query, schema: Schema | None, *sources: str) -> exp.Query:
    """Return `query` with a type on what it computes from `sources` of this schema.

    Engines spell an operation by the types of its values.
    """
    return annotated(query, dict.fromkeys(sources, schema)) if schema else query

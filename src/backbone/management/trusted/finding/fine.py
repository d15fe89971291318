"""Rows that are fine for a rule, as a person said: they do not break it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from backbone.management.trusted.rows.decided import Decided
from backbone.management.trusted.rows.pieces import Inputs, union
from backbone.model.constraints import DenialConstraint
from backbone.sql.queries import Query, column, table

__all__ = ["fine_in_sequence", "without_fine"]


def without_fine(
    query: Query, asked: Sequence[tuple[Decided | None, str]], inputs: Inputs
) -> Query:
    """Return `query` (``_place, _row, role``) without the rows that are fine.

    Parameters
    ----------
    asked : what is decided, and the name of the rule, of each ``_place``
    inputs : what `query` reads; what is read more is added
    """
    fine: list[exp.Query] = []
    for place, (decided, rule) in enumerate(asked):
        if decided is None or rule not in decided.fine:
            continue
        inputs.update(decided.inputs)
        number = exp.alias_(exp.Literal.number(place), "_place")
        fine.append(decided.rows_fine_for(rule).select(number))
    if not fine:
        return query
    same = exp.and_(
        *(
            exp.EQ(this=column(name, "f"), expression=column(name, "x"))
            for name in ("_place", "_row")
        )
    )
    wanted = (column(name, "f") for name in ("_place", "_row", "role"))
    found = exp.select(*wanted).from_(table(query.result, "f"))
    found = found.join(union(fine).subquery("x"), on=same, join_type="anti")
    return query.then("wrong", found)


def fine_in_sequence(
    decided: Decided | None, constraint: DenialConstraint, inputs: Inputs
) -> exp.Select | None:
    """Return the rows (``_row``) that are fine for a rule on a sequence, if any are.

    What has to be read for that is added to `inputs`.
    """
    if constraint.sequence is None or decided is None:
        return None
    if constraint.name not in decided.fine:
        return None
    inputs.update(decided.inputs)
    return decided.rows_fine_for(constraint.name)

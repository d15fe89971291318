"""Steps that many others read: computed once and kept, whatever the engine does.

An engine may compute a step anew wherever it is read. Where that is not one place or two
but dozens, or where a number has to be known before the rest may run, the step is staged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from backbone.engines.protocol import Session
from backbone.management.trusted.rows.pieces import Inputs, bound
from backbone.management.trusted.rows.steps import Steps
from backbone.sql.queries import Query, table

__all__ = ["kept", "reading"]

Kept = Mapping[str, exp.Query]


def kept(
    session: Session, steps: Steps, names: Sequence[str], inputs: Inputs
) -> tuple[Kept, Inputs]:
    """Stage the steps `names`, in this order; return what reads them, and all inputs."""
    known: dict[str, exp.Query] = {}
    inputs = dict(inputs)
    places = {name: place for place, (name, _) in enumerate(steps)}
    for name in names:
        query = Query(tuple(reading(steps[: places[name] + 1], known)))
        staged = session.stage(query, _read(query, inputs))
        own = bound("kept", staged)
        inputs[own] = staged
        known[name] = exp.select("*").from_(table(own))
    return known, inputs


def reading(steps: Steps, known: Kept) -> Steps:
    """Return `steps` with those that are `known` read, and without what none reads."""
    now = {name: known.get(name, select) for name, select in steps}
    wanted, ahead = set[str](), [steps[-1][0]]
    while ahead:
        name = ahead.pop()
        if name in now and name not in wanted:
            wanted.add(name)
            ahead += [node.name for node in now[name].find_all(exp.Table)]
    return [(name, now[name]) for name, _ in steps if name in wanted]


def _read(query: Query, inputs: Inputs) -> Inputs:
    return {name: inputs[name] for name in query.reads() if name in inputs}

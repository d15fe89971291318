"""Every row that breaks a rule, whether it is to blame, and what else it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from backbone.management.trusted.finding.findings import by_place, hits_of
from backbone.management.trusted.finding.seen import Seen, described
from backbone.management.trusted.rows.numbering import located
from backbone.management.trusted.rows.pieces import Inputs, nested, union
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rows.steps import Steps
from backbone.management.trusted.rules.blame import Whose, whose
from backbone.sql.queries import Query, column, table

__all__ = ["OURS", "broken_rows"]

OURS = ("_rule", "_role", "_blamed", "_reason")
"""What is told of a row that breaks a rule, beside where it is and what it holds."""

_SAID = ("rule", "role", "reason")


def broken_rows(
    seen: Sequence[Seen], state: State, origin: Mapping[str, str], ours: Mapping[str, str]
) -> tuple[Query, Inputs] | None:
    """Return every violating row of every rule, in the order of rules and rows.

    Parameters
    ----------
    seen : what was found, in the order of rules
    state : the table, of which all columns are told
    origin, ours : where a row is (``_record``, or the whole origin) and what is told of
        it (`OURS`), each with the name that it gets

    Returns
    -------
    The columns of `origin`, of `ours`, then those of `state`; None if no rule is broken.
    ``_blamed`` is true of rows that are wrong, false of those that only take part, and
    null where the rule does not say whose fault it is.
    """
    if not seen:
        return None
    inputs: Inputs = {"rows_shown": state.work, "objects": state.objects}
    branches = []
    for piece in described(seen):
        inputs |= piece.inputs
        branches.append(nested(piece.query, ["_row", "part", *_SAID]))
    steps: Steps = [("every", union(branches)), ("numbered", _numbered(seen))]
    marked = exp.select("e.*", exp.alias_(_blamed(seen), "blamed"))
    marked = marked.from_(table("numbered", "e"))
    chosen = [(n, one.finding) for n, one in enumerate(seen) if _whose(one) == "chosen"]
    if chosen:
        guilty, read = hits_of([(number, one.guilty) for number, one in chosen])
        steps.append(("guilty", guilty))
        inputs |= read
        same = [_same(name, "e", "g") for name in ("_place", "_row")]
        marked = marked.join(table("guilty", "g"), on=exp.and_(*same), join_type="left")
    told = dict(zip(OURS, ("rule", "role", "blamed", "reason"), strict=True))
    last = (
        exp.select(*(_as(column(name, "t"), new) for name, new in origin.items()))
        .select(*(_as(column(own, "t"), ours[name]) for name, own in told.items()))
        .select(*(column(name, "r") for name in state.schema.names))
        .from_(table("placed", "t"))
        .join(table("rows_shown", "r"), on=_same("_row", "t", "r"))
        .order_by(*(column(n, "t") for n in ("_place", "_row")))
    )
    steps += [("marked", marked), ("placed", located("marked")), ("broken", last)]
    return Query(tuple(steps)), inputs


def _numbered(seen: Sequence[Seen]) -> exp.Select:
    """Return what is told of rows, with the place of what was found (``_place``)."""
    place = exp.Case()
    for number, one in enumerate(seen):
        rule, part = exp.Literal.string(one.rule.name), one.finding.number
        mine = exp.and_(
            exp.EQ(this=column("rule", "e"), expression=rule),
            exp.EQ(this=column("part", "e"), expression=exp.Literal.number(part)),
        )
        place = place.when(mine, exp.Literal.number(number))
    told = exp.select(*(column(n, "e") for n in ("_row", "rule", "role", "reason")))
    return told.select(exp.alias_(place, "_place")).from_(table("every", "e"))


def _blamed(seen: Sequence[Seen]) -> exp.Expr:
    """Return whether a row (alias ``e``) is to blame; null where nobody says."""
    return by_place({place: _is_blamed(one) for place, one in enumerate(seen)}, of="e")


def _is_blamed(one: Seen) -> exp.Expr:
    match _whose(one):
        case "all":
            return exp.true()
        case "chosen":
            missing = exp.Is(this=column("_row", "g"), expression=exp.null())
            return exp.not_(missing)
        case None:
            return exp.cast(exp.null(), "BOOLEAN")
        case role:
            roles = [exp.Literal.string(name) for name in (role, "both")]
            return exp.In(this=column("role", "e"), expressions=roles)


def _whose(one: Seen) -> Whose | None:
    return whose(one.rule, one.finding.part)


def _same(name: str, left: str, right: str) -> exp.Expr:
    return exp.EQ(this=column(name, left), expression=column(name, right))


def _as(value: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(value, name, quoted=True)

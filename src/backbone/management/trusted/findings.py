"""What a rule found in the current state, and what it did about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from backbone.engines.protocol import Relation, Session, Staged
from backbone.errors import UnknownAsset
from backbone.management.trusted.detect import ROWS, pair_count, violations
from backbone.management.trusted.plans.frame import Steps, select
from backbone.management.trusted.rules import Part
from backbone.management.trusted.state import State
from backbone.management.trusted.texts import values_text
from backbone.project.trusted import Rule
from backbone.sql.queries import Query, column, table

__all__ = ["Finding", "References", "described", "find", "reads_of", "union"]

Inputs = dict[str, Relation]


@dataclass(frozen=True)
class References:
    """The tables that rules may refer to, by full name; `own` is the table itself."""

    own: str
    tables: Mapping[str, Relation]


@dataclass(frozen=True)
class Finding:
    """The rows that break one part of a rule: `hits` has ``_row`` and ``role``.

    `number` is the part's place in the rule.
    """

    part: Part
    number: int
    hits: Staged
    pairs: int | None = None

    @property
    def rows(self) -> int:
        """How many rows break it."""
        return self.hits.rows


def reads_of(part: Part, own: str) -> tuple[str, ...]:
    """Return the columns of the table `own` that `part` reads."""
    reference = part.constraint.reference
    more = reference.to if reference is not None and reference.table == own else ()
    return tuple(dict.fromkeys([*part.constraint.columns, *more]))


def find(
    session: Session, state: State, part: Part, number: int, references: References
) -> Finding:
    """Find the rows that break `part` as the table is now.

    Raises
    ------
    UnknownAsset : the rule refers to a table that is not in `references`
    """
    steps, inputs = _reading(state, part, references)
    query = Query((*steps, *violations(part.constraint).steps))
    hits = session.stage(query, inputs)
    counted = pair_count(part.constraint) if hits.rows else None
    pairs = None
    if counted is not None:
        found = session.fetch(Query((*steps, *counted.steps)), inputs)
        pairs = int(found.column("pairs")[0].as_py())
    return Finding(part, number, hits, pairs)


def _reading(state: State, part: Part, references: References) -> tuple[Steps, Inputs]:
    steps, inputs = state.rows(reads_of(part, references.own))
    reference = part.constraint.reference
    if reference is None:
        return steps, inputs
    if reference.table == references.own:
        own = exp.select(*(column(name) for name in reference.to)).from_(table(ROWS))
        return [*steps, (reference.table, own)], inputs
    if reference.table not in references.tables:
        raise UnknownAsset.named(reference.table, sorted(references.tables))
    return steps, {**inputs, reference.table: references.tables[reference.table]}


def union(relations: Sequence[Staged], names: Sequence[str]) -> tuple[exp.Query, Inputs]:
    """Return the columns `names` of all `relations` (at least one), and their inputs."""
    inputs: Inputs = {f"piece{i}": staged for i, staged in enumerate(relations)}
    listed = ", ".join(names)
    return select(" union all ".join(f"select {listed} from {n}" for n in inputs)), inputs


def described(session: Session, state: State, rule: Rule, finding: Finding) -> Staged:
    """Stage one row per violating row: who, in which role, and why.

    Columns ``_row, part, rule, severity, role, columns, reason``.
    """
    names = finding.part.constraint.columns
    steps, inputs = state.rows(names)
    reason = exp.DPipe(
        this=exp.Literal.string(f"{finding.part.reason}: "),
        expression=values_text(names, state.schema, of="r"),
    )
    constants = {
        "part": exp.Literal.number(finding.number),
        "rule": exp.Literal.string(rule.name),
        "severity": exp.Literal.string(rule.severity),
        "columns": exp.Literal.string(", ".join(names)),
    }
    why = (
        exp.select(column("_row", "h"), column("role", "h"))
        .select(*(exp.alias_(value, name) for name, value in constants.items()))
        .select(exp.alias_(reason, "reason"))
        .from_(table("hits", "h"))
        .join(
            table(ROWS, "r"),
            on=exp.EQ(this=column("_row", "h"), expression=column("_row", "r")),
        )
    )
    return session.stage(Query((*steps, ("why", why))), {**inputs, "hits": finding.hits})

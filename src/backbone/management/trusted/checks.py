"""What is wrong with a trusted table's declaration, before any row is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from backbone.errors import BackboneError, nearest
from backbone.management.trusted.plans.culprits import kind_of_blame
from backbone.management.trusted.rules.blame import blamed
from backbone.management.trusted.rules.declared import Part, parts_of, split_names
from backbone.management.trusted.rules.kinds import (
    fits,
    kind_of_type,
    pattern_mistakes,
    predicate_mistakes,
)
from backbone.management.trusted.rules.selecting import compiled
from backbone.model.constraints import Reference, Selected
from backbone.model.schemas import Schema
from backbone.project.checks.cleaning import clean_mistakes
from backbone.project.checks.referring import side_mistake
from backbone.project.trusted import WHICH_ROWS, CleanStep, Rule, TrustedTable

__all__ = [
    "blame_mistakes", "check_clean", "check_rule", "check_table", "unknown_blame",
]  # fmt: skip

_LISTED = ("not_null", "unique")
_BY_COLUMN = ("accepted", "range", "matches")


def check_table(
    declaration: TrustedTable,
    schema: Schema,
    known: Mapping[str, Schema],
    *,
    own: str | None = None,
) -> list[str]:
    """Return every mistake of `declaration` over a table of `schema`.

    `known` are the schemas of the tables that rules may refer to, by full name
    (``trusted.planes``), this table, `own`, among them.
    """
    mistakes = []
    for number, step in enumerate(declaration.clean, start=1):
        mistakes += check_clean(step, number, schema)
    for rule in declaration.rules:
        mistakes += check_rule(rule, schema, known, own=own)
    return mistakes


def check_clean(step: CleanStep, number: int, schema: Schema) -> list[str]:
    """Return the mistakes of the cleaning step with this number (the first is 1)."""
    columns = {column.name: column.type for column in schema.public}
    mistakes = [text for _, text in clean_mistakes(step, columns)]
    condition = step.missing.condition() if step.missing and not mistakes else None
    for predicate in condition.predicates if condition else ():
        mistakes += predicate_mistakes(predicate, schema.public)
    if step.substitute and not mistakes:
        mistakes += pattern_mistakes(step.substitute.pattern)
    return [f"cleaning step {number}: {mistake}" for mistake in mistakes]


def check_rule(
    rule: Rule,
    schema: Schema,
    known: Mapping[str, Schema],
    *,
    own: str | None = None,
) -> list[str]:
    """Return the mistakes of `rule` over a table of `schema`, which is called `own`.

    Unknown columns, values that cannot be compared, unknown tables, rows to blame that
    cannot be told, an action that does not know which cells are wrong. Each mistake names
    the rule and, where there is one, the nearest valid spelling.
    """
    try:
        parts = parts_of(rule)
    except BackboneError as error:
        said = f"{error.what}. {error.hint or ''}".rstrip()
        return [said if rule.name in said else f"rule `{rule.name}`: {said}"]
    public = schema.public
    mistakes = list(_column_mistakes(rule, parts, public))
    mistakes += _choosing_mistakes(rule, parts, public.names)
    if not mistakes:
        for part in parts:
            mistakes += _part_mistakes(part, public, known, own)
        mistakes += _value_mistakes(rule, public)
        mistakes += _action_mistakes(rule, parts)
    return [f"rule `{rule.name}`: {mistake}" for mistake in dict.fromkeys(mistakes)]


def blame_mistakes(rule: Rule, parts: Sequence[Part], names: Sequence[str]) -> list[str]:
    """Return why nobody can tell whom `rule` blames, in a table with columns `names`."""
    said = _choosing_mistakes(rule, parts, names)
    if said or rule.blamed_rows is not None:
        return said
    if rule.sequence is not None:
        return list(_neighbour_mistakes(rule, parts))
    return list(_role_mistakes(rule, parts))


def _choosing_mistakes(
    rule: Rule, parts: Sequence[Part], names: Sequence[str]
) -> list[str]:
    """Say why rows cannot be chosen as ``fewest``, ``later`` or ``earlier`` asks."""
    which = rule.blamed_rows
    if which is None:
        return []
    try:
        for part in parts:
            kind_of_blame(part.constraint, which)
    except BackboneError as error:
        said = f"{error.what}. {error.hint or ''}".rstrip()
        said = said.removeprefix(f"rule `{rule.name}`: ")
        column = f" For the column of that name write `t1.{which}`."
        return [said + (column if which in names else "")]
    return []


def unknown_blame(name: str, names: Sequence[str]) -> str:
    """Say that `blame` names no column of `names`, and no word of its own."""
    words = ", ".join(f"`{word}`" for word in WHICH_ROWS)
    hint = nearest(name, [*names, *WHICH_ROWS]) or ""
    return f"`blame`: `{name}` is no column, and none of {words}. {hint}".rstrip()


def _unknown(name: str, schema: Schema) -> str:
    hint = nearest(name, schema.public.names)
    return f"there is no column `{name}`. {hint or ''}".rstrip()


def _column_mistakes(
    rule: Rule, parts: tuple[Part, ...], schema: Schema
) -> Iterator[str]:
    if not parts:
        yield "asks for nothing"
    for part in parts:
        reads = part.constraint.reads if part.constraint.selected is None else ()
        for name in reads:
            if name not in schema:
                yield _unknown(name, schema)
    for name in rule.blamed_columns:
        if name not in schema:
            yield unknown_blame(name, schema.public.names)


def _part_mistakes(
    part: Part, schema: Schema, known: Mapping[str, Schema], own: str | None
) -> Iterator[str]:
    if part.constraint.reference is not None:
        yield from _reference_mistakes(part.constraint.reference, schema, known)
    constraint = part.constraint
    if constraint.selected is not None:
        yield from _query_mistakes(
            constraint.name, constraint.selected, schema, known, own
        )
    for predicate in (*constraint.predicates, *constraint.where):
        yield from predicate_mistakes(predicate, schema)


def _query_mistakes(
    name: str,
    selected: Selected,
    schema: Schema,
    known: Mapping[str, Schema],
    own: str | None,
) -> Iterator[str]:
    sides = [text for table in selected.tables if (text := side_mistake(table))]
    if sides:
        yield from sides
        return
    named = {table: known[table] for table in selected.tables if table in known}
    for table in selected.tables:
        if table not in known:
            yield f"there is no table `{table}`. {nearest(table, sorted(known)) or ''}"
    mine = own or next(iter(named), "")
    if len(named) == len(selected.tables):
        try:
            compiled(name, selected, mine, {mine: schema, **named})
        except BackboneError as error:
            yield f"{error.what}. {error.hint or ''}".rstrip()


def _reference_mistakes(
    reference: Reference, schema: Schema, known: Mapping[str, Schema]
) -> Iterator[str]:
    side = side_mistake(reference.table)
    if side:
        yield side
        return
    if reference.table not in known:
        hint = nearest(reference.table, sorted(known))
        yield f"there is no table `{reference.table}`. {hint or ''}".rstrip()
        return
    other = known[reference.table]
    for own, to in zip(reference.columns, reference.to, strict=True):
        if to not in other:
            yield f"in {reference.table}, {_unknown(to, other)}"
        elif kind_of_type(schema[own].type) != kind_of_type(other[to].type):
            yield (
                f"`{own}` is {schema[own].type}, but `{to}` of {reference.table} is "
                f"{other[to].type}"
            )


def _value_mistakes(rule: Rule, schema: Schema) -> Iterator[str]:
    for keys, dependents in (rule.functional or {}).items():
        for name in set(split_names(keys)) & set(dependents):
            yield f"`{name}` cannot determine itself"
    for name, values in (rule.accepted or {}).items():
        if not values:
            yield f"`{name}` accepts no value"
        bad = [value for value in values if not fits(value, schema[name].type)]
        if bad:
            yield f"'{bad[0]}' is no {schema[name].type}, the type of `{name}`"


def _action_mistakes(rule: Rule, parts: tuple[Part, ...]) -> Iterator[str]:
    if rule.blamed_rows is not None:
        return _choice_mistakes(rule, parts)
    if rule.sequence is not None:
        return _sequence_mistakes(rule, parts)
    return _cell_mistakes(rule, parts)


def _role_mistakes(rule: Rule, parts: Sequence[Part]) -> Iterator[str]:
    pairs = any(part.constraint.is_pair for part in parts)
    for text in rule.blame:
        if text.startswith("t2.") and not pairs:
            yield f"`blame: {text}` names one of two rows, but the rule speaks of one"


def _cell_mistakes(rule: Rule, parts: tuple[Part, ...]) -> Iterator[str]:
    yield from _role_mistakes(rule, parts)
    if rule.blame and rule.action in {"flag", "deduplicate"}:
        yield f"`blame` does nothing with `action: {rule.action}`"
    if rule.action == "quarantine" and any("." not in text for text in rule.blame):
        yield "`blame` of a quarantine says whose rows leave: `t1.column` or `t2.column`"
    if rule.action == "blank":
        yield from _blank_mistakes(rule, parts)
    if rule.action == "repair":
        dependents = {name for part in parts for name in part.about}
        for text in rule.blame:
            if text not in dependents:
                known = ", ".join(sorted(dependents))
                yield f"`blame: {text}`: a repair can change only {known}"


def _choice_mistakes(rule: Rule, parts: tuple[Part, ...]) -> Iterator[str]:
    """``fewest``, ``later`` and ``earlier`` say whose cells; columns, which of them."""
    which = rule.blamed_rows
    if rule.action in {"deduplicate", "repair"}:
        yield f"`blame: {which}` does nothing with `action: {rule.action}`"
    for text in rule.blamed_cells:
        if rule.action != "blank":
            yield f"`blame: {text}` does nothing beside `{which}`: no cell is blanked"
        elif text not in rule.blamed_columns:
            yield f"`blame: {text}`: `{which}` says already of which row"
    if rule.action == "quarantine" and which == "fewest" and rule.sequence is not None:
        yield (
            "`blame: fewest` in a sequence is about cells: rows that leave make others "
            "neighbours. Use blank or flag, or leave it out"
        )
    if rule.action == "blank":
        yield from _blank_mistakes(rule, parts)
        if which == "fewest" and rule.sequence is not None:
            yield from _one_sided_mistakes(rule, parts)


def _one_sided_mistakes(rule: Rule, parts: tuple[Part, ...]) -> Iterator[str]:
    """One cell answers for two neighbours only if the rule reads it in both rows."""
    (part,) = parts
    (side,) = part.constraint.neighbours
    read = {str(ref) for p in part.constraint.predicates for ref in p.columns}
    for cell in blamed(rule, part):
        if {f"t1.{cell.column}", f"{side}.{cell.column}"} - read:
            what = f"does not compare `{cell.column}` with that of the {side} row"
            yield f"`blame: fewest`: the rule {what}"


def _sequence_mistakes(rule: Rule, parts: tuple[Part, ...]) -> Iterator[str]:
    if rule.blame and rule.action == "flag":
        yield "`blame` does nothing with `action: flag`"
    yield from _neighbour_mistakes(rule, parts)
    if rule.action == "blank":
        yield from _blank_mistakes(rule, parts)


def _neighbour_mistakes(rule: Rule, parts: Sequence[Part]) -> Iterator[str]:
    """A column is the row's own; of two neighbours it is not known which is meant."""
    (part,) = parts
    beside = part.constraint.neighbours
    for text in rule.blame:
        row, dot, _ = text.partition(".")
        if dot and row in {"t1", "t2"}:
            yield f"`blame: {text}`: in a sequence, rows are `previous` and `next`"
        elif dot and row in beside and len(beside) > 1:
            yield f"`blame: {text}`: of a rule on both neighbours it can be the row's own"
        elif dot and row in {"previous", "next"} and row not in beside:
            yield f"`blame: {text}`: the rule does not speak of the {row} row"


def _blank_mistakes(rule: Rule, parts: tuple[Part, ...]) -> Iterator[str]:
    if rule.not_null is not None:
        yield "a missing value cannot be blanked; use flag or quarantine"
    for part in parts:
        if not blamed(rule, part):
            names = ", ".join(part.constraint.columns)
            yield (
                f"`action: blank` does not know which cell is wrong; say `blame:` with "
                f"one of {names}"
            )

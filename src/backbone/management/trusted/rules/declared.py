"""Rules as declared become denial constraints; short forms are sugar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache

from sqlglot import exp

from backbone.errors import RuleSyntaxError, bounded
from backbone.model.constraints import (
    DenialConstraint,
    Operator,
    Predicate,
    Reference,
)
from backbone.model.names import AssetName
from backbone.project.trusted import Rule
from backbone.sql.denial import render
from backbone.sql.denial_imports import imported
from backbone.sql.denial_terms import column_node, column_term, constant_term, term_of

__all__ = [
    "Part",
    "constraints_of",
    "describe_rule",
    "parts_of",
    "reference_of",
    "rule_text",
    "split_names",
]

_ACTIONS = {
    "flag": "Rows that break it are flagged.",
    "blank": "The cells that break it are blanked.",
    "quarantine": "Rows that break it are quarantined.",
    "deduplicate": "Of such rows the {keep} stays; the others are merged into it.",
    "repair": "Cells that disagree with the majority take its value; ties are flagged.",
}
_WHICH = {
    "fewest": "Blamed are the fewest rows that explain it.",
    "later": "Blamed is the later of two rows.",
    "earlier": "Blamed is the earlier of two rows.",
}


@dataclass(frozen=True)
class Part:
    """One constraint of a rule.

    `about` are the columns that are wrong when the constraint is broken, where that is
    clear without a `blame`; `reason` says what is wrong with a row that breaks it.
    """

    constraint: DenialConstraint
    about: tuple[str, ...]
    reason: str


def constraints_of(rule: Rule) -> tuple[DenialConstraint, ...]:
    """Return the constraints that `rule` stands for, all under the rule's name.

    Raises
    ------
    RuleSyntaxError : the rule's text cannot be read

    Examples
    --------
    >>> [c.text for c in constraints_of(Rule(name="r", range={"x": (0, 9)}))]
    ['t1.x < 0', 't1.x > 9']
    """
    return tuple(part.constraint for part in parts_of(rule))


def parts_of(rule: Rule) -> tuple[Part, ...]:
    """Return the constraints of `rule` with what is known of them.

    Raises
    ------
    RuleSyntaxError : the rule's text cannot be read
    """
    return _parts_of(_Same(rule))


@dataclass(frozen=True, eq=False)
class _Same:
    """A rule by its identity: it never changes, and may hold what has no hash."""

    rule: Rule

    def __hash__(self) -> int:
        return id(self.rule)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.rule is self.rule


@lru_cache(maxsize=4_096)
def _parts_of(same: _Same) -> tuple[Part, ...]:
    rule = same.rule
    where = rule.looked_at()
    return tuple(_as_declared(rule, part, where) for part in _FORMS[rule.form](rule))


def _as_declared(rule: Rule, part: Part, where: tuple[Predicate, ...]) -> Part:
    constraint = replace(part.constraint, where=where) if where else part.constraint
    return replace(part, constraint=constraint, reason=rule.reason or part.reason)


def split_names(text: str) -> tuple[str, ...]:
    """Split ``"a, b"`` into column names.

    >>> split_names("carrier, flight")
    ('carrier', 'flight')
    """
    return tuple(name.strip() for name in text.split(",") if name.strip())


def reference_of(rule: str, columns: str, target: str) -> Reference:
    """Read ``references: {columns: target}``; the zone is trusted if none is named.

    >>> reference_of("r", "origin, hour", "weather.origin, hour").table
    'trusted.weather'

    Raises
    ------
    RuleSyntaxError : `target` is not of the form ``table.column``
    """
    table, dot, names = (
        target.rpartition(".") if "," not in target else _composite(target)
    )
    own, to = split_names(columns), split_names(names)
    if not dot or not table or len(own) != len(to):
        what = f"rule `{rule}`: `{target}` is not what `{columns}` can refer to"
        hint = "Write `column: table.column`, or `a, b: table.x, y` for several columns."
        raise RuleSyntaxError(what, hint=hint)
    full = table if "." in table else f"trusted.{table}"
    return Reference(own, str(AssetName.parse(full)), to)


def _composite(target: str) -> tuple[str, str, str]:
    first, *rest = target.split(",")
    table, dot, name = first.rpartition(".")
    names = [name, *(other.strip().removeprefix(f"{table}.") for other in rest)]
    return table, dot, ",".join(names)


def rule_text(rule: Rule) -> str:
    """Return the rule as its author wrote it, on one line.

    >>> rule_text(Rule(name="r", functional={"zip": ("city",)}))
    'functional: zip -> city'
    """
    form, value = rule.form, getattr(rule, rule.form)
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        arrow = " -> " if form in {"functional", "references"} else " "
        return f"{form}: " + "; ".join(f"{k}{arrow}{_plain(v)}" for k, v in value.items())
    return f"{form}: {_plain(value)}"


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join("~" if item is None else str(item) for item in value)
    return str(value)


def describe_rule(rule: Rule) -> str:
    """Say in plain sentences what `rule` asks for and what happens otherwise.

    >>> describe_rule(Rule(name="r", unique=("device", "hour"), action="quarantine"))
    'No two rows agree on `device` and `hour`. Rows that break it are quarantined.'
    """
    said = _SENTENCES[rule.form](rule)
    if rule.where is not None:
        said = f"Where `{' '.join(rule.where.split())}`: {said[0].lower()}{said[1:]}"
    action = _ACTIONS[rule.action].format(keep=rule.keep)
    cells = rule.blamed_cells
    if cells and rule.action == "blank":
        action = f"Then {_names(cells)} {_be(cells)} blanked."
    if rule.blamed_rows is not None:
        action = f"{action} {_WHICH[rule.blamed_rows]}"
    return f"{said}. {action}{_exceptions(rule)}"


def _exceptions(rule: Rule) -> str:
    """Say when the rule is not obeyed, and when others wait."""
    if rule.holds is not None:
        waits = ", and everything downstream waits" if rule.severity == "error" else ""
        few = f"Where it holds for fewer than {rule.holds} of the rows"
        return f" {few}, they are only flagged{waits}."
    left = "They block" if rule.action == "flag" else "What is left of them blocks"
    return f" {left} everything downstream." if rule.severity == "error" else ""


def _names(names: Sequence[str]) -> str:
    marked = [f"`{name}`" for name in names]
    return " and ".join([", ".join(marked[:-1]), marked[-1]] if marked[1:] else marked)


def _say_range(rule: Rule) -> str:
    said = []
    for name, (low, high) in (rule.range or {}).items():
        if low is not None and high is not None:
            said.append(f"`{name}` lies between {low} and {high}")
        elif low is not None or high is not None:
            bound = f"at least {low}" if low is not None else f"at most {high}"
            said.append(f"`{name}` is {bound}")
    return "; ".join(said) or "Nothing is asked"


def _say_deny(rule: Rule) -> str:
    text = imported(rule.name, rule.deny or "")
    constraint = rule.denied()
    if constraint.reference is not None:
        return _say_reference(constraint.reference)
    if constraint.sequence is not None:
        order = constraint.sequence
        per = f" of each {_names(order.per)}" if order.per else ""
        return f"No row{per}, in the order of {_names(order.by)}, has `{text.strip()}`"
    return f"No {'two rows have' if constraint.is_pair else 'row has'} `{text.strip()}`"


def _say_reference(reference: Reference) -> str:
    to = ", ".join(reference.to)
    return f"Every {_names(reference.columns)} stands in {reference.table} ({to})"


_SENTENCES: dict[str, Callable[[Rule], str]] = {
    "not_null": lambda r: f"{_names(r.not_null or ())} {_be(r.not_null)} never missing",
    "unique": lambda r: f"No two rows agree on {_names(r.unique or ())}",
    "accepted": lambda r: "; ".join(
        f"`{k}` is one of {bounded([repr(i) for i in v], at_most=8)}"
        for k, v in (r.accepted or {}).items()
    ),
    "range": _say_range,
    "matches": lambda r: "; ".join(
        f"`{k}` matches `{v}`" for k, v in (r.matches or {}).items()
    ),
    "functional": lambda r: "; ".join(
        f"{_names(split_names(k))} determine{'' if ',' in k else 's'} {_names(v)}"
        for k, v in (r.functional or {}).items()
    ),
    "references": lambda r: "; ".join(
        _say_reference(reference_of(r.name, k, v))
        for k, v in (r.references or {}).items()
    ),
    "deny": _say_deny,
    "sql": lambda _: "Its SQL selects no row",
}


def _be(names: Sequence[str] | None) -> str:
    return "is" if len(names or ()) == 1 else "are"


def _made(rule: Rule, *predicates: Predicate) -> DenialConstraint:
    made = DenialConstraint(rule.name, "", predicates)
    return DenialConstraint(rule.name, render(made), predicates)


def _across(name: str, op: Operator) -> Predicate:
    return Predicate(column_term("t1", name), op, column_term("t2", name))


def _not_null(rule: Rule) -> list[Part]:
    return [
        Part(
            _made(rule, Predicate(column_term("t1", name), "is null")),
            (name,),
            f"{name} is missing",
        )
        for name in rule.not_null or ()
    ]


def _unique(rule: Rule) -> list[Part]:
    names = rule.unique or ()
    about = names if len(names) == 1 else ()
    reason = f"another row has the same {', '.join(names)}"
    return [Part(_made(rule, *(_across(name, "=") for name in names)), about, reason)]


def _accepted(rule: Rule) -> list[Part]:
    parts = []
    for name, values in (rule.accepted or {}).items():
        listed = [exp.Literal.string(value) for value in values]
        test = exp.Not(this=exp.In(this=column_node("t1", name), expressions=listed))
        made = _made(rule, Predicate(term_of(test), "true"))
        parts.append(Part(made, (name,), f"{name} is not an accepted value"))
    return parts


def _range(rule: Rule) -> list[Part]:
    parts = []
    ops: tuple[tuple[Operator, str], ...] = (("<", "below"), (">", "above"))
    for name, bounds in (rule.range or {}).items():
        for (op, word), bound in zip(ops, bounds, strict=True):
            if bound is not None:
                made = _made(rule, _against(name, op, bound))
                parts.append(Part(made, (name,), f"{name} is {word} {bound}"))
    return parts


def _against(name: str, op: Operator, bound: int | Decimal | str) -> Predicate:
    return Predicate(column_term("t1", name), op, constant_term(bound))


def _matches(rule: Rule) -> list[Part]:
    parts = []
    for name, pattern in (rule.matches or {}).items():
        test = exp.Not(
            this=exp.RegexpFullMatch(
                this=column_node("t1", name), expression=exp.Literal.string(pattern)
            )
        )
        made = _made(rule, Predicate(term_of(test), "true"))
        parts.append(Part(made, (name,), f"{name} does not match {pattern}"))
    return parts


def _functional(rule: Rule) -> list[Part]:
    parts = []
    for determinant, dependents in (rule.functional or {}).items():
        keys = split_names(determinant)
        for name in dependents:
            made = _made(rule, *(_across(k, "=") for k in keys), _across(name, "<>"))
            reason = f"rows that agree on {', '.join(keys)} differ in {name}"
            parts.append(Part(made, (name,), reason))
    return parts


def _references(rule: Rule) -> list[Part]:
    found = [reference_of(rule.name, k, v) for k, v in (rule.references or {}).items()]
    return [_referring(rule.name, reference, None) for reference in found]


def _referring(name: str, reference: Reference, text: str | None) -> Part:
    made = DenialConstraint(name, text or "", reference=reference)
    made = DenialConstraint(name, text or render(made), reference=reference)
    columns = ", ".join(reference.columns)
    reason = f"{columns} is not in {reference.table} ({', '.join(reference.to)})"
    return Part(made, reference.columns, reason)


def _deny(rule: Rule) -> list[Part]:
    constraint = rule.denied()
    if constraint.reference is not None:
        return [_referring(rule.name, constraint.reference, constraint.text)]
    order = constraint.sequence.columns if constraint.sequence else ()
    about = tuple(name for name in constraint.columns if name not in order)
    about = about if len(about) == 1 else ()
    return [Part(constraint, about, f"denied: {constraint.text.strip()}")]


def _sql(rule: Rule) -> list[Part]:
    constraint = DenialConstraint(
        rule.name, (rule.sql or "").strip(), selected=rule.selected()
    )
    return [Part(constraint, (), "selected by the rule")]


_FORMS: dict[str, Callable[[Rule], list[Part]]] = {
    "not_null": _not_null,
    "unique": _unique,
    "accepted": _accepted,
    "range": _range,
    "matches": _matches,
    "functional": _functional,
    "references": _references,
    "deny": _deny,
    "sql": _sql,
}

"""Checks of what people decided: the columns, values, rules and files that are named."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from itertools import chain

from backbone.model.literals import value_of
from backbone.model.types import INTEGER, STRING, CanonicalType
from backbone.project.checks.known import Columns, Known, missing_columns
from backbone.project.decisions import Decision, Decisions
from backbone.project.drafts import Draft
from backbone.project.mistakes import Mistake, Where, brief, suggestion
from backbone.project.reading import Drafts
from backbone.project.rows import Header, read_header
from backbone.project.trusted import Rule

__all__ = ["check_decision", "check_decisions"]

DecisionsDraft = Draft[Decisions]

_ORIGIN: Mapping[str, CanonicalType] = {
    "_delivery": STRING,
    "_object": STRING,
    "_record": INTEGER,
}
_REMOVES = frozenset({"quarantine", "deduplicate"})


def check_decisions(drafts: Drafts, known: Known) -> Iterator[Mistake]:
    """Check every file of decisions against its table and the rules of that."""
    tables = known.tables["formatted"]
    for draft in drafts.decisions.values():
        if draft.name not in tables:
            hint = suggestion(draft.name, tables)
            text = f"there is no table `trusted.{draft.name}` to decide on{hint}"
            yield draft.mistake((), text)
            continue
        columns = known.columns.get(draft.name)
        if draft.value is None or columns is None:
            continue
        rules = _rules(drafts, draft.name)
        yield from _distinct(draft, draft.value, rules)
        for index, decision in enumerate(draft.value.decisions):
            where: Where = ("decisions", index)
            yield from check_decision(draft, decision, where, columns, rules)
            if decision.rows is not None:
                yield from _file(drafts, draft, decision, where, columns)


def check_decision(
    draft: DecisionsDraft,
    decision: Decision,
    where: Where,
    columns: Columns,
    rules: Mapping[str, Rule] | None,
) -> Iterator[Mistake]:
    """Check a decision, which stands at `where`, but for its file of rows.

    `columns` and `rules` are those of the table; None where rules cannot be told.
    """
    yield from _columns(draft, decision, where, columns)
    yield from _values(draft, decision, where, columns)
    yield from _speaks_of(draft, decision, where, rules)


def _rules(drafts: Drafts, name: str) -> Mapping[str, Rule] | None:
    """Return the rules of a table by their names; None where they cannot be told."""
    draft = drafts.trusted.get(name)
    if draft is None:
        return None if name in drafts.names.get("trusted", ()) else {}
    return {rule.name: rule for rule in draft.value.rules} if draft.value else None


def _distinct(
    draft: DecisionsDraft, declared: Decisions, rules: Mapping[str, Rule] | None
) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for index, decision in enumerate(declared.decisions):
        at: Where = ("decisions", index, "name")
        other = first.setdefault(decision.name, index)
        if other != index:
            line = draft.document.line(draft.back(("decisions", other)))
            text = f"the decision in line {line} is called `{decision.name}` too"
            yield draft.mistake(at, text)
        elif decision.name in (rules or {}) or decision.name.startswith("clean_"):
            text = f"`{decision.name}` is called like a rule or a cleaning step"
            yield draft.mistake(at, f"{text}; in the repairs it must be told from them")


def _columns(
    draft: DecisionsDraft, decision: Decision, where: Where, columns: Columns
) -> Iterator[Mistake]:
    named: list[tuple[Where, str]] = [
        ((*where, part, name), name)
        for part in ("where", "was", "set")
        for name in getattr(decision, part)
    ]
    for part in ("keep", "columns"):
        listed = getattr(decision, part)
        named += [((*where, part, i), name) for i, name in enumerate(listed)]
    yield from missing_columns(draft, named, columns)
    for at, name in named:
        if name in _ORIGIN and at[2] in {"keep", "set", "columns"}:
            yield draft.mistake(at, f"`{name}` tells where a row came from; it stays")


def _values(
    draft: DecisionsDraft, decision: Decision, where: Where, columns: Columns
) -> Iterator[Mistake]:
    for part in ("where", "set", "was"):
        for name, text in getattr(decision, part).items():
            kind = columns.get(name) or _ORIGIN.get(name)
            if kind is not None and text is not None:
                yield from _misfit(draft, (*where, part, name), kind, text)


def _misfit(
    draft: DecisionsDraft, where: Where, kind: CanonicalType, text: str
) -> Iterator[Mistake]:
    try:
        value_of(text, kind)
    except ValueError as error:
        yield draft.mistake(where, f"{brief(text)} {error}")


def _speaks_of(
    draft: DecisionsDraft,
    decision: Decision,
    where: Where,
    rules: Mapping[str, Rule] | None,
) -> Iterator[Mistake]:
    """Check the rules that a decision names."""
    if rules is None:
        return
    for index, name in enumerate(decision.rules):
        at = (*where, "undo") if decision.undo else (*where, "fine", index)
        rule = rules.get(name)
        if rule is None:
            yield draft.mistake(at, _unknown_rule(name, rules))
        elif decision.undo and rule.action == "flag":
            text = f"`{name}` flags rows and changes nothing; say `fine: {name}`"
            yield draft.mistake(at, text)
        elif decision.columns and rule.action in _REMOVES:
            text = f"`{name}` changes no cells; leave `columns` out"
            yield draft.mistake((*where, "columns"), text)


def _unknown_rule(name: str, rules: Mapping[str, Rule]) -> str:
    if name.startswith("clean_"):
        return f"`{name}` is a cleaning step; say `keep`, or what is right with `set`"
    return f"there is no rule `{name}`{suggestion(name, rules)}"


def _file(
    drafts: Drafts,
    draft: DecisionsDraft,
    decision: Decision,
    where: Where,
    columns: Columns,
) -> Iterator[Mistake]:
    """Check the header of a file of rows; its lines are read when they are needed."""
    at = (*where, "rows")
    text = decision.rows or ""
    folder = drafts.root / "decisions"
    if not (folder / text).resolve().is_relative_to(folder.resolve()):
        yield draft.mistake(at, f"{brief(text)} is not in `decisions/`")
        return
    try:
        header = read_header(folder / text)
    except FileNotFoundError:
        yield draft.mistake(at, f"there is no file `decisions/{text}`")
        return
    except (OSError, ValueError, csv.Error) as error:
        yield draft.mistake(at, f"`decisions/{text}` {error}")
        return
    yield from missing_columns(draft, ((at, n) for n in header.names), columns)
    yield from (draft.mistake(at, each) for each in _form(decision, header, text))


def _form(decision: Decision, header: Header, text: str) -> Iterator[str]:
    file = f"the first line of `decisions/{text}`"
    if not header.where:
        yield f"{file} has no column that tells which row is meant"
    if header.set and any((decision.keep, decision.rules, decision.out)):
        yield f"{file} says `set`, but the decision is `{decision.form}`"
    if not header.set and decision.form == "set" and not decision.set:
        yield f"{file} says nothing: it has no column `set:…`"
    for name in chain(header.set):
        if name in _ORIGIN:
            yield f"`{name}` tells where a row came from; it stays"

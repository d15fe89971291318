"""Check a file against rules: who breaks them, with examples. Nothing is written."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from sqlglot import exp

from backbone.app.check_words import as_called, example_of, note_of, plan_of, rule_found
from backbone.app.files import BareFile, Layout, Rejected, opened_file, read_rows
from backbone.app.violations import write_violations
from backbone.engines.protocol import Session
from backbone.errors import BackboneError, DeclarationError, nearest
from backbone.management.trusted.checking import Checked, ToCheck, check_rules
from backbone.management.trusted.checks import blame_mistakes, unknown_blame
from backbone.management.trusted.finding.searching import References
from backbone.management.trusted.rows.numbering import SPAN
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rules.declared import Part, parts_of
from backbone.management.trusted.rules.kinds import predicate_mistakes
from backbone.management.trusted.untyped.adapting import IN_ORDER, in_order, renamed
from backbone.management.trusted.untyped.comparing import (
    Compared,
    columns_wanted,
    compared,
    mistakes_before,
)
from backbone.management.trusted.untyped.odd import Odd
from backbone.management.trusted.untyped.spellings import Spelling, odd_values, spellings
from backbone.model.schemas import RECORD, Schema
from backbone.project.rules import Given
from backbone.project.trusted import Bound, Rule
from backbone.sql.queries import Query, table

__all__ = ["check_file"]

Tell = Callable[[str], None]


@dataclass(frozen=True)
class _Rule:
    """A given rule and its constraints; after the data were looked at, with casts."""

    given: Given
    parts: tuple[Part, ...]
    plan: dict[str, Any]
    found: tuple[Compared, ...] = ()


def check_file(
    path: Path,
    rules: Sequence[Given],
    *,
    mistakes: Sequence[str] = (),
    layout: Layout | None = None,
    examples: int = 3,
    violations: Path | None = None,
    dry_run: bool = False,
    tell: Tell = lambda _: None,
) -> dict[str, Any]:
    """Check a file against rules; it needs no project, and no types.

    Parameters
    ----------
    path : CSV, TSV, Parquet, JSON or JSON lines, plain or packed
    rules : what must not occur
    mistakes : what is wrong with other rules; they are told with those of `rules`
    layout : what is known of the file; the rest is found out
    examples : how many examples of what breaks a rule are wanted
    violations : a .csv or .parquet file for all rows that break a rule
    dry_run : only say how each rule would be looked for
    tell : is told what is being done

    Returns
    -------
    ``{file, columns, layout, rows, seconds, failed, refused, rejected, rules, notes}``

    Raises
    ------
    BackboneError : the file is not there, or is no table
    DeclarationError : rules name what is not there, or cannot be checked; all mistakes
    """
    from backbone.engines.duckdb import DuckDBEngine  # noqa: PLC0415 - slow to load

    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="backbone-check-") as name:
        folder = Path(name)
        file = opened_file(path, layout or Layout(), folder)
        asked = _understood(rules, mistakes, file)
        head = {
            "file": str(path),
            "columns": list(file.names),
            "layout": file.layout,
        }
        if dry_run:
            return head | {"rules": [one.plan for one in asked]}
        engine = DuckDBEngine(spill=folder / "spill")
        try:
            with engine.session() as session:
                names = _names(asked, file, every=violations is not None)
                state, rejected = read_rows(session, file, names, folder, tell=tell)
                job = _Job(session, file, state, tell)
                body = job.report(asked, examples, violations)
        finally:
            engine.close()
    spent = {"rows": state.work.rows, "seconds": time.perf_counter() - started}
    return head | spent | {"rejected": _told(rejected)} | body


def _understood(
    rules: Sequence[Given], known: Sequence[str], file: BareFile
) -> list[_Rule]:
    """Return the constraints of all rules.

    Raises
    ------
    DeclarationError : with the mistakes of all of them that need no data to be seen, and
        those that are `known`
    """
    found: list[_Rule] = []
    mistakes = list(known)
    for given in rules:
        try:
            parts = parts_of(given.rule)
            plan = plan_of(given, parts)
        except BackboneError as error:
            mistakes.append(given.said(f"{error.what}. {error.hint or ''}".rstrip()))
            continue
        mistakes += [given.said(text) for text in _mistakes(given.rule, parts, file)]
        own = tuple(
            replace(part, constraint=renamed(part.constraint, file.own)) for part in parts
        )
        found.append(_Rule(given, own, plan))
    if mistakes:
        raise DeclarationError([*mistakes, *_one_column(file)], project="the rules")
    return found


def _one_column(file: BareFile) -> list[str]:
    """Say that a file may be read wrongly, if its header is one column, so guessed."""
    form = file.sniffed.format
    if form.format != "csv" or file.told.delimiter is not None or file.header[1:]:
        return []
    if not re.search(r"\w\W+\w", "".join(file.header)):
        return []
    text = f"the header is one column, `{file.header[0]}`"
    return [f"{file.path}: {text}; if it is not, --delimiter says what parts its cells"]


def _mistakes(rule: Rule, parts: Sequence[Part], file: BareFile) -> list[str]:
    """Return what is wrong with a rule of a file with these columns."""
    if rule.sql is not None:
        return ["rules in SQL are about tables of a project, and a file stands alone"]
    names = dict.fromkeys(n for part in parts for n in part.constraint.reads)
    wrong = [text for n in names if (text := _missing(n, file))]
    if any(part.constraint.reference for part in parts):
        wrong.append(
            "it refers to another table, and a file stands alone; in a project: "
            "`backbone check trusted.<table>`"
        )
    names = dict.fromkeys(rule.blamed_columns)
    absent = [name for name in names if _missing(name, file)]
    wrong += [unknown_blame(name, list(file.own)) for name in absent]
    wrong += blame_mistakes(rule, parts, list(file.own))
    wrong += _empty(rule)
    return wrong or [text for part in parts for text in mistakes_before(part.constraint)]


def _empty(rule: Rule) -> list[str]:
    """Return why a rule asks for nothing, or accepts nothing."""
    said = [] if parts_of(rule) else ["it asks for nothing"]
    for name, values in (rule.accepted or {}).items():
        said += [] if values else [f"`{name}` accepts no value"]
    for name, (low, high) in (rule.range or {}).items():
        wrong = _disorder(low, high)
        said += [f"`{name}`: {wrong}"] if wrong else []
    return said


def _disorder(low: Bound, high: Bound) -> str | None:
    """Tell why two bounds make no range; what two texts are, the data decide."""
    if low is None or high is None or (isinstance(low, str) and isinstance(high, str)):
        return None
    if isinstance(low, str) or isinstance(high, str):
        if all(_is_number(str(bound)) for bound in (low, high)):
            return None
        return f"from `{low}` to `{high}` is no range: one is a number, one is not"
    return f"the lowest, {low}, is above the highest, {high}" if low > high else None


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def _missing(name: str, file: BareFile) -> str | None:
    if name in file.twice:
        return f"the header has `{name}` more than once; rename one of them"
    if name in file.own or file.is_open:
        return None
    hint = nearest(name, list(file.own)) or ""
    return f"there is no column `{name}`. {hint}".rstrip()


def _names(rules: Sequence[_Rule], file: BareFile, *, every: bool) -> list[str]:
    """Return the columns to read, as the file calls them."""
    back = {own: name for name, own in file.columns.items()}
    wanted = {n for one in rules for part in one.parts for n in part.constraint.reads}
    named = [name for name, own in file.columns.items() if every or own in wanted]
    more = sorted(back.get(own, own) for own in wanted if back.get(own, own) not in named)
    return named + more


def _told(rejected: Rejected) -> dict[str, Any]:
    names = ("row", "reason", "raw")
    return {
        "records": rejected.records,
        "examples": [dict(zip(names, one, strict=True)) for one in rejected.examples],
    }


@dataclass(frozen=True)
class _Job:
    """One check of one file."""

    session: Session
    file: BareFile
    state: State
    tell: Tell

    @property
    def header(self) -> dict[str, str]:
        """The names in the header, by those by which queries read columns."""
        return {own: name for name, own in self.file.columns.items()}

    def report(
        self, asked: Sequence[_Rule], examples: int, violations: Path | None
    ) -> dict[str, Any]:
        rules, spelt = self.compared(asked)
        to_check = self.to_check(rules, spelt)
        none = References("", {})
        checked = check_rules(
            self.session, to_check, none, examples=examples, tell=self.tell
        )
        body: dict[str, Any] = {
            "failed": any(
                c.is_broken and one.given.fails
                for c, one in zip(checked, rules, strict=True)
            ),
            "refused": [one.rule.name for one in checked if one.refused],
            "rules": [self.told(*pair) for pair in zip(rules, checked, strict=True)],
            "notes": self.notes(rules),
        }
        if violations is not None:
            self.tell(f"writing {violations.name}")
            written = write_violations(
                self.session,
                checked,
                self.state,
                [RECORD.name],
                violations,
                header=[self.header.get(n, n) for n in self.state.schema.names],
            )
            body["violations"] = {"file": str(violations), "rows": written}
        return body

    def compared(
        self, asked: Sequence[_Rule]
    ) -> tuple[list[_Rule], Mapping[str, Spelling]]:
        """Decide what all comparisons compare, by all rows."""
        self.tell("looking at what is a number or a date")
        constraints = [part.constraint for one in asked for part in one.parts]
        names, numeric = columns_wanted(constraints)
        spelt = spellings(self.session, self.state.work, sorted(names), sorted(numeric))
        rules, mistakes = [], []
        for one in asked:
            made = [
                compared(p.constraint, spelt, self.state.schema.names) for p in one.parts
            ]
            wrong = [text for each in made for text in each.mistakes]
            wrong = wrong or self.kind_mistakes(made)
            wrong = [as_called(text, self.file.called) for text in wrong]
            mistakes += [one.given.said(text) for text in dict.fromkeys(wrong)]
            rules.append(replace(one, found=tuple(made)))
        if mistakes:
            raise DeclarationError(mistakes, project="the rules")
        return rules, spelt

    def kind_mistakes(self, made: Sequence[Compared]) -> list[str]:
        return [
            text
            for each in made
            for predicate in (*each.constraint.predicates, *each.constraint.where)
            for text in predicate_mistakes(predicate, self.state.schema)
        ]

    def to_check(
        self, rules: Sequence[_Rule], spelt: Mapping[str, Spelling]
    ) -> list[ToCheck]:
        """Return rules with what they read; for those on neighbours, in their order."""
        more: dict[str, exp.Expr] = {}
        parts: list[list[Part]] = []
        for one in rules:
            parts.append([])
            for part, found in zip(one.parts, one.found, strict=True):
                constraint, made = in_order(found.constraint, spelt)
                parts[-1].append(replace(part, constraint=constraint))
                more |= made
        state = self.ordered(more) if more else self.state
        texts = {name: name.removesuffix(IN_ORDER) for name in more}
        return [
            ToCheck(one.given.rule, tuple(own), state, texts, self.file.called)
            for one, own in zip(rules, parts, strict=True)
        ]

    def ordered(self, more: Mapping[str, exp.Expr]) -> State:
        """Return the rows with columns by whose values, not texts, they are ordered."""
        made = [exp.alias_(value, name, quoted=True) for name, value in more.items()]
        rows = exp.select("*", *made).from_(table("work"))
        work = self.session.stage(Query.of(rows), {"work": self.state.work})
        own = {**{c.name: c for c in self.state.schema}}
        columns = [own.get(c.name, c) for c in work.schema if c.name != "_row"]
        return replace(self.state, schema=Schema(tuple(columns)), work=work)

    # -- what is told ------------------------------------------------------------------

    def told(self, one: _Rule, checked: Checked) -> dict[str, Any]:
        kinds = dict.fromkeys(
            (as_called(text, self.file.called), kind)
            for found in one.found
            for text, kind in found.kinds
        )
        shown = [example_of(each, _record) for each in checked.shown]
        return rule_found(one.plan, checked, shown, list(kinds))

    def notes(self, rules: Sequence[_Rule]) -> list[dict[str, Any]]:
        """Say what kept comparisons from being what they might have been."""
        met: dict[Odd, list[str]] = {}
        for one in rules:
            for found in one.found:
                for odd in found.odd:
                    met.setdefault(odd, []).append(one.given.rule.name)
        return [self.note(odd, list(dict.fromkeys(names))) for odd, names in met.items()]

    def note(self, odd: Odd, rules: Sequence[str]) -> dict[str, Any]:
        values: tuple[tuple[int, str], ...] = ()
        if odd.fits is not None:
            values = odd_values(self.session, self.state.work, odd.column, odd.fits)
        shown = [(row % SPAN, text) for row, text in values]
        name = self.file.called.get(odd.column, odd.column)
        return {
            "column": name,
            "rules": list(rules),
            "note": note_of(replace(odd, column=name), shown),
            "values": [{"row": row, "value": text} for row, text in shown],
        }


def _record(origin: str) -> int:
    return int(origin.rpartition("#")[2])

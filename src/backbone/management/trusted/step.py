"""The trusted step: formatted rows in; rows that can be trusted, and their story, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from backbone.engines.protocol import Relation, Session, Staged, Written
from backbone.management.trusted.applying import Outcome, applied, flagged
from backbone.management.trusted.cleaning import changes_of
from backbone.management.trusted.finding.ahead import Ahead
from backbone.management.trusted.finding.pairs import Pairs
from backbone.management.trusted.finding.searching import References, reads_of
from backbone.management.trusted.finding.seen import Seen, described
from backbone.management.trusted.finding.witnesses import MAX_WITNESSES, witnesses
from backbone.management.trusted.opening import Opened, opened
from backbone.management.trusted.outputs import (
    Flag,
    staged_flags,
    write_decisions,
    write_main,
    write_merged,
    write_quarantine,
    write_repairs,
    write_violations,
)
from backbone.management.trusted.rows.current import CurrentState
from backbone.management.trusted.rows.pieces import Piece
from backbone.management.trusted.rows.state import State
from backbone.management.trusted.rules.assess import (
    Left,
    columns_of,
    dimension_of,
    left_over,
)
from backbone.management.trusted.rules.blame import blamed
from backbone.management.trusted.rules.declared import parts_of
from backbone.model.reports import (
    CleaningReport,
    DecisionReport,
    RuleReport,
    TrustedAccount,
    Witness,
)
from backbone.model.schemas import Schema
from backbone.project.cleaning import Lookup
from backbone.project.decisions import Ruling
from backbone.project.lookups import Pairs as Listed
from backbone.project.trusted import TrustedTable

__all__ = ["TrustedResult", "trust"]


@dataclass(frozen=True)
class TrustedResult:
    """A trusted table, its side tables, and the account of its rows.

    `failed_rules` are the rules of severity ``error`` that rows still break, and
    `failed_rows` how many rows do: whoever calls the step keeps what is downstream from
    running, or those rows from it. `decisions` are what became of those of people;
    `told` is their side table, where there are any. `cleaning` are the cleaning steps.
    """

    main: Written
    violations: Written
    repairs: Written
    quarantine: Written
    merged: Written
    account: TrustedAccount
    rules: tuple[RuleReport, ...] = ()
    failed_rules: tuple[str, ...] = ()
    failed_rows: int = 0
    decisions: tuple[DecisionReport, ...] = ()
    told: Written | None = None
    cleaning: tuple[CleaningReport, ...] = ()

    @property
    def sides(self) -> dict[str, Written]:
        """The side tables, by name."""
        told = {} if self.told is None else {"decisions": self.told}
        return {
            "violations": self.violations,
            "repairs": self.repairs,
            "quarantine": self.quarantine,
            "merged": self.merged,
            **told,
        }


@dataclass(frozen=True)
class _Story:
    """What the rules did so far: relations with ``_row``, and reports."""

    state: State
    repairs: tuple[Piece, ...] = ()
    quarantined: tuple[Staged, ...] = ()
    merged: tuple[Staged, ...] = ()
    flags: tuple[Flag, ...] = ()
    reports: tuple[RuleReport, ...] = ()
    seen: tuple[tuple[Seen, ...], ...] = ()


def trust(
    session: Session,
    formatted: Relation,
    *,
    table: str,
    declaration: TrustedTable,
    schema: Schema,
    current: CurrentState,
    references: Mapping[str, Relation],
    folder: Path,
    lookups: Mapping[Lookup, Listed] | None = None,
    rulings: Sequence[Ruling] = (),
) -> TrustedResult:
    """Clean a formatted table, apply its rules from top to bottom, and write the result.

    Parameters
    ----------
    session : Session
        Where to compute; intermediate relations are staged in it.
    formatted : Relation
        All rows of the formatted table: the public columns of `schema` and the origin.
    table : str
        The table's name in the trusted zone; a rule may refer to it.
    declaration : TrustedTable
        Cleaning steps and rules, already checked by `check_table`. With none, the
        current rows pass through.
    schema : Schema
        The table's columns; those of the origin may be among them.
    current : CurrentState
        Which deliveries count.
    references : Mapping of str to Relation
        The tables that rules refer to, by full name (``trusted.planes``).
    folder : Path
        Where the Parquet files go.
    lookups : Mapping of Lookup to pairs, optional
        The texts, and what they become, of the files that cleaning steps name.
    rulings : sequence of Ruling
        What people decided about rows, as far as it holds today; checked like the
        declaration.

    Returns
    -------
    TrustedResult
        ``main`` has the public columns, the origin and ``_flags``; formatted, without
        what is superseded, quarantined or merged, and with the repairs, is ``main``.

    Raises
    ------
    AccountMismatch : rows appeared or disappeared, or come from an unknown delivery
    UnknownAsset : a rule refers to a table that is not in `references`
    UnsupportedRule : a rule would compare too many pairs of rows
    """
    own = f"trusted.{table}"
    changes = changes_of(declaration.clean, schema, lookups)
    reads = [
        name
        for rule in declaration.rules
        for part in parts_of(rule)
        for name in (*reads_of(part, own), *(c.column for c in blamed(rule, part)))
    ]
    if any(rule.sql is not None for rule in declaration.rules):
        reads = list(schema.public.names)
    start = opened(
        session,
        formatted,
        schema,
        current,
        reads=reads,
        changes=changes,
        folder=folder,
        rules=declaration.rules,
        rulings=rulings,
    )
    out = start.settled.out
    story = _Story(
        start.state,
        repairs=start.repairs,
        quarantined=(out,) if out is not None else (),
    )
    story = _ruled(
        session, story, declaration, References(own, references), order=len(changes) + 1
    )
    return _written(session, start, story, declaration, own, folder)


def _ruled(
    session: Session,
    story: _Story,
    declaration: TrustedTable,
    references: References,
    *,
    order: int,
) -> _Story:
    ahead = Ahead(session, references, declaration.rules)
    outcomes: list[Outcome] = []
    for place, rule in enumerate(declaration.rules):
        outcome = applied(session, story.state, rule, ahead, place=place, order=order)
        order += len(parts_of(rule))
        gone = (outcome.change.gone,) if outcome.change.gone else ()
        merges = rule.action == "deduplicate"
        report = replace(
            outcome.report,
            columns=columns_of(rule),
            dimension=dimension_of(rule),
            weight=rule.weight,
        )
        outcomes.append(outcome)
        story = _Story(
            state=outcome.change.state,
            repairs=story.repairs + outcome.change.repairs,
            quarantined=story.quarantined + (() if merges else gone),
            merged=story.merged + (gone if merges else ()),
            reports=(*story.reports, report),
            seen=(*story.seen, outcome.seen),
        )
    return replace(story, flags=flagged(session, declaration.rules, outcomes, references))


def _written(
    session: Session,
    start: Opened,
    story: _Story,
    declaration: TrustedTable,
    own: str,
    folder: Path,
) -> TrustedResult:
    state = story.state
    flags = staged_flags(session, state, story.flags)
    seen = [one for of_rule in story.seen for one in of_rule]
    left = left_over(session, flags, declaration.rules, _tolerated(declaration, story))
    violations = write_violations(session, state, described(seen), folder)
    repairs = write_repairs(session, state, story.repairs, folder)
    quarantined = write_quarantine(session, state, story.quarantined, folder)
    merged = write_merged(session, state, story.merged, folder)
    main = write_main(session, state, flags, folder)
    told = start.settled.told
    account = TrustedAccount(
        formatted=start.formatted,
        trusted=main.rows,
        quarantined=quarantined.rows,
        merged=merged.rows,
        superseded=start.formatted - start.current,
        repaired=repairs.rows,
        flagged=flags.rows if flags else 0,
    )
    return TrustedResult(
        main=main,
        violations=violations,
        repairs=repairs,
        quarantine=quarantined,
        merged=merged,
        account=account.check(own),
        rules=_told(story, witnesses(session, seen), left),
        failed_rules=left.failed,
        failed_rows=left.failed_rows,
        decisions=start.settled.reports,
        told=write_decisions(session, state, told, folder) if told else None,
        cleaning=start.cleaning,
    )


def _tolerated(declaration: TrustedTable, story: _Story) -> frozenset[str]:
    """Return the rules that no more rows break than they allow for."""
    reports = zip(declaration.rules, story.reports, strict=True)
    return frozenset(
        rule.name
        for rule, report in reports
        if rule.tolerance is not None and not report.questioned
    )


def _told(
    story: _Story, found: Sequence[tuple[Witness, ...]], left: Left
) -> tuple[RuleReport, ...]:
    """Return the reports of the rules, with a few of the rows that broke each.

    And with how many are left that do, and the bounds on how many pairs of rows did.
    """
    of_findings = iter(found)
    reports = []
    for report, of_rule in zip(story.reports, story.seen, strict=True):
        own = tuple(witness for _ in of_rule for witness in next(of_findings))
        pairs = Pairs.together([one.finding.bounds for one in of_rule])
        reports.append(
            replace(
                report,
                witnesses=own[:MAX_WITNESSES],
                left_rows=left.rows[report.name],
                pairs_at_least=pairs.at_least,
                pairs_at_most=pairs.at_most,
            )
        )
    return tuple(reports)

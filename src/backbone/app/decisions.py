"""What people decided about rows of a trusted table: list it, and decide."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from getpass import getuser
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlglot import exp

from backbone.app.deciding import Row, found_rows, would_change
from backbone.app.environment import Environment
from backbone.app.keys import key_of, shown_key
from backbone.app.queries import head
from backbone.engines.protocol import Scan
from backbone.errors import BackboneError, LakeError, ProjectError
from backbone.model.names import AssetName
from backbone.operations.rulings import folder_of, today
from backbone.project.checks.decisions import check_decision
from backbone.project.decisions import Decision, Decisions, Form
from backbone.project.drafts import drafted
from backbone.project.mistakes import brief, path_text
from backbone.project.wording import findings
from backbone.project.writing import with_decision
from backbone.project.yaml import parse
from backbone.sql.queries import Query, column, table

__all__ = ["Saying", "decide", "decisions"]


@dataclass(frozen=True)
class Saying:
    """What a person says of a row.

    `columns` are those to keep, to set, or whose repair is undone; `value` is what a
    column is set to (None: a missing value); `rule` is the one to undo or to be fine.
    `by` is the user of this machine by default, `name` is made from the rest.
    With `always` the decision holds whatever the source delivers later.
    """

    form: Form
    reason: str
    columns: tuple[str, ...] = ()
    value: str | None = None
    rule: str | None = None
    by: str | None = None
    until: str | None = None
    name: str | None = None
    many: bool = False
    always: bool = False


def decisions(env: Environment, name: str) -> dict[str, Any]:
    """List the decisions on a trusted table, with what became of each.

    Returns
    -------
    ``{asset, decisions}``; the `status` of a decision is ``applied``, ``no row``,
    ``several rows``, ``other value``, ``overruled``, ``applied in part`` (the counts are
    in `rows`), ``expired``, or ``not run yet``: no version was made with it.
    """
    asset = _trusted(env, name)
    declared = _declared(env, asset)
    made = _made(env, asset)
    return {
        "asset": str(asset),
        "decisions": [_listed(one, made.get(one.name), today()) for one in declared],
    }


def _declared(env: Environment, asset: AssetName) -> tuple[Decision, ...]:
    return env.project.decisions.get(asset.table, Decisions()).decisions


def _listed(one: Decision, rows: Mapping[str, int] | None, day: date) -> dict[str, Any]:
    found = {
        "name": one.name,
        "form": one.form,
        "key": shown_key(one.where) if one.where else f"rows of {one.rows}",
        "columns": list(one.keep or one.set or one.columns),
        "values": dict(one.set),
        "rules": list(one.rules),
        "was": dict(one.was),
        "reason": one.reason,
        "by": one.by,
        "decided": one.decided.isoformat(),
        "until": one.until.isoformat() if one.until else None,
    }
    if not one.holds_on(day):
        return {**found, "status": "expired", "rows": {}}
    return {**found, "status": _status(rows), "rows": dict(rows or {})}


def _status(rows: Mapping[str, int] | None) -> str:
    if not rows:
        return "not run yet"
    return next(iter(rows)) if len(rows) == 1 else "applied in part"


def _made(env: Environment, asset: AssetName) -> dict[str, dict[str, int]]:
    """Return what became of the decisions in the newest version, by their names."""
    try:
        version = head(env, asset.with_side("decisions"))
    except LakeError:
        return {}
    scan = Scan(version.paths(), version.schema)
    names = [column("decision"), column("status")]
    number = exp.alias_(exp.Count(this=exp.Star()), "n")
    counted = exp.select(*names, number).from_(table("told")).group_by(*names)
    with env.engine.session() as session:
        rows = session.fetch(Query.of(counted.order_by(*names)), {"told": scan})
    found: dict[str, dict[str, int]] = {}
    for row in rows.to_pylist():
        found.setdefault(row["decision"], {})[row["status"]] = int(row["n"])
    return found


def decide(
    env: Environment,
    name: str,
    key: Sequence[str],
    saying: Saying,
    *,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Decide about a row of a trusted table: a decision is added to its file.

    Parameters
    ----------
    name : a trusted table that has been made
    key : values in the order of the table's key, or ``column=value``
    saying : what is decided, and why
    dry_run : say what would change; nothing is written

    Returns
    -------
    ``{asset, decision, file, written, rows}``; a row has its origin, and `changes`
    (``column, now, then``) or an `effect` in words.

    Raises
    ------
    DataError : no current row has this key, or several, or the row has nothing that the
        decision speaks of
    BackboneError : the decision is none: an unknown rule or column, a value of another
        type, a reason that is missing
    """
    asset = _trusted(env, name)
    version = head(env, asset)
    where = key_of(env, asset, version.schema, key)
    bare = _decision(env, asset, where, saying, {})
    _check(env, asset, bare)
    rows = found_rows(env, asset, bare)
    shown = [{**row.origin, **would_change(env, version, row, bare)} for row in rows]
    was = {} if saying.always or saying.many else _was(bare, rows[0], shown[0])
    decision = _decision(env, asset, where, saying, was)
    file = _file(env, asset)
    _write(file, decision, dry_run=dry_run)
    return {
        "asset": str(asset),
        "decision": decision.model_dump(mode="json", exclude_defaults=True),
        "file": str(file),
        "written": not dry_run,
        "rows": shown,
    }


def _trusted(env: Environment, name: str) -> AssetName:
    asset = env.asset(_in_trusted(env, name)).main
    if asset.zone != "trusted":
        raise BackboneError(
            f"{asset} is not a trusted table",
            hint="People decide about rows of trusted tables: trusted.NAME.",
            command="backbone ls zone:trusted",
        )
    return asset


def _in_trusted(env: Environment, name: str) -> str:
    return f"trusted.{name}" if name in env.project.trusted else name


def _file(env: Environment, asset: AssetName) -> Path:
    return folder_of(env.project) / f"{asset.table}.yml"


def _decision(
    env: Environment,
    asset: AssetName,
    where: Mapping[str, str],
    saying: Saying,
    was: Mapping[str, str | None],
) -> Decision:
    given: dict[str, Any] = {"where": dict(where), "was": dict(was), "many": saying.many}
    if saying.form == "keep":
        given["keep"] = saying.columns
    elif saying.form == "set":
        given["set"] = dict.fromkeys(saying.columns, saying.value)
    elif saying.form == "undo":
        given |= {"undo": saying.rule, "columns": saying.columns}
    elif saying.form == "fine":
        given["fine"] = (saying.rule,)
    else:
        given["out"] = True
    given |= {
        "name": saying.name or _free_name(env, asset, saying),
        "reason": saying.reason,
        "by": saying.by or _user(),
        "decided": today(),
        "until": saying.until,
    }
    try:
        return Decision.model_validate(given)
    except ValidationError as error:
        raise BackboneError(_words(error)) from error


def _words(error: ValidationError) -> str:
    """Say what is wrong with a decision as loading its file would."""
    found = findings(error.errors(include_url=False), Decision, {})
    return "; ".join(
        f"{path_text(each.where)}: {each.text}" if each.where else each.text
        for each in found
    )


def _user() -> str:
    try:
        return getuser()
    except (ImportError, KeyError, OSError):
        message = "nobody is logged in; say who decides: --by NAME"
        raise BackboneError(message) from None


def _free_name(env: Environment, asset: AssetName, saying: Saying) -> str:
    taken = {one.name for one in _declared(env, asset)}
    about = saying.rule or "_".join(saying.columns) or "row"
    plain = "".join(c if c.isalnum() and c.isascii() else "_" for c in about.lower())
    lead, number = f"{saying.form}_{plain}", 1
    while f"{lead}_{number}" in taken:
        number += 1
    return f"{lead}_{number}"


def _check(env: Environment, asset: AssetName, decision: Decision) -> None:
    """Check a decision as loading the project would."""
    for text in (decision.reason, decision.by, *decision.where.values()):
        if "${" in text:
            message = f"{brief(text)}: `${{` stands for a parameter in declarations"
            raise BackboneError(message)
    text = with_decision(None, decision, "decision")
    document, _ = parse(text, "decision")
    if document is None:
        message = f"the decision cannot be written: {text}"
        raise BackboneError(message)
    taken = {one.name for one in _declared(env, asset)}
    if decision.name in taken | {r.name for r in env.project.trusted[asset.table].rules}:
        raise ProjectError(f"there is a decision or a rule `{decision.name}` already")
    draft, _ = drafted(TypeAdapter(Decisions), Decisions, document, asset.table)
    schema = head(env, asset).schema.public
    columns = {column.name: column.type for column in schema}
    rules = {rule.name: rule for rule in env.project.trusted[asset.table].rules}
    found = [
        mistake.text
        for mistake in check_decision(draft, decision, ("decisions", 0), columns, rules)
    ]
    if found:
        raise ProjectError("; ".join(found), command=f"backbone explain {asset}")


def _was(decision: Decision, row: Row, shown: Mapping[str, Any]) -> dict[str, str | None]:
    """Return the cells that a decision was made about, as they were delivered."""
    named = decision.keep or tuple(decision.set) or tuple(shown.get("about", ()))
    return {name: row.cells[name] for name in named if name in row.cells}


def _write(file: Path, decision: Decision, *, dry_run: bool) -> None:
    """Put the decision into the file, whole or not at all."""
    shown = f"decisions/{file.name}"
    try:
        text = file.read_text(encoding="utf-8-sig") if file.exists() else None
        new = with_decision(text, decision, shown)
        if dry_run:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, other = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as opened:
            opened.write(new)
        Path(other).chmod(file.stat().st_mode if file.exists() else 0o644)
        Path(other).replace(file)
    except OSError as error:
        what = f"{shown} cannot be written: {error.strerror or error}"
        raise BackboneError(what) from error

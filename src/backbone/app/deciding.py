"""The rows that a decision would speak of, and what it would change there."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backbone.app.environment import Environment
from backbone.app.keys import shown_key
from backbone.app.origins import row_at, rows_at, side_rows
from backbone.app.queries import head
from backbone.engines.protocol import Scan
from backbone.errors import DataError, bounded
from backbone.lake.tables import TableVersion
from backbone.management.trusted import CurrentState, named_rows
from backbone.model.names import AssetName
from backbone.model.schemas import ORIGIN
from backbone.operations.current import current_state
from backbone.project.decisions import Decision, Ruling

__all__ = ["Row", "current_of", "found_rows", "would_change"]

_MOST_ROWS = 1000


@dataclass(frozen=True)
class Row:
    """A current row: its origin, and its cells as they were delivered, as text."""

    origin: Mapping[str, Any]
    cells: Mapping[str, str | None]

    @property
    def place(self) -> str:
        """Where it came from, in short."""
        return f"{self.origin['_object']}#{self.origin['_record']}"


def current_of(env: Environment, asset: AssetName) -> tuple[TableVersion, CurrentState]:
    """Return the formatted table behind a trusted one, and which rows of it count."""
    formatted = head(env, AssetName("formatted", asset.table))
    dataset = AssetName.parse(env.project.formatted[asset.table].source).table
    source = env.project.dataset_source(dataset)
    held = env.catalog.deliveries(formatted.asset, str(formatted.metadata["declaration"]))
    landed = [d for d in env.lake.landing.deliveries(source, dataset) if d.id in held]
    return formatted, current_state(env.project, env.catalog, formatted, landed)


def found_rows(env: Environment, asset: AssetName, decision: Decision) -> list[Row]:
    """Return the current rows that a decision names; one, unless it may be many.

    Raises
    ------
    DataError : there is none, or there are several where one is meant
    """
    formatted, current = current_of(env, asset)
    with tempfile.TemporaryDirectory() as folder, env.engine.session() as session:
        found = named_rows(
            session,
            Scan(formatted.paths(), formatted.schema),
            declaration=env.project.trusted[asset.table],
            schema=formatted.schema,
            current=current,
            rulings=[Ruling.of(decision)],
            folder=Path(folder),
            lookups=env.project.lookups,
            max_rows=_MOST_ROWS,
        ).to_pylist()
    public = formatted.schema.public.names
    rows = [
        Row({n: one[n] for n in ORIGIN.names}, {n: one[n] for n in public})
        for one in found
    ]
    key = shown_key(decision.where)
    if not rows:
        raise DataError(
            f"no current row of {asset} has {key}",
            hint="A row is named by what it holds after cleaning, before any rule.",
            command=f'backbone query "select * from {asset}"',
        )
    if any(one["_status"] == "several rows" for one in found):
        raise DataError(
            f"{len(rows)} rows of {asset} have {key}: "
            f"{bounded([row.place for row in rows])}",
            hint="Name more columns, or say --many if all of them are meant.",
        )
    return rows


def would_change(
    env: Environment, version: TableVersion, row: Row, decision: Decision
) -> dict[str, Any]:
    """Say what a decision would change in a row of a trusted table.

    Returns
    -------
    ``changes`` of cells (``column, now, then``, as canonical text), or the ``effect`` in
    words; ``about``: the columns that it was made about.

    Raises
    ------
    DataError : the row has nothing that the decision speaks of
    """
    now = row_at(env, version, row.origin, as_text=True)
    if decision.form in {"keep", "set"}:
        wanted = decision.set or {name: row.cells[name] for name in decision.keep}
        if now is not None:
            return {"changes": _cells(now, wanted)}
        side = _gone(env, version.asset, row)
        held = env.lake.tables.at(version.asset.with_side(side), version.sides[side])
        (then,) = rows_at(env, held, row.origin, as_text=True)[:1]
        effect = f"the row is in {version.asset}__{side}"
        return {"changes": _cells(then, wanted), "effect": effect}
    if decision.form == "out":
        return {"effect": "the row leaves, to the quarantine"}
    if decision.form == "undo":
        return _undone(env, version.asset, row, decision, now)
    return _fine(env, version.asset, row, decision)


def _cells(
    now: Mapping[str, Any], wanted: Mapping[str, str | None]
) -> list[dict[str, Any]]:
    return [
        {"column": name, "now": now.get(name), "then": value}
        for name, value in wanted.items()
    ]


def _gone(env: Environment, asset: AssetName, row: Row) -> str:
    """Return the side table that holds a row which left."""
    sides = ("quarantine", "merged")
    return next(side for side in sides if side_rows(env, asset, side, row.origin))


def _undone(
    env: Environment,
    asset: AssetName,
    row: Row,
    decision: Decision,
    now: Mapping[str, Any] | None,
) -> dict[str, Any]:
    repairs = [
        one
        for one in side_rows(env, asset, "repairs", row.origin)
        if one["rule"] == decision.undo
        and (not decision.columns or one["column"] in decision.columns)
    ]
    if repairs:
        changes = [
            {
                "column": one["column"],
                "now": (now or {}).get(one["column"]),
                "then": one["old"],
            }
            for one in repairs
        ]
        return {"changes": changes, "about": [one["column"] for one in repairs]}
    for side, words in _CAME_BACK.items():
        if any(
            _is_of(one, decision.undo) for one in side_rows(env, asset, side, row.origin)
        ):
            return {"effect": words}
    _refuse_undone(env, asset, row, decision)
    return {}


_CAME_BACK = {
    "quarantine": "the row comes back from the quarantine",
    "merged": "the row stays beside the one that it was merged into",
}


def _is_of(one: Mapping[str, Any], rule: str | None) -> bool:
    return rule in {one.get("_rule"), one.get("rule")}


def _refuse_undone(
    env: Environment, asset: AssetName, row: Row, decision: Decision
) -> None:
    known = {
        str(one["rule"])
        for side in ("repairs", "quarantine", "merged")
        for one in side_rows(env, asset, side, row.origin)
        if one["rule"] is not None
    }
    raise DataError(
        f"`{decision.undo}` changed nothing in row {row.place}",
        hint=f"What changed it: {bounded(sorted(known))}." if known else None,
        command=f"backbone trace {asset} {_words(row)}",
    )


def _fine(
    env: Environment, asset: AssetName, row: Row, decision: Decision
) -> dict[str, Any]:
    broken = side_rows(env, asset, "violations", row.origin)
    mine = [one for one in broken if one["rule"] in decision.fine]
    if not mine:
        known = sorted({str(one["rule"]) for one in broken})
        raise DataError(
            f"row {row.place} does not break `{', '.join(decision.fine)}`",
            hint=f"It breaks {bounded(known)}." if known else "It breaks no rule.",
            command=f"backbone trace {asset} {_words(row)}",
        )
    about = dict.fromkeys(name for one in mine for name in one["columns"].split(", "))
    reasons: Sequence[str] = list(dict.fromkeys(one["reason"] for one in mine))
    return {"effect": f"no violation any more: {reasons[0]}", "about": list(about)}


def _words(row: Row) -> str:
    return " ".join(f"{name}={value}" for name, value in row.origin.items())

"""Where a row came from, and how a table is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from backbone.app.decisions import decisions
from backbone.app.environment import Environment
from backbone.app.keys import key_of, shown_key
from backbone.app.origins import Placed, delivery_of, found_row, row_at, side_rows
from backbone.app.queries import head
from backbone.engines.protocol import Scan
from backbone.engines.raw import raw_record
from backbone.errors import BackboneError, DataError
from backbone.governance.provenance import origins
from backbone.lake.tables import TableVersion
from backbone.management.formatted import reading_of
from backbone.management.trusted import constraints_of, describe_rule, describe_step
from backbone.management.trusted.finding.detect import explain as explain_rule
from backbone.model.deliveries import Delivery
from backbone.model.names import AssetName
from backbone.model.raw import RawObject
from backbone.model.schemas import ORIGIN
from backbone.operations.schemas import parsed
from backbone.operations.work import left_out_words
from backbone.sql.compilation import CompiledView, compile_view
from backbone.sql.queries import Query

__all__ = ["Trace", "explain", "trace"]

_SIDES = ("repairs", "violations", "decisions", "rejected_cells")
_LEFT = {
    "quarantine": ("rule", "reason"),
    "merged": ("rule", "survivor_delivery", "survivor_object", "survivor_record"),
}
_MAX_ROWS = 100
_SAID = ("name", "form", "key", "columns", "rules", "status", "reason", "by", "until")


@dataclass(frozen=True)
class Trace:
    """The way back of one row.

    `row` is the row that was asked for; `inputs` are the rows that it was made of, each
    with its table, its origin, the raw record, and what happened to it on the way.
    `totals` says how many rows there are of each table, of which at most a hundred are
    shown.
    """

    asset: str
    key: Mapping[str, Any]
    row: Mapping[str, Any]
    inputs: tuple[Mapping[str, Any], ...]
    totals: Mapping[str, int]

    def rows(self) -> dict[str, Any]:
        """Return the trace as plain data."""
        return {
            "asset": self.asset,
            "key": dict(self.key),
            "row": dict(self.row),
            "inputs": [dict(one) for one in self.inputs],
            "totals": dict(self.totals),
        }


def trace(env: Environment, name: str, key: Sequence[str]) -> Trace:
    """Follow a row back to the raw file and record of each of its inputs.

    A row of an analysis, a prediction for example, goes back through the row of its
    source that has the same key.

    Parameters
    ----------
    name : an asset
    key : values in the order of the asset's key or grain, or ``column=value``

    Raises
    ------
    DataError : no row has this key
    MissingColumn : the key names a column that is not there
    """
    asset = env.asset(name)
    version = head(env, asset)
    wanted = key_of(env, asset, version.schema, key)
    placed = _row(env, version, wanted)
    row = placed.row
    if asset.zone == "analysis" and wanted:
        source = env.project.analyses[asset.table].source
        inner = trace(env, source, [f"{name}={value}" for name, value in wanted.items()])
        return Trace(str(asset), wanted, row, inner.inputs, inner.totals)
    if asset.zone == "exploitation":
        found = _origins(env, asset, wanted)
        totals = {str(one["asset"]): int(one["total"]) for one in found}
    elif set(ORIGIN.names) <= set(version.schema.names):
        found = [{"asset": str(asset), **{c: row[c] for c in ORIGIN.names}}]
        totals = {str(asset): 1}
    else:
        made_from = ", ".join(map(str, env.graph.inputs[asset.main]))
        raise BackboneError(
            f"rows of {asset} have no origin of their own",
            hint=f"They are made from {made_from}.",
        )
    inputs = tuple(_input(env, one) for one in found)
    return Trace(str(asset), wanted, row, inputs, totals)


def _row(env: Environment, version: TableVersion, key: Mapping[str, str]) -> Placed:
    found = found_row(env, version, key)
    if found is None:
        raise DataError(
            f"no row of {version.asset} has {shown_key(key)}",
            command=f'backbone query "select * from {version.asset}"',
        )
    return found


def _origins(
    env: Environment, asset: AssetName, key: Mapping[str, Any]
) -> list[dict[str, Any]]:
    views = {
        one: _compiled(env, one)
        for one in (asset, *env.graph.upstream(asset))
        if one.zone == "exploitation"
    }
    schema = head(env, asset).schema
    typed = {
        name: _typed(env, value, schema[name].type.sql) for name, value in key.items()
    }
    query = origins(views[asset], typed, views=views, max_rows=_MAX_ROWS)
    scans = {}
    for one in query.reads():
        version = head(env, AssetName.parse(one))
        scans[one] = Scan(version.paths(), version.schema)
    with env.engine.session() as session:
        return list(session.fetch(query, scans).to_pylist())


def _compiled(env: Environment, asset: AssetName) -> CompiledView:
    view = parsed(env.project, asset.table)
    schemas = {one: head(env, one).schema for one in view.inputs}
    return compile_view(view, schemas, left_out=_left_out(env, asset))


def _left_out(env: Environment, asset: AssetName) -> dict[AssetName, list[str]]:
    """Return the rules whose rows the newest version of a view was made without."""
    told = head(env, asset).metadata.get("left_out", {})
    return {AssetName.parse(name): one["rules"] for name, one in told.items()}


def _typed(env: Environment, text: Any, kind: str) -> Any:
    select = exp.select(exp.alias_(exp.cast(exp.Literal.string(text), kind), "v"))
    with env.engine.session() as session:
        return session.fetch(Query.of(select), {})["v"][0].as_py()


def _input(env: Environment, origin: Mapping[str, Any]) -> dict[str, Any]:
    asset = AssetName.parse(str(origin["asset"]))
    where = {name: origin[name] for name in ORIGIN.names}
    version = head(env, asset)
    found: dict[str, Any] = {
        "asset": str(asset),
        "version": version.number,
        "row": row_at(env, version, where),
        **{name.strip("_"): value for name, value in where.items()},
    }
    for side in _SIDES:
        rows = side_rows(env, asset, side, where)
        if rows:
            found[side] = rows
    for side, names in _LEFT.items() if asset.zone == "trusted" else ():
        rows = side_rows(env, asset, side, where)
        if rows:  # ours are the last columns, whatever they are called
            ours = list(rows[0].values())[-len(names) :]
            found[side] = dict(zip(names, ours, strict=True))
    delivery = delivery_of(env, asset, str(origin["_delivery"]))
    if delivery is not None:
        found |= _raw(
            env, asset, delivery, str(origin["_object"]), int(origin["_record"])
        )
    return found


def _raw(
    env: Environment, asset: AssetName, delivery: Delivery, name: str, record: int
) -> dict[str, Any]:
    obj = next(one for one in delivery.objects if one.name == name)
    path = env.lake.landing.path(obj)
    raw = RawObject(str(path), obj.name, delivery.id, obj.fields)
    found = {
        "file": str(path),
        "origin": obj.origin,
        "sha256": obj.sha256,
        "received": delivery.first_received.isoformat(),
    }
    if delivery.removed is not None:
        return {**found, "raw": None, "gone": delivery.removed.words}
    read = reading_of(env.project.formatted[asset.table], raw)
    own, _ = read.row(record)
    told = {"record": own, "row_number": record} if read.unpivot else {}
    return {**found, "raw": raw_record(str(path), read.format, own), **told}


def explain(env: Environment, name: str) -> dict[str, Any]:
    """Say how a table is made: rules, plans and decisions, or SQL and column lineage.

    Of an analysis: the question, the newest report and what it found. What there is none
    of is left out.
    """
    asset = env.asset(name).main
    found: dict[str, Any] = {
        "asset": str(asset),
        "inputs": [str(one) for one in env.graph.inputs[asset]],
    }
    if asset.zone == "trusted":
        said = decisions(env, str(asset))["decisions"]
        told = [{k: one[k] for k in _SAID if not _is_absent(one[k])} for one in said]
        return found | {
            "cleaning": _cleaning(env, asset),
            "rules": _rules(env, asset),
            "decisions": told,
        }
    if asset.zone == "exploitation":
        return found | _view(env, asset)
    if asset.zone == "analysis":
        return found | _analysis(env, asset)
    text = _text(env, asset)
    return found | ({} if text is None else {"declaration": text})


def _is_absent(value: Any) -> bool:
    return value is None or value == []


def _cleaning(env: Environment, asset: AssetName) -> list[dict[str, Any]]:
    steps = env.project.trusted[asset.table].clean
    return [
        {
            "name": f"clean_{number}",
            "form": step.form,
            "columns": list(step.targets()),
            "says": describe_step(step),
        }
        for number, step in enumerate(steps, start=1)
    ]


def _rules(env: Environment, asset: AssetName) -> list[dict[str, Any]]:
    rows = []
    for rule in env.project.trusted[asset.table].rules:
        for constraint in constraints_of(rule):
            plan = explain_rule(constraint)
            rows.append(
                {
                    "name": rule.name,
                    "says": describe_rule(rule),
                    "deny": constraint.text,
                    "action": rule.action,
                    "severity": rule.severity,
                    **({"owner": rule.owner} if rule.owner else {}),
                    "shape": plan.shape,
                    "plan": plan.plan,
                    "cost": plan.cost,
                }
            )
    return rows


def _view(env: Environment, asset: AssetName) -> dict[str, Any]:
    view = env.project.views[asset.table]
    lineage: dict[str, list[str]] = {}
    rows: set[str] = set()
    for edge in env.catalog.lineage(asset):
        source = f"{edge['input_asset']}.{edge['input_name']}"
        if edge["kind"] == "value":
            lineage.setdefault(edge["name"], []).append(source)
        else:
            rows.add(f"{source} ({edge['kind']})")
    return {
        "file": str(view.path),
        "sql": view.sql,
        "grain": list(view.declaration.grain),
        "on_error": view.declaration.on_error,
        "left_out": _rows_left_out(env, asset),
        "columns": lineage,
        "rows_depend_on": sorted(rows),
    }


def _rows_left_out(env: Environment, asset: AssetName) -> list[str]:
    """Say which rows the newest version of a view was made without."""
    known = env.catalog.heads().get(str(asset))
    return list(left_out_words(known["record"])) if known else []


def _analysis(env: Environment, asset: AssetName) -> dict[str, Any]:
    declaration = env.project.analyses[asset.table]
    found: dict[str, Any] = {"question": declaration.question, "kind": declaration.kind}
    known = env.catalog.heads().get(str(asset))
    if known is not None:
        folder = env.lake.artifacts.folder(asset, known["identity"])
        found["report"] = str(folder / "report.html")
        findings = known["record"].get("findings")
        found |= {} if findings is None else {"findings": findings}
    return found


def _text(env: Environment, asset: AssetName) -> str | None:
    if asset.zone == "landing":
        return env.project.text_of("sources", env.project.dataset_source(asset.table))
    return env.project.text_of(asset.zone, asset.table)

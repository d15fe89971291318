"""What is recorded of an asset's quality: rules, scores, and its account of rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from backbone.app.cleaned import cleaned
from backbone.app.environment import Environment
from backbone.errors import LakeError
from backbone.management.trusted.rules.scores import (
    Mean,
    Scored,
    freshness,
    score_columns,
    score_dimensions,
    score_rules,
    score_table,
)
from backbone.model.names import AssetName
from backbone.operations.rulings import today
from backbone.operations.work import left_out_rows
from backbone.project.decisions import Decisions

__all__ = ["history", "made", "overview", "quality"]

Version = Mapping[str, Any]
_REMEMBERED = 1_000
_FEW = 10


def quality(env: Environment, name: str) -> dict[str, Any]:
    """Return what is known of the quality of the newest version of a table.

    Returns
    -------
    ``{asset, rows, version, committed, score, score_before, dimensions, cleaning, rules,
    failed_rules, columns, freshness, left_out, account, decisions}``. The account of a
    trusted table goes back to the records that were read: read = formatted + rejected,
    formatted = trusted + quarantined + merged + superseded. Scores lie in [0, 1]; those
    that end in ``_before`` are of the rows as rules found them. Where nothing was looked
    at, a score is None. `cleaning` tells how many cells of which column each step
    changed, and how, and which it could not read; `decisions` counts those of people by
    what became of them.

    Raises
    ------
    LakeError : the table has not been made yet, or holds raw bytes
    """
    asset = env.asset(name).main
    head = made(env, asset)
    now = datetime.now(UTC)
    scored = _scored(env, asset, head, now)
    rules = {one.name: one for one in scored}
    table = score_table(scored, name=str(asset))
    reports = env.catalog.rules(asset, head["identity"])
    return {
        "asset": str(asset),
        "rows": head["rows"],
        "version": str(head["number"]),
        "committed": _iso(head["committed"]),
        "score": table.score,
        "score_before": table.before,
        "dimensions": [_mean(one) for one in score_dimensions(scored)],
        "cleaning": cleaned(env, asset, head) if asset.zone == "trusted" else [],
        "rules": [report | _score(rules[report["name"]]) for report in reports],
        "failed_rules": head["record"].get("failed_rules", []),
        "columns": _columns(env, asset, head, scored),
        "freshness": _fresh(env, asset, now),
        "left_out": left_out_rows(head["record"]),
        "account": _account(env, asset, head),
        "decisions": _decided(env, asset, head),
    }


def made(env: Environment, asset: AssetName) -> dict[str, Any]:
    """Return the newest version of a table as the catalog knows it.

    Raises
    ------
    LakeError : the table has not been made yet, or holds raw bytes
    """
    if asset.zone == "landing":
        raise LakeError(
            f"{asset} holds raw bytes, which no rule judges",
            command=f"backbone versions {asset}",
        )
    head = env.catalog.heads().get(str(asset))
    if head is None:
        raise LakeError(
            f"{asset} has not been made yet", command=f"backbone run +{asset}"
        )
    return head


def history(env: Environment, name: str) -> list[dict[str, Any]]:
    """Return the scores and figures of the versions of a table, the newest first.

    At most the newest thousand. All versions are measured with today's weights and
    dimensions. The freshness of an earlier version is that of the moment when it was
    made.

    Raises
    ------
    LakeError : the table has not been made yet, or holds raw bytes
    """
    asset = env.asset(name).main
    made(env, asset)
    return [_past(env, asset, one) for one in _versions(env, asset, _REMEMBERED)]


def _versions(env: Environment, asset: AssetName, limit: int) -> list[dict[str, Any]]:
    """Return the versions of a table, the newest first; of equal ones the newest."""
    found = env.catalog.versions(asset, limit=limit)
    same = {
        older["number"]
        for newer, older in pairwise(found)
        if newer["identity"] == older["identity"]
    }
    return [one for one in found if one["number"] not in same]


def _past(env: Environment, asset: AssetName, version: Version) -> dict[str, Any]:
    scored = _scored(env, asset, version, version["committed"])
    table = score_table(scored, name=str(asset))
    record = version["record"]
    account = record.get("account", {})
    reports = record.get("rules", ())
    return {
        "asset": str(asset),
        "version": str(version["number"]),
        "committed": _iso(version["committed"]),
        "run": record.get("run"),
        "rows": version["rows"],
        "score": table.score,
        "score_before": table.before,
        "dimensions": {one.name: one.score for one in score_dimensions(scored)},
        "rules": len(reports),
        "violated_rules": sum(report["violating_rows"] > 0 for report in reports),
        "failed_rules": record.get("failed_rules", []),
        **{
            name: account[name]
            for name in ("quarantined", "merged", "superseded", "repaired", "flagged")
            if name in account
        },
    }


def overview(env: Environment) -> list[dict[str, Any]]:
    """Return every table of the trusted zone: its score, its rules, its change.

    Tables that have not been made yet are among them, without figures.
    """
    names = sorted(asset for asset in env.graph.order if asset.zone == "trusted")
    heads = env.catalog.heads()
    return [_table(env, asset, heads.get(str(asset))) for asset in names]


def _table(env: Environment, asset: AssetName, head: Version | None) -> dict[str, Any]:
    if head is None:
        return {"asset": str(asset), "version": None, "rows": None, **_nothing()}
    now = datetime.now(UTC)
    scored = _scored(env, asset, head, now)
    table = score_table(scored, name=str(asset))
    dimensions = [d for d in score_dimensions(scored) if d.score is not None]
    worst = min(dimensions, key=lambda d: d.score or 0.0, default=None)
    reports = head["record"].get("rules", ())
    return {
        "asset": str(asset),
        "version": str(head["number"]),
        "rows": head["rows"],
        "score": table.score,
        "score_before": table.before,
        "change": _change(env, asset, table.score),
        "rules": len(reports),
        "violated_rules": sum(report["violating_rows"] > 0 for report in reports),
        "failed_rules": head["record"].get("failed_rules", []),
        "worst_dimension": worst.name if worst else None,
        "worst_score": worst.score if worst else None,
        "committed": _iso(head["committed"]),
    }


def _nothing() -> dict[str, Any]:
    empty = ("score", "score_before", "change", "worst_dimension", "worst_score")
    none: dict[str, Any] = dict.fromkeys((*empty, "committed"))
    return none | {"rules": 0, "violated_rules": 0, "failed_rules": []}


def _change(env: Environment, asset: AssetName, score: float | None) -> float | None:
    """Return by how much the score is above that of the version before."""
    versions = _versions(env, asset, _FEW)
    if len(versions) == 1 or score is None:
        return None
    before = versions[1]
    scored = _scored(env, asset, before, before["committed"])
    then = score_table(scored, name=str(asset)).score
    return None if then is None else score - then


def _scored(
    env: Environment, asset: AssetName, version: Version, at: datetime
) -> list[Scored]:
    """Score the rules of a version, and the freshness of its source as it was `at`."""
    if asset.zone != "trusted":
        return []
    account = version["record"].get("account", {})
    current = account.get("formatted", 0) - account.get("superseded", 0)
    scored = score_rules(
        version["record"].get("rules", ()),
        current=current,
        rows=version["rows"],
        declared=env.project.trusted[asset.table].rules,
    )
    fresh = _fresh(env, asset, at)
    if fresh is None:
        return scored
    aged = freshness(fresh["age_s"], fresh["within_s"], source=fresh["source"])
    return [*scored, aged]


def _fresh(env: Environment, asset: AssetName, at: datetime) -> dict[str, Any] | None:
    """Return how old the newest delivery was `at` a time, if its source says a limit."""
    if asset.zone not in {"formatted", "trusted"}:
        return None
    dataset = AssetName.parse(env.project.formatted[asset.table].source).table
    source = env.project.dataset_source(dataset)
    within = env.project.sources[source].fresh_within_s
    if within is None:
        return None
    moment = at if at.tzinfo else at.replace(tzinfo=UTC)
    times = _received(env, source, dataset)
    newest = max((time for time in times if time <= moment), default=None)
    if newest is None:
        return None
    age = (moment - newest).total_seconds()
    return {
        "source": source,
        "received": _iso(newest.astimezone(UTC)),
        "age_s": age,
        "within_s": within,
        "score": freshness(age, within, source=source).score,
    }


def _received(env: Environment, source: str, dataset: str) -> Iterator[datetime]:
    for delivery in env.lake.landing.deliveries(source, dataset):
        for receipt in delivery.receipts:
            yield receipt.received


def _columns(
    env: Environment, asset: AssetName, head: Version, scored: Sequence[Scored]
) -> list[dict[str, Any]]:
    known = [c for c in env.catalog.columns(asset) if not c["name"].startswith("_")]
    nulls = env.lake.tables.nulls(asset, int(head["number"]))
    names = [column["name"] for column in known]
    found = score_columns(names, scored, rows=head["rows"], nulls=nulls)
    return [
        {
            "name": one.name,
            "type": column["type"],
            "score": one.score,
            "completeness": one.completeness,
            "nulls": one.nulls,
            "rules": list(one.rules),
        }
        for column, one in zip(known, found, strict=True)
    ]


def _account(env: Environment, asset: AssetName, head: Version) -> dict[str, int]:
    account: dict[str, int] = {}
    if asset.zone == "trusted":
        source = AssetName("formatted", asset.table)
        newest = env.catalog.heads().get(str(source), {"record": {}})
        known = _formatted_account(env, source, head)
        account |= _in_rows(known or newest["record"].get("account", {}))
    return account | _in_rows(head["record"].get("account", {}))


def _in_rows(account: Mapping[str, int]) -> dict[str, int]:
    """Return an account whose formatted rows are told apart from their `records`.

    They differ where a record may become several rows.
    """
    if "rows" not in account:
        return dict(account)
    told = {"formatted": account["rows"], "records": account["formatted"]}
    merged = {**account, **told}
    return {name: n for name, n in merged.items() if name != "rows"}


def _decided(env: Environment, asset: AssetName, head: Version) -> dict[str, int]:
    """Count decisions of people by what became of them; those over are ``expired``."""
    found = dict(head["record"].get("decisions", {}))
    declared = env.project.decisions.get(asset.table, Decisions()).decisions
    expired = sum(not one.holds_on(today()) for one in declared)
    if asset.zone == "trusted" and expired:
        found["expired"] = expired
    return found


def _formatted_account(
    env: Environment, source: AssetName, head: Version
) -> dict[str, int]:
    identity = head["record"].get("inputs", {}).get(str(source), "")
    known = env.catalog.version(source, identity)
    return dict(known["record"]["account"]) if known else {}


def _score(one: Scored) -> dict[str, Any]:
    return {
        "dimension": one.dimension,
        "weight": one.weight,
        "score": one.score,
        "score_before": one.before,
    }


def _mean(one: Mean) -> dict[str, Any]:
    found = asdict(one)
    before = found.pop("before")
    return {**found, "score_before": before}


def _iso(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"

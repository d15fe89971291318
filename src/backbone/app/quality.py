"""What is recorded of an asset's quality: its rules and its account of rows."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from backbone.app.environment import Environment
from backbone.app.queries import head
from backbone.engines.protocol import Scan
from backbone.errors import LakeError
from backbone.model.names import AssetName
from backbone.sql.queries import Query, column, table

__all__ = ["quality"]

_CLEANING = "^clean_[0-9]+_"


def quality(env: Environment, name: str) -> dict[str, Any]:
    """Return ``{asset, rows, cleaning, rules, account}`` of a formatted or trusted table.

    `cleaning` tells how many cells of which column each cleaning step changed, and how.

    The account of a trusted table goes back to the records that were read:
    read = formatted + rejected, formatted = trusted + quarantined + merged + superseded.

    Raises
    ------
    LakeError : the table has not been made yet, or holds raw bytes
    """
    asset = env.asset(name).main
    if asset.zone == "landing":
        raise LakeError(
            f"{asset} holds raw bytes, which no rule judges",
            command=f"backbone versions {asset}",
        )
    heads = env.catalog.heads()
    head = heads.get(str(asset))
    if head is None:
        raise LakeError(
            f"{asset} has not been made yet", command=f"backbone run +{asset}"
        )
    account: dict[str, int] = {}
    if asset.zone == "trusted":
        formatted = heads.get(str(AssetName("formatted", asset.table)), {})
        account |= _formatted_account(env, asset, head) or formatted["record"]["account"]
    account |= head["record"].get("account", {})
    return {
        "asset": str(asset),
        "rows": head["rows"],
        "version": str(head["number"]),
        "cleaning": _cleaning(env, asset) if asset.zone == "trusted" else [],
        "rules": env.catalog.rules(asset, head["identity"]),
        "failed_rules": head["record"].get("failed_rules", []),
        "account": account,
    }


def _cleaning(env: Environment, asset: AssetName) -> list[dict[str, Any]]:
    repairs = head(env, asset.with_side("repairs"))
    if not repairs.files:
        return []
    told = [column(name) for name in ("rule", "column", "method")]
    count = exp.alias_(exp.Count(this=exp.Star()), "cells")
    pattern = exp.Literal.string(_CLEANING)
    is_cleaning = exp.RegexpLike(this=column("rule"), expression=pattern)
    first = exp.Min(this=column("step_order"))
    select = exp.select(*told, count).from_(table("repairs")).where(is_cleaning)
    select = select.group_by(*told).order_by(first, column("column"), column("method"))
    scan = Scan(repairs.paths(), repairs.schema)
    with env.engine.session() as session:
        return list(session.fetch(Query.of(select), {"repairs": scan}).to_pylist())


def _formatted_account(
    env: Environment, asset: AssetName, head: dict[str, Any]
) -> dict[str, int]:
    source = AssetName("formatted", asset.table)
    identity = head["record"].get("inputs", {}).get(str(source), "")
    known = env.catalog.version(source, identity)
    return dict(known["record"]["account"]) if known else {}

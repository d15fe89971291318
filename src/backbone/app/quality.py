"""What is recorded of an asset's quality: its rules and its account of rows."""

from __future__ import annotations

from typing import Any

from backbone.app.environment import Environment
from backbone.errors import LakeError
from backbone.model.names import AssetName
from backbone.operations.rulings import today
from backbone.project.decisions import Decisions

__all__ = ["quality"]


def quality(env: Environment, name: str) -> dict[str, Any]:
    """Return ``{asset, rows, rules, account, decisions}`` of a table.

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
        "rules": env.catalog.rules(asset, head["identity"]),
        "failed_rules": head["record"].get("failed_rules", []),
        "account": account,
        "decisions": _decided(env, asset, head),
    }


def _decided(env: Environment, asset: AssetName, head: dict[str, Any]) -> dict[str, int]:
    """Count decisions of people by what became of them; those over are ``expired``."""
    found = dict(head["record"].get("decisions", {}))
    declared = env.project.decisions.get(asset.table, Decisions()).decisions
    expired = sum(not one.holds_on(today()) for one in declared)
    if asset.zone == "trusted" and expired:
        found["expired"] = expired
    return found


def _formatted_account(
    env: Environment, asset: AssetName, head: dict[str, Any]
) -> dict[str, int]:
    source = AssetName("formatted", asset.table)
    identity = head["record"].get("inputs", {}).get(str(source), "")
    known = env.catalog.version(source, identity)
    return dict(known["record"]["account"]) if known else {}

"""What the rules of trusted tables refer to in other tables."""

from __future__ import annotations

from backbone.errors import BackboneError, RuleSyntaxError, UnknownAsset
from backbone.model.constraints import Reference
from backbone.model.names import AssetName
from backbone.project.reading import Drafts
from backbone.project.trusted import Rule, TrustedTable

__all__ = ["asset_or_none", "reference_of", "referred", "rule_that_reads"]


def referred(drafts: Drafts) -> dict[str, tuple[AssetName, ...]]:
    """Return the tables that the rules of each trusted table look into, each once."""
    found: dict[str, tuple[AssetName, ...]] = {}
    for name, draft in drafts.trusted.items():
        rules = draft.value.rules if draft.value else ()
        assets = [asset for rule in rules for asset in _of(rule)]
        own = AssetName("trusted", name)
        found[name] = tuple(dict.fromkeys(each for each in assets if each != own))
    return found


def rule_that_reads(table: TrustedTable, asset: AssetName) -> int | None:
    """Return the place of the first rule that looks into `asset`; None if none does."""
    places = (place for place, rule in enumerate(table.rules) if asset in _of(rule))
    return next(places, None)


def asset_or_none(text: str) -> AssetName | None:
    """Read the name of a main asset; None if it is none."""
    try:
        return AssetName.parse(text).main
    except UnknownAsset:
        return None


def reference_of(columns: str, target: str) -> Reference | None:
    """Read an entry of ``references``; None if it has not the form.

    The zone is trusted if none is named; several columns refer to as many.

    >>> reference_of("origin, hour", "weather.origin, hour")
    Reference(columns=('origin', 'hour'), table='trusted.weather', to=('origin', 'hour'))
    """
    own = [name.strip() for name in columns.split(",")]
    first, *more = (name.strip() for name in target.split(","))
    table, dot, name = first.rpartition(".")
    to = [name, *(each.removeprefix(f"{table}.") for each in more)]
    if not dot or not table or len(own) != len(to) or not all((*own, *to)):
        return None
    full = table if "." in table else f"trusted.{table}"
    return Reference(tuple(own), full, tuple(to))


def _of(rule: Rule) -> list[AssetName]:
    entries = (rule.references or {}).items()
    found = [reference for entry in entries if (reference := reference_of(*entry))]
    names = [reference.table for reference in found]
    if rule.deny is not None and "exists" in rule.deny.lower():
        names += _denied(rule)
    if rule.sql is not None:
        names += _selected(rule)
    return [asset for name in names if (asset := asset_or_none(name)) is not None]


def _selected(rule: Rule) -> tuple[str, ...]:
    try:
        return rule.selected().tables
    except BackboneError:
        return ()


def _denied(rule: Rule) -> list[str]:
    try:
        reference = rule.denied().reference
    except RuleSyntaxError:
        return []
    return [reference.table] if reference is not None else []

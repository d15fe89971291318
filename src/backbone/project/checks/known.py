"""What a project declares by name: what other declarations may speak of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backbone.errors import UnknownAsset
from backbone.model.names import AssetName, Zone, is_table_name
from backbone.model.schemas import ORIGIN
from backbone.model.types import CanonicalType
from backbone.project.drafts import Draft
from backbone.project.folder import as_name
from backbone.project.mistakes import Mistake, Where, suggestion
from backbone.project.reading import Drafts

__all__ = ["Columns", "Known", "missing_columns"]

Columns = Mapping[str, CanonicalType | None]

SIDES: Mapping[Zone, tuple[str, ...]] = {
    "landing": (),
    "formatted": ("rejected", "rejected_cells"),
    "trusted": ("violations", "repairs", "quarantine", "merged", "decisions"),
    "exploitation": (),
    "analysis": ("sandbox", "predictions", "metrics", "effects", "levels"),
}


@dataclass(frozen=True)
class Known:
    """Names of assets and columns.

    A file that cannot be read still lends its name; `all_datasets` is False where some
    source cannot be read, so that nobody can say what does not exist. A type is None
    where its text names none.
    """

    tables: Mapping[Zone, tuple[str, ...]]
    columns: Mapping[str, Columns]
    all_datasets: bool

    @classmethod
    def of(cls, drafts: Drafts) -> Known:
        """Gather the names that the drafts of a project declare."""
        datasets = [
            dataset if is_table_name(dataset) else as_name(dataset)
            for draft in drafts.sources.values()
            for dataset in _keys(draft, "datasets")
        ]
        names = drafts.names
        formatted = sorted(names.get("formatted", ()))
        trusted = sorted({*formatted, *names.get("trusted", ())})
        tables: dict[Zone, tuple[str, ...]] = {
            "landing": tuple(sorted(set(datasets))),
            "formatted": tuple(formatted),
            "trusted": tuple(trusted),
            "exploitation": tuple(sorted(names.get("exploitation", ()))),
            "analysis": tuple(sorted(names.get("analysis", ()))),
        }
        columns = {
            n: found for n, d in drafts.formatted.items() if (found := _columns(d))
        }
        listing = [d for d in drafts.sources.values() if _keys(d, "datasets")]
        complete = len(listing) == len(names.get("sources", ()))
        return cls(tables, columns, complete)

    def of_asset(self, asset: AssetName) -> Columns | None:
        """Return the columns of a formatted or trusted table, where they are known."""
        if asset.zone not in {"formatted", "trusted"} or asset.side is not None:
            return None
        return self.columns.get(asset.table)

    def assets(self, zones: Iterable[Zone]) -> list[str]:
        """Return the full names of the main assets of zones."""
        return [f"{zone}.{name}" for zone in zones for name in self.tables[zone]]

    def unknown(self, text: str, zones: tuple[Zone, ...]) -> str | None:
        """Tell why `text` names no asset of `zones`; None if it does, or may."""
        if "${" in text:
            return None  # what cannot be filled in is told of elsewhere
        try:
            asset = AssetName.parse(text)
        except UnknownAsset:
            hint = suggestion(text, self.assets(zones))
            return f"`{text}` does not name an asset{hint}"
        if asset.zone not in zones:
            which = ", ".join(zones)
            return f"`{text}` is an asset of {asset.zone}, not of {which}"
        if asset.zone == "landing" and not self.all_datasets:
            return None
        return self._absent(asset, zones)

    def _absent(self, asset: AssetName, zones: Iterable[Zone]) -> str | None:
        sides = SIDES[asset.zone]
        if asset.table not in self.tables[asset.zone]:
            hint = suggestion(str(asset.main), self.assets(zones))
            return f"there is no asset `{asset.main}`{hint}"
        if asset.side is not None and asset.side not in sides:
            full = [str(asset.main.with_side(side)) for side in sides]
            return f"there is no asset `{asset}`{suggestion(str(asset), full)}"
        return None


def missing_columns(
    draft: Draft[Any], named: Iterable[tuple[Where, str]], columns: Columns
) -> Iterator[Mistake]:
    """Tell which of the named columns do not exist (those of origin always do)."""
    for where, name in named:
        if name not in columns and name not in ORIGIN:
            text = f"there is no column `{name}`{suggestion(name, columns)}"
            yield draft.mistake(where, text)


def _keys(draft: Draft[Any], key: str) -> list[str]:
    found = draft.meant.get(key)
    return list(found) if isinstance(found, dict) else []


def _columns(draft: Draft[Any]) -> Columns:
    declared = draft.meant.get("columns")
    if not isinstance(declared, dict):
        return {}
    return {name: _type(column) for name, column in declared.items()}


def _type(column: object) -> CanonicalType | None:
    text = column.get("type") if isinstance(column, dict) else None
    try:
        return CanonicalType.parse(text) if isinstance(text, str) else None
    except ValueError:
        return None

"""Keys of rows, as people type them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backbone.app.environment import Environment
from backbone.errors import BackboneError, MissingColumn
from backbone.model.names import AssetName
from backbone.model.schemas import Schema

__all__ = ["declared_key", "key_of", "shown_key"]


def key_of(
    env: Environment, asset: AssetName, schema: Schema, words: Sequence[str]
) -> dict[str, str]:
    """Return the columns and values by which `words` name a row of `asset`.

    Parameters
    ----------
    words : values in the order of the asset's key or grain, or ``column=value``

    Raises
    ------
    MissingColumn : the key names a column that is not there
    BackboneError : the values are not as many as the columns of the key
    """
    declared = declared_key(env, asset)
    named = [word.partition("=") for word in words]
    if words and all(sep and left.isidentifier() for left, sep, _ in named):
        for left, _, _ in named:
            if left not in schema:
                raise MissingColumn.named(left, schema.public.names, where=str(asset))
        return {left: right for left, _, right in named}
    if not declared or len(words) != len(declared):
        columns = ", ".join(declared) or "none is declared"
        raise BackboneError(
            f"a row of {asset} is named by its key ({columns}); "
            f"{len(words)} {'value is' if len(words) == 1 else 'values are'} given",
            hint=f"Or name columns: {schema.public.names[0]}=…",
        )
    return dict(zip(declared, words, strict=True))


def declared_key(env: Environment, asset: AssetName) -> tuple[str, ...]:
    """Return the columns that name a row of a table; none where none are declared."""
    project = env.project
    if asset.zone in {"formatted", "trusted"}:
        return project.formatted[asset.table].key
    if asset.zone == "exploitation":
        return project.views[asset.table].declaration.grain
    return project.analyses[asset.table].key if asset.zone == "analysis" else ()


def shown_key(key: Mapping[str, Any]) -> str:
    """Return a key as a sentence shows it."""
    return ", ".join(f"{name} = {value}" for name, value in key.items())

"""Remove what no version needs and nobody is writing any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backbone.app.environment import Environment
from backbone.app.runs import selected
from backbone.errors import BackboneError
from backbone.lake.leases import GRACE_S, SHORTEST_GRACE_S
from backbone.lake.leftovers import Leftover
from backbone.model.names import AssetName
from backbone.operations.aside import sweep_aside
from backbone.operations.recover import missing
from backbone.operations.retain import Retained, retain
from backbone.operations.sweep import sweep

__all__ = ["Garbage", "gc"]


@dataclass(frozen=True)
class Garbage:
    """What `gc` found.

    `removed` went, or would go if this was a dry run; `kept` was left where it is, each
    with the reason. Both are rows: ``{asset, what, path, files, size_bytes, kept}``;
    `path` is relative to the lake, `asset` is None for what belongs to none. Of raw bytes
    that a declared retention lets go there are also ``{delivery, name, why}``.
    """

    dry_run: bool
    removed: tuple[dict[str, Any], ...]
    kept: tuple[dict[str, Any], ...]
    ok: bool

    @property
    def files(self) -> int:
        """How many files went, or would go."""
        return sum(row["files"] for row in self.removed)

    @property
    def size_bytes(self) -> int:
        """How many bytes they have."""
        return sum(row["size_bytes"] for row in self.removed)


def gc(
    env: Environment,
    select: Sequence[str] = (),
    *,
    exclude: Sequence[str] = (),
    older_than_s: float = GRACE_S,
    dry_run: bool = False,
) -> Garbage:
    """Remove what no version and no attempt at work needs; every version stays whole.

    Raw bytes go where their source declares a retention and nothing needs them; so do
    tables that `run --at` made beside the present, where no pin names their deliveries.

    Parameters
    ----------
    select, exclude : the selection grammar; without one, what belongs to no asset too
    older_than_s : how long a process of another machine, or one that nobody knows, is
        taken for alive after its last sign of life
    dry_run : say what would be removed, and remove nothing

    Raises
    ------
    BackboneError : `older_than_s` is too short to see another machine's signs of life
    """
    if older_than_s < SHORTEST_GRACE_S:
        raise BackboneError(
            f"{older_than_s:g} s is too short: a process of another machine shows that "
            "it lives four times a minute, and it may be seen a minute late",
            hint=f"Give at least {SHORTEST_GRACE_S:g}s.",
        )
    only = selected(env, select, exclude)
    lost = {
        AssetName.parse(
            name
        ).main: f"the lake lacks a version that the catalog knows of {name}"
        for name in missing(env.lake, env.catalog)
    }
    found = sweep(
        env.lake, only=only, held_back=lost, older_than_s=older_than_s, remove=not dry_run
    )
    found += sweep_aside(
        env.place, only=only, older_than_s=older_than_s, remove=not dry_run
    )
    kept = retain(env.place, only=only, remove=not dry_run)
    rows = [
        *(_row(env, one) for one in found), *(_raw(env, one) for one in kept)
    ]  # fmt: skip
    return Garbage(
        dry_run,
        tuple(row for row in rows if not row["kept"]),
        tuple(row for row in rows if row["kept"]),
        ok=not any([one.failed for one in found] + [one.failed for one in kept]),
    )


def _row(env: Environment, found: Leftover) -> dict[str, Any]:
    return {
        "asset": str(found.asset) if found.asset else None,
        "what": found.what,
        "path": found.place.relative_to(env.lake.root).as_posix(),
        "files": len(found.files),
        "size_bytes": found.size_bytes,
        "kept": found.kept or None,
    }


def _raw(env: Environment, found: Retained) -> dict[str, Any]:
    delivery = found.delivery
    folder = env.lake.landing.folder(delivery)
    return {
        "asset": str(found.asset),
        "what": "raw bytes",
        "path": folder.relative_to(env.lake.root).as_posix() if folder else None,
        "files": len(delivery.objects),
        "size_bytes": found.size_bytes,
        "kept": found.kept or None,
        "delivery": delivery.id,
        "name": delivery.name,
        "why": found.why,
    }

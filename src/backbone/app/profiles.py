"""What every column of a table holds: computed once for a version, then remembered."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from backbone.app.environment import Environment
from backbone.app.queries import head
from backbone.engines.protocol import Scan
from backbone.errors import LakeError
from backbone.lake.tables import TableVersion

__all__ = ["profile"]

_FILE = "profile-{revision}.json"


def profile(env: Environment, name: str) -> dict[str, Any]:
    """Return the profile of the newest version of a table.

    Returns
    -------
    ``{asset, version, rows, sample, columns}``, see `backbone.governance.profile`.

    Raises
    ------
    LakeError : the table has not been made yet, or holds raw bytes

    Notes
    -----
    Computed by DuckDB in this process, whichever engine made the table. It is kept beside
    the version that it belongs to and goes with it; where the lake cannot be written, it
    is computed again each time.
    """
    version = head(env, env.asset(name).main)
    known = _known(env, version)
    if known is None:
        known = _computed(env, version)
        _keep(env, version, known)
    about = {"asset": str(version.asset), "version": str(version.number)}
    return {**about, **known}


def _file() -> str:
    from backbone.governance.profile import REVISION  # noqa: PLC0415 - slow to load

    return _FILE.format(revision=REVISION)


def _known(env: Environment, version: TableVersion) -> dict[str, Any] | None:
    try:
        path = env.lake.artifacts.path(version.asset, version.identity, _file())
        found = json.loads(path.read_bytes())
    except (LakeError, OSError, ValueError):
        return None
    return dict(found)


def _computed(env: Environment, version: TableVersion) -> dict[str, Any]:
    from backbone.governance.profile import profile_of  # noqa: PLC0415 - slow to load

    scan = Scan(version.paths(), version.schema)
    with env.engine.session() as session:
        return profile_of(session, scan, rows=version.rows)


def _keep(env: Environment, version: TableVersion, found: dict[str, Any]) -> None:
    """Remember a profile; of an analysis, whose artifacts are whole, it is not kept."""
    if not version.identity or version.asset.zone == "analysis":
        return
    content = json.dumps(found, ensure_ascii=False, allow_nan=False).encode()
    with suppress(LakeError, OSError):
        env.lake.artifacts.put(version.asset, version.identity, {_file(): content})

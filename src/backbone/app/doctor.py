"""Look at the machine and the project, and say what is not as it should be."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import psutil

from backbone.app.doctor_spark import Said, spark_findings
from backbone.app.environment import Environment

__all__ = ["doctor"]

_OLDEST_PYTHON = (3, 11)
_LITTLE_SPACE = 2 * 1024**3
_NETWORK = {"nfs", "nfs4", "cifs", "smbfs", "smb2", "fuse.sshfs", "9p", "afs"}
_LIBRARIES = ("duckdb", "deltalake", "pyarrow", "sqlglot", "scikit-learn")


@dataclass(frozen=True)
class _Finding:
    check: str
    ok: bool
    message: str
    hint: str | None = None


def doctor(env: Environment | None = None) -> list[dict[str, Any]]:
    """Return findings: ``{check, ok, message, hint}``; nothing is changed.

    Parameters
    ----------
    env : an opened project, or None to look at the machine alone
    """
    checks: list[Callable[[], Iterator[_Finding]]] = [_python, _libraries, _machine]
    found = [finding for check in checks for finding in check()]
    if env is not None:
        found += _disk(env.lake.root)
        found += _catalog(env)
        found += _engines(env)
        found += _landing(env)
    return [
        {"check": f.check, "ok": f.ok, "message": f.message, "hint": f.hint}
        for f in found
    ]


def _python() -> Iterator[_Finding]:
    have = sys.version_info[:3]
    yield _Finding(
        "python",
        have >= _OLDEST_PYTHON,
        f"Python {'.'.join(map(str, have))}",
        None if have >= _OLDEST_PYTHON else "Backbone needs Python 3.11 or later.",
    )


def _libraries() -> Iterator[_Finding]:
    for name in _LIBRARIES:
        try:
            yield _Finding("libraries", ok=True, message=f"{name} {version(name)}")
        except PackageNotFoundError:
            hint = "pip install --force-reinstall backbone"
            yield _Finding("libraries", ok=False, message=f"{name} is missing", hint=hint)


def _machine() -> Iterator[_Finding]:
    memory = psutil.virtual_memory()
    words = (
        f"{os.cpu_count()} cores, {memory.total / 1024**3:.0f} GB of memory, "
        f"{memory.available / 1024**3:.0f} GB free"
    )
    yield _Finding("machine", ok=True, message=words)


def _disk(root: Path) -> Iterator[_Finding]:
    place = root
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    yield _Finding(
        "disk",
        free > _LITTLE_SPACE,
        f"{free / 1024**3:.0f} GB free for the lake at {root}",
        None if free > _LITTLE_SPACE else "Make space, or set `lake:` to a larger disk.",
    )
    writable = os.access(place, os.W_OK)
    if not writable:
        yield _Finding("disk", ok=False, message=f"{place} cannot be written")
    kind = _filesystem(place)
    if kind in _NETWORK:
        yield _Finding(
            "disk",
            ok=False,
            message=f"the lake is on a network file system ({kind})",
            hint="Locks and SQLite are for a local disk; let one machine write only.",
        )


def _filesystem(place: Path) -> str:
    best, kind = "", ""
    for partition in psutil.disk_partitions(all=True):
        mount = partition.mountpoint
        if place.resolve().is_relative_to(mount) and len(mount) > len(best):
            best, kind = mount, partition.fstype
    return kind


def _catalog(env: Environment) -> Iterator[_Finding]:
    runs = env.catalog.runs(limit=1)
    last = f"last run {runs[0]['id']} {runs[0]['status']}" if runs else "no runs yet"
    yield _Finding("catalog", ok=True, message=f"{env.catalog.path}: {last}")
    if runs and runs[0]["status"] in {"failed", "interrupted"}:
        yield _Finding(
            "catalog",
            ok=False,
            message=f"the last run {runs[0]['status']}",
            hint="backbone resume",
        )


def _engines(env: Environment) -> Iterator[_Finding]:
    """Check the engines that make tables of the project."""
    project = env.project
    declared = [
        *(table.engine for table in project.formatted.values()),
        *(table.engine for table in project.trusted.values()),
        *(view.declaration.engine for view in project.views.values()),
        *(analysis.engine for analysis in project.analyses.values()),
    ]
    used = {env.engine_name, *(kind for kind in declared if kind is not None)}
    checks = {"duckdb": _duckdb, "spark": spark_findings}
    for kind in sorted(used):
        for ok, message, hint in checks[kind](env):
            yield _Finding("engine", ok=ok, message=message, hint=hint)


def _duckdb(env: Environment) -> Iterator[Said]:
    settings = env.project.settings.engine_of("duckdb")
    threads = settings.threads or os.cpu_count()
    limit = settings.memory_limit or "80 % of memory"
    yield True, f"{env.engine.capabilities.name}, {threads} threads, {limit}", None


def _landing(env: Environment) -> Iterator[_Finding]:
    for source, dataset in env.lake.landing.datasets():
        if env.project.datasets.get(dataset) != source:
            yield _Finding(
                "landing",
                ok=False,
                message=f"deliveries of {source}/{dataset} belong to no declared source",
                hint=f"declare it in sources/{source}.yml, or keep them as they are",
            )

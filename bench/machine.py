"""What it is measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["machine", "shown"]

_PACKAGES = ("backbone", "duckdb", "deltalake", "pyarrow", "sqlglot", "scikit-learn")


def machine() -> dict[str, Any]:
    """Describe the machine and what is installed."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def shown(found: dict[str, Any]) -> str:
    """Show it in three lines, with a warning if the machine is busy."""
    packages = ", ".join(f"{name} {number}" for name, number in found["packages"].items())
    memory = f"{found['memory_bytes'] / 2**30:.0f} GiB"
    system = f"{found['system']}, {found['cores']} cores, {memory}"
    lines = [f"{system}, Python {found['python']}", packages]
    if found["load"] > found["cores"] / 4:
        lines.append(f"The machine is busy (load {found['load']}): look at ratios only.")
    return "\n".join(lines)

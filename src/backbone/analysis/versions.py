"""Which versions of libraries computed something."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import version

__all__ = ["versions"]


def versions(libraries: Sequence[str]) -> dict[str, str]:
    """Return the version of Python and of each of `libraries`, by name."""
    return {"python": platform.python_version(), **{n: version(n) for n in libraries}}

"""Backbone: one data backbone for a team.

From sources through the landing, formatted, trusted and exploitation zones to tables and
models that can be trusted, and that can say for every row where it came from.

``backbone.open(folder)`` opens a project from a notebook, ``backbone.check(file, rule)``
checks a file that stands alone; ``backbone --help`` lists the verbs of the command line.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from backbone.app.checks import check
    from backbone.app.notebook import open_project as open  # noqa: A004

__all__ = ["__version__", "check", "open"]


def __getattr__(name: str) -> Any:
    if name == "check":
        from backbone.app.checks import check  # noqa: PLC0415

        return check
    if name == "open":
        from backbone.app.notebook import open_project  # noqa: PLC0415

        return open_project
    if name == "__version__":
        return version("backbone")
    message = f"module 'backbone' has no attribute {name!r}"
    raise AttributeError(message)

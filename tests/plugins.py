"""Packages that are installed for a test: modules and entry points in a folder."""

from __future__ import annotations

import sys
from pathlib import Path


class Installing:
    """Installs tiny packages where this process, and only it, finds them."""

    def __init__(self, folder: Path, monkeypatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        monkeypatch.syspath_prepend(str(folder))

    def __call__(self, package: str, text: str, **entry_points: str) -> None:
        """Install a package of one module; `collectors={"name": "module"}` and so on."""
        (self.folder / f"{package}.py").write_text(text)
        self._monkeypatch.delitem(sys.modules, package, raising=False)
        info = self.folder / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: {package}\nVersion: 1.0\n")
        lines = [
            f"[backbone.{group}]\n{name} = {value}\n"
            for group, points in entry_points.items()
            for name, value in points.items()
        ]
        (info / "entry_points.txt").write_text("\n".join(lines))

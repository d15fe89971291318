"""A project's folder: where it begins, and which files declare what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from backbone.errors import ProjectError
from backbone.model.names import is_table_name
from backbone.project.mistakes import Mistake, closest

__all__ = [
    "FOLDERS",
    "SETTINGS",
    "DeclaredFile",
    "Folder",
    "as_name",
    "declared_files",
    "find",
    "misspelt_folders",
]

SETTINGS = "backbone.yml"
Folder = Literal[
    "sources", "formatted", "trusted", "decisions", "exploitation", "analysis"
]
FOLDERS: tuple[Folder, ...] = get_args(Folder)

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_OURS = frozenset({".yml", ".yaml", ".sql"})


@dataclass(frozen=True)
class DeclaredFile:
    """A file of a project that declares something, or seems to."""

    folder: Folder
    path: Path

    @property
    def name(self) -> str:
        """The name it declares (if it cannot be one, what was probably meant)."""
        stem = self.path.stem
        return stem if is_table_name(stem) else as_name(stem)

    @property
    def file(self) -> str:
        """The file's name as people are told it, relative to the project."""
        return f"{self.folder}/{self.path.name}"

    @property
    def is_sql(self) -> bool:
        """Whether the file holds the SQL of a view."""
        return self.path.suffix == ".sql"

    @property
    def problem(self) -> str | None:
        """Why the file cannot be read as a declaration."""
        stem, suffix = self.path.stem, self.path.suffix
        if suffix == ".yaml":
            return f"is not read: declarations end in .yml; rename it to `{stem}.yml`"
        if self.is_sql and self.folder != "exploitation":
            return "is not read: the SQL of views is in `exploitation/`"
        if is_table_name(stem):
            return None
        hint = f"; try `{self.name}{suffix}`" if is_table_name(self.name) else ""
        noun = "source" if self.folder == "sources" else "table"
        return (
            f"`{stem}` cannot name a {noun}: lower-case letters, digits and single "
            f"underscores, a letter first{hint}"
        )


def find(folder: Path | str) -> Path:
    """Return the project's folder: `folder` or the nearest one above it.

    Raises
    ------
    ProjectError : neither holds a ``backbone.yml``
    """
    start = Path(folder).expanduser().resolve()
    if not start.is_dir():
        raise ProjectError(f"there is no folder `{folder}`", command="backbone init DIR")
    for each in (start, *start.parents):
        if (each / SETTINGS).is_file():
            return each
    other = next(
        (n for n in ("backbone.yaml", "Backbone.yml") if (start / n).exists()), ""
    )
    raise ProjectError(
        f"`{folder}` is no project: neither it nor a folder above it has a {SETTINGS}",
        hint=f"There is `{other}`: rename it to {SETTINGS}." if other else None,
        command="backbone init DIR",
    )


def declared_files(root: Path) -> Iterator[DeclaredFile]:
    """List the files of a project that declare something, in the order of the zones."""
    for folder in FOLDERS:
        for path in _entries(root / folder):
            if path.suffix in _OURS and not path.name.startswith("."):
                yield DeclaredFile(folder, path)


def misspelt_folders(root: Path) -> Iterator[Mistake]:
    """Find folders with declarations whose name is nearly that of a project's folder."""
    for path in _entries(root):
        if path.name in FOLDERS or path.name.startswith(".") or not path.is_dir():
            continue
        meant = closest(path.name, FOLDERS)
        if meant and any(each.suffix in _OURS for each in _entries(path)):
            what = f"is no folder of a project; did you mean `{meant}/`?"
            yield Mistake(f"{path.name}/", 0, what)


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def as_name(text: str) -> str:
    """Return the name that is nearest to `text`: ``Flights-2`` is ``flights_2``."""
    return _NOT_IN_NAMES.sub("_", text.lower()).strip("_")

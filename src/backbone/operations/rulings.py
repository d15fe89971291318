"""What people decided, as far as it holds on a day, with the rows that it names."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from backbone.operations.identity import declared
from backbone.project import Project
from backbone.project.decisions import Decision, Decisions, Ruling
from backbone.project.rows import read_ruling

__all__ = ["decided_on", "folder_of", "holding", "rulings_of", "today"]


def today() -> date:
    """Return the day on which decisions are asked for, in UTC."""
    return datetime.now(UTC).date()


def folder_of(project: Project) -> Path:
    """Return where decisions, and the files of rows that they name, are."""
    return project.folder / "decisions"


def holding(project: Project, table: str, day: date) -> tuple[Decision, ...]:
    """Return the decisions on a trusted table that hold on `day`, in their order."""
    every = project.decisions.get(table, Decisions()).decisions
    return tuple(one for one in every if one.holds_on(day))


def decided_on(project: Project, table: str, day: date) -> list[Any]:
    """Return what identifies the decisions on a table that hold on `day`.

    All that stands in the table and its side tables, so words for people too; not for how
    long a decision holds: a table is made anew when it begins or ends to hold, not
    because the end was put off.
    """
    found: list[Any] = []
    for one in holding(project, table, day):
        said = declared(one)
        said.pop("until", None)
        if one.rows is not None:
            said["rows"] = _content(folder_of(project) / one.rows)
        found.append(said)
    return found


def _content(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""


def rulings_of(project: Project, table: str, day: date) -> tuple[Ruling, ...]:
    """Return the decisions on a table that hold on `day`, with the rows that they name.

    Raises
    ------
    DeclarationError : a file of rows cannot be read
    """
    folder = folder_of(project)
    return tuple(read_ruling(one, folder) for one in holding(project, table, day))

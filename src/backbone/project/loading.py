"""`load`: a folder becomes a project, or every mistake in it is told at once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from backbone.errors import DeclarationError
from backbone.project.checks import Checked, check
from backbone.project.exploitation import View
from backbone.project.folder import FOLDERS, SETTINGS, find
from backbone.project.mistakes import Mistake
from backbone.project.project import Part, Project, ViewFile
from backbone.project.reading import Drafts, read
from backbone.project.settings import Settings
from backbone.project.trusted import TrustedTable
from backbone.project.yaml import Document

__all__ = ["load"]


def load(folder: Path | str, *, target: str | None = None) -> Project:
    """Read a project, and check everything that can be checked without its data.

    Parameters
    ----------
    folder : Path or str
        The project's folder, or one inside it.
    target : str, optional
        Whose settings and parameters replace the common ones.

    Raises
    ------
    ProjectError : there is no project in `folder` or above it
    DeclarationError : the files of the project hold mistakes; all of them, each with
        its file and line, are in ``mistakes``
    """
    root = find(folder)
    drafts = read(root, target=target)
    checked = check(drafts, target=target)
    settings = drafts.settings.value if drafts.settings else None
    mistakes = _in_order([*drafts.mistakes, *checked.mistakes])
    if mistakes or settings is None:
        raise DeclarationError(mistakes, project=settings.name if settings else root.name)
    return _project(drafts, settings.for_target(target), target, checked)


def _in_order(mistakes: Iterable[Mistake]) -> list[str]:
    """Sort mistakes as files are read; tell each once."""

    def rank(mistake: Mistake) -> tuple[int, str, int]:
        folder = mistake.file.partition("/")[0]
        order = (SETTINGS, *FOLDERS)
        place = order.index(folder) if folder in order else len(order)
        return place, mistake.file, mistake.line

    return list(dict.fromkeys(str(each) for each in sorted(mistakes, key=rank)))


def _project(
    drafts: Drafts, settings: Settings, target: str | None, checked: Checked
) -> Project:
    declared = {n: d.value for n, d in drafts.trusted.items() if d.value is not None}
    formatted = {n: d.value for n, d in drafts.formatted.items() if d.value is not None}
    empty = TrustedTable()
    return Project(
        folder=drafts.root,
        settings=settings,
        target=target,
        sources={n: d.value for n, d in drafts.sources.items() if d.value is not None},
        formatted=formatted,
        trusted={name: declared.get(name, empty) for name in formatted},
        declared_trusted=declared,
        referred=checked.referred,
        views=_views(drafts, checked),
        analyses={n: d.value for n, d in drafts.analysis.items() if d.value is not None},
        decisions={
            n: d.value for n, d in drafts.decisions.items() if d.value is not None
        },
        documents=_documents(drafts),
        variables=checked.variables,
        lookups=checked.lookups,
    )


def _views(drafts: Drafts, checked: Checked) -> dict[str, ViewFile]:
    views = {}
    for name, text in drafts.views.items():
        beside = drafts.exploitation.get(name)
        declaration = beside.value if beside and beside.value else View()
        inputs = checked.inputs[name]
        views[name] = ViewFile(name, text.sql, Path(text.file), declaration, inputs)
    return views


def _documents(drafts: Drafts) -> dict[tuple[Part, str], Document]:
    found: dict[tuple[Part, str], Document] = {}
    if drafts.settings is not None:
        found["settings", ""] = drafts.settings.document
    for folder in FOLDERS:
        for name, draft in drafts.of(folder).items():
            found[folder, name] = draft.document
    return found

"""The files of a project, read into drafts with everything that is wrong with each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter

from backbone.errors import PluginError
from backbone.project.analysis import Analysis
from backbone.project.collectors import source_type
from backbone.project.decisions import Decisions
from backbone.project.drafts import Draft, drafted
from backbone.project.exploitation import View
from backbone.project.folder import (
    FOLDERS,
    SETTINGS,
    DeclaredFile,
    Folder,
    declared_files,
    misspelt_folders,
)
from backbone.project.formatted import FormattedTable
from backbone.project.mistakes import Mistake, Where
from backbone.project.readers import table_type
from backbone.project.settings import Settings
from backbone.project.sources import Source
from backbone.project.trusted import TrustedTable
from backbone.project.variables import references, substituted
from backbone.project.yaml import Document, parse, read_text

__all__ = ["DECLARED", "Drafts", "ViewText", "read"]

DECLARED: Mapping[str, Any] = {
    "settings": Settings,
    "sources": Source,
    "formatted": FormattedTable,
    "trusted": TrustedTable,
    "decisions": Decisions,
    "exploitation": View,
    "analysis": Analysis,
}


@dataclass(frozen=True)
class ViewText:
    """The SQL of a view, as its file holds it."""

    name: str
    file: str
    sql: str


@dataclass
class Drafts:
    """What the files of a project declare, as far as it can be told.

    `names` are the names of all files of a folder, readable or not, so that one broken
    file does not make others look wrong. `parameters` is None where they are unknown.
    """

    root: Path
    settings: Draft[Settings] | None = None
    parameters: Mapping[str, object] | None = None
    sources: dict[str, Draft[Source]] = field(default_factory=dict)
    formatted: dict[str, Draft[FormattedTable]] = field(default_factory=dict)
    trusted: dict[str, Draft[TrustedTable]] = field(default_factory=dict)
    decisions: dict[str, Draft[Decisions]] = field(default_factory=dict)
    exploitation: dict[str, Draft[View]] = field(default_factory=dict)
    analysis: dict[str, Draft[Analysis]] = field(default_factory=dict)
    views: dict[str, ViewText] = field(default_factory=dict)
    names: dict[Folder, set[str]] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def of(self, folder: Folder) -> dict[str, Draft[Any]]:
        """Return the drafts of a folder, by name."""
        return cast("dict[str, Draft[Any]]", getattr(self, folder))

    def all(self) -> list[Draft[Any]]:
        """Return the drafts of all folders."""
        return [draft for kind in FOLDERS for draft in self.of(kind).values()]


def read(root: Path, *, target: str | None) -> Drafts:
    """Read every file of the project in `root`."""
    drafts = Drafts(root)
    _read_settings(drafts, target)
    drafts.mistakes += misspelt_folders(root)
    for declared in declared_files(root):
        _read_file(drafts, declared)
    return drafts


def _read_file(drafts: Drafts, declared: DeclaredFile) -> None:
    if declared.is_sql or declared.folder != "exploitation":
        drafts.names.setdefault(declared.folder, set()).add(declared.name)
    if declared.problem is not None:
        drafts.mistakes.append(Mistake(declared.file, 0, declared.problem))
        return
    text = _text(drafts, declared.path, declared.file)
    if text is not None and declared.is_sql:
        _read_view(drafts, declared, text)
    elif text is not None:
        _read_declaration(drafts, declared, text)


def _text(drafts: Drafts, path: Path, file: str) -> str | None:
    text, mistakes = read_text(path, file)
    drafts.mistakes += mistakes
    return text


def _read_view(drafts: Drafts, declared: DeclaredFile, text: str) -> None:
    if not text.strip():
        drafts.mistakes.append(Mistake(declared.file, 1, "is empty"))
        return
    drafts.views[declared.name] = ViewText(declared.name, declared.file, text)


def _read_declaration(drafts: Drafts, declared: DeclaredFile, text: str) -> None:
    document, mistakes = parse(text, declared.file)
    drafts.mistakes += mistakes
    if document is None:
        return
    if drafts.parameters is not None:
        document = _filled(drafts, document, drafts.parameters)
    kind = declared.folder
    annotation, broken = _annotation(kind, document)
    draft, found = drafted(_adapter(annotation), annotation, document, declared.name)
    drafts.mistakes += broken or found
    drafts.of(kind)[declared.name] = draft


def _annotation(kind: str, document: Document) -> tuple[Any, list[Mistake]]:
    """Return what a file of this kind may hold, and why its plugin cannot be used."""
    value = document.value
    if kind not in {"sources", "formatted"} or not isinstance(value, dict):
        return DECLARED[kind], []
    where: Where = ("collector",) if kind == "sources" else ("read", "format")
    read = value.get("read")
    try:
        if kind == "sources":
            return source_type(value.get("collector")), []
        return table_type(read.get("format") if isinstance(read, dict) else None), []
    except PluginError as error:
        words = " ".join(filter(None, (error.what, error.hint)))
        return DECLARED[kind], [document.mistake(where, words)]


def _filled(
    drafts: Drafts, document: Document, parameters: Mapping[str, object]
) -> Document:
    value, wrong = substituted(document.value, parameters)
    drafts.mistakes += [document.mistake(at, text) for at, text in wrong]
    return replace(document, value=value)


def _read_settings(drafts: Drafts, target: str | None) -> None:
    text = _text(drafts, drafts.root / SETTINGS, SETTINGS)
    document, mistakes = parse(text, SETTINGS) if text is not None else (None, [])
    drafts.mistakes += mistakes
    if document is None:
        return
    raw = cast("dict[str, Any]", document.value)
    drafts.parameters = _parameters(raw, target)
    document = replace(document, value=_settings_filled(drafts, document, target))
    draft, found = drafted(_adapter(Settings), Settings, document, "")
    drafts.mistakes += found
    drafts.settings = draft


def _parameters(raw: Mapping[str, Any], target: str | None) -> dict[str, object]:
    targets = raw.get("targets")
    chosen = targets.get(target) if isinstance(targets, dict) else None
    own = chosen.get("parameters") if isinstance(chosen, dict) else None
    common = raw.get("parameters")
    return {
        **(common if isinstance(common, dict) else {}),
        **(own if isinstance(own, dict) else {}),
    }


def _settings_filled(
    drafts: Drafts, document: Document, target: str | None
) -> dict[str, Any]:
    """Put parameters in the settings: in each target its own, in parameters none."""
    raw = cast("dict[str, Any]", document.value)
    filled: dict[str, Any] = {}
    wrong: list[tuple[Where, str]] = []
    for key, value in raw.items():
        if key == "targets" and isinstance(value, dict):
            filled[key] = {}
            for name, part in value.items():
                known = _parameters(raw, name)
                filled[key][name], more = _section_filled(part, known, (key, name))
                wrong += more
        elif key == "parameters":
            filled[key] = value
            wrong += _nested_parameters(value, (key,))
        else:
            filled[key], more = substituted(value, _parameters(raw, target), (key,))
            wrong += more
    drafts.mistakes += [document.mistake(at, text) for at, text in wrong]
    return filled


def _section_filled(
    part: object, known: Mapping[str, object], where: Where
) -> tuple[object, list[tuple[Where, str]]]:
    if not isinstance(part, dict):
        return part, []
    rest = {key: each for key, each in part.items() if key != "parameters"}
    filled, wrong = substituted(rest, known, where)
    own = {key: part[key] for key in part if key == "parameters"}
    wrong += _nested_parameters(own, where)
    return {**cast("dict[str, Any]", filled), **own}, wrong


def _nested_parameters(value: object, where: Where) -> list[tuple[Where, str]]:
    return [
        (each.where, f"`{each}`: parameters cannot refer to one another")
        for each in references(value, where)
        if each.kind == "param"
    ]


@cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)

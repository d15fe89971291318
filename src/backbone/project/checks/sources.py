"""Checks of sources against one another."""

from __future__ import annotations

from collections.abc import Iterator

from backbone.project.checks.sources_http import check_access, check_fields
from backbone.project.drafts import Draft
from backbone.project.filepatterns import NamePattern, PathPattern
from backbone.project.functions import function_problem
from backbone.project.mistakes import Mistake, Where
from backbone.project.reading import Drafts
from backbone.project.sources import (
    DltSource,
    FilesSource,
    HttpSource,
    PythonSource,
    Source,
)
from backbone.project.sources.http import HttpAccess
from backbone.project.storage import storage_problems

__all__ = ["check_sources"]


def check_sources(drafts: Drafts) -> Iterator[Mistake]:
    """Check that one source delivers each dataset, and that addresses can be reached."""
    first: dict[str, Draft[Source]] = {}
    for name in sorted(drafts.sources):
        draft = drafts.sources[name]
        datasets = draft.meant.get("datasets")
        for dataset in datasets if isinstance(datasets, dict) else ():
            other = first.setdefault(dataset, draft)
            if other is not draft:
                where = ("datasets", dataset)
                line = other.document.line(other.back(where))
                text = f"is delivered by {other.file}:{line} too; rename one of them"
                yield draft.mistake(where, text)
        if draft.value is not None:
            yield from _retention(draft, draft.value)
        if isinstance(draft.value, HttpAccess):
            yield from check_access(draft, draft.value)
        if isinstance(draft.value, HttpSource):
            yield from check_fields(draft, draft.value)
        if isinstance(draft.value, FilesSource):
            yield from _files(draft, draft.value)
        if isinstance(draft.value, (PythonSource, DltSource)):
            yield from _functions(drafts, draft, draft.value)


def _functions(
    drafts: Drafts, draft: Draft[Source], source: PythonSource | DltSource
) -> Iterator[Mistake]:
    """Check that every function that a source names is there."""
    named: list[tuple[Where, str | None]] = [(("function",), source.function)]
    if isinstance(source, PythonSource):
        named += [
            (("datasets", name, "function"), dataset.function)
            for name, dataset in source.datasets.items()
        ]
    for where, name in named:
        problem = None if name is None else function_problem(drafts.root, name)
        if problem is not None:
            yield draft.mistake(where, problem)


def _files(draft: Draft[Source], source: FilesSource) -> Iterator[Mistake]:
    for where, text in storage_problems(source.path, source.storage):
        yield draft.mistake(where, text)
    above = set(PathPattern.parse(source.path)[1].fields)
    for dataset, pattern in source.datasets.items():
        for name in above.intersection(NamePattern(pattern).fields):
            text = f"the field `{name}` is told by `path` already"
            yield draft.mistake(("datasets", dataset), text)


def _retention(draft: Draft[Source], source: Source) -> Iterator[Mistake]:
    """Refuse to count deliveries of which every one is part of the table of today."""
    kept = source.retention
    if kept is not None and kept.age is None and source.delivers != "snapshots":
        text = (
            f"counts snapshots, of which the older ones are superseded; of "
            f"{source.delivers} all count: say `age` too; rows outlive their raw bytes"
        )
        yield draft.mistake(("retention", "keep"), text)

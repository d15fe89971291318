"""Checks of sources against one another."""

from __future__ import annotations

from collections.abc import Iterator

from backbone.project.drafts import Draft
from backbone.project.filepatterns import NamePattern, PathPattern
from backbone.project.mistakes import Mistake
from backbone.project.reading import Drafts
from backbone.project.sources import FilesSource, HttpSource, Source
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
        if isinstance(draft.value, HttpSource):
            yield from _address(draft, draft.value)
        if isinstance(draft.value, FilesSource):
            yield from _files(draft, draft.value)


def _files(draft: Draft[Source], source: FilesSource) -> Iterator[Mistake]:
    for key, text in storage_problems(source.path, source.storage):
        yield draft.mistake((key,), text)
    above = set(PathPattern.parse(source.path)[1].fields)
    for dataset, pattern in source.datasets.items():
        for name in above.intersection(NamePattern(pattern).fields):
            text = f"the field `{name}` is told by `path` already"
            yield draft.mistake(("datasets", dataset), text)


def _address(draft: Draft[Source], source: HttpSource) -> Iterator[Mistake]:
    url = source.url
    if not url.startswith(("http://", "https://", "${")):
        yield draft.mistake(("url",), f"`{url}` is no address: http:// or https://")
    if "{port}" in url and source.sidecar is None:
        text = "`{port}` is that of a `sidecar`, and there is none"
        yield draft.mistake(("url",), text)

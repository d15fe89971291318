"""Checks of sources against one another."""

from __future__ import annotations

from collections.abc import Iterator

from backbone.project.drafts import Draft
from backbone.project.functions import function_problem
from backbone.project.mistakes import Mistake, Where
from backbone.project.reading import Drafts
from backbone.project.sources import DltSource, HttpSource, PythonSource, Source

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


def _address(draft: Draft[Source], source: HttpSource) -> Iterator[Mistake]:
    url = source.url
    if not url.startswith(("http://", "https://", "${")):
        yield draft.mistake(("url",), f"`{url}` is no address: http:// or https://")
    if "{port}" in url and source.sidecar is None:
        text = "`{port}` is that of a `sidecar`, and there is none"
        yield draft.mistake(("url",), text)

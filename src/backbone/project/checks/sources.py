"""Checks of sources against one another."""

from __future__ import annotations

from collections.abc import Iterator

from backbone.project.drafts import Draft
from backbone.project.mistakes import Mistake
from backbone.project.reading import Drafts
from backbone.project.sources import HttpSource, Source

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
        if isinstance(draft.value, HttpSource):
            yield from _address(draft, draft.value)


def _retention(draft: Draft[Source], source: Source) -> Iterator[Mistake]:
    """Refuse to count deliveries of which every one is part of the table of today."""
    kept = source.retention
    if kept is not None and kept.age is None and source.delivers != "snapshots":
        text = (
            f"counts snapshots, of which the older ones are superseded; of "
            f"{source.delivers} all count: say `age` too; rows outlive their raw bytes"
        )
        yield draft.mistake(("retention", "keep"), text)


def _address(draft: Draft[Source], source: HttpSource) -> Iterator[Mistake]:
    url = source.url
    if not url.startswith(("http://", "https://", "${")):
        yield draft.mistake(("url",), f"`{url}` is no address: http:// or https://")
    if "{port}" in url and source.sidecar is None:
        text = "`{port}` is that of a `sidecar`, and there is none"
        yield draft.mistake(("url",), text)

"""The pages of the documentation as tests read them: headings, tables, blocks, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCS", "PAGES", "ROOT", "Block", "Page", "page"]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_HEADING = re.compile(r"(#+) (.*)")
_FENCE = re.compile(r"```(\w*)")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_NOT_IN_SLUG = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Block:
    """A fenced block; `language` is what stands behind the fence."""

    language: str
    text: str


@dataclass(frozen=True)
class Page:
    """A page of Markdown."""

    path: Path
    text: str

    @property
    def lines(self) -> list[str]:
        """The lines that are in no fenced block."""
        return [line for line, is_prose in self._marked() if is_prose]

    @property
    def prose(self) -> str:
        """The text without fenced blocks."""
        return "\n".join(self.lines)

    @property
    def blocks(self) -> list[Block]:
        """The fenced blocks."""
        found: list[Block] = []
        language, inside = "", []
        for line, is_prose in self._marked():
            fence = _FENCE.fullmatch(line)
            if is_prose:
                continue
            if fence and not inside:
                language, inside = fence[1], [""]
            elif fence:
                found.append(Block(language, "\n".join(inside[1:]) + "\n"))
                inside = []
            else:
                inside.append(line)
        return found

    @property
    def anchors(self) -> set[str]:
        """The names by which links jump to headings."""
        headings = (_HEADING.fullmatch(line) for line in self.lines)
        return {slug(found[2]) for found in headings if found}

    @property
    def links(self) -> list[str]:
        """Where its links and pictures lead."""
        return _LINK.findall(self.prose)

    def table(self, heading: str, *, header: str) -> list[list[str]]:
        """Return the cells of the first table of this header below `heading`."""
        lines = iter(self.lines)
        for line in lines:
            found = _HEADING.fullmatch(line)
            if found and found[2] == heading:
                return list(_rows(lines, header))
        message = f"{self.path.name} has no heading `{heading}`"
        raise AssertionError(message)

    def _marked(self) -> Iterator[tuple[str, bool]]:
        inside = False
        for line in self.text.splitlines():
            is_fence = _FENCE.fullmatch(line) is not None
            yield line, not (inside or is_fence)
            inside ^= is_fence


def _rows(lines: Iterator[str], header: str) -> Iterator[list[str]]:
    inside = False
    for line in lines:
        if _HEADING.fullmatch(line) or (inside and not line.startswith("|")):
            return
        if inside and not set(line) <= set("|-"):
            yield [cell.strip() for cell in line.strip("|").split("|")]
        inside = inside or line == header


def slug(heading: str) -> str:
    """Return the anchor of a heading."""
    return _NOT_IN_SLUG.sub("", heading.lower()).replace(" ", "-")


def page(name: str) -> Page:
    """Return a page by its name, relative to `docs/`."""
    path = (DOCS / name).resolve()
    return Page(path, path.read_text(encoding="utf-8"))


PAGES = ("../README.md", *sorted(path.name for path in DOCS.glob("*.md")))

"""Lookup files: CSV files of a project that say what texts become."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from backbone.project.cleaning import Lookup
from backbone.project.mistakes import Mistake, brief, suggestion
from backbone.project.yaml import read_text

__all__ = ["Pairs", "read_lookup"]

Pairs = tuple[tuple[str, str | None], ...]

_MAX_TOLD = 5


def read_lookup(root: Path, lookup: Lookup) -> tuple[Pairs, list[Mistake], str | None]:
    """Read the pairs of a lookup file.

    Parameters
    ----------
    root : the project's folder; the file lies in it

    Returns
    -------
    the pairs, in the order of the file (an empty text becomes nothing); what is wrong in
    the file, with its lines; why there is no such file
    """
    path = root / lookup.file
    why = _outside(root, path, lookup.file)
    if why is not None:
        return (), [], why
    text, mistakes = read_text(path, lookup.file)
    if text is None:
        return (), mistakes, None
    reader = csv.DictReader(StringIO(text, newline=""), strict=True)
    try:
        pairs, found = _pairs(reader, lookup)
    except csv.Error as error:
        return (
            (),
            [Mistake(lookup.file, reader.reader.line_num, f"is no CSV: {error}")],
            None,
        )
    return pairs, found, None


def _outside(root: Path, path: Path, file: str) -> str | None:
    inside = path.resolve()
    if Path(file).is_absolute() or not inside.is_relative_to(root.resolve()):
        return f"`{file}` is not in the project's folder"
    if inside.is_file():
        return None
    folder = inside.parent
    others = sorted(each.name for each in folder.glob("*")) if folder.is_dir() else []
    known = [str(Path(file).parent / name) for name in others]
    return f"there is no file `{file}`{suggestion(file, known)}"


def _pairs(reader: csv.DictReader[str], lookup: Lookup) -> tuple[Pairs, list[Mistake]]:
    header = list(reader.fieldnames or ())
    absent = [name for name in (lookup.old, lookup.new) if name not in header]
    if absent:
        told = [f"has no column `{name}`{suggestion(name, header)}" for name in absent]
        return (), [Mistake(lookup.file, 1, text) for text in told]
    found: dict[str, tuple[str | None, int]] = {}
    mistakes = []
    for row in reader:
        if None in row or None in row.values():
            mistakes.append(
                Mistake(
                    lookup.file, reader.line_num, "has not as many cells as the header"
                )
            )
            continue
        old, new = row[lookup.old], row[lookup.new] or None
        before = found.setdefault(old, (new, reader.line_num))
        if before[0] != new:
            text = f"{brief(old)} becomes something else in line {before[1]}"
            mistakes.append(Mistake(lookup.file, reader.line_num, text))
    if not found and not mistakes:
        mistakes.append(Mistake(lookup.file, 1, "holds no row"))
    pairs = tuple((old, new) for old, (new, _) in found.items())
    return pairs, list(_bounded(mistakes))


def _bounded(mistakes: list[Mistake]) -> Iterator[Mistake]:
    yield from mistakes[:_MAX_TOLD]
    if more := mistakes[_MAX_TOLD:]:
        first = more[0]
        text = f"and {len(more)} more lines like those before"
        yield Mistake(first.file, first.line, text)

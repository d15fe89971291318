"""Which files are of one dataset: those that have most columns in common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from backbone.engines.raw.looking.cells import unit_in
from backbone.engines.raw.looking.files import FileSeen
from backbone.model.canonicalnames import canonical_name

__all__ = ["datasets_in"]

_ALIKE, _MOSTLY = 0.5, 0.7
_DIGITS = re.compile(r"[\d_\-. ]+")


def datasets_in(files: Sequence[FileSeen]) -> list[list[FileSeen]]:
    """Group files; those of other formats are never of one dataset.

    Notes
    -----
    O(files · groups): a file is compared with one of each group.
    """
    groups: list[list[FileSeen]] = []
    names: list[set[str]] = []
    for file in files:
        own = {canonical_name(unit_in(name)[0]) for name in file.names}
        best, place = 0.0, -1
        for number, group in enumerate(groups):
            if group[0].kind == file.kind:
                alike = _alike(own, names[number], file, group[0])
                if alike > best:
                    best, place = alike, number
        if best >= _ALIKE:
            groups[place].append(file)
            continue
        groups.append([file])
        names.append(own)
    return groups


def _alike(own: set[str], other: set[str], file: FileSeen, first: FileSeen) -> float:
    if file.kind == "csv" and len(file.names) == len(first.names):
        headers = file.told[1].header, first.told[1].header
        if 0 in headers and file.told[1].kinds == first.told[1].kinds:
            return 1.0
    if _stem(file.name) == _stem(first.name) and _is_like(file, first):
        return 1.0
    both = own | other
    return len(own & other) / len(both) if both else 1.0


def _stem(name: str) -> str:
    """Return the name of a file without what differs from file to file: numbers."""
    return _DIGITS.sub("", PurePosixPath(name).name.lower())


def _is_like(file: FileSeen, first: FileSeen) -> bool:
    """Tell whether most columns of two files hold the same kinds of things."""
    if file.kind != "csv":
        return True
    pairs = list(zip(file.told[1].kinds, first.told[1].kinds, strict=False))
    width = max(file.told[1].width, first.told[1].width)
    return sum(a == b or not a or not b for a, b in pairs) >= _MOSTLY * width

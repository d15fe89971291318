"""Which files are of one dataset: those that have most columns in common."""

from __future__ import annotations

from collections.abc import Sequence

from backbone.engines.raw.looking.files import FileSeen
from backbone.model.canonicalnames import canonical_name

__all__ = ["datasets_in"]

_ALIKE = 0.5


def datasets_in(files: Sequence[FileSeen]) -> list[list[FileSeen]]:
    """Group files; those of other formats are never of one dataset.

    Notes
    -----
    O(files · groups): a file is compared with one of each group.
    """
    groups: list[list[FileSeen]] = []
    names: list[set[str]] = []
    for file in files:
        own = {canonical_name(name) for name in file.names}
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
    both = own | other
    return len(own & other) / len(both) if both else 1.0

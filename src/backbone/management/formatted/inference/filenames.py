"""What the names and paths of files tell: a device, a station, a part of the key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, count
from pathlib import PurePosixPath

from backbone.engines.raw.looking.files import FileSeen
from backbone.engines.raw.looking.observed import Observed
from backbone.management.formatted.inference.context import ColumnPlan
from backbone.model.choices import Choice

__all__ = ["file_columns"]

_TOKEN = re.compile(r"[^_\-. ]+|[_\-. ]+")
_DATE = re.compile(
    r"(?:19|20)\d{2}(?:\d{2}){0,2}|\d{1,2}|q[1-4]|20\d{6}T?\d*", re.IGNORECASE
)
_BETWEEN = re.compile(r"[-_.T: ]")
_LONGEST = 24


def file_columns(
    seen: Observed, files: Sequence[FileSeen], plans: Sequence[ColumnPlan]
) -> list[ColumnPlan]:
    """Return columns that could be made of the names and paths of files.

    A field of the path, or a part of the name, that differs between files, is the same in
    several of them, and is no date: `L17` in `L17_2019-08.csv`. A part that is a field
    too is not told twice.
    """
    told = _fields(files)
    of_paths = [_field_column(seen, name, told[name], plans) for name in told]
    return [*of_paths, *_parts(seen, files, plans, [*told.values()])]


def _fields(files: Sequence[FileSeen]) -> dict[str, list[str]]:
    """Return the fields that all files have and that could tell rows apart."""
    fields = [dict(file.fields) for file in files]
    names = [name for name in fields[0] if all(name in one for one in fields)]
    values = {name: [one[name] for one in fields] for name in names}
    return {name: labels for name, labels in values.items() if _tells(labels)}


def _tells(labels: Sequence[str]) -> bool:
    """Whether texts of files part them into several groups, and not by their dates."""
    different = set(labels)
    dated = all(
        all(_DATE.fullmatch(part) for part in _BETWEEN.split(label))
        for label in different
    )
    return 1 < len(different) < len(labels) and not dated


def _field_column(
    seen: Observed, field: str, labels: Sequence[str], plans: Sequence[ColumnPlan]
) -> ColumnPlan:
    values = sorted(set(labels))
    said = f"a field of the path, in {len(labels):,} files: {', '.join(values[:5])}"
    name = _free(field, plans)
    choice = Choice(f"columns.{name}", f"${field}", 0.95, said)
    keys = {"type": "string", "from": f"${field}"}
    at, rows = seen.label(labels), seen.rows
    return ColumnPlan(name, f"${field}", at, keys, (choice,), rows, rows, len(values))


def _free(name: str, plans: Sequence[ColumnPlan]) -> str:
    taken = {plan.name for plan in plans}
    names = chain([name], (f"{name}_{n}" for n in count(2)))
    return next(one for one in names if one not in taken)


def _parts(
    seen: Observed, files: Sequence[FileSeen], plans: Sequence[ColumnPlan],
    known: Sequence[Sequence[str]],
) -> list[ColumnPlan]:  # fmt: skip
    names = [PurePosixPath(file.name).name for file in files]
    if len(set(names)) < 2:  # noqa: PLR2004 - nothing differs
        return []
    split = [_TOKEN.findall(PurePosixPath(name).stem) for name in names]
    if len({tuple(t for t in tokens if not t[0].isalnum()) for tokens in split}) > 1:
        return []
    found = []
    for place, tokens in enumerate(zip(*split, strict=True)):
        different = set(tokens)
        if len(different) < 2 or not tokens[0][0].isalnum():  # noqa: PLR2004
            continue
        labels = [each[place] for each in split]
        if not _tells(labels) or max(map(len, different)) > _LONGEST:
            continue
        if labels in known:
            continue
        found.append(_column(seen, split[0], place, labels, plans))
    return found


def _column(
    seen: Observed, tokens: Sequence[str], place: int, labels: Sequence[str],
    plans: Sequence[ColumnPlan],
) -> ColumnPlan:  # fmt: skip
    name = _free("file_part", plans)
    before = "".join(
        r"[^_\-. ]+" if t[0].isalnum() else re.escape(t) for t in tokens[:place]
    )
    pattern = rf"(?:^|/){before}([^_\-. ]+)[^/]*$"
    keys = {"type": "string", "from": "$file", "pattern": pattern}
    values = sorted(set(labels))
    said = f"the names of {len(labels):,} files differ in it: {', '.join(values[:5])}"
    ask = f"what is {values[0]} in the names of files? Give the column a name"
    choice = Choice(f"columns.{name}", "$file", 0.7, said, ask=ask)
    at = seen.label(labels)
    return ColumnPlan(
        name, "$file", at, keys, (choice,), seen.rows, seen.rows, len(values)
    )

"""What the names of files tell: a device, a station, a part of the key."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
_LONGEST = 24


def file_columns(
    seen: Observed, files: Sequence[FileSeen], plans: Sequence[ColumnPlan]
) -> list[ColumnPlan]:
    """Return columns that could be made of the names of files.

    A part that differs between files and is no date, such as `L17` in `L17_2019-08.csv`.
    """
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
        if all(_DATE.fullmatch(token) for token in different):
            continue
        if len(different) == len(names) or max(map(len, different)) > _LONGEST:
            continue
        labels = [each[place] for each in split]
        found.append(_column(seen, split[0], place, labels, plans))
    return found


def _column(
    seen: Observed, tokens: Sequence[str], place: int, labels: Sequence[str],
    plans: Sequence[ColumnPlan],
) -> ColumnPlan:  # fmt: skip
    taken = {plan.name for plan in plans}
    name = next(
        n
        for n in ("file_part", *(f"file_part_{i}" for i in range(2, 99)))
        if n not in taken
    )
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

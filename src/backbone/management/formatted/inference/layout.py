"""How files are laid out: the keys of `read`, and what speaks for them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from backbone.engines.raw.looking.files import FileSeen
from backbone.engines.raw.looking.observed import Observed
from backbone.management.formatted.inference.context import ColumnPlan
from backbone.management.formatted.inference.records import (
    record_choices,
    record_read,
)
from backbone.model.choices import Against, Choice

__all__ = ["layout_choices", "read_of"]

_SURE_HEADER = 0.75
_SPELT = {"\t": "a tab", ",": "a comma", ";": "a semicolon", "|": "a bar", " ": "a blank"}


def read_of(
    files: Sequence[FileSeen], plans: Sequence[ColumnPlan]
) -> tuple[dict[str, Any], list[ColumnPlan], FileSeen]:
    """Return the keys of `read`, columns without what it says, and a usual file."""
    if files[0].records is not None:
        return dict(record_read(files)), list(plans), files[0]
    base = _usual(files)
    dialect, layout = base.told
    encoding = base.encoding.name if base.encoding else "utf-8"
    told: tuple[tuple[str, Any, Any], ...] = (
        ("delimiter", dialect.delimiter, ","),
        ("quote", dialect.quote or "none", '"'),
        ("escape", dialect.escape, ""),
        ("encoding", encoding, "utf-8"),
        ("skip", layout.skip, 0),
        ("header", layout.header, 1),
        ("units", layout.units, None),
        ("comment", _some(files, lambda f: f.told[0].comment), ""),
        ("footer", _footer(files), 0),
        ("repeated_header", any(f.told[1].repeated for f in files), False),
        ("blank_lines", "skip" if any(f.told[1].blank for f in files) else "", ""),
        ("trim", any(f.told[1].padded for f in files), False),
    )
    keys = {name: value for name, value, default in told if value != default}
    keys = {"format": "csv"} | keys
    return (*_with_signs(keys, plans), base)


def _usual(files: Sequence[FileSeen]) -> FileSeen:
    """Return a file that is laid out as most are."""
    signs = Counter(_signature(file) for file in files)
    best = signs.most_common(1)[0][0]
    return next(file for file in files if _signature(file) == best)


def _signature(file: FileSeen) -> tuple[object, ...]:
    dialect, layout = file.told
    encoding = file.encoding.name if file.encoding else ""
    signs = (dialect.delimiter, dialect.quote, dialect.escape, encoding)
    return (*signs, layout.skip, layout.header, layout.units)


def _some(files: Sequence[FileSeen], told: Callable[[FileSeen], str]) -> str:
    return next((sign for file in files if (sign := told(file))), "")


def _footer(files: Sequence[FileSeen]) -> int | str:
    """Return how many last lines are no records, or what they begin with."""
    counts = {file.told[1].footer for file in files}
    if len(counts) == 1:
        return counts.pop()
    words = {_first_word(t) for f in files for t in f.told[1].footer_texts if t.strip()}
    listed = "|".join(sorted(re.escape(word) for word in words if word))
    return f"^\\W*(?:{listed})" if listed else max(counts)


def _first_word(text: str) -> str:
    found = re.search(r"\w+", text)
    return found[0] if found else ""


def _with_signs(
    keys: dict[str, Any], plans: Sequence[ColumnPlan]
) -> tuple[dict[str, Any], list[ColumnPlan]]:
    """Say once for the table what all of its numbers share."""
    left = list(plans)
    for sign in ("decimal", "thousands"):
        told = Counter(str(p.keys[sign]) for p in left if sign in p.keys)
        if len(told) != 1 or told.total() < 2 or _contradicted(left, sign):  # noqa: PLR2004 - for one it is no matter of the table
            continue
        keys[sign] = next(iter(told))
        left = [
            replace(p, keys={k: v for k, v in p.keys.items() if k != sign}) for p in left
        ]
    return keys, left


def _contradicted(plans: Sequence[ColumnPlan], sign: str) -> bool:
    """Tell whether a column of numbers does without the sign, or uses it otherwise."""
    other = "thousands" if sign == "decimal" else "decimal"
    signs = {str(plan.keys[sign]) for plan in plans if sign in plan.keys}
    if any(plan.keys.get(other) in signs for plan in plans):
        return True
    return any(
        sign not in plan.keys
        and (plan.type == "double" or plan.type.startswith("decimal"))
        for plan in plans
    )


def layout_choices(files: Sequence[FileSeen], seen: Observed) -> list[Choice]:
    """Return the choices that concern the layout, with what was counted."""
    if files[0].records is not None:
        return record_choices(files)
    base = _usual(files)
    dialect, layout = base.told
    where = f"in all {len(files):,} files" if len(files) > 1 else "in the file"
    records = f"{seen.rows:,} of {seen.rows + seen.wrong:,} records"
    width = f"{records} have {layout.width} cells"
    against = tuple(seen.against(m.place, m.text) for m in seen.misfits[:3])
    sign = _SPELT.get(dialect.delimiter, f"`{dialect.delimiter}`")
    share = seen.rows / max(1, seen.rows + seen.wrong)
    found = [
        Choice("read.format", "csv", 0.99, f"delimited text {where}"),
        Choice(
            "read.delimiter",
            dialect.delimiter,
            round(0.5 + 0.49 * share, 2),
            f"{sign}: {width}",
            against,
            ask=None if share > 0.9 else "is it the delimiter?",  # noqa: PLR2004
        ),
    ]
    found += _encodings(files)
    found.append(
        Choice(
            "read.header",
            layout.header,
            layout.confidence,
            layout.why,
            ask=None
            if layout.confidence >= _SURE_HEADER
            else "is the first line a header?",
        )
    )
    found += _optional(files)
    return found


def _encodings(files: Sequence[FileSeen]) -> list[Choice]:
    counts = Counter(file.encoding.name for file in files if file.encoding)
    found = []
    for name, times in counts.most_common():
        one = next(f for f in files if f.encoding and f.encoding.name == name)
        encoding = one.encoding
        if encoding is None:
            continue
        said = f"{times:,} of {len(files):,} files; the first: " if len(files) > 1 else ""
        ask = f"is the encoding {name}?" if encoding.confidence < 0.8 else None  # noqa: PLR2004
        found.append(
            Choice(
                "read.encoding",
                name,
                encoding.confidence,
                said + encoding.evidence,
                alternatives=encoding.alternatives,
                ask=ask,
            )
        )
    return found


def _optional(files: Sequence[FileSeen]) -> list[Choice]:
    """Return choices that few files ask for, each told of the first file that does."""
    found: dict[str, Choice] = {}
    for file in files:
        for choice in _of_file(file):
            found.setdefault(choice.what, choice)
    return list(found.values())


def _of_file(file: FileSeen) -> Iterator[Choice]:
    dialect, layout = file.told
    if layout.skip:
        text = "; ".join(line[:40] for line in layout.skipped if line.strip())
        said = f"lines before the header: `{text}`"
        yield Choice("read.skip", layout.skip, 0.9, said)
    if layout.units:
        row = layout.above[layout.units - 1]
        said = f"units stand under the names: `{', '.join(row.cells[:5])}`"
        yield Choice("read.units", layout.units, 0.95, said)
    if dialect.comment:
        said = f"lines begin with `{dialect.comment}`"
        yield Choice("read.comment", dialect.comment, 0.95, said)
    if layout.footer:
        text = "; ".join(layout.footer_texts)[:80]
        rows = tuple(Against(file.name, None, t) for t in layout.footer_texts[:3])
        said = f"the last lines are no records: `{text}`"
        ask = "do all files end with as many lines that are no records?"
        yield Choice("read.footer", layout.footer, 0.7, said, rows, ask=ask)
    if layout.repeated:
        said = f"the header comes {layout.repeated:,} times more in {file.name}"
        yield Choice("read.repeated_header", True, 0.98, said)
    if layout.padded:
        yield Choice("read.trim", True, 0.9, "cells have blanks around them")

"""What became of a case: inferred, read back, compared cell by cell."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from tests.habits_of_files import Case

from backbone.engines.protocol import RawRead, Session
from backbone.engines.raw.looking.files import Looking
from backbone.engines.raw.looking.tables import LOOKED_BYTES
from backbone.management.formatted.inference import Proposal, datasets_in, proposed
from backbone.model.raw import RawObject
from backbone.project.formatted import FormattedTable

__all__ = ["Verdict", "judged"]


@dataclass(frozen=True)
class Verdict:
    """How many cells are right, rejected, asked about or wrong; and what went wrong."""

    cells: Counter[str]
    types: dict[str, str]
    troubles: list[str] = field(default_factory=list)
    proposal: Proposal | None = None

    @property
    def is_right(self) -> bool:
        """Whether each cell is right, and nothing was left to ask or rejected."""
        return set(self.cells) == {"right"}


def judged(case: Case, session: Session, folder: Path) -> Verdict:
    """Infer the files of a case, read them as it was proposed, and compare."""
    folder.mkdir(parents=True, exist_ok=True)
    looking = Looking()
    files = []
    for name, data in case.files.items():
        (folder / name).write_bytes(data)
        files.append(looking.at(folder / name, name))
    groups = datasets_in(files)
    if len(groups) != 1:
        return Verdict(Counter(wrong=1), {}, [f"{len(groups)} datasets were seen"])
    proposal = proposed(groups[0], "landing.x", at_most=LOOKED_BYTES)
    table = FormattedTable.model_validate(proposal.declaration)
    objects = tuple(RawObject(str(folder / n), n, "d") for n in case.files)
    read = RawRead(objects, table.read.raw(), table.raw_columns())
    result = session.read_raw(read, folder / "out")
    if result.refused:
        return Verdict(Counter(wrong=1), {}, list(result.refused.values()), proposal)
    rows = _rows(result.main.files)
    rejected = {(r["_object"], r["_record"]) for r in _rows(result.rejected.files)}
    bad = {
        (r["_object"], r["_record"], r["column"])
        for r in _rows(result.rejected_cells.files)
    }
    return _compared(case, table, proposal, rows, rejected, bad)


def _rows(files: Any) -> list[dict[str, Any]]:
    return [row for file in files for row in pq.read_table(file.path).to_pylist()]


def _compared(
    case: Case, table: FormattedTable, proposal: Proposal, rows: list[dict[str, Any]],
    rejected: set[Any], bad: set[Any],
) -> Verdict:  # fmt: skip
    found: Counter[str] = Counter()
    troubles: list[str] = []
    asked = {
        c.what.split(".")[1] for c in proposal.questions if c.what.startswith("columns.")
    }
    origins = {
        (one.source or (name,))[0].strip(): name for name, one in table.columns.items()
    }
    types: dict[str, str] = {}
    for name, expected in case.values.items():
        own = sorted(
            (r for r in rows if r["_object"] == name), key=lambda r: r["_record"]
        )
        gone = len({record for file, record in rejected if file == name})
        if len(own) != len(expected):
            troubles.append(f"{len(own)} rows of {len(expected)}, {gone} rejected")
            found["wrong" if len(own) > len(expected) or not gone else "rejected"] += 1
            continue
        for place, raw in enumerate(case.names):
            column = origins.get(raw.strip())
            if column is None:
                found["wrong"] += 1
                troubles.append(f"no column reads `{raw}`: {list(origins)}")
                continue
            types[case.cells[place]] = table.columns[column].type
            for row, values in zip(own, expected, strict=True):
                verdict = _verdict(row, column, values[place], bad, asked)
                found[verdict] += 1
                if verdict != "right" and len(troubles) < 3:
                    troubles.append(
                        f"{raw} ({case.cells[place]}) as {table.columns[column].type}: "
                        f"{values[place]!r} → {row[column]!r}, {verdict}"
                    )
    return Verdict(found, types, troubles, proposal)


def _verdict(
    row: dict[str, Any], column: str, expected: Any, bad: set[Any], asked: set[str]
) -> str:
    value = row[column]
    if _same(value, expected):
        return "right"
    if (row["_object"], row["_record"], column) in bad:
        return "rejected"
    if isinstance(expected, bool) and value == int(expected) and column in asked:
        return "asked"
    return "asked" if isinstance(value, str) and column in asked else "wrong"


def _same(value: Any, expected: Any) -> bool:
    if value is None or expected is None:
        return value is expected
    if isinstance(expected, bool) or isinstance(value, bool):
        return value is expected
    if isinstance(expected, float) and isinstance(value, float):
        return math.isclose(value, expected, rel_tol=1e-6)
    if isinstance(expected, Decimal) and isinstance(value, float):
        return value == float(expected)
    if isinstance(expected, datetime) and isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo and expected.tzinfo) == expected
    return (type(value) is type(expected) and bool(value == expected)) or (
        isinstance(expected, Decimal) and value == expected
    )

"""Which raw columns of a wide file become rows, and what each row is called."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from backbone.model.raw import RawUnpivot
from backbone.project.variants import Unpivot

__all__ = ["raw_unpivot"]

Row = tuple[tuple[str, ...], tuple[str | None, ...]]


def raw_unpivot(
    declared: Unpivot, names: Sequence[str] | None, rename: Mapping[str, str]
) -> RawUnpivot:
    """Return how the records of a file become rows.

    Parameters
    ----------
    declared : what is declared
    names : the raw columns of the file; None if nobody can tell: its reader will say why
    rename : the names of some of them: those that are meant
    """
    # what a raw column is called in the declaration: its name in the file
    known = {rename.get(name, name): name for name in names or ()}
    if declared.columns:
        there = {raw: own for own, raw in rename.items()} | known
        own = tuple(((n,), (there.get(n, n),)) for n in declared.columns)
        value = str(declared.value)
        return RawUnpivot((declared.name,), (value,), own, declared.drop_missing)
    if declared.pattern is not None:
        made, found = _of_pattern(declared, declared.pattern, known)
        values: tuple[str, ...] = (str(declared.value),)
    else:
        made, found = (declared.name,), _stacked(declared, known)
        values = tuple(declared.value)
    rows = tuple(found)
    problem = None if rows or names is None else _problem(declared)
    return RawUnpivot(made, values, rows, declared.drop_missing, problem)


def _of_pattern(
    declared: Unpivot, pattern: str, known: Mapping[str, str]
) -> tuple[tuple[str, ...], Iterator[Row]]:
    compiled = re.compile(pattern)
    groups = tuple(compiled.groupindex)

    def rows() -> Iterator[Row]:
        for name, raw in known.items():
            found = compiled.search(name)
            if found is None:
                continue
            texts = tuple(found[group] or "" for group in groups)
            yield texts or (_first(found),), (raw,)

    return groups or (declared.name,), rows()


def _stacked(declared: Unpivot, known: Mapping[str, str]) -> Iterator[Row]:
    """Yield a row for every name under which some of several values are found."""
    patterns = dict(declared.value) if isinstance(declared.value, dict) else {}
    cells: dict[str, dict[str, str]] = {}
    for name, raw in known.items():
        for value, pattern in patterns.items():
            found = re.search(pattern, name)
            if found is not None:
                cells.setdefault(_first(found), {}).setdefault(value, raw)
    for text, row in cells.items():
        yield (text,), tuple(row.get(value) for value in patterns)


def _first(found: re.Match[str]) -> str:
    return found[1] or "" if found.re.groups else found[0]


def _problem(declared: Unpivot) -> str:
    if declared.pattern is not None:
        return f"no raw column matches {declared.pattern!r}, the pattern of `unpivot`"
    return "no raw column matches a pattern of `unpivot`"

"""How files of one dataset differ: names, layouts, headers that were swapped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from itertools import combinations
from typing import Any

from backbone.engines.raw.looking.cells import unit_in
from backbone.engines.raw.looking.files import FileSeen
from backbone.engines.raw.looking.observed import Observed
from backbone.management.formatted.inference.context import ColumnPlan
from backbone.model.canonicalnames import canonical_name
from backbone.model.choices import Choice

__all__ = ["Renames", "read_variants", "renamed", "renames_in", "swaps_in"]

_ENOUGH, _PLACE, _NAME, _VALUES = 0.75, 0.4, 0.45, 0.5
_SAME, _ELSE = 0.5, 0.15
_MOST_VALUES = 3_000
_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", '"': "double"}
_YEAR = re.compile(r"(?:19|20)\d{2}")


@dataclass(frozen=True)
class Renames:
    """Columns that some files call otherwise: their name there, and the usual one."""

    files: tuple[str, ...]
    names: Mapping[str, str]
    evidence: str
    confidence: float

    def variant(self, files: Sequence[FileSeen]) -> dict[str, Any]:
        """Return the variant that declares them."""
        there = [f for f in files if f.name in self.files]
        rest = [f for f in files if f.name not in self.files]
        only = [n for n in self.names if not any(n in f.names for f in rest)]
        when = {"header_has": only} if only else {"file": _pattern(there, rest)}
        name = "renamed_" + canonical_name(next(iter(self.names)))
        return {"name": name, "when": when, "rename": dict(self.names)}


def renames_in(
    seen: Observed, files: Sequence[FileSeen], plans: Sequence[ColumnPlan]
) -> list[Renames]:
    """Find columns that other files have under another name.

    Notes
    -----
    A column that is new in some files takes the place of one that is missing there if
    its name, its place and its values speak for it together, and its type is the same.
    """
    base = _base(files)
    groups: dict[tuple[str, ...], list[FileSeen]] = {}
    for file in files:
        groups.setdefault(file.names, []).append(file)
    known = {plan.raw: plan for plan in plans}
    found = []
    for names, own in groups.items():
        missing = [name for name in base if name not in names]
        extra = [name for name in names if name not in base]
        pairs = _paired(seen, known, missing, extra, base, names)
        if pairs:
            said = ", ".join(f"`{new}` is `{old}`" for new, old, _ in pairs)
            sure = min(score for _, _, score in pairs)
            found.append(
                Renames(
                    tuple(file.name for file in own),
                    {new: old for new, old, _ in pairs},
                    f"in {len(own):,} of {len(files):,} files {said}",
                    round(min(0.95, sure), 2),
                )
            )
    return found


def _base(files: Sequence[FileSeen]) -> tuple[str, ...]:
    """Return the names that most files have; of equally many, the last ones."""
    counts = Counter(file.names for file in files)
    most = max(counts.values())
    return next(f.names for f in reversed(files) if counts[f.names] == most)


def _paired(
    seen: Observed, known: Mapping[str, ColumnPlan],
    missing: Sequence[str], extra: Sequence[str],
    base: Sequence[str], names: Sequence[str],
) -> list[tuple[str, str, float]]:  # fmt: skip
    scored = []
    for old in missing:
        for new in extra:
            score = _likeness(seen, known[old], known[new])
            same_place = base.index(old) == names.index(new)
            score += _PLACE if same_place else 0
            scored.append((score, new, old))
    taken: set[str] = set()
    found = []
    for score, new, old in sorted(scored, key=lambda one: -one[0]):
        if score >= _ENOUGH and new not in taken and old not in taken:
            taken |= {new, old}
            found.append((new, old, score))
    return found


def _likeness(seen: Observed, old: ColumnPlan, new: ColumnPlan) -> float:
    first, second = (canonical_name(unit_in(each.raw)[0]) for each in (old, new))
    if first == second:
        return 1.0
    if not _alike(old, new):
        return -1.0
    likeness = SequenceMatcher(None, first, second).ratio()
    score = _NAME * likeness if likeness > 0.5 else 0  # noqa: PLR2004
    if old.type in {"string", "integer"}:
        a = {text for text, _ in seen.values(old.place, _MOST_VALUES)}
        b = {text for text, _ in seen.values(new.place, _MOST_VALUES)}
        score += _VALUES * len(a & b) / max(1, min(len(a), len(b)))
    return score


def _alike(one: ColumnPlan, other: ColumnPlan) -> bool:
    numeric = ("integer", "double", "decimal")
    if one.type.startswith(numeric) and other.type.startswith(numeric):
        return True
    empty = not one.there or not other.there
    return empty or one.type == other.type


def renamed(files: Sequence[FileSeen], renames: Iterable[Renames]) -> list[FileSeen]:
    """Return files with the usual names of their columns."""
    names = {file: one.names for one in renames for file in one.files}
    return [
        replace(f, names=tuple(names.get(f.name, {}).get(n, n) for n in f.names))
        for f in files
    ]


def read_variants(
    files: Sequence[FileSeen], base: FileSeen
) -> tuple[list[dict[str, Any]], list[Choice]]:
    """Return variants for files that are laid out otherwise than most."""
    if base.records is not None:
        return [], []
    groups: dict[tuple[tuple[str, Any], ...], list[FileSeen]] = {}
    for file in files:
        told = tuple((k, v) for k, v in _read(file).items() if _read(base)[k] != v)
        if told:
            groups.setdefault(told, []).append(file)
    variants, choices = [], []
    for told, own in groups.items():
        rest = [file for file in files if file not in own]
        read = dict(told)
        name = "_".join(f"{k}_{canonical_name(_WORDS.get(v, str(v)))}" for k, v in told)
        if read.get("header") == 0 and base.told[1].header:
            read["names"] = list(base.names)
        when = {"file": _pattern(own, rest)}
        variants.append({"name": name[:40].strip("_"), "when": when, "read": read})
        said = (
            f"{len(own):,} of {len(files):,} files: {', '.join(f.name for f in own[:3])}"
        )
        choices.append(Choice("variants", name, 0.9, f"{said} are laid out otherwise"))
    return variants, choices


def _read(file: FileSeen) -> dict[str, Any]:
    dialect, layout = file.told
    return {
        "delimiter": dialect.delimiter,
        "quote": dialect.quote or "none",
        "encoding": file.encoding.name if file.encoding else "utf-8",
        "skip": layout.skip,
        "header": layout.header,
        "units": layout.units,
    }


def _pattern(own: Sequence[FileSeen], rest: Sequence[FileSeen]) -> list[str]:
    """Return patterns that fit the names of some files and of no others."""
    names = [file.name for file in own]
    others = [file.name for file in rest]
    found: dict[str, None] = {}
    for name in names:
        year = _YEAR.search(name)
        short = f"*{year[0]}*" if year else name
        is_apart = not any(fnmatchcase(other, short) for other in others)
        found[short if is_apart else name] = None
    return list(found)


def swaps_in(
    seen: Observed, plans: Sequence[ColumnPlan], files: Sequence[FileSeen]
) -> tuple[list[dict[str, Any]], list[Choice]]:
    """Find files in which two columns have each other's name, by their values.

    Notes
    -----
    Of texts and whole numbers with few different values: those of a file are compared
    with those that the other files have under either name. One query a column.
    """
    able = [
        p for p in plans if p.type in {"string", "integer"} and p.distinct <= _MOST_VALUES
    ]
    sets = {plan.raw: seen.values_by_object(plan.place) for plan in able}
    swapped: dict[tuple[str, str], list[str]] = {}
    for one, other in combinations(able, 2):
        if one.type != other.type or max(len(sets[one.raw]), len(sets[other.raw])) < 3:  # noqa: PLR2004
            continue
        for name in seen.objects:
            if _is_swapped(sets[one.raw], sets[other.raw], name):
                swapped.setdefault((one.raw, other.raw), []).append(name)
    variants, choices = [], []
    for (first, second), names in swapped.items():
        if len(names) * 2 > len(seen.objects):
            continue
        own = [file for file in files if file.name in names]
        rest = [file for file in files if file.name not in names]
        variants.append(
            {
                "name": f"swapped_{canonical_name(first)}"[:40],
                "when": {"file": _pattern(own, rest)},
                "rename": {first: second, second: first},
            }
        )
        said = (
            f"in {', '.join(names[:3])} the values of `{first}` are those that other "
            f"files have under `{second}`, and the other way round"
        )
        ask = f"are the headers of `{first}` and `{second}` swapped there?"
        choices.append(
            Choice("variants", f"{first} and {second} swapped", 0.75, said, ask=ask)
        )
    return variants, choices


def _is_swapped(
    one: Mapping[str, frozenset[str]], other: Mapping[str, frozenset[str]], name: str
) -> bool:
    """Compare a file with each other one: the most of them tell."""
    a, b = one.get(name, frozenset()), other.get(name, frozenset())
    others = [each for each in one if each != name and each in other]
    if min(len(a), len(b)) < 3 or len(others) < 2:  # noqa: PLR2004 - too few to tell
        return False
    crossed = sum(
        min(_inside(a, other[each]), _inside(b, one[each])) >= _SAME for each in others
    )
    straight = sum(
        max(_inside(a, one[each]), _inside(b, other[each])) > _ELSE for each in others
    )
    return crossed * 2 > len(others) and straight * 2 < len(others)


def _inside(values: frozenset[str], others: frozenset[str]) -> float:
    return len(values & others) / len(values)

"""A dataset: from all of its files to the declaration of one table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from backbone.engines.raw.looking.cells import NULLS, unit_in
from backbone.engines.raw.looking.files import FileSeen
from backbone.engines.raw.looking.observed import Observed
from backbone.engines.raw.looking.tables import Share, looked_share, rows_of_files
from backbone.errors import DataError
from backbone.management.formatted.inference.columns import planned
from backbone.management.formatted.inference.context import ColumnPlan, Context
from backbone.management.formatted.inference.filenames import file_columns
from backbone.management.formatted.inference.keys import key_of
from backbone.management.formatted.inference.layout import layout_choices, read_of
from backbone.management.formatted.inference.numbers import Signs, signs_of
from backbone.management.formatted.inference.records import (
    typed_plan,
    types_of,
)
from backbone.management.formatted.inference.variants import (
    Renames,
    read_variants,
    renamed,
    renames_in,
    swaps_in,
)
from backbone.management.formatted.inference.wide import wide_in
from backbone.model.canonicalnames import canonical_name, canonical_names
from backbone.model.choices import SURE, Choice

__all__ = ["MOST_COLUMNS", "Proposal", "proposed"]

MOST_COLUMNS = 2_000
"""A table that has more is not looked into: each column is a question to all rows."""

_TEMPORAL = frozenset({"date", "datetime", "timestamp"})


@dataclass(frozen=True)
class Proposal:
    """The declaration of a formatted table, as it is proposed.

    `declaration` is what `formatted/<name>.yml` would hold; `choices` are all that were
    made, with their evidence. `records` were looked at, `looked` of `size` bytes.
    """

    declaration: Mapping[str, Any]
    choices: tuple[Choice, ...]
    files: tuple[str, ...]
    records: int
    size: int
    looked: int

    @property
    def questions(self) -> tuple[Choice, ...]:
        """What is not sure, or is left to be told."""
        return tuple(choice for choice in self.choices if not choice.is_sure)


def proposed(files: Sequence[FileSeen], source: str, *, at_most: int) -> Proposal:
    """Propose the declaration of a table that all of these files become.

    Parameters
    ----------
    files : delimited text, at least one
    source : what the table is made from, ``landing.<dataset>``
    at_most : bytes that are looked at cell by cell
    """
    share = looked_share(files, at_most)
    renames = _renames(files, share)
    same = renamed(files, renames)
    columns = _columns(same)
    if len(columns) > MOST_COLUMNS:
        what = (
            f"{len(columns):,} columns are more than are looked into ({MOST_COLUMNS:,})"
        )
        raise DataError(
            what, hint="Declare the table by hand; `unpivot` makes rows of them."
        )
    with rows_of_files(same, columns, share) as seen:
        plans = _plans(seen, columns, same)
        added = file_columns(seen, same, plans)
        key = _of_part(key_of(seen, plans, added), share)
        laid_out = layout_choices(same, seen)
        swapped, told = swaps_in(seen, plans, same) if len(files) > 1 else ([], [])
    kept = [_optional(plan, same) for plan in plans if not plan.drop]
    read, kept, base = read_of(files, kept)
    others, differing = read_variants(files, base)
    declaration: dict[str, Any] = {"from": source, "read": read}
    if key.value:
        declaration["key"] = key.value
    used = [one for one in added if one.name in _listed(key.value)]
    declaration["columns"] = {one.name: dict(one.keys) for one in (*used, *kept)}
    variants = [*(one.variant(files) for one in renames), *swapped, *others]
    if variants:
        declaration["variants"] = _named_apart(variants)
    choices = [*laid_out, *differing, *told, *map(_told, renames), key, *wide_in(plans)]
    choices += [choice for plan in (*used, *plans) for choice in plan.choices]
    return Proposal(
        declaration,
        tuple(choices),
        tuple(file.name for file in files),
        seen.rows,
        share.size,
        share.looked,
    )


def _of_part(key: Choice, share: Share) -> Choice:
    """Take a key for a question where not all records were looked at."""
    if share.is_whole or not key.value or key.ask:
        return key
    names = ", ".join(_listed(key.value))
    ask = f"does {names} identify a row? It does in the part that was looked at"
    return replace(key, confidence=min(key.confidence, 0.75), ask=ask)


def _renames(files: Sequence[FileSeen], share: Share) -> list[Renames]:
    """Find out which columns have other names in some files."""
    if len({file.names for file in files}) == 1:
        return []
    columns = _columns(files)
    with rows_of_files(files, columns, share) as seen:
        return renames_in(seen, files, _plans(seen, columns, files))


def _told(renames: Renames) -> Choice:
    ask = "are these the same columns?" if renames.confidence < SURE else None
    what = ", ".join(renames.names)
    return Choice("variants", what, renames.confidence, renames.evidence, ask=ask)


def _listed(names: object) -> list[str]:
    return [str(name) for name in names] if isinstance(names, list) else []


def _optional(plan: ColumnPlan, files: Sequence[FileSeen]) -> ColumnPlan:
    """Say of a column that some files do not have it."""
    lacking = [file.name for file in files if plan.raw not in file.names]
    if not lacking:
        return plan
    some = ", ".join(lacking[:3])
    said = f"{len(lacking):,} of {len(files):,} files have no such column: {some}"
    choice = Choice(plan.say("optional"), True, 0.9, said)
    keys = {**plan.keys, "optional": True}
    return replace(plan, keys=keys, choices=(*plan.choices, choice))


def _named_apart(variants: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    met: Counter[str] = Counter()
    found = []
    for one in variants:
        met[one["name"]] += 1
        number = met[one["name"]]
        found.append(
            {**one, "name": one["name"] if number == 1 else f"{one['name']}_{number}"}
        )
    return found


def _columns(files: Sequence[FileSeen]) -> tuple[str, ...]:
    """Return the names of all columns, in the order in which most files have them."""
    orders = Counter(file.names for file in files)
    found: dict[str, None] = {}
    for names, _ in orders.most_common():
        found |= dict.fromkeys(names)
    return tuple(found)


def _plans(
    seen: Observed, columns: Sequence[str], files: Sequence[FileSeen]
) -> list[ColumnPlan]:
    names = canonical_names(_bare(columns))
    context = _context(seen, columns)
    known = types_of(files)
    plans = [
        typed_plan(seen, place, raw, names[place], known[raw])
        if raw in known
        else planned(seen, place, raw, names[place], context)
        for place, raw in enumerate(columns)
    ]
    orders = Counter(plan.order for plan in plans if plan.order in {"dmy", "mdy", "ymd"})
    if not orders:
        return plans
    context = replace(context, orders=orders)
    return [
        planned(seen, plan.place, plan.raw, plan.name, context)
        if plan.order is None and plan.raw not in known and plan.type in _TEMPORAL
        else plan
        for plan in plans
    ]


def _bare(columns: Sequence[str]) -> list[str]:
    """Return names without their units, where they differ without them."""
    bare = [unit_in(raw)[0] for raw in columns]
    counts = Counter(canonical_name(name) for name in bare)
    return [
        short if counts[canonical_name(short)] == 1 else raw
        for raw, short in zip(columns, bare, strict=True)
    ]


def _context(seen: Observed, columns: Sequence[str]) -> Context:
    signs = Signs()
    nulls: Counter[str] = Counter()
    for place, _ in enumerate(columns):
        shapes = seen.shapes(place)
        own = signs_of(shapes)
        signs += Signs(point=own.point > 0, comma=own.comma > 0)
        words = {shape.text.lower() for shape in shapes if shape.text.lower() in NULLS}
        digits = sum(shape.count for shape in shapes if "0" in shape.text)
        total = sum(shape.count for shape in shapes if shape.text.lower() not in NULLS)
        if words and digits >= 0.95 * total > 0:
            nulls.update(words)
    return Context(signs, nulls=frozenset(nulls))

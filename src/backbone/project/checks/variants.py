"""Checks of what a formatted table says of files that differ."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pydantic import ValidationError

from backbone.project.drafts import Draft
from backbone.project.formatted import FormattedTable, Variant, read_model
from backbone.project.mistakes import Mistake, Where, suggestion
from backbone.project.variants import Unpivot

__all__ = ["check_variants"]


def check_variants(
    draft: Draft[FormattedTable], table: FormattedTable
) -> Iterator[Mistake]:
    """Check the variants of a table, and which raw columns become rows."""
    yield from _ways(draft, table)
    yield from _unpivot(draft, ("unpivot",), table.unpivot, table)
    names: dict[str, int] = {}
    for place, variant in enumerate(table.variants):
        where = ("variants", place)
        if names.setdefault(variant.name, place) != place:
            text = f"there is a variant `{variant.name}` before it"
            yield draft.mistake((*where, "name"), text)
        try:
            own = table.varied(variant)
        except ValueError as error:
            yield from _unreadable(draft, (*where, "read"), variant, table, error)
            continue
        yield from _columns(draft, where, variant, table)
        yield from _rename(draft, where, variant, own)
        yield from _unpivot(draft, (*where, "unpivot"), variant.unpivot, own)


def _unreadable(
    draft: Draft[FormattedTable],
    where: Where,
    variant: Variant,
    table: FormattedTable,
    error: ValueError,
) -> Iterator[Mistake]:
    """Tell what of a variant's `read` is no layout of its format."""
    if not isinstance(error, ValidationError):
        yield draft.mistake((*where, "format"), str(error))
        return
    told = variant.read.get("format", table.read.format)
    model = read_model(told) or type(table.read)
    for each in error.errors():
        key, *inner = each["loc"] or ("format",)
        text = each["msg"].removeprefix("Value error, ")
        if each["type"] == "extra_forbidden":
            text = model.elsewhere(str(key), {"format": told}) or (
                f"unknown key{suggestion(str(key), model.model_fields)}"
            )
        yield draft.mistake((*where, key, *inner), text)


def _ways(draft: Draft[FormattedTable], table: FormattedTable) -> Iterator[Mistake]:
    if table.dated is not None and not any(
        one.when.since or one.when.until for one in table.variants
    ):
        text = "says nothing without a variant that has `since` or `until`"
        yield draft.mistake(("dated",), text)
    read = {raw for each in table.columns.values() for raw in each.source}
    for place, name in enumerate(table.ignore):
        if name in read:
            text = f"`{name}` is read by a column"
            yield draft.mistake(("ignore", place), text)
    for name, one in table.columns.items():
        if one.optional and (one.sql is not None or one.value is not None or one.absent):
            text = "goes with raw columns, which a file may be without"
            yield draft.mistake(("columns", name, "optional"), text)


def _columns(
    draft: Draft[FormattedTable], where: Where, variant: Variant, table: FormattedTable
) -> Iterator[Mistake]:
    for name, change in variant.columns.items():
        at = (*where, "columns", name)
        if name not in table.columns:
            hint = suggestion(name, table.columns)
            yield draft.mistake(at, f"there is no column `{name}`{hint}")
        elif not change.model_fields_set:
            yield draft.mistake(at, "says nothing that is otherwise")


def _rename(
    draft: Draft[FormattedTable], where: Where, variant: Variant, own: FormattedTable
) -> Iterator[Mistake]:
    known = _raw_names(own)
    wide = own.unpivot is not None
    for raw, target in variant.rename.items():
        if target not in known and not wide:
            text = f"no column reads `{target}`{suggestion(target, known)}"
            yield draft.mistake((*where, "rename", raw), text)


def _raw_names(table: FormattedTable) -> list[str]:
    """Return the raw columns that the columns of a table read, by their own names."""
    names = [n for each in table.raw_columns() for n in each.sources]
    own = (n[1:] if n.startswith("$$") else n for n in names)
    return [name for name in dict.fromkeys(own) if not name.startswith("$")]


def _unpivot(
    draft: Draft[FormattedTable],
    where: Where,
    unpivot: Unpivot | None,
    table: FormattedTable,
) -> Iterator[Mistake]:
    if unpivot is None:
        return
    made, read = list(_made(unpivot)), _raw_names(table)
    for name in made:
        if made.count(name) > 1:
            text = f"`{name}` is made twice"
            yield draft.mistake(where, text)
            return
    for name in made:
        if name not in read:
            text = (
                f"no column reads `{name}`, which it makes: "
                f"give a column that name, or `from: {name}`"
            )
            yield draft.mistake(where, text)


def _made(unpivot: Unpivot) -> Iterable[str]:
    """Return the raw columns that rows get."""
    groups: list[str] = []
    if unpivot.pattern is not None:
        try:
            groups = list(re.compile(unpivot.pattern).groupindex)
        except re.error:  # in another dialect than Python's: it is told of elsewhere
            groups = []
    values = [unpivot.value] if isinstance(unpivot.value, str) else list(unpivot.value)
    return [*(groups or [unpivot.name]), *values]

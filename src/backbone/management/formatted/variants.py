"""Which variant of a table an object is, and how it is therefore read.

Only what is in the object, its name and the fields of its path decide: the same objects
are read the same way on every machine, and whenever they came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fnmatch import fnmatchcase
from unicodedata import normalize

from backbone.engines.protocol import RawRead
from backbone.engines.raw import names_of, wanted_of
from backbone.management.formatted.widening import raw_unpivot
from backbone.model.canonicalnames import canonical_name
from backbone.model.raw import RawColumn, RawFormat, RawObject, RawUnpivot
from backbone.model.types import STRING
from backbone.project.formatted import FormattedTable, Variant
from backbone.project.variants import Dated, When

__all__ = ["Reading", "Ways", "looks_at_header", "object_date", "reading_of"]

_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)"
    r"(?:[-_./]?(0[1-9]|1[0-2])(?:[-_./]?(0[1-9]|[12]\d|3[01]))?)?(?!\d)"
)
_FILE = "$file"


@dataclass(frozen=True)
class Reading:
    """How an object is read: its layout, and how columns are made of it.

    `evolved` are the columns that no declaration names, by their canonical names. The
    name of the `variant` is for people: two that are read alike are alike. Where the
    header was looked at, `left_out` are raw columns that nobody reads, and the object
    lacks those of `missing`, for which it will be refused.
    """

    format: RawFormat
    columns: tuple[RawColumn, ...]
    unpivot: RawUnpivot | None = None
    evolved: tuple[str, ...] = ()
    variant: str | None = field(default=None, compare=False)
    left_out: tuple[str, ...] = field(default=(), compare=False)
    missing: tuple[str, ...] = field(default=(), compare=False)

    def row(self, number: int) -> tuple[int, tuple[RawColumn, ...]]:
        """Return the record that a row is of, and how its own columns are made."""
        if self.unpivot is None:
            return number, self.columns
        record, place = self.unpivot.record_of(number)
        texts, cells = self.unpivot.rows[place]
        told = dict(zip(self.unpivot.names, texts, strict=True))
        read = dict(zip(self.unpivot.values, cells, strict=True))
        return record, tuple(_of_row(each, told, read) for each in self.columns)


def _of_row(
    each: RawColumn, told: Mapping[str, str], read: Mapping[str, str | None]
) -> RawColumn:
    """Return a column as one row of a record has it: of constants and raw columns."""
    if not {*told, *read} & {*each.sources}:
        return each
    sources = (read.get(one, one) for one in each.sources if one not in told)
    texts = [told[one] for one in each.sources if one in told]
    own = tuple(one for one in sources if one is not None)
    return replace(each, sources=own, value=None if own else " ".join(texts))


class _Look:
    """An object, and its raw columns once somebody asked for them."""

    def __init__(self, obj: RawObject) -> None:
        self.obj = obj
        self._names: dict[RawFormat, tuple[str, ...] | None] = {}

    def names(self, form: RawFormat) -> tuple[str, ...] | None:
        """Return the raw columns of the object, if this is its layout."""
        if form not in self._names:
            self._names[form] = names_of(self.obj, form)
        return self._names[form]


@dataclass(frozen=True)
class _Way:
    """One way to read objects: the table's, or that of one of its variants."""

    variant: Variant | None
    own: FormattedTable
    format: RawFormat
    columns: tuple[RawColumn, ...]

    @classmethod
    def of(cls, table: FormattedTable, variant: Variant | None) -> _Way:
        own = table.varied(variant)
        return cls(variant, own, own.read.raw(), own.raw_columns())


class Ways:
    """How the objects of a table are read, each as its first variant that fits says."""

    def __init__(self, table: FormattedTable) -> None:
        self.table = table
        self._others = [_Way.of(table, variant) for variant in table.variants]
        self._base = _Way.of(table, None)

    def reading_of(self, obj: RawObject, *, look: bool = False) -> Reading:
        """Return how an object is read.

        Parameters
        ----------
        obj : where the bytes are, its name and its fields
        look : whether the header is looked at in any case, to tell what is left out

        Raises
        ------
        LakeError : the object is not there, and its header has to be looked at

        Notes
        -----
        The beginning of the file is read where conditions, renamed columns, columns that
        become rows or new columns ask for its header; a JSON document as a whole.
        """
        seen = _Look(obj)
        fits = (way for way in self._others if _fits(self.table, way, seen))
        way = next(fits, self._base)
        own, rename = way.own, way.variant.rename if way.variant else {}
        evolves = own.new_columns == "evolve"
        asks = look or rename or own.unpivot is not None or evolves
        names = seen.names(way.format) if asks else None
        columns = way.columns
        if rename:
            columns = tuple(_renamed(each, rename, names) for each in columns)
        unpivot = raw_unpivot(own.unpivot, names, rename) if own.unpivot else None
        called = way.variant.name if way.variant else None
        reading = Reading(way.format, columns, unpivot, variant=called)
        if look and names is not None:
            reading = replace(reading, missing=missing_of(obj, reading, names))
        if names is None:
            return reading
        left = _unread(reading, names, own.ignore)
        if evolves:
            return _evolved(reading, names, left)
        return replace(reading, left_out=left)


def reading_of(table: FormattedTable, obj: RawObject) -> Reading:
    """Return how an object of a table is read; see `Ways` for many of them."""
    return Ways(table).reading_of(obj)


def looks_at_header(table: FormattedTable) -> bool:
    """Tell whether the raw columns of an object decide how it is read."""
    return (
        table.new_columns == "evolve"
        or table.unpivot is not None
        or any(
            one.when.looks_at_header or one.rename or one.unpivot
            for one in table.variants
        )
    )


def _fits(table: FormattedTable, way: _Way, seen: _Look) -> bool:
    if way.variant is None:
        return True
    when, obj = way.variant.when, seen.obj
    if not (
        _is_named(obj, when)
        and _has_fields(obj, when)
        and _is_dated(obj, when, table.dated or Dated())
    ):
        return False
    if not when.looks_at_header:
        return True
    names = seen.names(way.format)
    return (
        names is not None
        and {*when.header_has} <= {*names}
        and not {*when.header_lacks} & {*names}
    )


def _like(text: str, patterns: Iterable[str]) -> bool:
    """Compare a text with patterns; a letter with an accent is the same in two forms."""
    own = normalize("NFC", text)
    return any(fnmatchcase(own, normalize("NFC", each)) for each in patterns)


def _is_named(obj: RawObject, when: When) -> bool:
    return not when.file or _like(obj.name, when.file)


def _has_fields(obj: RawObject, when: When) -> bool:
    told = dict(obj.fields)
    return all(
        name in told and _like(told[name], texts) for name, texts in when.fields.items()
    )


def _is_dated(obj: RawObject, when: When, dated: Dated) -> bool:
    if when.since is None and when.until is None:
        return True
    day = object_date(obj, dated)
    if day is None:
        return False
    return (when.since or day) <= day <= (when.until or day)


def object_date(obj: RawObject, dated: Dated) -> date | None:
    """Return the date of an object; None if it has none.

    Of a year or a month it is the first day.
    """
    told = dict(obj.fields)
    text = obj.name if dated.source == _FILE else told.get(dated.source[1:])
    if text is not None and dated.pattern is not None:
        found = re.search(dated.pattern, text)
        groups = found.groups() if found else ()
        text = groups[0] if groups else (found[0] if found else None)
    if text is None:
        return None
    if dated.format is not None:
        try:
            return datetime.strptime(text, dated.format).date()  # noqa: DTZ007 - a day
        except ValueError:
            return None
    return next(filter(None, map(_day, _DATE.finditer(text))), None)


def _day(found: re.Match[str]) -> date | None:
    year, month, day = (int(part or 1) for part in found.groups())
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _renamed(
    each: RawColumn, rename: Mapping[str, str], names: Sequence[str] | None
) -> RawColumn:
    """Return a column that reads raw columns by the names that they have in a file."""
    own = {source: raw_name(source, rename, names) for source in each.sources}
    pad = tuple((own.get(source, source), width) for source, width in each.pad)
    return replace(each, sources=tuple(map(own.__getitem__, each.sources)), pad=pad)


def raw_name(source: str, rename: Mapping[str, str], names: Sequence[str] | None) -> str:
    """Return the name in a file of the raw column that is read by the name `source`.

    >>> raw_name("counter", {"stanica": "counter"}, ["stanica", "sat"])
    'stanica'
    """
    if source.startswith("$"):
        return source
    others = [raw for raw, known in rename.items() if known == source]
    if not others:
        return source
    there = [raw for raw in others if names is None or raw in names]
    if there:
        return there[0]
    return source if source in (names or ()) else others[0]


def _unread(
    reading: Reading, names: Sequence[str], ignored: Iterable[str]
) -> tuple[str, ...]:
    """Return the raw columns that nobody reads and nobody knows, each once."""
    read = {
        s.removeprefix("$") if s.startswith("$$") else s
        for each in reading.columns
        for s in each.sources
    }
    read |= {*(reading.unpivot.read if reading.unpivot else ()), *ignored}
    roots = {name.partition(".")[0] for name in read}
    unread = (name for name in names if name not in read and name not in roots)
    return tuple(dict.fromkeys(unread))


def _evolved(reading: Reading, names: Sequence[str], new: Sequence[str]) -> Reading:
    """Return the reading with a text column for each raw column that is new.

    A name that stands twice in a header means no column and is left out.
    """
    taken = {each.name.casefold() for each in reading.columns}
    made: dict[str, str] = {}
    for raw in new:
        if names.count(raw) == 1:
            made[raw] = _free(canonical_name(raw), taken)
            taken.add(made[raw])
    added = tuple(
        RawColumn(name, STRING, (f"${raw}" if raw.startswith("$") else raw,))
        for raw, name in made.items()
    )
    return replace(
        reading,
        columns=(*reading.columns, *added),
        evolved=tuple(made.values()),
        left_out=tuple(name for name in new if name not in made),
    )


def missing_of(obj: RawObject, reading: Reading, names: Sequence[str]) -> tuple[str, ...]:
    """Return the raw columns that an object must have and has not.

    Of JSON nobody knows them from a look: any record may have the key.
    """
    if reading.format.format in {"json", "jsonl"}:
        return ()
    request = RawRead((obj,), reading.format, reading.columns, reading.unpivot)
    wanted = wanted_of(request).required
    return tuple(n for n in wanted if not {n, n.partition(".")[0]} & {*names})


def _free(name: str, taken: set[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free

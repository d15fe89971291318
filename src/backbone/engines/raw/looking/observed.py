"""The cells of files of one layout, ready to be asked about.

Beside each text stands its **shape**, the text with a 0 for each digit. A column of
millions of dates has a handful of shapes; what the least and the greatest text of a shape
are tells more than a list of examples. Shapes cost little: the bytes of a file are
translated before they are split, so that texts and shapes are split the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from backbone.engines.raw.database import opened_database
from backbone.engines.raw.looking.dialects import Dialect
from backbone.engines.raw.looking.layouts import TableLayout
from backbone.engines.raw.looking.pieces import Part
from backbone.model.choices import Against

__all__ = [
    "Misfit",
    "Numbers",
    "Observed",
    "Shape",
    "TextColumns",
    "observed",
    "split",
    "taken",
]

_SHAPES = bytes.maketrans(b"123456789", b"000000000")
_MOST_SHAPES = 600
_SHAPE_WIDTH = 80
_OBJECT_BITS = 40
_SHOWN = 200
_KEPT_MISFITS = 20
_EDGES = 3


@dataclass(frozen=True)
class Shape:
    """Texts of a column that differ in digits only: how many, and some of them."""

    text: str
    count: int
    least: str
    greatest: str
    first: str
    place: int


@dataclass(frozen=True)
class Misfit:
    """A record that does not have as many cells as the others."""

    place: int
    cells: int
    text: str


@dataclass(frozen=True)
class TextColumns:
    """Columns of text of one part, with the place of every row."""

    values: pa.Table
    misfits: tuple[Misfit, ...] = ()
    wrong: int = 0


def split(
    part: Part,
    dialect: Dialect,
    layout: TableLayout,
    object_: int,
    places: Sequence[int],
) -> TextColumns:
    """Split the records of a part into texts and their shapes.

    Parameters
    ----------
    object_ : the number of the file
    places : of each of its columns, the place among all columns

    Returns
    -------
    Columns ``c0 … s0 …`` and ``place``: the object and the number of the record
    """
    wrong: list[csv.InvalidRow] = []
    width = layout.width
    texts = _read(part.data, dialect, width, wrong)
    shapes = _read(part.data.translate(_SHAPES), dialect, width, [])
    total = texts.num_rows + len(wrong)
    numbers = np.arange(total, dtype=np.int64)
    numbers = np.delete(numbers, [row.number - 1 for row in wrong])
    numbers = numbers + part.first if part.first is not None else numbers * 0
    place = (np.int64(object_) << _OBJECT_BITS) + numbers
    columns = {f"c{at}": texts[n] for n, at in enumerate(places)}
    columns |= {f"s{at}": shapes[n] for n, at in enumerate(places)}
    table = pa.table({"place": pa.array(place, pa.int64()), **columns})
    table = _records(table, dialect, layout, places)
    misfits = [
        Misfit(
            (object_ << _OBJECT_BITS)
            + (row.number + part.first - 1 if part.first else 0),
            row.actual_columns,
            row.text[:_SHOWN],
        )
        for row in wrong
        if _is_misfit(row, dialect)
    ]
    return TextColumns(table, tuple(misfits[:_KEPT_MISFITS]), len(misfits))


def taken(texts: pa.Table, object_: int, places: Sequence[int]) -> TextColumns:
    """Take records that are columns of text already; their shapes are made of them."""
    numbers = np.arange(1, texts.num_rows + 1, dtype=np.int64)
    place = (np.int64(object_) << _OBJECT_BITS) + numbers
    columns: dict[str, Any] = {}
    for at, column in zip(places, texts.columns, strict=True):
        columns[f"c{at}"] = column
        columns[f"s{at}"] = pc.replace_substring_regex(column, "[1-9]", "0")
    return TextColumns(pa.table({"place": pa.array(place, pa.int64()), **columns}))


def _records(
    table: pa.Table, dialect: Dialect, layout: TableLayout, places: Sequence[int]
) -> pa.Table:
    """Leave out comments, and headers that come again."""
    first = table[f"c{places[0]}"]
    if dialect.comment:
        starts = pc.starts_with(first, dialect.comment)
        table = table.filter(pc.invert(pc.fill_null(starts, False)))
    if layout.repeated and layout.above:
        again = None
        for at, cell in zip(places, layout.above[-1].cells, strict=True):
            if cell:
                same = pc.fill_null(pc.equal(table[f"c{at}"], cell), False)
                again = same if again is None else pc.and_(again, same)
        table = table if again is None else table.filter(pc.invert(again))
    return table


def _is_misfit(row: csv.InvalidRow, dialect: Dialect) -> bool:
    is_comment = dialect.comment and row.text.startswith(dialect.comment)
    return bool(row.text.strip()) and not is_comment


def _read(
    data: bytes, dialect: Dialect, width: int, wrong: list[csv.InvalidRow]
) -> pa.Table:
    def skip(row: csv.InvalidRow) -> str:
        wrong.append(row)
        return "skip"

    names = [str(n) for n in range(width)]
    return csv.read_csv(
        pa.BufferReader(data),
        read_options=csv.ReadOptions(
            use_threads=False, column_names=names, block_size=max(1 << 20, len(data) + 16)
        ),
        parse_options=csv.ParseOptions(
            delimiter=dialect.delimiter,
            quote_char=dialect.quote or False,
            escape_char=dialect.escape or False,
            double_quote=not dialect.escape,
            newlines_in_values=bool(dialect.quote),
            ignore_empty_lines=False,
            invalid_row_handler=skip,
        ),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )


@dataclass(frozen=True)
class Numbers:
    """Figures of numbers; `edges` are the least and the greatest: value, count, text."""

    count: int = 0
    distinct: int = 0
    low: float = 0.0
    high: float = 0.0
    edges: tuple[tuple[float, int, str], ...] = ()


@dataclass
class Observed:
    """Rows of some files, as text; closed by whoever made it.

    Columns are asked for by their place. `objects` are the names of the files in the
    order in which their places count; `misfits` are records of another width.
    """

    objects: tuple[str, ...]
    width: int
    rows: int
    wrong: int
    misfits: tuple[Misfit, ...]
    _database: Any = field(repr=False)
    _labels: int = field(default=0, repr=False)
    _known: dict[tuple[str, str], tuple[int, tuple[Against, ...]]] = field(
        default_factory=dict, repr=False
    )

    def against(self, place: int, text: str) -> Against:
        """Return a record as it is shown."""
        number = place & ((1 << _OBJECT_BITS) - 1)
        name = self.objects[place >> _OBJECT_BITS]
        return Against(name, number or None, text[:_SHOWN])

    def shapes(self, column: int) -> tuple[Shape, ...]:
        """Return the commonest shapes of a column, missing cells left out."""
        found = self._ask(
            f"select left(s{column}, {_SHAPE_WIDTH}) as s, count(*), min(c{column}),"
            f" max(c{column}), arg_min(c{column}, place), min(place) from t"
            f" where c{column} is not null group by 1 order by 2 desc, 1"
            f" limit {_MOST_SHAPES}"
        )
        return tuple(Shape(*row) for row in found)

    def counts(self, column: int) -> tuple[int, int, int, int]:
        """Return how many cells are there, distinct, padded, and the longest text."""
        ((there, distinct, padded, longest),) = self._ask(
            f"select count(c{column}), count(distinct c{column}),"
            f" count(*) filter (p{column}), coalesce(max(length(c{column})), 0) from t"
        )
        return there, distinct, padded, longest

    def values(self, column: int, at_most: int = 50) -> list[tuple[str, int]]:
        """Return the commonest texts of a column, and how often they are there."""
        return self._ask(
            f"select c{column}, count(*) from t where c{column} is not null"
            f" group by 1 order by 2 desc, 1 limit {at_most}"
        )

    def values_by_object(self, column: int) -> dict[str, frozenset[str]]:
        """Return the different texts of a column, file by file."""
        found = self._ask(
            f"select place >> {_OBJECT_BITS} as o, list(distinct c{column}) from t"
            f" where c{column} is not null group by 1 order by 1"
        )
        return {self.objects[o]: frozenset(values) for o, values in found}

    def are(
        self, column: int, shapes: Iterable[str], at_most: int = 3
    ) -> tuple[Against, ...]:
        """Return the first records whose text has one of these shapes."""
        found = self._ask(
            f"select place, c{column} from t where s{column} in"
            " (select unnest($1::varchar[])) order by place limit $2",
            [list(shapes), at_most],
        )
        return tuple(self.against(*row) for row in found)

    def holding(
        self, column: int, texts: Sequence[str], at_most: int = 3
    ) -> tuple[Against, ...]:
        """Return the first records with one of these texts."""
        found = self._ask(
            f"select place, c{column} from t where c{column} in"
            " (select unnest($1::varchar[])) order by place limit $2",
            [list(texts), at_most],
        )
        return tuple(self.against(*row) for row in found)

    def fields(
        self, column: int, shape: str, spans: Sequence[tuple[int, int]]
    ) -> list[tuple[int, int, int]]:
        """Return of digits at places of a shape's texts: least, greatest, distinct."""
        if not spans:
            return []
        parts = ", ".join(
            f"min(v{n}), max(v{n}), count(distinct v{n})" for n in range(len(spans))
        )
        cut = ", ".join(
            f"try_cast(substr(c{column}, {start + 1}, {stop - start}) as bigint) as v{n}"
            for n, (start, stop) in enumerate(spans)
        )
        ((*flat,),) = self._ask(
            f"with f as (select {cut} from t where s{column} = $1) select {parts} from f",
            [shape],
        )
        return [tuple(flat[n : n + 3]) for n in range(0, len(flat), 3)]

    def outside(
        self, column: int, shape: str, parts: Sequence[tuple[tuple[int, int], int, int]]
    ) -> tuple[int, tuple[Against, ...]]:
        """Count the texts of a shape in which some digits are no number of their range.

        Parameters
        ----------
        parts : where digits stand, and the least and the greatest number they may be
        """
        if not parts:
            return 0, ()
        wrong = " or ".join(
            f"try_cast(substr(c{column}, {start + 1}, {stop - start}) as bigint)"
            f" not between {low} and {high}"
            for (start, stop), low, high in parts
        )
        query = f"from t where s{column} = $1 and ({wrong})"
        if (query, shape) not in self._known:
            ((count,),) = self._ask(f"select count(*) {query}", [shape])
            shown = f"select place, c{column} {query} order by place limit 3"
            rows = self._ask(shown, [shape]) if count else []
            self._known[query, shape] = count, tuple(self.against(*row) for row in rows)
        return self._known[query, shape]

    def per_object(
        self, column: int, shape: str, span: tuple[int, int]
    ) -> list[tuple[str, int, int, int]]:
        """Return of digits at a place, file by file: name, least, greatest, distinct."""
        start, stop = span
        found = self._ask(
            f"with f as (select place >> {_OBJECT_BITS} as o, try_cast(substr(c{column},"
            f" {start + 1}, {stop - start}) as bigint) as v from t where s{column} = $1)"
            " select o, min(v), max(v), count(distinct v) from f group by o order by o",
            [shape],
        )
        return [(self.objects[o], low, high, many) for o, low, high, many in found]

    def numbers(
        self, column: int, spelt: str, *, drop: str = "", point: str = "."
    ) -> Numbers:
        """Return figures of the texts that are numbers.

        Parameters
        ----------
        spelt : a pattern that all of the text must match; its first group is the number
        drop : a sign that is left out of it (of thousands)
        point : the sign before the decimals
        """
        value = f"regexp_extract(c{column}, $1, 1)"
        value = f"replace({value}, $2, '')" if drop else value
        value = f"replace({value}, ',', '.')" if point == "," else value
        arguments: list[object] = [f"^(?:{spelt})$", *([drop] if drop else [])]
        found = self._ask(
            f"with n as (select c{column} as text, count(*) as k from t"
            f" where c{column} is not null group by 1),"
            f" v as (select text, k, try_cast({value} as double) as v from"
            f" (select text as c{column}, * from n)"
            f" where regexp_full_match(text, $1)),"
            " g as (select v, sum(k)::bigint as k, min(text) as text from v"
            " where isfinite(v) group by v),"
            " r as (select *, row_number() over (order by v) as a,"
            " row_number() over (order by v desc) as b, sum(k) over ()::bigint as total,"
            " count(*) over () as distinct_ from g)"
            f" select v, k, text, total, distinct_ from r"
            f" where a <= {_EDGES} or b <= {_EDGES} order by v",
            arguments,
        )
        if not found:
            return Numbers()
        edges = tuple((v, k, text) for v, k, text, _, _ in found)
        _, _, _, total, distinct = found[0]
        return Numbers(total, distinct, found[0][0], found[-1][0], edges)

    def label(self, values: Sequence[str]) -> int:
        """Give every row a text of its file; return the place of this new column."""
        place = self.width + self._labels
        self._labels += 1
        self._database.execute(f"alter table t add column c{place} varchar")
        self._database.execute(
            f"update t set c{place} = list_extract($1::varchar[],"
            f" (place >> {_OBJECT_BITS})::integer + 1)",
            [list(values)],
        )
        return place

    def distinct(self, columns: Sequence[int], *, by_object: bool = False) -> int:
        """Return how many different rows of these columns there are, none missing.

        Parameters
        ----------
        by_object : count those of every file by themselves
        """
        names = ", ".join(f"c{n}" for n in columns)
        names += f", place >> {_OBJECT_BITS}" if by_object else ""
        there = " and ".join(f"c{n} is not null" for n in columns)
        ((count,),) = self._ask(
            f"select count(*) from (select distinct {names} from t where {there})"
        )
        return int(count)

    def order(self, column: int, form: str) -> tuple[int, int, int]:
        """Count steps up, down and level of moments of a format, record by record."""
        ((up, down, level),) = self._ask(
            f"with m as (select place, try_strptime(c{column}, $1) as v from t"
            f" where c{column} is not null), s as (select v, lag(v) over (partition by"
            f" place >> {_OBJECT_BITS} order by place) as w from m where v is not null)"
            " select count(*) filter (v > w), count(*) filter (v < w),"
            " count(*) filter (v = w) from s",
            [form],
        )
        return up, down, level

    def hours(self, column: int, form: str) -> list[tuple[Any, int, int]]:
        """Return how many rows there are by hour: hour, rows, different times in it."""
        return self._ask(
            f"with m as (select try_strptime(c{column}, $1) as v from t)"
            " select date_trunc('hour', v) as h, count(*), count(distinct v) from m"
            " where v is not null group by 1 order by 1",
            [form],
        )

    def _ask(self, text: str, values: Sequence[object] = ()) -> list[Any]:
        return list(self._database.execute(text, list(values)).fetchall())


@contextmanager
def observed(
    parts: Iterable[TextColumns], objects: Sequence[str], width: int
) -> Iterator[Observed]:
    """Put parts together; what was read is given back at the end of the block."""
    found = list(parts)
    database = opened_database(preserve_insertion_order=True)
    try:
        database.execute("set enable_progress_bar = false")
        rows = _load(database, found, width)
        yield Observed(
            tuple(objects),
            width,
            rows,
            sum(one.wrong for one in found),
            tuple(m for one in found for m in one.misfits)[:_KEPT_MISFITS],
            database,
        )
    finally:
        database.close()


def _load(database: Any, parts: Sequence[TextColumns], width: int) -> int:
    blanks = "' \t\u00a0'"
    texts = ", ".join(
        f"nullif(trim(c{n}, {blanks}), '') as c{n},"
        f" nullif(trim(s{n}, {blanks}), '') as s{n},"
        f" c{n} <> trim(c{n}, {blanks}) as p{n}"
        for n in range(width)
    )
    names = [*(f"c{n}" for n in range(width)), *(f"s{n}" for n in range(width))]
    fields = [("place", pa.int64()), *((name, pa.string()) for name in names)]
    empty = pa.schema(fields).empty_table()
    values = [empty, *(one.values for one in parts)]
    whole = pa.concat_tables(values, promote_options="default")
    database.register("read", whole)
    database.execute(f"create table t as select place, {texts} from read")
    database.unregister("read")
    return int(whole.num_rows)


def in_parallel(jobs: Sequence[Any], threads: int) -> list[TextColumns]:
    """Do jobs at the same time; what they give is in their order."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda job: job(), jobs))

"""Files with the habits of anybody's files, made of values that are known.

A `Case` holds the bytes of files and the values that were written into them. `cases_alone`
has each habit by itself, `random_case` several together. Habits of cells write the values
of one column; habits of files write the table around them. To add one, add an entry to
`CELLS` or `FILES`.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

__all__ = ["CELLS", "FILES", "Case", "Cells", "cases_alone", "random_case"]

Dice = random.Random
Kind = str


@dataclass(frozen=True)
class Cells:
    """A habit of the cells of one column.

    `kinds` are the canonical types that keep its values; `value` makes the value of a
    row, `text` writes it. `names` are names that such columns have. `asked` says that
    nothing in the files can tell it: a question is as good as the value.
    """

    kinds: tuple[Kind, ...]
    value: Callable[[Dice, int], Any]
    text: Callable[[Any], str]
    names: tuple[str, ...]
    asked: bool = False
    share_missing: float = 0.0
    missing: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class Case:
    """Files and what was written into them.

    `values` has, file by file, the rows in their order, a value for every column of
    `names`; `cells` is the habit of each column.
    """

    habits: tuple[str, ...]
    files: dict[str, bytes]
    names: tuple[str, ...]
    cells: tuple[str, ...]
    values: dict[str, list[tuple[Any, ...]]] = field(repr=False)


def _int(low: int, high: int) -> Callable[[Dice, int], int]:
    return lambda dice, _: dice.randint(low, high)


def _decimal(places: int, high: int) -> Callable[[Dice, int], Decimal]:
    def made(dice: Dice, _: int) -> Decimal:
        return Decimal(dice.randint(0, high * 10**places)).scaleb(-places)

    return made


def _grouped(value: Any, thousands: str, point: str = ".") -> str:
    text = f"{value:,}"
    return text.replace(",", "\0").replace(".", point).replace("\0", thousands)


def _day(dice: Dice, _: int) -> date:
    return date(2019, 1, 1) + timedelta(days=dice.randint(0, 1500))


def _next_day(_: Dice, row: int) -> date:
    return date(2020 + row // 144 % 9, row // 12 % 12 + 1, row % 12 + 1)


def _early_day(dice: Dice, _: int) -> date:
    return date(dice.randint(2018, 2023), dice.randint(1, 12), dice.randint(1, 12))


def _moment(dice: Dice, _: int) -> datetime:
    start = datetime(2020, 1, 1)
    return start + timedelta(seconds=dice.randint(0, 90_000_000))


def _minute(dice: Dice, row: int) -> datetime:
    return _moment(dice, row).replace(second=0)


def _instant(dice: Dice, row: int) -> datetime:
    return _moment(dice, row).replace(tzinfo=UTC)


def _offset(value: datetime) -> str:
    zone = timezone(timedelta(hours=2))
    return value.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S%z")


_WORDS = (
    "alpha", "Beta", "gamma ray", "Niš", "l'Hospitalet", "Straße", "delta", "north-west",
    "São Paulo", "el Raval", "main street", "depot", "unit", "Čačak", "o'clock",
)  # fmt: skip


def _word(dice: Dice, row: int) -> str:
    return (
        f"{dice.choice(_WORDS)} {dice.choice(_WORDS)}" if row % 3 else dice.choice(_WORDS)
    )


def _any_text(dice: Dice, row: int) -> str:
    text = _word(dice, row)
    return dice.choice((text, f"{text}, {text}", f'{text} "x" {text}', f"{text}; {text}"))


def _code(width: int) -> Callable[[Dice, int], str]:
    return lambda dice, _: f"{dice.randint(0, 10**width - 1):0{width}}"


def _flag(dice: Dice, _: int) -> bool:
    return dice.random() < 0.4


def _said(yes: str, no: str) -> Callable[[bool], str]:
    return lambda value: yes if value else no


def _as(form: str) -> Callable[[Any], str]:
    return lambda value: value.strftime(form)


def _short(value: date) -> str:
    return f"{value.day}/{value.month}/{value.year}"


_NUMBER, _WHOLE = ("double", "decimal"), ("integer",)

CELLS: dict[str, Cells] = {
    "whole": Cells(_WHOLE, _int(-500, 90_000), str, ("count", "Població", "n_items")),
    "row number": Cells(_WHOLE, lambda _, row: row + 1, str, ("id", "Nr", "record_id")),
    "thousands comma": Cells(
        _WHOLE, _int(0, 9_000_000), lambda v: _grouped(v, ","), ("population", "total")),
    "thousands point": Cells(
        _WHOLE, _int(0, 90_000_000), lambda v: _grouped(v, "."), ("einwohner", "poblacio")),
    "thousands blank": Cells(
        _WHOLE, _int(0, 9_000_000), lambda v: _grouped(v, " "), ("habitants", "broj")),
    "thousands apostrophe": Cells(
        _WHOLE, _int(0, 9_000_000), lambda v: _grouped(v, "'"), ("betrag_chf",)),
    "decimals": Cells(_NUMBER, _decimal(3, 300), lambda v: f"{v.normalize():f}", ("x", "load")),
    "decimal comma": Cells(
        _NUMBER, _decimal(2, 300), lambda v: str(v).replace(".", ","), ("wert", "t_amb")),
    "decimal comma, thousands point": Cells(
        _NUMBER, _decimal(2, 90_000), lambda v: _grouped(v, ".", ","), ("preis", "import")),
    "money": Cells(_NUMBER, _decimal(2, 90_000), str, ("price", "Preu", "amount")),
    "money with thousands": Cells(
        _NUMBER, _decimal(2, 90_000), lambda v: _grouped(v, ","), ("cost", "salary")),
    "euro before": Cells(_NUMBER, _decimal(2, 900), lambda v: f"€ {v}", ("rent", "price")),
    "dollars": Cells(_NUMBER, _decimal(2, 90_000), lambda v: "$" + _grouped(v, ","), ("paid",)),
    "unit behind": Cells(_NUMBER, _decimal(1, 90), lambda v: f"{v} kW", ("power", "load")),
    "percent": Cells(_NUMBER, _decimal(1, 90), lambda v: f"{v}%", ("share", "rate")),
    "exponent": Cells(
        ("double",), lambda d, _: d.random() * 10 ** d.randint(-9, 9), lambda v: f"{v:e}",
        ("flux", "level")),
    "unit in the name": Cells(
        _NUMBER, _decimal(1, 40), str, ("temp [°C]", "power (kW)", "Energy, MWh")),
    "padded number": Cells(_WHOLE, _int(0, 5_000), lambda v: f"{v:>8}", ("count", "n")),
    "N/A": Cells(_NUMBER, _decimal(2, 90), str, ("ibu", "score"), False, 0.2, ("N/A",)),
    "NA and dashes": Cells(
        _WHOLE, _int(0, 900), str, ("hits", "visits"), False, 0.2, ("NA", "--", "")),
    "null word": Cells(_WHOLE, _int(0, 900), str, ("hits", "age"), False, 0.1, ("NULL",)),
    "nan word": Cells(_NUMBER, _decimal(2, 90), str, ("hits", "t"), False, 0.1, ("nan",)),
    "leading zeros": Cells(("string",), _code(5), str, ("zip", "plz", "cp", "station")),
    "long code": Cells(("string",), _code(20), str, ("iban", "meter", "serial")),
    "phone": Cells(
        ("string",), lambda d, _: f"{d.randint(600_000_000, 699_999_999)}", str,
        ("phone", "telefon", "mobile")),
    "yes and no": Cells(("boolean",), _flag, _said("yes", "no"), ("active", "paid")),
    "ja and nein": Cells(("boolean",), _flag, _said("ja", "nein"), ("aktiv", "bezahlt")),
    "sí and no": Cells(("boolean",), _flag, _said("Sí", "No"), ("actiu", "pagat")),
    "Y and N": Cells(("boolean",), _flag, _said("Y", "N"), ("flag", "open")),
    "true and false": Cells(("boolean",), _flag, _said("TRUE", "FALSE"), ("ok", "valid")),
    "0 and 1 of a flag": Cells(("boolean",), _flag, _said("1", "0"), ("is_open", "active")),
    "iso date": Cells(("date",), _day, str, ("date", "day", "datum")),
    "d/m/Y": Cells(("date",), _day, _as("%d/%m/%Y"), ("date", "fecha")),
    "m/d/Y": Cells(("date",), _day, _as("%m/%d/%Y"), ("date", "shipped")),
    "d.m.Y": Cells(("date",), _day, _as("%d.%m.%Y"), ("datum", "day")),
    "d/m/Y unpadded": Cells(("date",), _day, _short, ("date", "when")),
    "d/m/y": Cells(("date",), _day, _as("%d/%m/%y"), ("date", "born")),
    "d-Mon-Y": Cells(("date",), _day, _as("%d-%b-%Y"), ("date", "posted")),
    "Month d, Y": Cells(("date",), _day, _as("%B %d, %Y"), ("date", "posted")),
    "Ymd": Cells(("date",), _day, _as("%Y%m%d"), ("date", "datum", "day")),
    "d/m/Y, told by the order of records": Cells(
        ("date",), _next_day, _as("%d/%m/%Y"), ("date", "dia")),
    "d/m/Y, not to be told": Cells(
        ("date",), _early_day, _as("%d/%m/%Y"), ("date", "dia"), True),
    "iso moment": Cells(("datetime",), _moment, str, ("measured_at", "datetime")),
    "iso moment with T": Cells(
        ("datetime",), _moment, lambda v: v.isoformat(), ("measured_at", "ts")),
    "d.m.Y H:M": Cells(("datetime",), _minute, _as("%d.%m.%Y %H:%M"), ("zeit", "datum")),
    "m/d/Y I:M p": Cells(("datetime",), _minute, _as("%m/%d/%Y %I:%M %p"), ("time", "at")),
    "instant with Z": Cells(
        ("timestamp",), _instant, _as("%Y-%m-%dT%H:%M:%SZ"), ("created_at", "time")),
    "instant with offset": Cells(("timestamp",), _instant, _offset, ("updated", "time")),
    "epoch seconds": Cells(
        ("timestamp",), _instant, lambda v: str(int(v.timestamp())), ("timestamp", "ts")),
    "epoch milliseconds": Cells(
        ("timestamp",), _instant, lambda v: str(int(v.timestamp()) * 1000), ("time", "created")),
    "words": Cells(("string",), _word, str, ("name", "Nom_Barri", "city")),
    "any text": Cells(("string",), _any_text, str, ("note", "description")),
    "category": Cells(("string",), lambda d, _: d.choice("ABC"), str, ("class", "type")),
}  # fmt: skip
"""What stands in a column, and how it is written."""

Rows = Sequence[Sequence[str]]
Maker = Callable[[Sequence[str], Rows], bytes]


def _table(names: Sequence[str], rows: Rows, **more: Any) -> str:
    made = io.StringIO()
    csv.writer(made, **{"lineterminator": "\n"} | more).writerows([names, *rows])
    return made.getvalue()


def _plain(names: Sequence[str], rows: Rows) -> bytes:
    return _table(names, rows).encode()


def _headed(before: str, after: str = "") -> Maker:
    return lambda names, rows: (before + _table(names, rows) + after).encode()


def _repeated(names: Sequence[str], rows: Rows) -> bytes:
    lines = _table(names, rows).splitlines(keepends=True)
    return "".join(
        lines[:20] + lines[:1] + lines[20:30] + lines[:1] + lines[30:]
    ).encode()


def _escaped(names: Sequence[str], rows: Rows) -> bytes:
    return _table(names, rows, doublequote=False, escapechar="\\",
                  quoting=csv.QUOTE_ALL).encode()  # fmt: skip


def _with_units(names: Sequence[str], rows: Rows) -> bytes:
    units = [("kWh" if row[0].isdigit() else "-") for row in zip(*rows[:1], strict=True)]
    return _table(names, [units, *rows]).encode()


def _two_lines(names: Sequence[str], rows: Rows) -> bytes:
    return _table(["group" for _ in names], [names, *rows]).encode()


def _commented(names: Sequence[str], rows: Rows) -> bytes:
    lines = _table(names, rows).splitlines(keepends=True)
    return "".join(["# made by a logger\n", "# station 7\n", *lines[:9], "# restart\n",
                    *lines[9:]]).encode()  # fmt: skip


def _western(names: Sequence[str], rows: Rows) -> bytes:
    clean = [[cell.replace("š", "é").replace("Č", "È").replace("č", "è") for cell in row]
             for row in rows]  # fmt: skip
    return _table(names, clean).encode("windows-1252", errors="replace")


def _ragged(names: Sequence[str], rows: Rows) -> bytes:
    lines = _table(names, rows).splitlines(keepends=True)
    return "".join([*lines[:12], "broken,line,of,more,cells,than,there,are,in,it\n",
                    *lines[12:]]).encode()  # fmt: skip


FILES: dict[str, Maker] = {
    "plain": _plain,
    "semicolons": lambda names, rows: _table(names, rows, delimiter=";").encode(),
    "tabs": lambda names, rows: _table(names, rows, delimiter="\t").encode(),
    "bars": lambda names, rows: _table(names, rows, delimiter="|").encode(),
    "all quoted": lambda names, rows: _table(names, rows, quoting=csv.QUOTE_ALL).encode(),
    "CRLF": lambda names, rows: _table(names, rows, lineterminator="\r\n").encode(),
    "byte order mark": lambda names, rows: b"\xef\xbb\xbf" + _plain(names, rows),
    "utf-16": lambda names, rows: _table(names, rows).encode("utf-16"),
    "windows-1252": _western,
    "preamble": _headed("Report of the month\nStation: Niš, heat\n\n"),
    "footer": _headed("", "\nTotal;;12\nSource: the office\n"),
    "comments": _commented,
    "no header": lambda names, rows: _table(rows[0], rows[1:]).encode(),
    "units under names": _with_units,
    "header of two lines": _two_lines,
    "repeated header": _repeated,
    "backslash escapes": _escaped,
    "blanks behind commas": lambda names, rows: _table(
        [names[0], *(f" {n}" for n in names[1:])],
        [[row[0], *(f" {c}" for c in row[1:])] for row in rows],
    ).encode(),
    "a broken line": _ragged,
}  # fmt: skip
"""How the table stands in the file."""


def cases_alone(seed: int = 1, rows: int = 160) -> Iterator[Case]:
    """Yield each habit by itself, beside columns that have none."""
    for name in CELLS:
        dice = Dice(f"{seed} {name}")
        comma = "comma" in name and "thousands comma" not in name
        yield _case(dice, (name,), ("row number", name, "category", "whole"),
                    "semicolons" if comma else "plain", rows)  # fmt: skip
    for name in FILES:
        if name != "plain":
            dice = Dice(f"{seed} {name}")
            cells = ("row number", "words", "decimals", "iso moment", "category", "money")
            yield _case(dice, (name,), cells, name, rows)


def random_case(seed: int) -> Case:
    """Return several habits together."""
    dice = Dice(seed)
    cells = tuple(dice.sample(list(CELLS), dice.randint(3, 7)))
    maker = dice.choice(list(FILES))
    return _case(dice, (*cells, maker), cells, maker, dice.randint(60, 400))


def _case(
    dice: Dice, habits: tuple[str, ...], cells: Sequence[str], maker: str, rows: int
) -> Case:
    names: list[str] = []
    for each in cells:
        free = [n for n in CELLS[each].names if n.lower() not in map(str.lower, names)]
        names.append(
            dice.choice(free) if free else f"{CELLS[each].names[0]}_{len(names)}"
        )
    values = [
        tuple(_value(dice, CELLS[each], row) for each in cells) for row in range(rows)
    ]
    texts = [
        [
            CELLS[each].text(v) if v is not None else dice.choice(CELLS[each].missing)
            for each, v in zip(cells, row, strict=True)
        ]
        for row in values
    ]
    if maker == "windows-1252":
        swap = str.maketrans("šČč", "éÈè")
        values = [tuple(v.translate(swap) if isinstance(v, str) else v for v in row)
                  for row in values]  # fmt: skip
    data = FILES[maker](names, texts)
    if maker == "no header":
        names = [f"column_{n + 1}" for n in range(len(names))]
    if maker == "header of two lines":
        names = [f"group {name}" for name in names]
    return Case(habits, {"readings.csv": data}, tuple(names), tuple(cells),
                {"readings.csv": values})  # fmt: skip


def _value(dice: Dice, cells: Cells, row: int) -> Any:
    return None if dice.random() < cells.share_missing else cells.value(dice, row)

"""How numbers are written in a column: decimals, thousands, what stands around them.

A shape such as `0.000` may be a decimal or thousands. Others of the column, then of the
table, tell which; where nothing does, it is asked.
"""

# ruff: noqa: RUF001 - letters and signs of people's files

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from backbone.engines.raw.looking.cells import MONEY, UNITS
from backbone.engines.raw.looking.observed import Shape

__all__ = ["Numbers", "Signs", "numbers_in", "signs_of"]

_BLANKS = " \u00a0\u202f"
_PARTS = re.compile(
    rf"(?P<pre>[^0.,+\-]{{0,12}}?)\s?"
    rf"(?P<sign>[+-]?)(?P<core>0[0.,'’{_BLANKS}]*[0]|0|[.,]0+|0+[.,])"
    rf"(?P<exp>[eE][+-]?0+)?(?P<post>\s?[^0\s][^0]{{0,15}}|)"
)
_SUPERSCRIPTS = re.compile(
    r"(?i)\s?(?:[kcm]?m|nm|in|ft)0(?:/[a-z]{1,3})?$|\s?[uµm]?g/m0$"
)
_SPECIAL = frozenset({"nan", "inf", "-inf", "+inf", "infinity", "-infinity"})
_GROUPED = {
    sign: re.compile(rf"0{{1,3}}(?:{re.escape(sign)}000)+")
    for sign in (*".,'’", *_BLANKS)
}
_MOST_AFFIXES = 8


@dataclass(frozen=True)
class Signs:
    """What shapes say of the sign of decimals, in cells.

    `point` and `comma` are cells where it must be the one or the other; `either_point`
    and `either_comma` such as `1.234`, where it may be thousands.
    """

    point: int = 0
    comma: int = 0
    either_point: int = 0
    either_comma: int = 0
    plain_long: int = 0
    grouped: str = ""

    def __add__(self, other: Signs) -> Signs:
        return Signs(
            self.point + other.point,
            self.comma + other.comma,
            self.either_point + other.either_point,
            self.either_comma + other.either_comma,
            self.plain_long + other.plain_long,
            self.grouped or other.grouped,
        )


@dataclass(frozen=True)
class Numbers:
    """How the numbers of a column are written.

    `fits` counts the cells that are numbers; `misfits` are other shapes. `least_scale`
    and `scale` are the fewest and the most decimals, `digits` the most before them.
    `doubt` says what could be otherwise.
    """

    fits: int
    misfits: tuple[Shape, ...]
    decimal: str = "."
    thousands: str = ""
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    with_affix: int = 0
    unit: str | None = None
    scale: int = 0
    least_scale: int = 0
    digits: int = 0
    has_exponent: bool = False
    has_special: bool = False
    zeros_lead: int = 0
    widths: tuple[int, ...] = ()
    negative: int = 0
    doubt: str | None = None
    shapes: tuple[Shape, ...] = ()
    affixed: tuple[Shape, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether no number has decimals or an exponent."""
        return self.scale == 0 and not self.has_exponent and not self.has_special

    def spelt(self) -> str:
        """Return a pattern whose first group is the number."""
        pre = "|".join(re.escape(one.strip()) for one in self.prefixes)
        post = "|".join(re.escape(one.strip()) for one in self.suffixes)
        inner = r"[+-]?[0-9.,'’ \x{a0}\x{202f}]*[0-9][.,]?(?:[eE][+-]?[0-9]+)?"
        return rf"(?:{pre})?\s*({inner})\s*(?:{post})?"


def signs_of(shapes: Iterable[Shape]) -> Signs:
    """Count what the shapes of a column say of the sign of decimals."""
    found = Signs()
    for shape in shapes:
        parts = _parts(shape.text)
        if parts is not None:
            found += _signs(parts["core"], shape)
    return found


def _parts(text: str) -> re.Match[str] | None:
    cut = _SUPERSCRIPTS.sub(lambda m: m[0].replace("0", "²"), text)
    return _PARTS.fullmatch(cut)


def _signs(core: str, shape: Shape) -> Signs:
    points, commas = core.count("."), core.count(",")
    if points and commas:
        is_point = core.rfind(".") > core.rfind(",")
        return _told("." if is_point else ",", shape.count, "," if is_point else ".")
    for sign, count in ((".", points), (",", commas)):
        if count > 1:
            return _told("," if sign == "." else ".", shape.count, sign)
        if count:
            is_open = _GROUPED[sign].fullmatch(core) and not _begins_with_zero(
                shape.least
            )
            return _open(sign, shape.count) if is_open else _told(sign, shape.count)
    spaced = next((sign for sign in ("'", "\u2019", *_BLANKS) if sign in core), "")
    if spaced:
        return Signs(grouped=spaced)
    return Signs(plain_long=shape.count) if len(core) > 3 else Signs()  # noqa: PLR2004 - digits of a group


def _told(decimal: str, count: int, grouped: str = "") -> Signs:
    if decimal == ",":
        return Signs(comma=count, grouped=grouped)
    return Signs(point=count, grouped=grouped)


def _open(sign: str, count: int) -> Signs:
    return Signs(either_comma=count) if sign == "," else Signs(either_point=count)


def _begins_with_zero(text: str) -> bool:
    digits = text.lstrip("+-$€£ ")
    return digits[:1] == "0"


def numbers_in(shapes: Sequence[Shape], table: Signs) -> Numbers:
    """Read the shapes of a column as numbers.

    Parameters
    ----------
    table : the signs of all columns together, for what the column does not tell
    """
    own = signs_of(shapes)
    decimal, thousands, doubt = _conventions(own, table)
    found = Numbers(0, (), decimal, thousands, doubt=doubt)
    affixes: dict[tuple[str, str], list[Shape]] = {}
    for shape in shapes:
        parts = _parts(shape.text)
        if shape.text.lower() in _SPECIAL:
            found = replace(found, fits=found.fits + shape.count, has_special=True)
            continue
        read = _read(parts["core"], decimal, thousands) if parts else None
        if parts is None or read is None:
            found = replace(found, misfits=(*found.misfits, shape))
            continue
        affixes.setdefault((parts["pre"].strip(), _post(shape, parts)), []).append(shape)
        found = _with(found, shape, parts, *read)
    return _with_affixes(found, affixes)


def _post(shape: Shape, parts: re.Match[str]) -> str:
    """Return what stands behind the number as it was written."""
    post = parts["post"].strip()
    if "²" in post and "²" not in shape.text:
        return shape.first[-len(post) :]
    return post


def _conventions(own: Signs, table: Signs) -> tuple[str, str, str | None]:
    """Decide the sign of decimals and that of thousands; say what stays open."""
    thousands = own.grouped
    if own.comma != own.point:
        decimal = "," if own.comma > own.point else "."
        other = own.either_point if decimal == "," else own.either_comma
        return decimal, thousands or (_other(decimal) if other else ""), None
    if not (own.either_comma or own.either_point):
        decimal = "," if table.comma > table.point or thousands == "." else "."
        return decimal if decimal != thousands else ".", thousands, None
    if own.either_comma and own.either_point:
        return ".", ",", "both 1.234 and 1,234 are there; one of them is thousands"
    return _by_table("," if own.either_comma else ".", own, table)


def _other(sign: str) -> str:
    return "." if sign == "," else ","


def _by_table(sign: str, own: Signs, table: Signs) -> tuple[str, str, str | None]:
    """Decide whether a sign before three digits is of decimals, by what is around."""
    told = {",": table.comma, ".": table.point}
    if told[sign] > told[_other(sign)] or (
        told[sign] == told[_other(sign)] and own.plain_long
    ):
        return sign, "", None
    if told[_other(sign)] > told[sign]:
        return _other(sign), sign, None
    what = f"`1{sign}234` has three digits behind each `{sign}`: decimals, or thousands"
    return (".", ",", what) if sign == "," else (".", "", what)


def _read(core: str, decimal: str, thousands: str) -> tuple[str, str] | None:
    """Return the digits before and behind the sign of decimals."""
    whole, _, rest = core.partition(decimal)
    if thousands and thousands in whole:
        if not _GROUPED[thousands].fullmatch(whole):
            return None
        whole = whole.replace(thousands, "")
    if whole.strip("0") or rest.strip("0"):
        return None
    return whole, rest


def _with(
    found: Numbers, shape: Shape, parts: re.Match[str], whole: str, rest: str
) -> Numbers:
    first = not found.shapes
    leads = len(whole) > 1 and not rest and _begins_with_zero(shape.least)
    return replace(
        found,
        fits=found.fits + shape.count,
        scale=max(found.scale, len(rest)),
        least_scale=len(rest) if first else min(found.least_scale, len(rest)),
        digits=max(found.digits, len(whole)),
        has_exponent=found.has_exponent or bool(parts["exp"]),
        zeros_lead=found.zeros_lead + (shape.count if leads else 0),
        widths=tuple(sorted({*found.widths, len(whole) + len(rest)})),
        negative=found.negative + (shape.count if parts["sign"] == "-" else 0),
        shapes=(*found.shapes, shape),
    )


def _with_affixes(found: Numbers, affixes: dict[tuple[str, str], list[Shape]]) -> Numbers:
    """Say which texts may stand around numbers; take back shapes with others."""
    counts = Counter({key: sum(s.count for s in own) for key, own in affixes.items()})
    around = {key: counts[key] for key in counts if key != ("", "")}
    if not around:
        return found
    total = counts.total()
    units = {key: _unit(*key) for key in around}
    known = Counter[str]()
    for key, times in around.items():
        if units[key]:
            known[str(units[key])] += times
    unit = known.most_common(1)[0][0] if known else None
    if unit is None and len(around) == 1 and sum(around.values()) >= 0.9 * total:
        ((pre, post),) = around
        if not pre and post.isalpha() and len(post) > 1:
            unit, units[pre, post] = post, post
            found = replace(found, doubt=f"each number has `{post}` behind it")
    kept = {key for key in around if units[key] == unit is not None}
    if len(kept) > _MOST_AFFIXES:
        kept = set()
    with_affix = sum(around[key] for key in kept)
    if with_affix * 2 < total:  # most have none: those that do may mean something else
        affixed = tuple(s for key in kept for s in affixes[key])
        kept, with_affix = set(), 0
        found = replace(found, affixed=affixed)
    gone = [s for key in around if key not in kept for s in affixes[key]]
    return replace(
        found,
        fits=found.fits - sum(s.count for s in gone),
        misfits=(*found.misfits, *gone),
        shapes=tuple(s for s in found.shapes if s not in gone),
        prefixes=tuple(sorted({pre for pre, _ in kept if pre})),
        suffixes=tuple(sorted({post for _, post in kept if post})),
        with_affix=with_affix,
        unit=unit if kept else None,
    )


def _unit(pre: str, post: str) -> str | None:
    """Return the unit around a number; only money stands before one."""
    before = UNITS.get(pre.casefold()) if pre else None
    found = [before if before in MONEY else None] if pre else []
    found += [UNITS.get(post.casefold())] if post else []
    return found[0] if len(found) == 1 else None

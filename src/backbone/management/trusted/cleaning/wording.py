"""What a cleaning step does, in a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backbone.errors import bounded
from backbone.project.cleaning import CleanStep, Fill, Groups, Reads, Scalar

__all__ = ["describe_step"]

_DOING = {
    "trim": "loses the white space at its ends",
    "collapse_spaces": "has one space for every run of white space",
    "nfc": "has its letters and accents composed",
    "nfd": "has its letters and accents taken apart",
    "nfkc": "has its letters and accents composed, and characters that are others in "
    "another shape become those",
    "nfkd": "has its letters and accents taken apart, and characters that are others in "
    "another shape become those",
    "casefold": "is written so that capital letters make no difference",
    "lower": "is in small letters",
    "upper": "is in capital letters",
    "title": "has a capital at the head of each word",
    "strip_accents": "loses its accents",
    "drop_control": "loses characters that nobody sees",
    "digits": "keeps its digits only",
}
_IGNORED = {
    "case": "capital letters", "spaces": "spaces", "punctuation": "punctuation",
    "accents": "accents",
}  # fmt: skip
_FILLED = {
    "median": "the median of the known ones",
    "mean": "the mean of the known ones",
    "mode": "the commonest value",
    "interpolate": "what lies between the known ones before and after",
    "last": "the last known value before",
    "next": "the first known value after",
}
_SHOWN = 5


def describe_step(step: CleanStep) -> str:
    """Say in plain words what `step` does.

    >>> describe_step(CleanStep(column="zip", pad={"width": 5}))
    '`zip` of fewer than 5 characters is lengthened with `0` on the left'
    """
    return f"{_names(step.targets())} {_SENTENCES[step.form](step)}"


def _names(names: Sequence[str]) -> str:
    marked = [f"`{name}`" for name in names]
    return " and ".join([", ".join(marked[:-1]), marked[-1]] if marked[1:] else marked)


def _listed(values: Sequence[Scalar]) -> str:
    return bounded([f"`{value}`" for value in values], at_most=_SHOWN)


def _do(step: CleanStep) -> str:
    return ", then ".join(_DOING[do] for do in step.do)


def _replace(step: CleanStep) -> str:
    told = [
        f"`{old}` becomes {'missing' if new is None else f'`{new}`'}"
        for old, new in step.replace.items()
    ]
    return f"that is {bounded(told, at_most=_SHOWN)}"


def _lookup(step: CleanStep) -> str:
    if step.lookup is None:
        return ""
    lookup = step.lookup
    what = f"found as `{lookup.old}` in {lookup.file} becomes `{lookup.new}` of that row"
    return what + _otherwise(lookup)


def _substitute(step: CleanStep) -> str:
    if step.substitute is None:
        return ""
    by = f"has `{step.substitute.by}` for" if step.substitute.by else "loses"
    return f"{by} every match of `{step.substitute.pattern}`"


def _pad(step: CleanStep) -> str:
    if step.pad is None:
        return ""
    pad = step.pad
    return (
        f"of fewer than {pad.width} characters is lengthened with `{pad.fill}` on the "
        f"{pad.side}"
    )


def _missing(step: CleanStep) -> str:
    if step.missing is None:
        return ""
    values = f"that is {_listed(step.missing.values)} " if step.missing.values else ""
    where = f", where `{step.missing.where}`" if step.missing.where else ""
    return f"{values}becomes missing{where}"


def _units(step: CleanStep) -> str:
    if step.units is None:
        return ""
    units = step.units
    more = [f"{factor} from `{unit}`" for unit, factor in units.factors.items()]
    times = f", times {bounded(more, at_most=_SHOWN)}" if more else ""
    written = "the number alone" if units.write == "number" else "number and unit"
    parts = "; parts (`1 x 2 y`) are added" if units.compound else ""
    return f"is written in `{units.to}`{times}: {written}{parts}{_otherwise(units)}"


def _codes(step: CleanStep) -> str:
    if step.codes is None:
        return ""
    codes = step.codes
    same = _listed(codes.accepted)
    if not codes.ignore:
        return f"that spells one of {same} becomes that code{_otherwise(codes)}"
    ignored = ", ".join(_IGNORED[each] for each in codes.ignore)
    what = f"that spells one of {same}, but for {ignored}, becomes that code"
    return what + _otherwise(codes)


def _otherwise(step: Reads) -> str:
    return "; anything else becomes missing" if step.otherwise == "missing" else ""


def _outliers(step: CleanStep) -> str:
    if step.outliers is None:
        return ""
    found, then = step.outliers, step.outliers.then
    spread = (
        f"{found.reach:g} scaled median deviations from the median"
        if found.method == "mad"
        else f"{found.reach:g} times the quartiles' distance outside of them"
    )
    what = "becomes missing" if then == "missing" else "becomes the nearest that is not"
    least = f"groups of fewer than {found.at_least} are left alone"
    return f"more than {spread}{_grouped(found)} {what}; {least}"


def _fill(step: CleanStep) -> str:
    if step.fill is None:
        return ""
    fill = step.fill
    if fill.method is None:
        return f"that is missing becomes `{fill.constant}`"
    order = f", in the order of `{fill.by}`" if fill.by else ""
    limit = f", within {fill.limit}" if fill.limit is not None else ""
    made = _FILLED[fill.method]
    return f"that is missing becomes {made}{_grouped(fill)}{order}{limit}"


def _grouped(groups: Groups | Fill) -> str:
    parts = [_names(groups.per)] if groups.per else []
    parts += [f"{season} of `{groups.at}`" for season in groups.season]
    return f", for each {' and '.join(parts)}" if parts else ""


_SENTENCES: dict[str, Callable[[CleanStep], str]] = {
    "do": _do,
    "replace": _replace,
    "lookup": _lookup,
    "substitute": _substitute,
    "pad": _pad,
    "missing": _missing,
    "units": _units,
    "codes": _codes,
    "outliers": _outliers,
    "fill": _fill,
}

"""Numbers that may mean that nothing was measured: asked about, never assumed."""

from __future__ import annotations

from backbone.engines.raw.looking.observed import Numbers
from backbone.model.choices import Choice, times

__all__ = ["sentinels_in"]

_KNOWN = frozenset(
    {-1, -9, -99, -999, -9999, -99999, 99, 999, 9999, 99999, 999999, -32768, 32767,
     65535, 2147483647, -2147483648}
)  # fmt: skip
_APART, _APART_KNOWN = 0.3, 0.2
_OFTEN, _FEW = 5, 3
_OF_NEXT = 20


def sentinels_in(name: str, stats: Numbers) -> list[Choice]:
    """Return questions about values far outside of the rest that come often.

    Parameters
    ----------
    stats : figures of the column, see `Observed.numbers`

    Notes
    -----
    Often is more than the mean value of the column, or much more than the value next to
    it: where sensors fail seldom, only the thin end of the rest shows it.
    """
    edges, distinct = stats.edges, stats.distinct
    if distinct < 4 or not edges:  # noqa: PLR2004 - too few to have an outside
        return []
    usual = stats.count / distinct
    found = []
    low_side = [edges[0], edges[1], edges[-1]]
    high_side = [edges[-1], edges[-2], edges[0]]
    for (value, count, text), (inner, beside, _), (far, _, _) in (low_side, high_side):
        rest = abs(far - inner)
        gap = abs(value - inner)
        known = value in _KNOWN
        often = count >= max(_FEW, min(_OFTEN * usual, _OF_NEXT * beside))
        apart = gap > (_APART_KNOWN if known else _APART) * rest
        lone = value == -1 and inner >= 0 and count > 1
        if not ((apart and (often or known)) or lone):
            continue
        said = (
            f"`{text}` is there {times(count)}; the next value is {inner:g}, "
            f"the rest reaches to {far:g}"
        )
        ask = f"does `{text}` mean that nothing is there? It stays a number"
        found.append(
            Choice(f"columns.{name}.nulls", [], 0.5, said, ask=ask,
                   alternatives=(f'nulls: ["{text}"]',))
        )  # fmt: skip
    return found

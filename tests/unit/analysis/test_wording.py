"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest

from backbone.analysis.wording import (
    count,
    duration,
    fixed,
    number,
    percent,
    places_for,
    plain,
    probability,
    signed,
    size,
    span,
)

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (count(1234567), "1,234,567"),
        (number(-12.345), f"{MINUS}12.3"),
        (number(0.00012345), "0.000123"),
        (number(0.9999), "1.000"),
        (number(0.0), "0"),
        (number(None), DASH),
        (number(math.inf), DASH),
        (fixed(-0.04, 1), "0.0"),
        (fixed(-5.25, 1), f"{MINUS}5.2"),
        (fixed(math.nan, 1), DASH),
        (plain(-7.96), f"{MINUS}7.96"),
        (plain(1014.75, 5), "1014.8"),
        (plain(1e-7), "0.0000001"),
        (signed(-2.0), f"{MINUS}2.00"),
        (signed(0.0), "0"),
        (percent(-0.25), f"{MINUS}25.0\N{NO-BREAK SPACE}%"),
        (percent(math.nan), DASH),
        (span("1", "2"), "1 to 2"),
        (span(DASH, "2"), DASH),
        (probability(math.nan), DASH),
        (duration(61.2), "1 min 1 s"),
        (size(3_200_000), "3.2 MB"),
    ],
)
def test_a_number_reads_well(made, text):
    assert made == text


def test_places_tell_values_apart():
    assert [places_for(x) for x in (0.001, 1.0, 44.6, 1e6, 0.0)] == [5, 2, 1, 0, 2]

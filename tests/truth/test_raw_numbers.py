"""Numbers, moments and booleans as people write them, against Python by the character."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.truth import test_raw_grammar as grammar

from backbone.model.raw import RawColumn
from backbone.model.types import CanonicalType

connection = grammar.connection
GAPS = " \t\u00a0\u202f\u2009"
ALIKE = {" ": " \u00a0\u202f\u2009", "'": "'\u2019"}
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def without(text, ends, *, last=False):
    """The text without one of the words it may begin, or end, with."""
    for word in sorted(ends, key=len, reverse=True):
        if last and text.endswith(word):
            return text.removesuffix(word).rstrip(GAPS)
        if not last and text.startswith(word):
            return text.removeprefix(word).lstrip(GAPS)
    return text


def digits(text, mark):
    """The digits of a whole number, perhaps in groups; None if it is none."""
    if text.isascii() and text.isdigit():
        return text
    for sign in ALIKE.get(mark, mark) if mark else ():
        first, *groups = text.split(sign)
        whole = [first, *groups]
        if groups and all(each.isascii() and each.isdigit() for each in whole):
            fits = 1 <= len(first) <= 3 and all(len(each) == 3 for each in groups)
            return "".join(whole) if fits else None
    return None


def bare(text, kind, how):
    """A number without a sign as Python has it."""
    power = ""
    if kind == "double" and "e" in text.lower():
        text, _, power = text.lower().partition("e")
        if not power.lstrip("+-").isdigit() or len(power) - len(power.lstrip("+-")) > 1:
            return None
    whole, point, rest = text.partition(how["decimal"])
    if kind == "integer" and point:
        return None
    if rest and not (rest.isascii() and rest.isdigit()):
        return None
    if not whole and not rest:
        return None
    found = digits(whole, how["thousands"]) if whole else "0"
    return (
        None if found is None else f"{found}.{rest or 0}" + (f"e{power}" if power else "")
    )


def number(text, kind, how):
    """The number that a text is, with a sign; None if it is none."""
    text = text.strip(GAPS)
    signs = "+-" + ("\u2212" if "unicode" in how["negative"] else "")
    inner = without(without(text, how["prefix"]), how["suffix"], last=True)
    if "parentheses" in how["negative"] and inner[:1] == "(" and inner[-1:] == ")":
        inner = inner[1:-1].strip(GAPS)
        inner = without(without(inner, how["prefix"]), how["suffix"], last=True)
        found = bare(inner, kind, how)
        return found and f"-{found}"
    minus = signs.replace("+", "")
    if "trailing" in how["negative"] and inner and inner[-1] in minus:
        found = bare(inner[:-1].rstrip(GAPS), kind, how)
        return found and f"-{found}"
    sign = ""
    if text[:1] and text[0] in signs:
        sign, text = text[0], text[1:].lstrip(GAPS)
    text = without(text, how["prefix"])
    if not sign and text[:1] and text[0] in signs:
        sign, text = text[0], text[1:]
    text = without(text, how["suffix"], last=True)
    found = bare(text, kind, how)
    return found and sign.replace("\u2212", "-") + found


def value(text, kind, how):
    found = number(text, kind.partition("(")[0], how)
    if found is None:
        return (
            grammar.double(text.strip(GAPS))
            if kind == "double" and not how["only"]
            else None
        )
    if kind == "integer":
        made = int(Decimal(found))
        return made if -(2**63) <= made < 2**63 else None
    return grammar.double(found) if kind == "double" else grammar.decimal(found)


hows = st.fixed_dictionaries(
    {
        "decimal": st.sampled_from(".,"),
        "thousands": st.sampled_from([None, ".", ",", "'", " "]),
        "prefix": st.sampled_from([(), ("€", "EUR")]),
        "suffix": st.sampled_from([(), ("kW", "%", "k")]),
        "negative": st.sampled_from(
            [(), ("parentheses",), ("trailing", "unicode"), ("parentheses", "unicode")]
        ),
    }
).filter(lambda how: how["decimal"] != how["thousands"])


def grouped(whole, mark):
    return f"{whole:_}".replace("_", mark)


@st.composite
def written(draw, how):
    """A number as its habits would have it, then perhaps spoiled."""
    whole = draw(st.integers(0, 10 ** draw(st.integers(1, 9))))
    mark = draw(
        st.sampled_from([*ALIKE.get(how["thousands"], how["thousands"] or ""), ""])
    )
    text = grouped(whole, mark) + draw(
        st.sampled_from(["", "", how["decimal"] + "5", ".25", ",000"])
    )
    text = draw(st.sampled_from(["", "", "", "-", "+", "\u2212"])) + text
    gap = draw(st.sampled_from(["", " ", "\u00a0"]))
    text = draw(st.sampled_from(["", *how["prefix"]])) + gap + text
    text += gap + draw(st.sampled_from(["", *how["suffix"]]))
    text = draw(
        st.sampled_from(["{}", "{}", "{}", "({})", "{}-", "-{}", " {}", "{}e3"])
    ).format(text)
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.sampled_from("0.,-' (k€")) + text[place:]
    return text


@pytest.mark.parametrize("kind", ["integer", "double", "decimal(8,3)"])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_numbers_in_all_their_clothes(connection, kind, data):
    how = data.draw(hows)
    texts = data.draw(st.lists(written(how), min_size=1, max_size=40))
    plain = {
        "decimal": ".",
        "thousands": None,
        "prefix": (),
        "suffix": (),
        "negative": (),
    }
    told = {"only": False} | how
    if how == plain:
        return
    column = RawColumn("x", CanonicalType.parse(kind), ("x",), **how)
    found, bad = grammar.read(connection, texts, column)
    for place, text in enumerate(texts):
        expected = value(text, kind, {**told, "only": True})
        assert grammar.same(found[place], expected), (text, how, found[place], expected)
        assert (place in bad) == (expected is None), (text, how)


counts = st.one_of(
    st.integers(-(10**11), 10**12).map(str),
    st.decimals(-(10**9), 10**10, places=7, allow_nan=False).map(str),
    st.integers(-(10**18), 10**19).map(str),
    st.sampled_from(
        ["1e9", "1700000000.", "+5", "-0", " 12 ", "1,5", "", "007", "\uff11"]
    ),
)


@pytest.mark.parametrize(("form", "places"), [("s", 6), ("ms", 3), ("us", 0), ("ns", -3)])
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_counts_since_1970_are_exact(connection, form, places, data):
    texts = data.draw(st.lists(counts, min_size=1, max_size=40))
    column = RawColumn("x", CanonicalType("timestamp"), ("x",), format=f"epoch_{form}")
    found, _ = grammar.read(connection, texts, column)

    def instant(text):
        text = text.strip(" \t")
        if not text.isascii() or not text.lstrip("+-").replace(".", "", 1).isdigit():
            return None
        if not text.lstrip("+-")[0].isdigit():
            return None
        us = Decimal(text).scaleb(places)
        first, last = dt.datetime.min, dt.datetime.max
        low, high = (
            (each.replace(tzinfo=dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)
            for each in (first, last)
        )
        return int(us) if us == int(us) and low <= us <= high else None

    assert found == [instant(text) for text in texts], texts


FORMATS = ["%d.%m.%Y %H:%M", "%m.%d.%Y %H:%M", "%Y%m%d%H%M", "iso", "epoch_s"]


@given(
    st.lists(st.sampled_from(FORMATS), min_size=2, max_size=4, unique=True),
    st.lists(
        st.tuples(
            st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2035, 1, 1)),
            st.sampled_from([*FORMATS, "%Y-%m-%d %H:%M"]),
        ),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from(["forward", "backward", "reject"]),
)
@settings(max_examples=40, deadline=None)
def test_of_several_formats_one_is_meant(connection, forms, moments, missing):
    zone = ZoneInfo("Europe/Belgrade")
    dst = [dt.datetime(2024, 3, 31, 2, 30), dt.datetime(2024, 10, 27, 2, 30)]
    texts = []
    for place, (moment, form) in enumerate(moments):
        at = dst[place] if place < 2 else moment
        written_ = "%Y-%m-%dT%H:%M:%SZ" if form == "iso" else form
        texts.append(
            str(int(at.replace(tzinfo=dt.UTC).timestamp()))
            if form == "epoch_s"
            else at.strftime(written_)
        )
    column = RawColumn(
        "x",
        CanonicalType("timestamp"),
        ("x",),
        format=tuple(forms),
        timezone=zone.key,
        missing=missing,
        ambiguous="second",
    )
    found, bad = grammar.read(connection, texts, column)
    expected = [meant(text, forms, zone, missing) for text in texts]
    assert found == expected, (texts, forms)
    assert bad == {n for n, each in enumerate(expected) if each is None}


def meant(text, forms, zone, missing):
    """Microseconds since 1970 of a text, None if it means nothing or two things."""
    walls, instants = set(), set()
    for form in forms:
        if form == "epoch_s":
            if text.isdigit():
                instants.add(int(text) * 10**6)
        elif form == "iso":
            instants.add(grammar.instant_us(text))
            walls.add(grammar.wall(text))
        else:
            try:
                made = dt.datetime.strptime(text, form)
            except ValueError:
                continue
            walls.add(made if made.strftime(form) == text else None)
    walls, instants = walls - {None}, instants - {None}
    if len(walls) + len(instants) != 1:
        return None
    if instants:
        return instants.pop()
    wall = walls.pop()
    first, second = (wall.replace(tzinfo=zone, fold=n) for n in (0, 1))
    exists = first.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None) == wall
    chosen = second if exists else {"forward": first, "backward": second}.get(missing)
    return chosen and (chosen.astimezone(dt.UTC) - EPOCH) // dt.timedelta(microseconds=1)

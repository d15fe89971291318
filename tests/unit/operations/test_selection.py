from __future__ import annotations

import pytest

from backbone.errors import BackboneError, UnknownAsset
from backbone.model.names import AssetName
from backbone.operations.graph import Graph
from backbone.operations.selection import select

NAMES = {
    "landing.a": (), "landing.b": (),
    "formatted.a": ("landing.a",), "formatted.b": ("landing.b",),
    "trusted.a": ("formatted.a",), "trusted.b": ("formatted.b", "trusted.a"),
    "exploitation.joined": ("trusted.a", "trusted.b"),
    "exploitation.summed": ("exploitation.joined",),
    "analysis.why": ("exploitation.joined",),
}  # fmt: skip
GRAPH = Graph(
    {AssetName.parse(n): tuple(map(AssetName.parse, i)) for n, i in NAMES.items()},
    tuple(map(AssetName.parse, NAMES)),
)


def chosen(*words: str, exclude: tuple[str, ...] = ()) -> set[str]:
    found = select(
        GRAPH,
        words,
        exclude=exclude,
        sources={"one": ["a"], "two": ["b"]},
        state=lambda word: (
            {AssetName.parse("trusted.b")} if word == "modified" else set()
        ),
    )
    return {str(asset) for asset in found}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], set(NAMES)),
        (["trusted.a"], {"trusted.a"}),
        (["joined"], {"exploitation.joined"}),
        (["a"], {"landing.a", "formatted.a", "trusted.a"}),
        (["+trusted.a"], {"landing.a", "formatted.a", "trusted.a"}),
        (["1+trusted.a"], {"formatted.a", "trusted.a"}),
        (["exploitation.joined+"], {"exploitation.joined", "exploitation.summed", "analysis.why"}),
        (["trusted.a+1"], {"trusted.a", "trusted.b", "exploitation.joined"}),
        (["1+trusted.b+1"], {"formatted.b", "trusted.a", "trusted.b", "exploitation.joined"}),
        (["zone:trusted"], {"trusted.a", "trusted.b"}),
        (["zone:trusted", "zone:formatted"], {"trusted.a", "trusted.b", "formatted.a", "formatted.b"}),
        (["zone:trusted zone:landing"], {"trusted.a", "trusted.b", "landing.a", "landing.b"}),
        (["source:one"], {"landing.a"}),
        (["source:one+,zone:trusted"], {"trusted.a", "trusted.b"}),
        (["exploitation.*"], {"exploitation.joined", "exploitation.summed"}),
        (["state:modified+"], {"trusted.b", "exploitation.joined", "exploitation.summed", "analysis.why"}),
        (["state:new"], set()),
    ],
)  # fmt: skip
def test_words_select_assets(words, expected):
    assert chosen(*words) == expected


def test_what_is_excluded_is_left_out():
    assert chosen(exclude=("analysis.why", "zone:landing")) == set(NAMES) - {
        "analysis.why",
        "landing.a",
        "landing.b",
    }
    assert chosen("zone:trusted", exclude=("trusted.a",)) == {"trusted.b"}


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("trusted.aa", "trusted.a"),
        ("zone:trsted", "zone:trusted"),
        ("source:tow", "source:two"),
        ("state:modfied", "state:modified"),
    ],
)
def test_a_word_that_matches_nothing_is_an_error_with_the_nearest(word, hint):
    with pytest.raises(UnknownAsset) as caught:
        chosen(word)
    assert hint in str(caught.value)


def test_an_unknown_way_to_select_is_named():
    with pytest.raises(BackboneError, match="`tga:` is no way to select"):
        chosen("tga:x")


@pytest.mark.parametrize("word", ["+", "++a", "a++b"])
def test_a_word_without_an_asset_is_refused(word):
    with pytest.raises(BackboneError, match="is no selection"):
        chosen(word)

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.errors import DeliveryRefused
from backbone.lake.objectnames import disk_name, made_name, object_name

SEGMENT = st.one_of(
    st.sampled_from(["..", ".", "", "con", "a.csv", "_reference.json", "C:", "a\\..\\b"]),
    st.text(st.characters(exclude_characters="/"), max_size=40),
)
NAMES = st.lists(SEGMENT, min_size=1, max_size=5).map("/".join)


@given(NAMES)
@settings(max_examples=300, deadline=None)
def test_whatever_a_name_is_its_file_stays_in_its_folder(text):
    try:
        name = object_name(text)
    except DeliveryRefused:
        return
    for path in (disk_name(name), made_name(name)):
        parts = PurePosixPath(path).parts
        assert parts
        assert not path.startswith("/")
        assert not {"..", "."} & set(path.split("/"))
        assert not {"_reference.json"} & {part.lower() for part in parts[:1]}
        assert all(len(part.encode()) <= 255 for part in parts)
        assert not set(path) & set('\\:*?"<>|\0\n')


@given(NAMES, NAMES)
@settings(max_examples=200, deadline=None)
def test_different_names_get_different_made_files(one, two):
    if one.encode("utf-8", "replace") != two.encode("utf-8", "replace"):
        assert made_name(object_name_or(one)) != made_name(object_name_or(two))


def object_name_or(text):
    return text.encode("utf-8", "backslashreplace").decode()


@pytest.mark.parametrize(
    "name", ["a.csv", "2013/flights 01.csv", "Grüße.csv", "_SUCCESS"]
)
def test_usual_names_are_kept(name):
    assert disk_name(object_name(name)) == name

"""However a key is misspelt, the right file and line are named, and nothing crashes."""

import re
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from backbone.errors import DeclarationError
from backbone.project import load
from backbone.project.reading import DECLARED
from backbone.project.shapes import declared_keys, located

from .conftest import GOOD

_KEY = re.compile(r"[A-Za-z_]+(?=:)")


def _models(kind):
    """Return every model that a kind of file is made of."""
    seen, front = set(), [DECLARED[kind]]
    while front:
        each = front.pop()
        front += getattr(each, "__args__", ())
        if isinstance(each, type) and issubclass(each, BaseModel) and each not in seen:
            seen.add(each)
            front += [field.annotation for field in each.model_fields.values()]
    return seen


def _schema_keys(file):
    kind = file.partition("/")[0].replace("backbone.yml", "settings")
    return {key for model in _models(kind) for key in declared_keys(model)}


def _spots():
    """Find every key of the good project that a model declares: file, line, columns."""
    spots = []
    for file, text in GOOD.items():
        if not file.endswith(".yml"):
            continue
        known = _schema_keys(file) - {"since"}  # the name of a column, there
        for number, line in enumerate(dedent(text).splitlines()):
            for match in _KEY.finditer(line):
                before = line[: match.start()].rstrip()
                starts = not before or before[-1] in "-{,"
                if match[0] in known and starts and "${" not in line[: match.end()]:
                    spots.append((file, number, match.start(), match.end()))
    return spots


SPOTS = _spots()


def _is_declared(file, key):
    return key in _schema_keys(file)


@st.composite
def _misspelt(draw):
    file, number, start, end = draw(st.sampled_from(SPOTS))
    lines = dedent(GOOD[file]).splitlines()
    key = lines[number][start:end]
    letters = "abcdefghijklmnopqrstuvwxyz_"
    at = draw(st.integers(0, len(key) - 1))
    change = draw(st.sampled_from(["drop", "double", "swap", "replace", "insert"]))
    letter = draw(st.sampled_from(letters))
    new = {
        "drop": key[:at] + key[at + 1 :],
        "double": key[: at + 1] + key[at:],
        "swap": key[:at] + key[at : at + 2][::-1] + key[at + 2 :],
        "replace": key[:at] + letter + key[at + 1 :],
        "insert": key[:at] + letter + key[at:],
    }[change]
    assume(new and new != key and not _is_declared(file, new))
    lines[number] = lines[number][:start] + new + lines[number][end:]
    return file, number + 1, new, "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("misspelt")
    for file, text in GOOD.items():
        path = root / file
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(text))
    load(root)
    return root


def _told(folder: Path, file: str, text: str):
    path = folder / file
    try:
        path.write_text(text)
        load(folder)
    except DeclarationError as error:
        return error.mistakes
    else:
        return ()
    finally:
        path.write_text(dedent(GOOD[file]))


@given(_misspelt())
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_misspelt_key_is_told_with_its_file_and_line(folder, case):
    file, line, new, text = case
    mistakes = _told(folder, file, text)
    told = [each for each in mistakes if each.startswith(f"{file}:{line}: ")]
    assert any(f"{new}: unknown key" in each for each in told), mistakes


@given(
    st.sampled_from(sorted(GOOD)),
    st.integers(0, 10_000),
    st.integers(0, 12),
    st.text(st.sampled_from(list("ab1:-[]{}\"'#&*!|> \n\t,?%@`~.$")), max_size=8),
)
@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_no_damage_gives_anything_but_mistakes_with_places(folder, file, at, length, put):
    text = dedent(GOOD[file])
    start = at % len(text)
    damaged = text[:start] + put + text[start + length :]
    mistakes = _told(folder, file, damaged)
    place = re.compile(r"^[\w/.]+\.(yml|sql)(:\d+)?(:\d+)?: ")
    assert all(place.match(each) for each in mistakes)


def test_there_are_enough_keys_to_misspell():
    assert len(SPOTS) > 80
    assert {file for file, *_ in SPOTS} == {f for f in GOOD if f.endswith(".yml")}


def test_members_of_unions_are_no_part_of_the_way():
    found = located(DECLARED["sources"], ("http", "datasets", "weather", "cursor", "by"))
    assert found.where == ("datasets", "weather", "cursor", "by")
    assert found.model.__name__ == "HttpCursor"
    found = located(DECLARED["trusted"], ("rules", 2, "range", "x", 0, "decimal"))
    assert found.where == ("rules", 2, "range", "x", 0)
    assert found.in_union

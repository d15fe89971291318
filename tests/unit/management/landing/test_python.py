"""A function of the project: what it yields lands, or nothing does."""

from __future__ import annotations

import sys

import pytest

from backbone.errors import FunctionFailed
from backbone.project.sources import PythonSource

PAGES = """
from helpers import spelt
def pages(settings, cursor):
    start = int(cursor or 0)
    for n in range(start, min(start + 2, settings["until"])):
        yield f"page-{n}.json", spelt(n)
    return str(min(start + 2, settings["until"]))
"""


@pytest.fixture
def write(collecting):
    def write(text, name="feeds"):
        path = collecting.project / "python" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    write("def spelt(n):\n    return str(n).encode()\n", "helpers")
    return write


def source(function="feeds:pages", datasets=None, **settings):
    return PythonSource.model_validate(
        {
            "collector": "python",
            "function": function,
            "settings": settings,
            "datasets": datasets or {"data": {}},
        }
    )


def test_what_a_function_yields_is_one_delivery_and_its_cursor_is_kept(collecting, write):
    write(PAGES)
    [first] = collecting(source(until=5))["data"].new
    assert collecting.content(first) == {"page-0.json": b"0", "page-1.json": b"1"}
    assert (first.cursor, first.objects[0].media_type) == ("2", "application/json")
    assert first.objects[0].origin == "python feeds:pages"
    assert collecting(source(until=5))["data"].new[0].cursor == "4"
    assert collecting(source(until=5))["data"].new[0].name == "page-4.json"
    assert collecting(source(until=5))["data"].unchanged == 1
    assert "feeds" not in sys.modules
    assert "helpers" not in sys.modules


def test_datasets_have_settings_and_functions_of_their_own(collecting, write):
    write("def a(s, c):\n    return [('a', repr(sorted(s.items())).encode())]\nb = a\n")
    datasets = {"one": {"settings": {"x": 2}}, "two": {"function": "feeds:b"}}
    report = collecting(source("feeds:a", datasets, x=1, y=[1]))
    found = [collecting.content(report[name].new[0])["a"] for name in datasets]
    assert found == [b"[('x', 2), ('y', [1])]", b"[('x', 1), ('y', [1])]"]


def test_a_file_that_changes_is_read_again(collecting, write):
    write("def pages(s, c):\n    yield 'a', b'1'\n")
    collecting(source())
    write("def pages(s, c):\n    yield 'a', b'22'\n")
    assert collecting.content(collecting(source())["data"].new[0]) == {"a": b"22"}


def test_content_may_be_bytes_a_path_or_a_stream(collecting, write):
    write(
        "import io, pathlib\n"
        "def pages(s, c):\n"
        "    yield 'a', bytearray(b'1')\n"
        "    yield 'b', pathlib.Path(__file__)\n"
        "    yield 'c', io.BytesIO(b'3')\n"
        "    yield 'd', (x for x in (b'4', b'5'))\n"
    )
    content = collecting.content(collecting(source())["data"].new[0])
    assert content["b"].startswith(b"import io")
    assert (content["a"], content["c"], content["d"]) == (b"1", b"3", b"45")


BODY = "def pages(settings, cursor):\n"


@pytest.mark.parametrize(
    ("text", "said", "where"),
    [
        (BODY + "    yield 'a', b'1'\n    {}['x']\n", "raised KeyError: 'x'", ":3"),
        ("import helpers2\n" + BODY + "    return []\n", "raised ModuleNotFoundError: No module", ":1"),
        (BODY + "    import helpers\n    helpers.spelt()\n", "raised TypeError", ":3"),
        (BODY + "  yield 1\n yield 2\n", "raised IndentationError", ":3"),
        (BODY + "    raise SystemExit(3)\n", "raised SystemExit: 3", ":2"),
        (BODY + "    return 5\n", "gave a int, which holds no objects", None),
        (BODY + "    yield 'a'\n", "yielded a str that is no pair", None),
        (BODY + "    yield 'a', 'b'\n", "yielded text as the content of `a`", None),
        (BODY + "    yield 'a', b''\n    return 7\n", "returned a int as its curs", None),
        ("def page(s, c):\n    return []\n", "has no `pages`; did you mean `page`?", None),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told_with_its_line_and_nothing_lands(
    collecting, write, text, said, where
):
    write(text)
    [error] = collecting(source()).errors
    assert isinstance(error, FunctionFailed)
    assert said in error.what
    if where:
        assert error.where == f"python/feeds.py{where}"
    assert collecting.deliveries("data") == ()
    assert not list((collecting.landing.root / "_incoming").glob("*/delivery"))


def test_a_module_whose_name_is_taken_is_told(collecting, write):
    write("def pages(s, c):\n    yield 'a', b''\n", "json")
    [error] = collecting(source("json:pages")).errors
    assert "`json` is the name of another module" in str(error)
    assert "Rename python/json.py" in str(error)


def test_one_dataset_that_fails_does_not_stop_the_other(collecting, write):
    write("def a(s, c):\n    yield 'a', b''\ndef b(s, c):\n    raise ValueError\n")
    datasets = {"b": {"function": "feeds:b"}, "a": {"function": "feeds:a"}}
    report = collecting(source("feeds:a", datasets))
    assert len(report["a"].new) == 1
    assert [str(e.what) for e in report.errors] == ["`feeds:b` raised ValueError"]

"""Collectors that installed packages bring: declared, checked and misspelt like ours."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from backbone.errors import PluginError
from backbone.project import plugins
from backbone.project.collectors import settings_of
from backbone.project.schema import json_schema

TIDES = """
from typing import Literal
from backbone.project.declarations import TableName
from backbone.project.sources import SourceSettings

class Settings(SourceSettings):
    collector: Literal["tides"]
    harbour: str
    datasets: dict[TableName, str]

def collect(source, context):
    raise NotImplementedError
"""
SOURCE = "collector: tides\nharbour: Novi Sad\ndatasets: {levels: hourly}\n"
ROOT = Path(__file__).parents[3]


@pytest.fixture
def tides(install):
    install("tide_tables", TIDES, collectors={"tides": "tide_tables"})


def test_our_own_are_listed_in_the_package_as_a_strangers_are():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = {group: project["entry-points"][group] for group in plugins.OWN}
    assert listed == {group: dict(own) for group, own in plugins.OWN.items()}


@pytest.mark.parametrize("name", plugins.OWN["backbone.collectors"])
def test_our_own_collectors_are_made_as_a_strangers_are(name):
    assert settings_of(name).model_fields["datasets"].is_required()
    assert callable(plugins.loaded("backbone.collectors", name).collect)


def test_a_source_of_a_plugin_is_declared_like_any_other(good, tides):
    good.write("sources/tides.yml", SOURCE)
    project = good.load()
    assert project.sources["tides"].harbour == "Novi Sad"
    assert project.sources["tides"].delivers == "increments"
    assert project.dataset_source("levels") == "tides"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("harbour", "harbor", "2: harbor: unknown key; did you mean `harbour`?"),
        ("hourly", "[1]", "3: datasets.levels: wants a text, not a list"),
        ("collector: tides", "collector: tidse",
         "1: collector: `tidse` is none of files, http, ckan, socrata, sql, python, dlt, tides; did you mean `tides`?"),
    ],
)  # fmt: skip
def test_its_mistakes_are_told_with_file_and_line(good, tides, old, new, said):
    good.write("sources/tides.yml", SOURCE.replace(old, new))
    assert good.mistakes() == [f"sources/tides.yml:{said}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nosuch", "(tide_tables) cannot be loaded: ModuleNotFoundError: No mod"),
        ("", "the collector `tides` has no `Settings` made of `SourceSettings`"),
        (TIDES.replace('"tides"', '"waves"'), 'is not `Literal["tides"]`'),
        (TIDES.replace("dict[TableName, str]", "str"), "`Settings.datasets` of the coll"),
    ],
)  # fmt: skip
def test_a_broken_plugin_is_told_where_it_is_named(good, install, text, said):
    install("tide_tables", text, collectors={"tides": "tide_tables"})
    good.write("sources/tides.yml", SOURCE)
    [mistake] = good.mistakes()
    assert mistake.startswith("sources/tides.yml:1: collector: ")
    assert said in mistake
    assert "tides" not in str(json_schema("sources"))


def test_a_name_that_two_packages_bring_is_refused(install):
    for package in ("one", "two"):
        install(package, TIDES, collectors={"tides": package})
    with pytest.raises(PluginError, match=r"two packages bring `tides`.*: one and two"):
        plugins.loaded("backbone.collectors", "tides")


def test_what_is_not_installed_is_told_with_what_is(tides):
    with pytest.raises(PluginError) as caught:
        plugins.loaded("backbone.collectors", "tide")
    assert "Did you mean `tides`?" in str(caught.value)
    with pytest.raises(PluginError, match=r"There are: `files`, .*`tides`"):
        plugins.loaded("backbone.collectors", "xyzzy")


def test_the_schema_for_editors_knows_what_is_installed(tides):
    schema = json_schema("sources")
    Draft202012Validator.check_schema(schema)
    found = Draft202012Validator(schema)
    good = {"collector": "tides", "harbour": "x", "datasets": {"levels": "hourly"}}
    assert found.is_valid(good)
    assert not found.is_valid(good | {"harbor": "x"})


def test_packages_are_not_looked_through_for_our_own(good, monkeypatch):
    def never(**_):
        raise AssertionError

    monkeypatch.setattr(importlib.metadata, "entry_points", never)
    assert good.load().sources


PYTHON = "collector: python\nfunction: feeds:{}\ndatasets: {{levels: {{}}}}\n"


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("page", "python/feeds.py has no `page`; did you mean `pages`?"),
        ("pages again", "is not of the form"),
    ],
)
def test_a_function_that_is_not_there_is_told_without_running_it(good, function, said):
    good.write("python/feeds.py", "def pages(s, c):\n    return []\nraise SystemExit\n")
    good.write("sources/tides.yml", PYTHON.format(function))
    [mistake] = good.mistakes()
    assert mistake.startswith("sources/tides.yml:2: function: ")
    assert said in mistake
    good.write("sources/tides.yml", PYTHON.format("pages").replace("feeds:", "feds:"))
    assert "no python/feds.py; did you mean `feeds`?" in good.mistakes()[0]
    good.write("sources/tides.yml", PYTHON.format("pages"))
    assert good.load().sources["tides"].function_of("levels") == "feeds:pages"

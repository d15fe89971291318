import subprocess
import sys
from dataclasses import FrozenInstanceError
from decimal import Decimal
from pathlib import Path

import pytest

import backbone.project
from backbone.errors import DeclarationError
from backbone.model.names import AssetName
from backbone.project import Project, load
from backbone.project.trusted import TrustedTable


def test_public_names_are_sorted():
    assert list(backbone.project.__all__) == sorted(backbone.project.__all__)


def test_what_a_folder_declares(good):
    project = good.load()
    assert isinstance(project, Project)
    assert project.name == "city-heat"
    assert project.target is None
    assert sorted(project.sources) == ["substations", "warehouse", "weather"]
    assert project.formatted["meters"].key == ("device", "measured_at")
    assert project.formatted["devices"].key == ("device",)
    assert project.formatted["meters"].columns["outdoor"].nulls == ("-39.9",)
    rules = {rule.name: rule for rule in project.trusted["meters"].rules}
    assert rules["sensible_outdoor"].range == {"outdoor": (-35, 45)}
    assert rules["known_status"].accepted == {"status": ("ok", "off")}
    assert project.trusted["meters"].clean[1].replace == {"OK": "ok", "broken": None}
    assert project.analyses["heat_demand"].split.test == 0.2
    assert project.analyses["cold_days"].kind == "describe"


def test_a_table_without_a_trusted_file_passes_through(good):
    project = good.load()
    assert project.trusted["weather"] == TrustedTable()
    assert sorted(project.trusted) == ["devices", "meters", "weather"]
    assert sorted(project.declared_trusted) == ["devices", "meters"]


def test_assets_stand_in_the_order_of_the_zones(good):
    names = [str(asset) for asset in good.load().assets()]
    assert names == [
        "landing.devices", "landing.meters", "landing.sites", "landing.weather",
        "formatted.devices", "formatted.meters", "formatted.weather",
        "trusted.devices", "trusted.meters", "trusted.weather",
        "exploitation.heat_by_day", "exploitation.heat_by_hour",
        "analysis.cold_days", "analysis.heat_demand",
    ]  # fmt: skip


def test_views_know_what_they_read(good):
    view = good.load().views["heat_by_hour"]
    assert view.path == Path("exploitation/heat_by_hour.sql")
    assert view.sql.startswith("-- heat and weather of an hour")
    assert view.declaration.grain == ("device", "measured_at")
    assert view.inputs == (
        AssetName("trusted", "meters"),
        AssetName("trusted", "weather"),
    )
    assert good.load().views["heat_by_day"].declaration.grain == ()


def test_trusted_tables_know_what_their_rules_look_into(good):
    good.change(
        "trusted/meters.yml",
        "energy = 0 and power > 0",
        "not exists formatted.weather.observed_at = measured_at",
    )
    good.change(
        "trusted/meters.yml",
        "references: {device: devices.device}",
        'references: {"device, power": "devices.device, floors"}',
    )
    referred = good.load().referred
    assert referred["devices"] == ()
    assert referred["meters"] == (
        AssetName("trusted", "devices"),
        AssetName("formatted", "weather"),
    )


def test_the_source_of_a_dataset(good):
    project = good.load()
    assert project.dataset_source("meters") == "substations"
    assert project.dataset_source("sites") == "warehouse"
    with pytest.raises(KeyError):
        project.dataset_source("nowhere")


def test_places(good):
    project = good.load()
    place = project.place_of("trusted", "meters", "rules", 2)
    assert str(place) == "trusted/meters.yml:11"
    where = ("columns", "measured_at", "timezone")
    assert project.place_of("formatted", "meters", *where).line == 11
    assert str(project.place_of("exploitation", "heat_by_day")) == (
        "exploitation/heat_by_day.sql:1"
    )
    assert str(project.place_of("exploitation", "heat_by_hour", "grain")) == (
        "exploitation/heat_by_hour.yml:3"
    )
    assert str(project.place_of("settings", "", "targets", "prod")) == "backbone.yml:13"
    with pytest.raises(KeyError):
        project.place_of("trusted", "weather")
    every = project.places
    assert str(every["sources", "weather"]) == "sources/weather.yml:1"
    assert str(every["exploitation", "heat_by_hour"]) == "exploitation/heat_by_hour.sql:1"


def test_texts_as_they_are_written(good):
    project = good.load()
    assert "no_power_without_energy" in project.text_of("trusted", "meters")
    assert project.text_of("exploitation", "heat_by_day").startswith("select device")
    assert project.text_of("settings").startswith("name: city-heat")


def test_where_the_lake_and_the_catalog_are(good):
    project = good.load()
    root = good.root.resolve()
    assert project.folder == root
    assert project.lake_folder == root / ".backbone/lake"
    assert project.catalog_url == f"sqlite:///{root}/.backbone/catalog.db"


def test_a_project_does_not_change(good):
    project = good.load()
    with pytest.raises(FrozenInstanceError):
        project.target = "prod"


def test_the_smallest_project(empty):
    project = empty.load()
    assert project.assets() == ()
    assert project.settings.parallel == 2


def test_a_number_where_a_text_is_wanted_is_the_text_that_was_written(good):
    good.change("formatted/meters.yml", 'nulls: ["-39.9"]', "nulls: [-39.90, -999, 007]")
    good.change("trusted/meters.yml", "{OK: ok, broken: ~}", "{1: one, 2: 2.0}")
    good.change("trusted/meters.yml", "status: [ok, off]", "floors: [1, 2, true]")
    good.change(
        "formatted/meters.yml", "  status:", "  floors: {type: string}\n  status:"
    )
    project = good.load()
    assert project.formatted["meters"].columns["outdoor"].nulls == (
        "-39.90",
        "-999",
        "007",
    )
    assert project.trusted["meters"].clean[1].replace == {"1": "one", "2": "2.0"}
    assert project.trusted["meters"].rules[3].accepted == {"floors": ("1", "2", "true")}


def test_a_single_number_may_stand_for_a_list_of_texts(good):
    good.change("formatted/meters.yml", 'nulls: ["-39.9"]', "nulls: -39.90")
    columns = good.load().formatted["meters"].columns
    assert columns["outdoor"].nulls == ("-39.90",)


def test_bounds_keep_their_digits(good):
    good.change("trusted/meters.yml", "outdoor: [-35, 45]", "energy: [0.1, 1e3]")
    bounds = good.load().trusted["meters"].rules[1].range["energy"]
    assert bounds == (Decimal("0.1"), Decimal(1000))


def test_the_error_names_the_project_and_counts(good):
    good.change("backbone.yml", "parallel: 2", "paralel: 2")
    with pytest.raises(DeclarationError) as caught:
        good.load()
    assert str(caught.value).startswith("1 mistake in city-heat:\n  backbone.yml:5: ")


def test_importing_the_room_is_light():
    heavy = [
        "sqlglot",
        "duckdb",
        "pyarrow",
        "pandas",
        "sqlalchemy",
        "sklearn",
        "deltalake",
    ]
    code = (
        f"import sys, backbone.project; print([m for m in {heavy!r} if m in sys.modules])"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert shown.stdout.strip() == "[]"


def test_loading_twice_gives_the_same(good):
    assert load(good.root) == load(good.root)


def test_the_flags_of_a_trusted_table_can_be_asked_about(good):
    good.change("analysis/cold_days.yml", "column: status,", "column: _flags,")
    assert good.load().analyses["cold_days"].factors[0].column == "_flags"


def test_numbers_from_an_anchor_are_texts_as_well(good):
    good.change(
        "formatted/meters.yml", 'nulls: ["", "NA"]', "nulls: &missing [-99, true]"
    )
    good.change("formatted/meters.yml", 'nulls: ["-39.9"]', "nulls: *missing")
    table = good.load().formatted["meters"]
    assert table.read.nulls == table.columns["outdoor"].nulls == ("-99", "true")

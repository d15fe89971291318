import json

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from backbone.project.schema import KINDS, json_schema


def _errors(schema, folder, file):
    data = YAML(typ="safe", pure=True).load((folder.root / file).read_text())
    return [error.message for error in Draft202012Validator(schema).iter_errors(data)]


def _files(folder):
    files = folder.root.glob("**/*.yml")
    return sorted(path.relative_to(folder.root).as_posix() for path in files)


def _kind(file):
    return file.partition("/")[0].removesuffix(".yml")


@pytest.mark.parametrize("kind", KINDS)
def test_each_schema_is_valid_and_titled(kind):
    schema = json_schema(kind)
    Draft202012Validator.check_schema(schema)
    assert schema["title"]
    assert schema["$schema"].endswith("2020-12/schema")


def test_the_schema_of_all_kinds_has_each_under_its_name():
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    assert set(KINDS) <= set(schema["$defs"])


def test_nothing_is_referred_to_outside_the_document():
    def refs(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if "$ref" in node else [])
            for each in node.values():
                yield from refs(each)
        elif isinstance(node, list):
            for each in node:
                yield from refs(each)

    schema = json_schema()
    found = set(refs(schema))
    assert found
    for ref in found:
        assert ref.startswith("#/$defs/")
        assert ref.removeprefix("#/$defs/") in schema["$defs"]


def test_kinds_do_not_share_a_name_for_different_things():
    seen = {}
    for kind in KINDS:
        for name, definition in json_schema(kind).get("$defs", {}).items():
            assert seen.setdefault(name, definition) == definition
            assert name not in KINDS


def test_keys_are_those_that_files_spell():
    properties = json_schema("formatted")["properties"]
    assert "from" in properties
    assert "source" not in properties
    predict = json_schema("analysis")["$defs"]["Predict"]["properties"]
    assert "validate" in predict
    assert "validate_" not in predict


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_is_described(kind):
    schema = json_schema(kind)
    models = {kind: schema, **schema.get("$defs", {})}
    plain = {
        (name, key)
        for name, model in models.items()
        for key, value in model.get("properties", {}).items()
        if not {"description", "const", "$ref"} & value.keys()
    }
    clear = {"question", "by", "metric", "metrics", "within", "task", "column", "unit"}
    assert {key for _, key in plain} <= clear | {"factors", "models"}


def test_it_accepts_a_good_project(good):
    whole = json_schema()
    for file in _files(good):
        assert _errors(json_schema(_kind(file)), good, file) == []
        part = {**whole, "$ref": f"#/$defs/{_kind(file)}"}
        assert _errors(part, good, file) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("backbone.yml", "name:", "nmae:"),
        ("backbone.yml", "threads: 2", "threads: two"),
        ("backbone.yml", "kind: duckdb", "kind: sparkk"),
        ("sources/weather.yml", "collector: http", "collector: htp"),
        ("sources/weather.yml", "url:", "ulr:"),
        ("sources/substations.yml", "{meters:", "{Meters:"),
        ("sources/substations.yml", "path: inbox/*.csv", "path: [inbox]"),
        ("formatted/meters.yml", '"decimal(18,3)"', '"decimall(18,3)"'),
        ("formatted/meters.yml", "from: landing.meters", "source: landing.meters"),
        ("formatted/meters.yml", "format: csv", "format: cvs"),
        ("trusted/meters.yml", "keep: latest", "keep: lastest"),
        ("trusted/meters.yml", "outdoor: [-35, 45]", "outdoor: [-35]"),
        ("trusted/meters.yml", "outdoor: [-35, 45]", "outdoor: [-35, 45, 46]"),
        ("trusted/devices.yml", "functional:", "functionl:"),
        ("exploitation/heat_by_hour.yml", "grain:", "grains:"),
        ("analysis/heat_demand.yml", "kind: predict", "kind: predicts"),
        ("analysis/heat_demand.yml", "metric: mae", "metric: mea"),
        ("analysis/heat_demand.yml", "folds: 5", "folds: 1"),
        ("analysis/heat_demand.yml", 'r2: ">= 0.8"', 'r2: "0.8"'),
    ],
)
def test_it_rejects_what_loading_rejects(good, file, old, new):
    good.change(file, old, new)
    assert _errors(json_schema(_kind(file)), good, file)
    assert good.mistakes()


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("formatted/meters.yml", 'nulls: ["-39.9"]', "nulls: -39.9"),
        ("trusted/meters.yml", "status: [ok, off]", "status: [1, 2.5, true]"),
        ("backbone.yml", "parallel: 2", "parallel: ${param:sample}"),
        ("analysis/heat_demand.yml", "test: 20%", 'test: "${param:share}"'),
        ("formatted/devices.yml", "key: device", "key: [device]"),
        ("backbone.yml", "{kind: duckdb, threads: 2, memory_limit: 2GB}", "duckdb"),
    ],
)
def test_it_accepts_what_loading_accepts(good, file, old, new):
    good.change("backbone.yml", "sample: 1000", "sample: 100\n  share: 0.2")
    good.change(file, old, new)
    assert _errors(json_schema(_kind(file)), good, file) == []
    good.load()


def test_it_is_json(good):
    assert json.loads(json.dumps(json_schema())) == json_schema()

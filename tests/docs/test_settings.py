"""Every key, word and column that a person may meet is in the documentation, as it is."""

from __future__ import annotations

import json
import re
import string
from functools import cache
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from tests.docs.markdown import page

from backbone.analysis.deploy.predictions import METRICS_SCHEMA
from backbone.analysis.describing import EFFECTS_SCHEMA, LEVELS_SCHEMA
from backbone.engines.raw.moments import FormatError, parse_format
from backbone.engines.raw.sides import CELLS, REJECTED
from backbone.management.trusted.cleaning.fills import METHODS
from backbone.management.trusted.outputs import (
    DECISIONS,
    MERGED,
    QUARANTINE,
    REPAIRS,
    VIOLATIONS,
)
from backbone.model.deliveries import Delivers
from backbone.model.raw import FileFormat, Hour, OnBadCell
from backbone.model.schemas import FLAGS, ORIGIN
from backbone.model.types import KINDS
from backbone.operations import identity
from backbone.project import (
    analysis,
    cleaning,
    decisions,
    delivering,
    engines,
    exploitation,
    formatted,
    reads,
    schedules,
    settings,
    sources,
    storage,
    trusted,
    variants,
)
from backbone.project.reading import DECLARED
from backbone.project.shapes import declared_keys
from backbone.sql.denial_functions import FUNCTIONS
from backbone.sql.portable import REFUSED_FUNCTIONS
from backbone.sql.verbs import VERBS

HEADER = "| key | default | meaning |"
MORE_THAN_HTTP = (sources.HttpSource, sources.SocrataSource)
SOURCES = (
    sources.FilesSource,
    *MORE_THAN_HTTP,
    sources.CkanSource,
    sources.SqlSource,
    sources.PythonSource,
    sources.DltSource,
)
ACCESS = set(declared_keys(sources.http.HttpAccess))
SHARED = set.intersection(*(set(declared_keys(model)) for model in SOURCES))

DOCUMENTED: dict[tuple[str, str], type[BaseModel]] = {
    ("operations.md", "Settings"): settings.Settings,
    ("operations.md", "`engine`"): engines.EngineSettings,
    ("operations.md", "`engines`: by kind"): engines.EngineOptions,
    ("operations.md", "A target: `targets: {name: …}`"): settings.TargetSettings,
    ("landing.md", "`deletes`"): delivering.Deletes,
    ("operations.md", "A schedule"): schedules.Schedule,
    ("landing.md", "`collector: files`"): sources.FilesSource,
    ("versions.md", "`retention`"): sources.Retention,
    ("landing.md", "`storage`"): storage.Storage,
    ("landing.md", "`collector: http`"): sources.HttpSource,
    ("landing.md", "A dataset: `datasets: {name: …}`"): sources.HttpDataset,
    ("landing.md", "`cursor`"): sources.HttpCursor,
    ("landing.md", "`pages`"): sources.HttpPages,
    ("landing.md", "`auth`"): sources.http.HttpAuth,
    ("landing.md", "`basic`"): sources.http.BasicAuth,
    ("landing.md", "`api_key`"): sources.http.ApiKey,
    ("landing.md", "`oauth2`"): sources.http.OAuth2,
    ("landing.md", "Every source over HTTP"): sources.CkanSource,
    ("landing.md", "A dataset of a CKAN portal"): sources.CkanDataset,
    ("landing.md", "`collector: socrata`"): sources.SocrataSource,
    ("landing.md", "A dataset of a Socrata portal"): sources.SocrataDataset,
    ("landing.md", "`sidecar`"): sources.Sidecar,
    ("landing.md", "`collector: sql`"): sources.SqlSource,
    ("landing.md", "A dataset of a database"): sources.SqlDataset,
    ("landing.md", "`cursor` of a dataset"): sources.SqlCursor,
    ("landing.md", "`collector: python`"): sources.PythonSource,
    ("landing.md", "A dataset of a function"): sources.PythonDataset,
    ("landing.md", "`collector: dlt`"): sources.DltSource,
    ("landing.md", "A dataset of dlt"): sources.DltDataset,
    ("formatted.md", "The table"): formatted.FormattedTable,
    ("formatted.md", "`read`"): formatted.Read,
    ("formatted.md", "A column: `columns: {name: …}`"): formatted.FormattedColumn,
    ("variants.md", "A variant"): formatted.Variant,
    ("variants.md", "`when`"): variants.When,
    ("variants.md", "The date of a file"): variants.Dated,
    ("variants.md", "`unpivot`"): variants.Unpivot,
    ("readers.md", "`format: json`"): reads.JsonRead,
    ("readers.md", "`format: parquet`"): reads.ParquetRead,
    ("readers.md", "`format: feather`"): reads.FeatherRead,
    ("readers.md", "`format: orc`"): reads.OrcRead,
    ("readers.md", "`format: avro`"): reads.AvroRead,
    ("readers.md", "`format: sqlite`"): reads.SqliteRead,
    ("readers.md", "`format: objects`"): reads.ObjectsRead,
    ("readers.md", "`format: fixed`"): reads.FixedRead,
    ("readers.md", "`format: log`"): reads.LogRead,
    ("readers.md", "`format: excel`"): reads.ExcelRead,
    ("readers.md", "`format: xml`"): reads.XmlRead,
    ("trusted.md", "The table"): trusted.TrustedTable,
    ("cleaning.md", "A cleaning step"): cleaning.CleanStep,
    ("cleaning.md", "`substitute`"): cleaning.Substitute,
    ("cleaning.md", "`pad`"): cleaning.Pad,
    ("cleaning.md", "`lookup`"): cleaning.Lookup,
    ("cleaning.md", "`codes`"): cleaning.Codes,
    ("cleaning.md", "`units`"): cleaning.Units,
    ("cleaning.md", "`missing`"): cleaning.Missing,
    ("cleaning.md", "`outliers`"): cleaning.Outliers,
    ("cleaning.md", "`fill`"): cleaning.Fill,
    ("trusted.md", "A rule"): trusted.Rule,
    ("trusted.md", "Neighbours in an order"): trusted.InOrder,
    ("people.md", "The file"): decisions.Decisions,
    ("people.md", "A decision"): decisions.Decision,
    ("exploitation.md", "The view"): exploitation.View,
    ("exploitation.md", "A column: `columns: {name: …}`"): exploitation.ViewColumn,
    ("analysis.md", "Predict"): analysis.Predict,
    ("analysis.md", "`sandbox`"): analysis.Sandbox,
    ("analysis.md", "`split`"): analysis.Split,
    ("analysis.md", "A candidate: `models: {name: …}`"): analysis.ModelSpec,
    ("analysis.md", "`choose`"): analysis.Choose,
    ("analysis.md", "`validate`"): analysis.Validate,
    ("analysis.md", "Describe"): analysis.Describe,
    ("analysis.md", "A factor"): analysis.Factor,
}
CHANGES = {formatted.ColumnChange}  # of what has a table above
WORDS: dict[str, list[tuple[str, ...]]] = {
    "landing.md": [
        get_args(Delivers),
        tuple(SHARED),
        ("empty", "short", "error", "skip", "header", "body", "epoch_s", "epoch_ms"),
    ],
    "formatted.md": [
        tuple(kind for kind in KINDS if kind != "decimal"),
        ("decimal(p,s)", "$file"),
        get_args(FileFormat),
        get_args(Hour),
        get_args(OnBadCell),
        ORIGIN.names,
        REJECTED.names,
        CELLS.names,
    ],
    "variants.md": [get_args(variants.NewColumns)],
    "trusted.md": [
        get_args(trusted.Action),
        get_args(trusted.Severity),
        get_args(trusted.Keep),
        trusted.SHORT_FORMS,
        tuple(FUNCTIONS),
        tuple(VIOLATIONS.without(ORIGIN.names).names),
        tuple(REPAIRS.without(ORIGIN.names).names),
        tuple(column.name for column in (*QUARANTINE, *MERGED)),
        (FLAGS.name, *ORIGIN.names),
        ("__violations", "__repairs", "__quarantine", "__merged"),
    ],
    "people.md": [
        decisions.FORMS,
        tuple(DECISIONS.without(ORIGIN.names).names),
        ("applied", "no row", "several rows", "other value", "overruled"),
    ],
    "cleaning.md": [
        get_args(cleaning.Tidying),
        get_args(cleaning.Season),
        get_args(cleaning.Filling),
        get_args(cleaning.Ignored),
        tuple(METHODS.values()),
        ("clean", "missing", "outlier", "clipped", "constant"),
    ],
    "analysis.md": [
        get_args(analysis.Task),
        analysis.CLASSIFICATION_METRICS,
        analysis.REGRESSION_METRICS,
        get_args(analysis.Baseline),
        get_args(analysis.Split.model_fields["by"].annotation),
        get_args(analysis.Choose.model_fields["within"].annotation),
        ("hour", "weekday", "month"),
        METRICS_SCHEMA.names,
        EFFECTS_SCHEMA.names,
        LEVELS_SCHEMA.names,
        ("part", "target", "prediction", "probability", "_row", "_part", "_outcome"),
        ("report.html", "model.skops", "card.json"),
    ],
    "operations.md": [
        ("zone:exploitation", "source:weather", "state:modified", "state:new"),
        ("${param:NAME}", "${var:NAME}", "${file:PATH}"),
    ],
}
SPELT_IN_SQL = {
    "approx_distinct": "approx_count_distinct",
    "arg_max_null": "_null",
    "arg_max_nulls_last": "_nulls_last",
    "arg_min_null": "_null",
    "arg_min_nulls_last": "_nulls_last",
    "array_agg": "list",
    "group_concat": "string_agg",
    "rand": "random",
}


def models_of(annotation: Any) -> set[type[BaseModel]]:
    """Return every declaration model that a value of this type may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.values()
        return {annotation}.union(*(models_of(field.annotation) for field in fields))
    return set().union(*(models_of(inner) for inner in get_args(annotation)))


def spelt(default: object) -> str:
    """Spell a default as a declaration does."""
    if isinstance(default, tuple):
        return json.dumps(list(default))
    if isinstance(default, str) and not re.fullmatch(r"[\w./ -]+", default):
        return f"'{default}'" if '"' in default else f'"{default}"'
    return str(default)


def default_cell(field: FieldInfo) -> str:
    """Return what the column `default` says of a key."""
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if default is None or default in ((), {}) or isinstance(default, BaseModel):
        return ""
    return f"`{spelt(default)}`"


@cache
def documented(name: str, heading: str) -> dict[str, str]:
    rows = page(name).table(heading, header=HEADER)
    assert all(row[2] for row in rows), "a key without a meaning"
    return {row[0].strip("`"): row[1] for row in rows}


def test_every_model_of_a_declaration_has_a_table():
    found = set().union(*(models_of(each) for each in DECLARED.values()))
    assert found - CHANGES == set(DOCUMENTED.values())


@pytest.mark.parametrize(
    ("where", "model"),
    DOCUMENTED.items(),
    ids=lambda each: each.__name__ if isinstance(each, type) else "",
)
def test_every_key_is_documented_with_its_default(where, model):
    shared = SHARED if model in SOURCES else set()
    shared = shared | ACCESS if model in MORE_THAN_HTTP else shared
    keys = {
        k: default_cell(f) for k, f in declared_keys(model).items() if k not in shared
    }
    if where[0] == "readers.md":
        common = documented("readers.md", "Every format")
        keys = {k: default for k, default in keys.items() if common.get(k) != default}
    assert documented(*where) == keys


def test_what_every_format_may_say_is_documented_once():
    keys = declared_keys(reads.ReadSettings)
    wanted = {key: default_cell(field) for key, field in keys.items()}
    assert documented("readers.md", "Every format") == wanted


def test_what_every_source_may_say_is_documented_once():
    keys = declared_keys(sources.FilesSource)
    wanted = {key: default_cell(field) for key, field in keys.items() if key in SHARED}
    assert documented("landing.md", "Every source") == wanted
    for model in SOURCES:
        kind = get_args(declared_keys(model)["collector"].annotation)[0]
        assert f"### `collector: {kind}`" in page("landing.md").text


@pytest.mark.parametrize("name", WORDS)
def test_every_word_is_documented(name):
    text = page(name).text
    wanted = [word for words in WORDS[name] for word in words]
    assert [word for word in wanted if f"`{word}`" not in text] == []


def test_every_verb_of_views_is_documented():
    text = page("exploitation.md").prose
    assert [name for name in VERBS if f"| `{name}(" not in text] == []


def test_every_library_of_a_fingerprint_is_documented():
    text = page("analysis.md").prose
    assert [name for name in identity._COMPUTING if name not in text] == []


def test_every_refused_function_is_documented():
    text = page("exploitation.md").prose
    wanted = {SPELT_IN_SQL.get(name, name) for name in REFUSED_FUNCTIONS}
    assert sorted(name for name in wanted if f"`{name}`" not in text) == []


def test_every_directive_of_a_format_is_documented():
    said = re.search(r"strptime format of `([^`]*)`", page("formatted.md").prose)
    assert said is not None
    assert set(said[1].split()) == {"%%", *(f"%{each}" for each in _directives())}


def _directives() -> list[str]:
    found = []
    for letter in string.ascii_letters:
        try:
            parse_format(f"%{letter}")
        except FormatError as error:
            if "is not known" in str(error):
                continue
        found.append(letter)
    return found

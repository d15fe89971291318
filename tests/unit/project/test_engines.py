"""Which engine computes, and with what: the settings, by target and by step."""

from typing import get_args

import pytest

from backbone.cli.verb import engine_option
from backbone.engines.spark.launch import _SAME_RESULTS
from backbone.errors import DeclarationError
from backbone.project.declarations import EngineKind
from backbone.project.engines import SET_BY_BACKBONE
from backbone.project.settings import Settings

ENGINE = "engine: {kind: duckdb, threads: 2, memory_limit: 2GB}"


@pytest.fixture
def plain(good):
    """A project whose targets say nothing of engines."""
    good.change("backbone.yml", "engine: {threads: 16}", "parameters: {sample: 5}")
    return good


def of(good, text, **options):
    good.change("backbone.yml", ENGINE, text)
    return good.load(**options).settings


def test_spark_by_its_name(good):
    found = of(good, "engine: spark").engine_of("spark")
    assert (found.kind, found.master, found.timeout_s) == ("spark", "local[*]", 120.0)
    assert found.conf == {}


def test_spark_with_its_options(plain):
    found = of(
        plain,
        'engine: {kind: spark, master: "spark://h:7077", timeout_s: 9, memory_limit: 4GB,\n'
        "  conf: {spark.executor.memory: 2g, spark.task.maxFailures: 8, spark.speculation: true}}",
    ).engine
    assert found.master == "spark://h:7077"
    assert found.memory_limit == "4GB"
    assert found.conf == {
        "spark.executor.memory": "2g",
        "spark.task.maxFailures": "8",
        "spark.speculation": "true",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{kind: duckdb, master: "local[*]"}', "engine.master: `master` goes with `kind: spark`"),
        ('{master: "local[2]"}', "engine.master: `master` goes with `kind: spark`"),
        ("{kind: duckdb, conf: {spark.ui.port: 1}}", "engine.conf: `conf` goes with `kind: spark`"),
        ("{timeout_s: 5}", "engine.timeout_s: `timeout_s` goes with `kind: spark`"),
        ('{kind: spark, master: "local[2]", threads: 4}',
         "engine.threads: `threads` and `local[2]` say the same; write `local[*]`"),
        ('{kind: spark, master: "spark://h:1", threads: 4}',
         ("engine.threads: `threads` are those of `local[*]`; on a cluster "
         "`spark.executor.cores` in `conf` says how many an executor has")),
        ("{kind: spark, master: sc://h, memory_limit: 4GB}",
         "engine.memory_limit: `memory_limit` is that of this machine; Spark Connect is a server's"),
        ("{kind: spark, conf: {spark.master: yarn}}",
         'engine.conf["spark.master"]: write it as `master`'),
        ("{kind: spark, memory_limit: 4GB, conf: {spark.driver.memory: 2g}}",
         'engine.conf["spark.driver.memory"]: `memory_limit` says the same'),
        ("{kind: spark, conf: {spark.sql.session.timeZone: CET}}",
         'engine.conf["spark.sql.session.timeZone"]: Backbone sets it: results depend on it'),
        ("{kind: spark, conf: {spark.submit.deployMode: cluster}}",
         'engine.conf["spark.submit.deployMode"]: the driver is always this process'),
        ("{kind: spark, master: sprak://h}",
         ("engine.master: `sprak://h` is no master of Spark: `local[*]`, `spark://host:port`, "
         "`yarn`, `k8s://https://host:port` or `sc://host:port`")),
        ("{kind: spark, mastr: yarn}", "engine.mastr: unknown key; did you mean `master`?"),
        ("sprak", "engine: `sprak` is none of duckdb, spark; did you mean `spark`?"),
        ("{kind: spark, timeout_s: 0}", "engine.timeout_s: `0` is not greater than 0.0"),
    ],
)  # fmt: skip
def test_what_does_nothing_is_a_mistake_that_names_the_right_thing(plain, text, said):
    plain.change("backbone.yml", ENGINE, f"engine: {text}")
    assert plain.mistakes() == [f"backbone.yml:4: {said}"]


def test_a_key_that_is_none_of_spark_is_refused(good):
    good.change(
        "backbone.yml", ENGINE, "engine: {kind: spark, conf: {executor.memory: 2g}}"
    )
    (said,) = good.mistakes()
    assert said.startswith("backbone.yml:4: engine.conf")
    assert "executor.memory" in said


def test_what_a_target_says_of_an_engine_is_checked_too(good):
    good.change("backbone.yml", "engine: {threads: 16}", "engine: {master: sc://h}")
    assert good.mistakes() == [
        "backbone.yml:15: targets.prod.engine.master: `master` goes with `kind: spark`"
    ]


def test_a_target_overrides_key_by_key(good):
    common = (
        "engine: {kind: spark, threads: 2, timeout_s: 7, conf: {spark.a: 1, spark.b: 1}}"
    )
    target = 'engine: {master: "spark://h:7077", conf: {spark.b: 2}}'
    good.change("backbone.yml", "engine: {threads: 16}", target)
    found = of(good, common, target="prod").engine
    assert (found.kind, found.master, found.timeout_s) == ("spark", "spark://h:7077", 7)
    assert found.conf == {"spark.a": "1", "spark.b": "2"}
    assert found.threads is None, "they would do nothing on a cluster"
    assert good.load().settings.engine.threads == 2


def test_a_target_may_have_another_engine(good):
    good.change("backbone.yml", "engine: {threads: 16}", "engine: duckdb")
    common = "engine: {kind: spark, master: yarn, memory_limit: 3GB, timeout_s: 5}"
    found = of(good, common, target="prod").engine
    assert (found.kind, found.memory_limit) == ("duckdb", "3GB")
    assert found.model_fields_set == {"kind", "memory_limit"}


def test_the_other_engine_takes_over_what_it_may_use_of_the_machine(good):
    settings = good.load().settings
    found = settings.engine_of("spark")
    assert (found.kind, found.threads, found.memory_limit) == ("spark", 2, "2GB")
    assert settings.engine_of("duckdb") == settings.engine


def test_options_of_the_engine_that_is_not_the_default(good):
    more = "engines: {spark: {master: spark://h:7077, conf: {spark.executor.memory: 8g}}}"
    settings = of(good, f"{ENGINE}\n{more}")
    found = settings.engine_of("spark")
    assert (found.master, found.threads) == ("spark://h:7077", None)
    assert found.memory_limit == "2GB"
    assert found.conf == {"spark.executor.memory": "8g"}
    assert settings.engine_of("duckdb").threads == 2


def test_options_of_engines_by_kind_and_target(good):
    good.change(
        "backbone.yml",
        "engine: {threads: 16}",
        'engine: spark\n    engines: {spark: {master: yarn, conf: {spark.b: "2"}}}',
    )
    more = "engines: {spark: {timeout_s: 5, conf: {spark.a: 1, spark.b: 1}}}"
    settings = of(good, f"{ENGINE}\n{more}", target="prod")
    found = settings.engine_of("spark")
    assert (found.kind, found.master, found.timeout_s) == ("spark", "yarn", 5)
    assert found.conf == {"spark.a": "1", "spark.b": "2"}
    assert settings.engine_of("duckdb").memory_limit == "2GB"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("{duckdb: {master: yarn}}", "engines.duckdb.master: `master` goes with `kind: spark`"),
        ("{spark: {master: sc://h, threads: 1}}",
         ("engines.spark.threads: `threads` are those of `local[*]`; on a cluster "
         "`spark.executor.cores` in `conf` says how many an executor has")),
        ("{spark: {kind: spark}}", "engines.spark.kind: unknown key"),
    ],
)  # fmt: skip
def test_options_by_kind_are_checked(good, more, said):
    good.change("backbone.yml", ENGINE, f"engines: {more}")
    (told,) = good.mistakes()
    assert told.startswith(f"backbone.yml:4: {said}")


def test_secrets_stand_in_the_options_and_are_not_shown(good, monkeypatch):
    monkeypatch.setenv("S3_KEY", "very-secret")
    monkeypatch.setenv("SPARK_TOKEN", "token-of-spark")
    good.change(
        "backbone.yml",
        ENGINE,
        'engine: {kind: spark, master: "sc://h/;token=${var:SPARK_TOKEN}", '
        'conf: {spark.hadoop.fs.s3a.secret.key: "${var:S3_KEY}"}}',
    )
    project = good.load()
    assert "very-secret" not in repr(project.settings)
    resolve = project.variables.resolve
    assert resolve(project.settings.engine.master) == "sc://h/;token=token-of-spark"
    assert resolve(*project.settings.engine.conf.values()) == "very-secret"
    assert project.variables.redact("x very-secret") == "x ${var:S3_KEY}"


def test_a_secret_that_is_not_set_is_a_mistake(good):
    good.change(
        "backbone.yml", ENGINE, 'engine: {kind: spark, conf: {spark.x: "${var:NO_SUCH}"}}'
    )
    with pytest.raises(DeclarationError, match="`NO_SUCH` is not set"):
        good.load()


def test_what_an_inherited_key_would_do_wrong_is_no_mistake_but_what_is_said_is(good):
    good.change("backbone.yml", ENGINE, "engine: {kind: spark, master: sc://h}")
    (said,) = good.mistakes()
    assert said.startswith("backbone.yml:15: targets.prod.engine.threads: `threads` are")


def test_steps_may_name_an_engine(good):
    good.change(
        "formatted/meters.yml",
        "from: landing.meters",
        "from: landing.meters\nengine: spark",
    )
    good.change("trusted/meters.yml", "rules:", "engine: spark\nrules:")
    good.change("exploitation/heat_by_hour.yml", "grain:", "engine: duckdb\ngrain:")
    good.change(
        "analysis/heat_demand.yml", "kind: predict", "kind: predict\nengine: spark"
    )
    project = good.load()
    assert project.formatted["meters"].engine == "spark"
    assert project.trusted["meters"].engine == "spark"
    assert project.views["heat_by_hour"].declaration.engine == "duckdb"
    assert project.analyses["heat_demand"].engine == "spark"
    assert project.analyses["cold_days"].engine is None


def test_a_step_names_an_engine_that_there_is(good):
    good.change("trusted/meters.yml", "rules:", "engine: sparc\nrules:")
    (said,) = good.mistakes()
    assert said.endswith(
        "engine: `sparc` is none of duckdb, spark; did you mean `spark`?"
    )


def test_the_command_line_knows_the_same_engines():
    command = engine_option(lambda: None)
    (option,) = command.__click_params__
    assert tuple(option.type.choices) == get_args(EngineKind)


def test_what_backbone_sets_of_spark_is_what_nobody_else_may_set():
    assert tuple(sorted(_SAME_RESULTS)) == SET_BY_BACKBONE


def test_without_a_target_nothing_is_merged():
    settings = Settings(name="x")
    assert settings.for_target(None) is settings

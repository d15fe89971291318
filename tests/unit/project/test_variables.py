import pickle

import pytest

from backbone.errors import ProjectError
from backbone.model.versions import fingerprint
from backbone.project.variables import references, substituted

SECRET = "s3cr3t/of the+house"


@pytest.fixture
def with_secrets(good, monkeypatch):
    monkeypatch.setenv("API_TOKEN", SECRET)
    good.write("secrets/password", "hunter2-and-more\n")
    good.change(
        "sources/weather.yml",
        "{Accept: application/json}",
        '{Authorization: "Bearer ${var:API_TOKEN}"}',
    )
    good.change(
        "sources/warehouse.yml",
        "sqlite:///{project}/warehouse.db",
        "postgresql://me:${file:secrets/password}@host/db",
    )
    return good


def test_declarations_keep_the_reference_and_the_collector_gets_the_value(with_secrets):
    project = with_secrets.load()
    url = project.sources["warehouse"].url
    header = project.sources["weather"].headers["Authorization"]
    assert url == "postgresql://me:${file:secrets/password}@host/db"
    assert project.variables.resolve(url) == "postgresql://me:hunter2-and-more@host/db"
    assert project.variables.resolve(header) == f"Bearer {SECRET}"
    assert project.variables.resolve("nothing to see") == "nothing to see"


def test_secrets_are_in_no_fingerprint_and_no_text_of_the_project(
    with_secrets, monkeypatch
):
    def identity():
        project = with_secrets.load()
        sources = project.sources.items()
        return fingerprint({name: each.canonical() for name, each in sources}), project

    before, project = identity()
    shown = repr(project) + str(project.variables) + repr(project.documents)
    assert SECRET not in shown
    assert "hunter2" not in shown
    monkeypatch.setenv("API_TOKEN", "another")
    after, _ = identity()
    assert before == after


def test_values_are_taken_out_of_messages(with_secrets):
    variables = with_secrets.load().variables
    text = f"401 for http://h/?t={SECRET} and http://h/?t=s3cr3t%2Fof%20the%2Bhouse"
    assert variables.redact(text) == (
        "401 for http://h/?t=${var:API_TOKEN} and http://h/?t=${var:API_TOKEN}"
    )
    assert "hunter2" not in variables.redact("password hunter2-and-more is wrong")


def test_a_value_is_that_of_the_time_of_loading(with_secrets, monkeypatch):
    project = with_secrets.load()
    monkeypatch.setenv("API_TOKEN", "rotated")
    assert project.variables.resolve("${var:API_TOKEN}") == SECRET
    assert pickle.loads(pickle.dumps(project)).variables.resolve(
        "${var:API_TOKEN}"
    ) == SECRET  # fmt: skip


def test_what_no_declaration_names_has_no_value(with_secrets, monkeypatch):
    monkeypatch.setenv("OTHER", "x")
    with pytest.raises(ProjectError, match=r"\$\{var:OTHER\}"):
        with_secrets.load().variables.resolve("${var:OTHER}")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("${var:API_TOKN}", ("the environment variable `API_TOKN` is not set; did you "
         "mean `API_TOKEN`?")),
        ("${file:secrets/pasword}", "there is no such file in the project"),
        ("${file:secrets}", "the file cannot be read: Is a directory"),
        ("${file:secrets/binary}", "the file is not UTF-8"),
        ("${param:citty}", "there is no parameter `citty`; did you mean `city`?"),
        ("${parm:city}", "there is no `parm:`; did you mean `param`?"),
        ("${param:}", "there is no parameter ``; there are `sample`, `city`"),
        ("${env:HOME}", "there is no `env:`; there are `var`, `file`, `param`"),
    ],
)  # fmt: skip
def test_what_cannot_be_found_is_told_with_its_line(with_secrets, value, said):
    with_secrets.write("secrets/binary", b"\xff\xfe")
    with_secrets.change("sources/weather.yml", "${param:city}", value)
    assert with_secrets.mistakes() == [
        f"sources/weather.yml:11: datasets.weather.params.city: `{value}`: {said}"
    ]


def test_a_mistake_beside_a_secret_does_not_show_it(with_secrets):
    with_secrets.change("sources/warehouse.yml", "collector: sql", "collector: sqll")
    with_secrets.change("sources/weather.yml", "headers: {", "headers: {Retry: [1], ")
    text = "\n".join(with_secrets.mistakes())
    assert "collector" in text
    assert "headers.Retry" in text
    assert SECRET not in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("file", "old", "new", "place"),
    [
        ("formatted/meters.yml", "t_amb", '"${var:API_TOKEN}"',
         "formatted/meters.yml:13: columns.outdoor.from"),
        ("trusted/meters.yml", "energy = 0", "energy = ${var:API_TOKEN}",
         "trusted/meters.yml:17: rules[6].deny"),
        ("analysis/cold_days.yml", "What goes with cold?", "${file:secrets/password}",
         "analysis/cold_days.yml:1: question"),
    ],
)  # fmt: skip
def test_what_a_table_is_made_of_depends_on_no_environment(
    with_secrets, file, old, new, place
):
    with_secrets.change(file, old, new)
    (said, *_) = with_secrets.mistakes()
    reference = new.removeprefix("energy = ").strip('"')
    assert said == (
        f"{place}: `{reference}` can stand in sources, `lake`, `catalog` and `engine` only; here "
        "use a parameter, which belongs to what is declared: `${param:NAME}`"
    )


def test_parameters_take_the_type_they_have(good):
    assert good.load().analyses["heat_demand"].sandbox.sample == 1000
    assert good.load().sources["weather"].datasets["weather"].params == {
        "city": "Novi Sad"
    }


def test_a_target_has_its_own_parameters_and_settings(good):
    project = good.load(target="test")
    assert project.analyses["heat_demand"].sandbox.sample == 10
    assert project.lake_folder.as_posix() == "/tmp/lake-of-tests"
    assert project.settings.parameters == {"sample": 10, "city": "Novi Sad"}
    assert project.settings.engine.threads == 2
    prod = good.load(target="prod")
    assert prod.target == "prod"
    assert prod.settings.engine.threads == 16
    assert prod.settings.engine.memory_limit == "2GB"
    assert prod.catalog_url == "postgresql://catalog/backbone"


def test_parameters_in_the_settings_are_those_of_each_target(good):
    good.change("backbone.yml", "lake: .backbone/lake", 'lake: "lakes/${param:city}"')
    good.change("backbone.yml", "/tmp/lake-of-tests", "tests/${param:sample}")
    assert good.load().lake_folder == good.root.resolve() / "lakes/Novi Sad"
    assert good.load(target="test").lake_folder == good.root.resolve() / "tests/10"
    assert good.load(target="prod").lake_folder == good.root.resolve() / "lakes/Novi Sad"


def test_parameters_cannot_name_one_another(good):
    good.change("backbone.yml", "city: Novi Sad", "city: ${param:sample}")
    assert good.mistakes() == [
        (
            "backbone.yml:8: parameters.city: `${param:sample}`: parameters cannot refer to "
            "one another"
        )
    ]


def test_a_parameter_may_hold_a_variable(good, monkeypatch):
    monkeypatch.setenv("TOWN", "Subotica")
    good.change("backbone.yml", "city: Novi Sad", "city: ${var:TOWN}")
    project = good.load()
    text = project.sources["weather"].datasets["weather"].params["city"]
    assert text == "${var:TOWN}"
    assert project.variables.resolve(text) == "Subotica"


def test_the_catalog_may_hold_a_secret_of_the_target_in_use(good):
    good.change("backbone.yml", "postgresql://catalog", "postgresql://u:${var:PW_9}@c")
    assert good.load(target="test").settings.catalog == ".backbone/catalog.db"
    assert good.mistakes(target="prod") == [
        (
            "backbone.yml:14: targets.prod.catalog: `${var:PW_9}`: the environment variable "
            "`PW_9` is not set"
        )
    ]


def test_a_list_cannot_stand_inside_a_text():
    value, wrong = substituted({"a": "x ${param:l}", "b": "${param:l}"}, {"l": [1, 2]})
    assert value == {"a": "x ${param:l}", "b": [1, 2]}
    assert wrong == [(("a",), "`${param:l}` is a list: no text can hold it")]


def test_what_stands_inside_a_text_is_written_as_yaml_would():
    value, wrong = substituted("${param:a}-${param:b}-${var:C}", {"a": True, "b": 1.5})
    assert (value, wrong) == ("true-1.5-${var:C}", [])
    assert substituted(["${param:n}"], {"n": None}) == ([None], [])


def test_only_what_looks_like_a_reference_is_one():
    assert list(references({"a": "${x} $var:y {z} $${w}"})) == []
    (found,) = references({"a": ["x ${var:Y}"]})
    assert (found.where, str(found)) == (("a", 0), "${var:Y}")


def test_an_unknown_parameter_of_a_number_is_one_mistake(good):
    good.change("analysis/heat_demand.yml", "${param:sample}", "${param:smple}")
    assert good.mistakes() == [
        (
            "analysis/heat_demand.yml:12: sandbox.sample: `${param:smple}`: there is no "
            "parameter `smple`; did you mean `sample`?"
        )
    ]


def test_half_a_reference_is_told_as_it_is(good):
    good.change("analysis/heat_demand.yml", "${param:sample}", '"${param:sample"')
    assert good.mistakes() == [
        (
            "analysis/heat_demand.yml:12: sandbox.sample: wants a whole number, not "
            "`${param:sample`"
        )
    ]

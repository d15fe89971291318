import json

import pytest

from backbone.cli.encoding import json_text
from backbone.cli.reports import is_idle, print_run, run_data
from backbone.errors import EngineError, SourceUnavailable
from backbone.model.names import AssetName
from backbone.operations.collect import DatasetResult
from backbone.operations.run import StepResult
from backbone.operations.verbs import RunReport

ZONES = [
    {"zone": "landing", "tables": 1, "rows": None, "deliveries": 12, "rejected": None,
     "quarantined": None, "repaired": None, "seconds": 1.0},
    {"zone": "formatted", "tables": 1, "rows": 336776, "rejected": 4,
     "quarantined": None, "repaired": None, "seconds": 2.0},
]  # fmt: skip


def step(asset, status="done", **more):
    return StepResult(AssetName.parse(asset), "format", status, "ab", "new", **more)


def report(*steps, status="done", collected=()):
    return RunReport("r1", status, 65.0, tuple(collected), steps)


UNAVAILABLE = SourceUnavailable("503", where="sources/api.yml:2")
FAILED = report(
    step("formatted.sales", refused=("sales_3.csv: 61 % of its records are bad",)),
    step(
        "trusted.sales", "failed",
        error=EngineError("out of memory", where="trusted.sales, run r1", hint="more!",
                          command="backbone doctor"),
    ),
    step("trusted.shops", failed_rules=("one_shop",)),
    step("exploitation.all", "blocked", message="trusted.sales failed"),
    step("trusted.late", "waiting", message="landing.late is not there yet"),
    status="failed",
    collected=[
        DatasetResult("api", "late", errors=(UNAVAILABLE,)),
        DatasetResult("till", "sales", new=("d1",), warnings=("odd name",)),
    ],
)  # fmt: skip


def test_a_good_run_ends_in_a_row_per_zone(capsys):
    print_run(report(step("formatted.sales", rows=3)), ZONES)
    out, err = capsys.readouterr()
    assert "12 deliveries" in out
    assert out.splitlines()[-1].split() == ["formatted", "1", "336,776", "4", "2.0", "s"]
    assert err.strip() == "1 step done in 1 min 05 s"


def test_a_failed_run_says_every_reason_and_what_to_type(capsys):
    print_run(FAILED, ZONES)
    out, err = capsys.readouterr()
    assert "336,776" in out
    for words in (
        "landing.late  503 (sources/api.yml:2)",
        "source till  odd name",
        "formatted.sales  refused sales_3.csv: 61 % of its records are bad",
        "trusted.sales  out of memory",
        "more!",
        "trusted.shops  rows still break one_shop",
        "exploitation.all  not made: trusted.sales failed",
        "trusted.late waits: landing.late is not there yet",
        "1 collection failed, 1 step failed, 1 step blocked, 1 delivery refused",
        "1 rule broken (run r1)",
        "Next: backbone doctor",
        "backbone query 'select * from formatted.sales__rejected'",
        "backbone quality trusted.shops",
        "backbone run",
    ):
        assert words in err, words


def test_quiet_shows_failures_only(capsys):
    print_run(report(step("formatted.sales", rows=3)), ZONES, quiet=True)
    assert capsys.readouterr() == ("", "")
    print_run(FAILED, ZONES, quiet=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert "out of memory" in err


def test_nothing_to_do_is_one_line(capsys):
    idle = report(
        step("formatted.sales", "skipped"),
        collected=[DatasetResult("till", "sales", unchanged=12)],
    )
    print_run(idle, ZONES)
    assert capsys.readouterr() == ("Everything is up to date.\n", "")


@pytest.mark.parametrize(
    ("made", "idle"),
    [
        (report(step("formatted.sales", "skipped")), True),
        (report(step("formatted.sales")), False),
        (report(collected=[DatasetResult("till", "sales", again=("d1",))]), False),
        (FAILED, False),
    ],
)
def test_idle(made, idle):
    assert is_idle(made) is idle


def test_many_warnings_are_bounded(capsys):
    print_run(report(step("formatted.sales", warnings=tuple(map(str, range(20))))), ZONES)
    err = capsys.readouterr().err
    assert err.count("formatted.sales") == 8
    assert "… and 12 more warnings" in err


def test_many_refused_deliveries_are_bounded(capsys):
    refused = tuple(f"{n}.csv: no header" for n in range(20))
    print_run(report(step("formatted.sales", refused=refused), status="failed"), ZONES)
    err = capsys.readouterr().err
    assert err.count(".csv") == 8
    assert "refused 12 more deliveries" in err
    assert "20 deliveries refused" in err


def test_the_report_as_json():
    found = json.loads(json_text(run_data(FAILED, ZONES)))
    assert found["run"] == "r1"
    assert found["status"] == "failed"
    assert found["steps"][1]["asset"] == "trusted.sales"
    assert found["steps"][1]["error"]["command"] == "backbone doctor"
    assert found["collected"][0]["errors"][0]["kind"] == "SourceUnavailable"
    assert found["zones"][1]["rows"] == 336776

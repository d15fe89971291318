"""How answers look in a notebook: bounded, escaped, and errors without a traceback."""

import html.parser

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from backbone.app.display import Facts, Listing, Quality, ShownRun, event_line
from backbone.app.markup import frame_html, frame_text, nested_html
from backbone.errors import (
    BackboneError,
    EngineError,
    SourceUnavailable,
    UnknownAsset,
)
from backbone.model.names import AssetName
from backbone.operations.collect import DatasetResult
from backbone.operations.run import StepResult
from backbone.operations.work import Event

VOID = {"br", "hr", "img", "meta"}


class Checked(html.parser.HTMLParser):
    """Reads HTML and checks that its tags close; keeps the text and the tags."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        assert tag not in {"script", "link", "style", "img"}
        assert not any(name.startswith("on") or name == "href" for name, _ in attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


NASTY = "<script>alert('\"&')</script>"


def test_everything_is_escaped():
    rows = [{NASTY: NASTY, "n": 1.5}]
    for text in (
        frame_html([NASTY, "n"], rows, title=NASTY),
        Listing(rows)._repr_html_(),
        Facts({NASTY: NASTY, "rows": rows, "inner": {NASTY: rows}})._repr_html_(),
    ):
        found = Checked(text)
        assert found.texts.count(NASTY) >= 2


def test_a_listing_is_a_list_of_plain_rows_that_shows_as_a_table():
    listing = Listing(
        [{"asset": "trusted.sales", "rows": 3, "status": "fresh", "x": None}]
    )
    assert listing == [
        {"asset": "trusted.sales", "rows": 3, "status": "fresh", "x": None}
    ]
    found = Checked(listing._repr_html_())
    assert found.texts == ["asset", "rows", "status", "trusted.sales", "3", "fresh"]


def test_long_listings_and_cells_are_bounded():
    text = Listing([{"n": n, "t": "x" * 10**6} for n in range(1000)])._repr_html_()
    assert "the first 200 of 1,000" in text
    assert len(text) < 200 * 6_000
    assert len(frame_html(["t"], [{"t": "x" * 10**6}])) < 1_000


def test_facts_show_their_parts():
    facts = Facts(
        {
            "asset": "trusted.sales", "unit": None, "failed_rules": [],
            "account": {"read": 5, "formatted": 5},
            "rules": [{"name": "positive", "witnesses": [{"sentence": "row 3"}]}],
        }
    )  # fmt: skip
    assert facts["account"]["read"] == 5
    found = Checked(facts._repr_html_())
    for word in ("asset", "trusted.sales", "account", "read", "5", "positive", "row 3"):
        assert word in found.texts
    assert "unit" not in found.texts
    assert found.tags.count("details") >= 2


def test_quality_shows_rules_an_example_each_and_the_account():
    rule = {
        "name": "positive", "violating_rows": 1200, "severity": "warn", "action": "blank",
        "changed_cells": 1200, "removed_rows": 0, "seconds": 0.2,
        "witnesses": [{"sentence": "row 3: amount < 0"}],
    }  # fmt: skip
    found = Quality(asset="trusted.sales", version="3", rows=5000, rules=[rule],
                    account={"read": 5000})  # fmt: skip
    texts = Checked(found._repr_html_()).texts
    assert texts[0] == "trusted.sales, version 3: 5,000 rows"
    assert {"violating rows", "1,200", "row 3: amount < 0", "read", "5,000"} <= set(texts)


def test_data_in_a_report_are_shown_as_they_are():
    found = Facts(rows=1200, row={"rows": 1200, "none": None}, sample=[{"rows": 1200}])
    texts = Checked(found._repr_html_()).texts
    assert texts.count("1,200") == 1
    assert texts.count("1200") == 2


def test_nothing_is_shown_of_nothing():
    assert Checked(nested_html({})).texts == []
    assert Checked(nested_html([])).texts == []


def test_text_that_does_not_fit_is_counted():
    names = [f"column_{n}" for n in range(30)]
    text = frame_text(names, [dict.fromkeys(names, "x" * 100)])
    assert all(len(line) <= 120 for line in text.splitlines())
    assert "more columns" in text
    assert frame_text(["a"], []) == "a"


def report(*steps, status="done", collected=()):
    return ShownRun("r1", status, 65.0, tuple(collected), steps)


def test_the_report_of_a_run_tells_what_failed():
    asset = AssetName("trusted", "sales")
    error = EngineError("<it broke>", hint="mend it")
    broken = StepResult(
        asset, "trust", "failed", "ab", "new", message="<it broke>", error=error
    )
    skipped = StepResult(AssetName("formatted", "x"), "format", "skipped", "ab", "")
    source = DatasetResult("till", "sales", errors=(SourceUnavailable("no answer"),))
    shown = report(broken, skipped, status="failed", collected=[source])
    assert repr(shown) == "run r1: 1 failed, 1 skipped in 1 min 05 s"
    found = Checked(shown._repr_html_())
    assert {"<it broke>\n  mend it", "trusted.sales", "no answer"} <= set(found.texts)
    assert "formatted.x" not in found.texts
    assert not shown.ok


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (Event("begin", "a.b", "new"), None),
        (Event("end", "a.b", "nothing new", status="skipped"), None),
        (Event("end", "a.b", status="done", rows=1000, seconds=2.0), "1,000 rows  2.0 s"),
        (Event("end", "a.b", "it broke", status="failed"), "it broke"),
        (Event("note", "a.b", "waits"), "! a.b: waits"),
    ],
)
def test_lines_of_a_run(event, line):
    shown = event_line(event)
    assert shown is None if line is None else shown.endswith(line)


# -- errors ---------------------------------------------------------------------------


def test_ipython_shows_the_message_of_an_error_alone(capsys):
    shell = InteractiveShell()
    error = UnknownAsset.named("trusted.sale", ["trusted.sales"], where="q.sql:1")
    shell.push({"error": error})
    result = shell.run_cell("raise error")
    assert result.error_in_exec is error
    assert capsys.readouterr().out.strip() == (
        "UnknownAsset: there is no asset `trusted.sale` (q.sql:1)\n"
        "  Did you mean `trusted.sales`?\n"
        "  Next: backbone ls"
    )
    shell.run_cell("1 / 0")
    assert "Traceback" in capsys.readouterr().out


def test_a_notebook_fails_at_an_error_and_shows_tables(tmp_path):
    (tmp_path / "backbone.yml").write_text("name: empty\n")
    cells = [
        f"import backbone\nbb = backbone.open({str(tmp_path)!r})",
        "bb.run()",
        "bb.query('select 1 as one, null as nothing')",
        "bb.table('trusted.nothing')",
    ]
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(c) for c in cells]
    )
    with pytest.raises(CellExecutionError):
        NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    _, run, query, table = notebook.cells
    assert "no steps" in run.outputs[0]["data"]["text/html"]
    assert "one" in Checked(query.outputs[0]["data"]["text/html"]).texts
    error = table.outputs[0]
    assert error["ename"] == "UnknownAsset"
    assert error["traceback"] == [f"UnknownAsset: {error['evalue']}"]


def test_every_error_can_be_shown():
    error = BackboneError(
        "it broke", where="a.yml:1", hint="mend it", command="backbone ls"
    )
    assert error._render_traceback_() == [
        "BackboneError: it broke (a.yml:1)\n  mend it\n  Next: backbone ls"
    ]

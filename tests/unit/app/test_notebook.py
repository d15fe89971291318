"""The notebook handle on a small project that is run for real."""

import inspect
import sys
from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.projects import shop_project

import backbone
from backbone.app import tables
from backbone.app.notebook import Handle
from backbone.engines.duckdb.session import DuckDBSession
from backbone.errors import (
    BackboneError,
    DeclarationError,
    MissingColumn,
    ProjectError,
    UnknownAsset,
)

FILES = {
    "backbone.yml": "name: shop\nengine: {kind: duckdb, threads: 1}\n",
    "sources/till.yml": (
        "collector: files\npath: inbox/*.csv\ndatasets: {sales: 'sales_*.csv'}\n"
    ),
    "formatted/sales.yml": (
        "from: landing.sales\nread: {format: csv}\ncolumns:\n"
        "  id: {type: integer}\n  day: {type: date}\n  shop: {type: string}\n"
        "  amount: {type: 'decimal(18,2)', unit: EUR}\n  pieces: {type: integer}\n"
        "  paid: {type: boolean}\nkey: [id]\n"
    ),
    "trusted/sales.yml": (
        "rules:\n  - {name: positive, range: {amount: [0, ~]}, action: quarantine}\n"
    ),
    "exploitation/by_shop.sql": (
        "select shop, count(*) as sales, sum(amount) as amount\n"
        "from trusted.sales\ngroup by shop\n"
    ),
    "exploitation/by_shop.yml": "grain: [shop]\n",
    "inbox/sales_1.csv": "id,day,shop,amount,pieces,paid\n"
    + "".join(
        f"{n},2024-01-0{n % 9 + 1},{'north' if n % 3 else '<b>'},{n}.25,"
        f"{n if n % 4 else ''},{'true' if n % 5 else ''}\n"
        for n in range(1, 41)
    )
    + "41,2024-01-01,north,-1.00,1,true\n",
}


def write_project(folder):
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture(scope="module")
def bb(tmp_path_factory):
    with backbone.open(write_project(tmp_path_factory.mktemp("nb") / "shop")) as handle:
        handle.run(quiet=True)
        yield handle


# -- the handle -----------------------------------------------------------------------


def test_open_says_what_is_open(bb):
    assert isinstance(bb, Handle)
    assert repr(bb).startswith("<Backbone project shop in ")
    assert bb.assets == [
        "landing.sales", "formatted.sales", "trusted.sales", "exploitation.by_shop"
    ]  # fmt: skip
    assert bb._ipython_key_completions_() == bb.assets


def test_a_folder_inside_a_project_opens_it(bb):
    with backbone.open(bb._folder / "formatted") as inner:
        assert inner.assets == bb.assets


def test_where_there_is_no_project_nothing_opens(tmp_path):
    with pytest.raises(ProjectError):
        backbone.open(tmp_path)


def test_an_unknown_target_is_refused(bb):
    with pytest.raises(BackboneError, match="prod"):
        backbone.open(bb._folder, target="prod")


def test_a_closed_handle_says_how_to_open_it_again(tmp_path):
    handle = backbone.open(write_project(tmp_path))
    handle.close()
    assert "closed" in repr(handle)
    with pytest.raises(BackboneError, match="was closed") as caught:
        handle.ls()
    assert "backbone.open(" in caught.value.hint


def test_declarations_that_changed_are_read_again(tmp_path):
    with backbone.open(write_project(tmp_path)) as handle:
        handle.run(quiet=True)
        table = handle.table("trusted.sales")
        rules = tmp_path / "trusted" / "sales.yml"
        rules.write_text(FILES["trusted/sales.yml"].replace("[0,", "[20,"))
        assert [s.action for s in handle.plan().plan.steps] == ["skip", "run", "run"]
        rules.write_text("rules: 7\n")
        with pytest.raises(DeclarationError):
            handle.plan()
        rules.write_text(FILES["trusted/sales.yml"].replace("[0,", "[20,"))
        assert handle.run(quiet=True).ok
        assert len(handle.table("trusted.sales")) == 21
        assert len(table) == len(table.to_arrow()) == 40


def test_a_run_writes_a_line_for_each_step_and_returns_its_report(tmp_path, capsys):
    with backbone.open(write_project(tmp_path)) as handle:
        report = handle.run("+trusted.sales")
        out = capsys.readouterr().out
        assert report.ok
        assert [str(step.asset) for step in report.steps] == [
            "formatted.sales",
            "trusted.sales",
        ]
        assert repr(report).startswith(f"run {report.run}: 2 done in ")
        assert [line.split()[:2] for line in out.splitlines()] == [
            ["✓", "landing.sales"], ["✓", "formatted.sales"], ["✓", "trusted.sales"]
        ]  # fmt: skip
        assert "trusted.sales" in report._repr_html_()
        assert handle.run("+trusted.sales", quiet=True).ok
        assert capsys.readouterr().out == ""


def test_the_rest_of_the_verbs_are_functions_of_app(bb):
    assert [row["status"] for row in bb.ls("zone:trusted")] == ["fresh"]
    assert {row["asset"] for row in bb.ls(all_tables=True)} > set(bb.assets)
    assert all(row["content_hash"] for row in bb.ls(with_hash=True))
    assert bb.show("trusted.sales", sample=2)["sample"][1]["id"] == 2
    assert bb.quality("trusted.sales")["account"]["quarantined"] == 1
    assert bb.versions("trusted.sales")[0]["rows"] == 40
    assert bb.explain("trusted.sales")["rules"][0]["name"] == "positive"
    assert bb.plan().rows()[0]["action"] == "skip"
    with pytest.raises(UnknownAsset):
        bb.show("trusted.sale")
    with pytest.raises(BackboneError, match="ended well"):
        bb.resume()


def test_a_person_decides_in_a_notebook_as_on_the_command_line(tmp_path):
    folder = shop_project(tmp_path / "shop")
    with Handle(folder) as bb:
        bb.run(quiet=True)
        said = {"column": "amount", "reason": "Asked.", "by": "mia"}
        would = bb.decide("trusted.sales", 1, set=5, dry_run=True, **said)
        assert (would["written"], bb.decisions("trusted.sales")) == (False, [])
        bb.decide("trusted.sales", "id=1", set=5, until="2999-01-31", **said)
        (listed,) = bb.decisions("trusted.sales")
        assert (listed["status"], listed["values"]) == ("not run yet", {"amount": "5"})
        bb.run(quiet=True)
        (listed,) = bb.decisions("trusted.sales")
        assert (listed["status"], listed["until"]) == ("applied", "2999-01-31")
        with pytest.raises(BackboneError, match="say one of `keep`, `set`"):
            bb.decide("trusted.sales", 1, **said)
        with pytest.raises(BackboneError, match="which row"):
            bb.decide("trusted.sales", keep=True, **said)


@pytest.mark.parametrize(
    ("values", "key"),
    [((7,), {}), ((), {"id": 7}), ((), {"day": date(2024, 1, 8), "id": 7})],
)
def test_trace(bb, values, key):
    found = bb.trace("trusted.sales", *values, **key)
    assert found["inputs"][0]["raw"] == "7,2024-01-08,north,7.25,7,true"
    cell = bb.trace("trusted.sales", *values, column="amount", **key)
    assert [event["kind"] for event in cell["events"]][:2] == ["raw", "read"]
    assert cell["events"][0]["cells"] == {"amount": "7.25"}


def test_every_method_is_described():
    for name, member in inspect.getmembers(Handle):
        if not name.startswith("_"):
            assert inspect.getdoc(member), name


# -- tables ---------------------------------------------------------------------------


@pytest.fixture
def loads(monkeypatch):
    """The greatest number of rows that was fetched, and how often."""
    seen = []
    fetch = DuckDBSession.fetch

    def counted(self, *args, **kwargs):
        found = fetch(self, *args, **kwargs)
        seen.append(found.num_rows)
        return found

    monkeypatch.setattr(DuckDBSession, "fetch", counted)
    return seen


def test_a_table_knows_itself_without_reading_a_row(bb, loads):
    table = bb.table("trusted.sales")
    assert (table.name, table.rows, len(table)) == ("trusted.sales", 40, 40)
    assert table.columns[:4] == ["id", "day", "shop", "amount"]
    assert table.schema["amount"].unit == "EUR"
    assert table.version == bb.versions("trusted.sales")[0]["version"]
    assert loads == []


def test_what_is_shown_of_a_table_is_bounded(bb, loads):
    table = bb["trusted.sales"]
    text, html = repr(table), table._repr_html_()
    assert loads == [10]
    assert text.splitlines()[0] == (
        f"trusted.sales, version {table.version}: 40 rows, 10 columns; the first 10:"
    )
    assert len(text.splitlines()) == 12
    assert html.count("<tr>") == 11
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_rows_are_loaded_in_the_order_of_their_origin(bb):
    assert bb.table("trusted.sales").to_arrow(["id"])["id"].to_pylist() == list(
        range(1, 41)
    )
    shops = bb.table("exploitation.by_shop").to_arrow()["shop"].to_pylist()
    assert shops == ["<b>", "north"]


def test_head_loads_what_it_shows(bb, loads):
    frame = bb.table("trusted.sales").head(3)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["id"]) == [1, 2, 3]
    assert loads == [3]


def test_arrow_keeps_canonical_types(bb):
    table = bb.table("trusted.sales").to_arrow()
    assert table.schema.field("amount").type == pa.decimal128(18, 2)
    assert table.schema.field("day").type == pa.date32()
    assert table.num_rows == 40


def test_pandas_loses_no_digit(bb):
    frame = bb.table("trusted.sales").to_pandas()
    assert frame["id"].dtype == "int64"
    assert frame["pieces"].dtype == "Int64"
    assert frame["paid"].dtype == "boolean"
    assert frame["pieces"].isna().sum() == 10
    assert frame["amount"][0] == Decimal("1.25")


def test_numpy_takes_numbers(bb):
    table = bb.table("trusted.sales")
    whole = table.to_numpy(["id"])
    assert whole.dtype == np.int64
    assert whole.shape == (40, 1)
    mixed = table.to_numpy(["id", "amount", "pieces", "paid"])
    assert mixed.dtype == np.float64
    np.testing.assert_array_equal(mixed[3], [4, 4.25, np.nan, 1])
    np.testing.assert_array_equal(mixed[4], [5, 5.25, 5, np.nan])


def test_numpy_says_which_columns_are_no_numbers(bb):
    with pytest.raises(BackboneError, match="day, shop") as caught:
        bb.table("trusted.sales").to_numpy()
    assert caught.value.hint == (
        "Name the columns that you want: .to_numpy(['id', 'amount', 'pieces'])"
    )


@pytest.mark.parametrize("library", ["polars", "torch"])
def test_a_missing_library_says_what_to_type(bb, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(BackboneError, match=f"needs {library}") as caught:
        getattr(bb.table("trusted.sales"), f"to_{library}")(["id"])
    assert caught.value.command == f"pip install {library}"


def test_polars_and_torch_are_given_what_they_take(bb, monkeypatch):
    polars = SimpleNamespace(from_arrow=lambda table: ("polars", table.num_rows))
    torch = SimpleNamespace(
        from_numpy=lambda array: ("torch", array.shape, array.flags.writeable)
    )
    monkeypatch.setitem(sys.modules, "polars", polars)
    monkeypatch.setitem(sys.modules, "torch", torch)
    table = bb.table("trusted.sales")
    assert table.to_polars() == ("polars", 40)
    assert table.to_torch(["id", "amount"]) == ("torch", (40, 2), True)


def test_a_stream_yields_batches(bb, loads):
    batches = list(bb.table("trusted.sales").stream(["id"], batch_rows=16))
    assert loads == []
    assert sum(batch.num_rows for batch in batches) == 40
    assert batches[0].schema.names == ["id"]


def test_a_column_that_is_not_there_names_the_nearest(bb):
    with pytest.raises(MissingColumn, match="Did you mean `amount`"):
        bb.table("trusted.sales").to_pandas(["amuont"])


def test_side_tables_are_tables(bb):
    quarantine = bb.table("trusted.sales__quarantine")
    assert quarantine.rows == 1
    assert quarantine.to_pandas()["rule"][0] == "positive"


# -- results --------------------------------------------------------------------------


def test_a_short_result_is_computed_once(bb, loads):
    result = bb.query("select shop, sales from exploitation.by_shop order by shop")
    assert result.columns == ["shop", "sales"]
    assert len(result) == 2
    assert repr(result).splitlines()[0] == "2 rows"
    assert list(result.to_pandas()["sales"]) == [13, 27]
    assert result.to_numpy(["sales"]).tolist() == [[13], [27]]
    assert "<table" in result._repr_html_()
    assert loads == [2]


def test_a_long_result_is_loaded_when_asked(bb, loads):
    result = bb.query("select id, amount from trusted.sales order by id")
    assert loads == [tables._SHOWN + 1]
    assert "the first 10 of 40 rows" in repr(result)
    assert max(loads) == tables._SHOWN + 1
    assert list(result.head(4)["id"]) == [1, 2, 3, 4]
    assert result.to_arrow().num_rows == 40
    assert max(loads) == 40
    assert len(result.head(20)) == 20


def test_a_wrong_query_fails_where_it_is_typed(bb):
    with pytest.raises(UnknownAsset, match=r"Did you mean `trusted\.sales`"):
        bb.query("select * from trusted.sale")
    with pytest.raises(MissingColumn):
        bb.query("select id from trusted.sales").to_pandas(["amount"])


def test_a_result_of_an_earlier_run(tmp_path):
    with backbone.open(write_project(tmp_path)) as handle:
        first = handle.run(quiet=True).run
        (tmp_path / "inbox" / "sales_2.csv").write_text(
            "id,day,shop,amount,pieces,paid\n50,2024-01-01,north,1,1,true\n"
        )
        handle.run(quiet=True)
        sql = "select count(*) as n from trusted.sales"
        assert handle.query(sql).to_pandas()["n"][0] == 41
        assert handle.query(sql, at=first).to_pandas()["n"][0] == 40


def test_a_check_of_an_asset_finds_what_its_rules_forbid(bb):
    found = bb.check("trusted.sales")
    assert found.ok
    assert [rule["name"] for rule in found.rules] == ["positive"]
    other = bb.check("trusted.sales", "shop = 'north'")
    assert not other.ok
    assert other.violations().num_rows == other.rules[0]["violating_rows"] == 27

"""What binding promises beside the golden file."""

import pytest

from backbone.errors import UnknownAsset
from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.model.types import INTEGER
from backbone.sql.binding import bind


def test_the_query_reads_its_inputs_by_their_full_names(bound):
    view = bound(
        "with u as (select * from trusted.u) select t.a from trusted.t join u using (a)"
    )
    assert set(view.query.reads()) == {"trusted.t", "trusted.u"}


def test_the_text_is_not_changed_by_binding(parsed, schemas):
    view = parsed("select * from trusted.t")
    bind(view, schemas)
    assert view.expression.sql("duckdb") == "SELECT * FROM trusted.t"


def test_an_asset_without_a_schema_is_unknown(parsed):
    with pytest.raises(UnknownAsset, match=r"trusted\.t"):
        bind(parsed("select a from trusted.t"), {})


def test_only_schemas_of_inputs_are_kept(bound):
    assert list(bound("select a from trusted.t").schemas) == [AssetName("trusted", "t")]


def test_columns_are_spelt_as_their_table_spells_them(parsed):
    table = AssetName("trusted", "x")
    view = bind(
        parsed('select TEMPERATURE, humidity as "Humid" from trusted.x'),
        {table: Schema.of(Temperature=INTEGER, Humidity=INTEGER)},
    )
    assert view.columns == ("Temperature", "Humid")


def test_two_spellings_of_one_name_meet_in_a_join(parsed):
    one, two = AssetName("trusted", "one"), AssetName("trusted", "two")
    view = bind(
        parsed("select Id, x, y from trusted.one join trusted.two using (ID)"),
        {one: Schema.of(Id=INTEGER, x=INTEGER), two: Schema.of(ID=INTEGER, y=INTEGER)},
    )
    assert view.columns == ("Id", "x", "y")

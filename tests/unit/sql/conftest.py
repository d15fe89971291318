"""Two tables that the views of these tests read."""

import pytest

from backbone.model.names import AssetName
from backbone.model.schemas import FLAGS, ORIGIN, Schema
from backbone.model.types import DATETIME, DOUBLE, INTEGER, STRING
from backbone.sql.binding import bind
from backbone.sql.compilation import compile_view
from backbone.sql.views import parse_view

SCHEMAS = {
    AssetName("trusted", "t"): Schema.of(
        a=INTEGER, b=DOUBLE, k=STRING, at=DATETIME
    ).with_columns(*ORIGIN, FLAGS),
    AssetName("trusted", "u"): Schema.of(a=INTEGER, c=DOUBLE, Temp=DOUBLE).with_columns(
        *ORIGIN
    ),
}


@pytest.fixture
def schemas():
    return SCHEMAS


@pytest.fixture
def parsed():
    return lambda sql, name="v", **how: parse_view(
        sql, name=name, file=f"{name}.sql", **how
    )


@pytest.fixture
def bound(parsed):
    return lambda sql: bind(parsed(sql), SCHEMAS)


@pytest.fixture
def compiled(parsed):
    return lambda sql, **how: compile_view(parsed(sql, **how), SCHEMAS)

from __future__ import annotations

import typing

from backbone.project.plugins import OWN
from backbone.project.sources import Source


def test_every_collector_that_can_be_declared_is_there():
    union = typing.get_args(Source)[0]
    declared = {
        typing.get_args(kind.model_fields["collector"].annotation)[0]
        for kind in typing.get_args(union)
    }
    assert set(OWN["backbone.collectors"]) == declared

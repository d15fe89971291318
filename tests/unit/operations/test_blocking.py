"""What keeps a step from being made when its input is not part of the run."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.projects import shop_project

from backbone.app.environment import Environment
from backbone.model.names import AssetName
from backbone.model.schemas import Schema
from backbone.model.types import STRING
from backbone.model.versions import VersionRef
from backbone.operations.graph import Graph
from backbone.operations.plan import Plan, Step
from backbone.operations.run import carry_out
from backbone.operations.work import Work
from backbone.project import load


def test_what_a_model_failed_is_not_read_by_a_view_that_is_selected_alone(tmp_path):
    model = AssetName("analysis", "late")
    view = AssetName("exploitation", "late_shops")
    with Environment(load(shop_project(tmp_path / "shop"))) as env:
        env.catalog.record_version(
            VersionRef(model, "one", 0, datetime.now(UTC), rows=1, size_bytes=1),
            Schema.of(finding=STRING),
            {"failed_rules": ["gate auc >= 0.9"]},
        )
        step = Step(view, "integrate", "two", "two", {model: "one"}, "run", "new")
        plan = Plan((step,), {}, Graph({}, ()))
        place = env.place
        work = Work(
            place.project, place.lake, place.catalog, place.start_engine, "run", {}
        )
        (result,) = carry_out(work, plan, parallel=1)
    assert result.status == "blocked"
    assert result.message == "analysis.late breaks gate auc >= 0.9 (severity error)"

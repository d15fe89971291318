"""Runs that meet, and what a run that failed leaves behind."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from tests.projects import edit, shop_project

from backbone.app.environment import Environment
from backbone.app.queries import query
from backbone.app.runs import run
from backbone.errors import LakeError
from backbone.lake.tables import Tables
from backbone.model.names import AssetName
from backbone.operations.plan import make_plan
from backbone.operations.run import carry_out
from backbone.operations.steps import format as formatting
from backbone.operations.work import Work
from backbone.project import load

EARLIER = "20200101T000000000_0000"


@pytest.fixture
def folder(tmp_path):
    return shop_project(tmp_path / "shop")


def opened(folder) -> Environment:
    return Environment(load(folder))


def deliver(folder, number) -> None:
    text = f"id,day,shop,amount\n{number},2024-03-01,north,1\n"
    (folder / f"inbox/sales_{number}.csv").write_text(text)


def planned(env) -> tuple[Work, object]:
    plan = make_plan(env.project, env.lake, env.catalog)
    work = Work(
        env.project,
        env.lake,
        env.catalog,
        lambda _kind: env.engine,
        EARLIER,
        plan.deliveries,
    )
    return work, plan


def count(env) -> int:
    found = query(env, "select count(*) as n from trusted.sales")
    return int(found["n"][0].as_py())


def attempts(env) -> set[str]:
    return {str(path) for path in env.lake.tables.root.glob("*/*/w-*")}


def test_an_earlier_run_that_comes_late_does_not_take_rows_back(folder):
    with opened(folder) as env:
        run(env)
        edit(folder / "exploitation/by_shop.sql", "s.amount", "2 * s.amount")
    edit(folder / "trusted/sales.yml", "[0, ~]", "[1, ~]")
    with opened(folder) as late:
        work, plan = planned(late)
        deliver(folder, 9)
        with opened(folder) as env:
            assert run(env).ok
            before = count(env)
        results = {str(r.asset): r for r in carry_out(work, plan, parallel=1)}

        assert results["trusted.sales"].status == "failed"
        assert "by a later run" in results["trusted.sales"].message
        assert results["exploitation.by_shop"].status == "blocked"
        assert count(late) == before


def test_what_another_run_has_made_meanwhile_is_not_made_twice(folder):
    with opened(folder) as env:
        run(env)
    edit(folder / "trusted/sales.yml", "[0, ~]", "[1, ~]")
    with opened(folder) as late:
        work, plan = planned(late)
        with opened(folder) as env:
            run(env)
        before = attempts(late)
        results = carry_out(work, plan, parallel=1)
        assert {r.status for r in results} == {"done", "skipped"}
        assert attempts(late) == before


def test_a_step_that_fails_leaves_no_files(folder, monkeypatch):
    with opened(folder) as env:
        run(env)
        before = attempts(env)
        edit(folder / "trusted/sales.yml", "[0, ~]", "[1, ~]")

    def refused(tables, asset, commit):
        if asset == AssetName("trusted", "sales"):
            raise LakeError("the disk is full")
        return committed(tables, asset, commit)

    committed = Tables.commit
    with opened(folder) as env:
        with monkeypatch.context() as patch:
            patch.setattr(Tables, "commit", refused)
            assert run(env).status == "failed"
        left = attempts(env) - before
        assert not {path for path in left if "/sales/" in path}
        assert run(env).ok
        assert count(env) == 4


def test_a_run_that_was_killed_leaves_nothing_once_another_has_begun(folder, monkeypatch):
    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    with opened(folder) as env, monkeypatch.context() as patch:
        patch.setattr(Tables, "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            run(env)
        assert attempts(env)
        left = attempts(env)
    with opened(folder) as env:
        assert run(env).ok
        assert not left & attempts(env)


def test_a_table_that_is_being_written_is_not_swept(folder):
    asset = AssetName("trusted", "sales")
    with opened(folder) as env:
        run(env)
        begun = env.lake.tables.attempt(asset)
        for is_written in (True, False):
            env.catalog.record_run(run(env).run, status="interrupted")
            with ExitStack() as held:
                if is_written:
                    lock = env.lake.locks.hold(asset, run="other", timeout_s=0)
                    held.enter_context(lock)
                run(env)
            assert begun.is_dir() == is_written


def test_a_table_that_is_read_anew_keeps_its_rows_until_all_are_there(
    folder, monkeypatch
):
    read, reads = formatting._read, []

    def broken(*args, **more):
        reads.append(args)
        if len(reads) == 2:
            raise LakeError("the disk is full")
        return read(*args, **more)

    with opened(folder) as env:
        run(env)
    edit(folder / "formatted/sales.yml", "{format: csv}", '{format: csv, nulls: ["-"]}')
    monkeypatch.setattr(formatting, "_BATCH_DELIVERIES", 1)
    whole = "select count(*) as n from formatted.sales"
    with opened(folder) as env:
        with monkeypatch.context() as patch:
            patch.setattr(formatting, "_read", broken)
            assert run(env).status == "failed"
        assert query(env, whole)["n"][0].as_py() == 6
        assert run(env).ok
        assert query(env, whole)["n"][0].as_py() == 6
        deliver(folder, 9)
        formatted = run(env).steps[0]
        assert (str(formatted.asset), formatted.rows) == ("formatted.sales", 7)

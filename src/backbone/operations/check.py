"""Check what is about to run against the tables it reads, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from backbone.analysis.sandbox.checks import mistakes as analysis_mistakes
from backbone.catalog import Catalog
from backbone.engines.protocol import Engine, RawRead
from backbone.engines.raw import mistakes as raw_mistakes
from backbone.errors import BackboneError, DeclarationError
from backbone.management.trusted import check_table
from backbone.model.names import AssetName
from backbone.operations.plan import Plan, Step
from backbone.operations.schemas import Schemas
from backbone.project import Project

__all__ = ["check_plan"]


def check_plan(project: Project, engine: Engine, catalog: Catalog, plan: Plan) -> None:
    """Check every step that is going to run; nothing is written.

    Rules against the columns and types of their tables, views compiled and described,
    analyses against the columns of what they read. Steps that are up to date were
    checked when they were made.

    Raises
    ------
    DeclarationError : with all mistakes, file and line in each
    """
    if not plan.to_run:
        return
    skipped = frozenset(step.asset for step in plan.steps if step.action == "skip")
    checks: dict[str, Callable[[Schemas, Step], Iterator[str]]] = {
        "formatted": _formatted,
        "trusted": _trusted,
        "exploitation": _view,
        "analysis": _analysis,
    }
    mistakes: list[str] = []
    with engine.session() as session:
        schemas = Schemas(project, catalog, session, skipped)
        broken: set[AssetName] = set()
        for step in plan.steps:
            if step.action == "skip":
                continue
            if broken & set(step.inputs):
                broken.add(step.asset)
                continue
            found = list(_told(schemas, step, checks[step.asset.zone]))
            if found:
                broken.add(step.asset)
            mistakes += found
    if mistakes:
        raise DeclarationError(mistakes, project=project.name)


def _told(
    schemas: Schemas, step: Step, check: Callable[[Schemas, Step], Iterator[str]]
) -> Iterator[str]:
    place = _place(schemas.project, step.asset)
    try:
        for mistake in check(schemas, step):
            yield f"{place}: {mistake}"
    except BackboneError as error:
        words = f"{error.what}. {error.hint}" if error.hint else error.what
        yield f"{error.where or place}: {words}"


def _place(project: Project, asset: AssetName) -> str:
    if asset.zone == "trusted" and asset.table not in project.declared_trusted:
        return str(asset)
    return (
        "" if asset.zone == "landing" else str(project.place_of(asset.zone, asset.table))
    )


def _formatted(schemas: Schemas, step: Step) -> Iterator[str]:
    table = schemas.project.formatted[step.asset.table]
    yield from raw_mistakes(RawRead((), table.read.raw(), table.raw_columns()))


def _trusted(schemas: Schemas, step: Step) -> Iterator[str]:
    own = schemas.of(step.asset)
    known = {str(step.asset): own}
    known |= {str(a): schemas.of(a) for a in step.inputs if a != step.asset}
    yield from check_table(schemas.project.trusted[step.asset.table], own, known)


def _view(schemas: Schemas, step: Step) -> Iterator[str]:
    schemas.of(step.asset)
    yield from ()


def _analysis(schemas: Schemas, step: Step) -> Iterator[str]:
    declaration = schemas.project.analyses[step.asset.table]
    source = schemas.of(AssetName.parse(declaration.source))
    yield from analysis_mistakes(declaration, source)

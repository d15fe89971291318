"""Check what is about to run against the tables it reads, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from backbone.analysis.sandbox.checks import mistakes as analysis_mistakes
from backbone.catalog import Catalog
from backbone.engines.protocol import Engine, RawRead
from backbone.engines.raw import mistakes as raw_mistakes
from backbone.errors import BackboneError, DeclarationError, nearest
from backbone.management.trusted.checks import check_clean, check_rule
from backbone.model.names import AssetName
from backbone.model.schemas import ORIGIN
from backbone.operations.plan import Plan, Step
from backbone.operations.rulings import folder_of, holding
from backbone.operations.schemas import NotMadeYet, Schemas
from backbone.project import Project
from backbone.project.analysis import Predict
from backbone.project.rows import check_rows

__all__ = ["check_plan"]

_Mistake = tuple[tuple[str | int, ...], str]  # where in the declaration, and in words
_Check = Callable[[Schemas, Step], Iterator[_Mistake]]


def check_plan(project: Project, engine: Engine, catalog: Catalog, plan: Plan) -> None:
    """Check every step that is not up to date; nothing is written.

    Rules against the columns and types of their tables, views compiled and described,
    analyses against the columns of what they read. None of it needs data, so steps that
    wait for their source are checked too. Steps that are up to date were checked when
    they were made.

    Raises
    ------
    DeclarationError : with all mistakes, file and line in each
    """
    if not plan.to_make:
        return
    skipped = frozenset(step.asset for step in plan.steps if step.action == "skip")
    checks: dict[str, _Check] = {
        "formatted": _formatted,
        "trusted": _trusted,
        "exploitation": _view,
        "analysis": _analysis,
    }
    mistakes: list[str] = []
    with engine.session() as session:
        schemas = Schemas(project, catalog, session, skipped)
        broken: set[AssetName] = set()
        for step in plan.to_make:
            if broken & set(step.inputs):
                broken.add(step.asset)
                continue
            try:
                found = list(_told(schemas, step, checks[step.asset.zone]))
                found += _rows_of_decisions(schemas, step, plan.day)
            except NotMadeYet:
                broken.add(step.asset)
                continue
            if found:
                broken.add(step.asset)
            mistakes += found
    if mistakes:
        raise DeclarationError(mistakes, project=project.name)


def _told(schemas: Schemas, step: Step, check: _Check) -> Iterator[str]:
    try:
        for where, mistake in check(schemas, step):
            yield f"{_place(schemas.project, step.asset, *where)}: {mistake}"
    except BackboneError as error:
        words = f"{error.what}. {error.hint}" if error.hint else error.what
        yield f"{error.where or _place(schemas.project, step.asset)}: {words}"


def _place(project: Project, asset: AssetName, *where: str | int) -> str:
    if asset.zone == "landing":
        return ""
    if asset.zone == "trusted" and asset.table not in project.declared_trusted:
        return str(asset)
    return str(project.place_of(asset.zone, asset.table, *where))


def _formatted(schemas: Schemas, step: Step) -> Iterator[_Mistake]:
    table = schemas.project.formatted[step.asset.table]
    known = set()
    for place, variant in enumerate([None, *table.variants]):
        own = table.varied(variant)
        found = raw_mistakes(RawRead((), own.read.raw(), own.raw_columns()))
        where = ("variants", place - 1) if variant else ()
        yield from ((where, mistake) for mistake in found if mistake not in known)
        known |= set(found)


def _trusted(schemas: Schemas, step: Step) -> Iterator[_Mistake]:
    own = schemas.of(step.asset)
    known = {str(step.asset): own}
    known |= {str(a): schemas.of(a) for a in step.inputs if a != step.asset}
    declaration = schemas.project.trusted[step.asset.table]
    for place, clean in enumerate(declaration.clean):
        for mistake in check_clean(clean, place + 1, own):
            yield ("clean", place), mistake
    for place, rule in enumerate(declaration.rules):
        for mistake in check_rule(rule, own, known, own=str(step.asset)):
            yield ("rules", place), mistake


def _rows_of_decisions(schemas: Schemas, step: Step, day: date) -> Iterator[str]:
    """Check the files of rows that decisions on a trusted table name."""
    if step.asset.zone != "trusted":
        return
    project = schemas.project
    for decision in holding(project, step.asset.table, day):
        if decision.rows is not None:
            own = schemas.of(step.asset)
            types = {column.name: column.type for column in own.with_columns(*ORIGIN)}
            yield from check_rows(decision, folder_of(project), types)


def _view(schemas: Schemas, step: Step) -> Iterator[_Mistake]:
    declaration = schemas.project.views[step.asset.table].declaration
    columns = schemas.compiled(step.asset).columns
    named = {"grain": declaration.grain, "columns": tuple(declaration.columns)}
    unknown = [
        ((part,), name)
        for part, names in named.items()
        for name in names
        if name not in columns
    ]
    for where, name in unknown:
        hint = nearest(name, columns)
        yield where, f"there is no column `{name}` in the view. {hint or ''}".rstrip()
    if not unknown:
        schemas.of(step.asset)


def _analysis(schemas: Schemas, step: Step) -> Iterator[_Mistake]:
    declaration = schemas.project.analyses[step.asset.table]
    source = schemas.of(AssetName.parse(declaration.source))
    mistakes = analysis_mistakes(declaration, source)
    if isinstance(declaration, Predict):
        from backbone.analysis.train.estimators import (  # noqa: PLC0415 - slow to load
            check_models,
        )

        mistakes += check_models(declaration)
    for mistake in mistakes:
        yield _named(mistake), mistake


def _named(mistake: str) -> tuple[str, ...]:
    """Return the part of a declaration that a mistake begins with (``split.column``)."""
    place, colon, _ = mistake.partition(":")
    is_place = bool(colon) and all(part.isidentifier() for part in place.split("."))
    return tuple(place.split(".")) if is_place else ()

"""What can be said against a project's declarations together, without its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backbone.model.names import AssetName
from backbone.project.checks.analyses import check_analyses
from backbone.project.checks.circles import check_circles
from backbone.project.checks.decisions import check_decisions
from backbone.project.checks.delivering import check_delivering
from backbone.project.checks.fields import check_fields
from backbone.project.checks.formatted import check_formatted
from backbone.project.checks.inputs import referred
from backbone.project.checks.known import Known
from backbone.project.checks.lookups import read_lookups
from backbone.project.checks.settings import check_settings
from backbone.project.checks.sources import check_sources
from backbone.project.checks.trusted import check_trusted
from backbone.project.checks.variables import read_variables
from backbone.project.checks.views import check_views
from backbone.project.cleaning import Lookup
from backbone.project.lookups import Pairs
from backbone.project.mistakes import Mistake
from backbone.project.reading import Drafts
from backbone.project.variables import Variables

__all__ = ["Checked", "check"]


@dataclass(frozen=True)
class Checked:
    """What was found: mistakes, what views and rules read, the values of variables.

    `lookups` are the pairs of the files that cleaning steps name.
    """

    mistakes: tuple[Mistake, ...]
    inputs: Mapping[str, tuple[AssetName, ...]]
    referred: Mapping[str, tuple[AssetName, ...]]
    variables: Variables
    lookups: Mapping[Lookup, Pairs]


def check(drafts: Drafts, *, target: str | None) -> Checked:
    """Check the declarations of a project against one another."""
    known = Known.of(drafts)
    inputs, said_of_views = check_views(drafts, known)
    variables, missing = read_variables(drafts, target)
    tables = referred(drafts)
    lookups, unreadable = read_lookups(drafts)
    mistakes = [
        *check_settings(drafts, target),
        *missing,
        *check_sources(drafts),
        *check_delivering(drafts, known),
        *check_formatted(drafts, known),
        *check_fields(drafts),
        *check_trusted(drafts, known),
        *unreadable,
        *check_decisions(drafts, known),
        *said_of_views,
        *check_analyses(drafts, known),
        *check_circles(drafts, inputs, tables),
    ]
    return Checked(tuple(mistakes), inputs, tables, variables, lookups)

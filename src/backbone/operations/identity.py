"""What a version of each kind of asset is identified by.

A fingerprint covers everything that may change the rows: the declaration (without its
words for people), the revision of the code that carries it out, and the identities of
the inputs. Never the clock, a path or a Delta version number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, get_args

from backbone.model.deliveries import Delivery
from backbone.model.raw import FileFormat
from backbone.model.types import CanonicalType
from backbone.model.versions import fingerprint
from backbone.project import ViewFile
from backbone.project.analysis import Analysis
from backbone.project.cleaning import Lookup
from backbone.project.declarations import Declaration
from backbone.project.delivering import Delivering
from backbone.project.formatted import FormattedColumn, FormattedTable
from backbone.project.lookups import Pairs
from backbone.project.plugins import source_of
from backbone.project.trusted import TrustedTable
from backbone.project.variants import Unpivot

if TYPE_CHECKING:
    from backbone.management.formatted import Reading  # slow to load, and only named here

__all__ = [
    "analysis_identity",
    "declared",
    "delivery_identity",
    "formatted_identity",
    "landing_identity",
    "reading_identity",
    "sandbox_declaration",
    "trusted_identity",
    "view_identity",
]

Kind = Literal["format", "trust", "integrate", "sandbox", "analyse"]

# Raised when a mended fault changes what a step gives for the same inputs.
REVISIONS: Mapping[Kind, int] = {
    "format": 1,
    "trust": 2,
    "integrate": 1,
    "sandbox": 1,
    "analyse": 2,
}
_FOR_PEOPLE = {"description", "owner", "question", "value", "label", "outcome_label"}
_FOR_SCORES = {"dimension", "weight"}
# rows are the same, whichever engine computes them
_LEFT_OUT = _FOR_PEOPLE | _FOR_SCORES | {"engine"}
# of these a constant, or the column that cells come to stand in, decides rows
_DECIDING: Mapping[type[Declaration], frozenset[str]] = {
    FormattedColumn: frozenset({"value"}),
    Unpivot: frozenset({"value"}),
}
_COMPUTING = ("scikit-learn", "numpy", "scipy")


def declared(declaration: Declaration) -> dict[str, Any]:
    """Return what of a declaration decides its rows: not words for people, no engine."""
    return dict(_without_words(declaration, declaration.canonical()))


def _without_words(value: Any, dumped: Any) -> Any:
    """Leave that out of what was `dumped`; only a declaration's own fields are meant.

    The keys of a mapping are names of columns or values of cells, whatever they say, and
    their order counts: it is that of the columns of a table and of the parts of a rule.
    """
    if isinstance(value, Declaration):
        names = {f.alias or name: name for name, f in type(value).model_fields.items()}
        kinds = (kept for kind, kept in _DECIDING.items() if isinstance(value, kind))
        left_out = _LEFT_OUT.difference(*kinds)
        return {
            key: _without_words(getattr(value, names[key]), inner)
            for key, inner in dumped.items()
            if names[key] not in left_out
        }
    if isinstance(value, Mapping):
        pairs = zip(value.values(), dumped.items(), strict=True)
        return [[key, _without_words(one, inner)] for one, (key, inner) in pairs]
    if isinstance(value, list | tuple):
        return [
            _without_words(one, inner) for one, inner in zip(value, dumped, strict=True)
        ]
    return dumped


def landing_identity(deliveries: Sequence[Delivery]) -> str:
    """Identify a dataset in landing: the set of its deliveries."""
    return fingerprint(sorted(delivery.id for delivery in deliveries))


def reading_identity(table: FormattedTable) -> str:
    """Identify how a formatted table reads a delivery, whatever the delivery."""
    parts = declared(table)
    parts.pop("key", None)
    format_ = table.read.format
    if format_ not in get_args(FileFormat):  # a plugin that is changed reads otherwise
        parts["reader"] = source_of("backbone.readers", format_)
    return fingerprint({"kind": "format", "revision": REVISIONS["format"], **parts})


def delivery_identity(table: FormattedTable, readings: Sequence[Reading]) -> str:
    """Identify how the objects of one delivery are read, as their variants say.

    What a declaration says of other files has no part in it, nor have the defaults of
    what a reader may be told.
    """
    rejects = table.new_columns == "reject"
    return _delivery_identity(
        tuple(readings), table.refuse_over, table.ignore if rejects else None
    )


@lru_cache(maxsize=256)
def _delivery_identity(
    readings: tuple[Reading, ...], refuse_over: float, ignore: tuple[str, ...] | None
) -> str:
    """Most deliveries of a table are read alike: it is made once for all of them."""
    alike = {one: place for place, one in enumerate(dict.fromkeys(readings))}
    return fingerprint(
        {
            "kind": "format",
            "revision": REVISIONS["format"],
            "readings": [_told(one) for one in alike],
            "objects": [alike[one] for one in readings],
            "refuse_over": refuse_over,
            **({} if ignore is None else {"ignore": list(ignore)}),
        }
    )


def _told(value: Any) -> Any:
    """Return what a value says beside its defaults, as JSON holds it."""
    if isinstance(value, tuple):
        return [_told(one) for one in value]
    if not is_dataclass(value) or isinstance(value, CanonicalType):
        return value if isinstance(value, str | int | float | None) else str(value)
    return {
        one.name: _told(getattr(value, one.name))
        for one in fields(value)
        if one.compare and getattr(value, one.name) != one.default
    }


def formatted_identity(table: FormattedTable, deliveries: Sequence[Delivery]) -> str:
    """Identify a formatted table: how it is read, and the set of its deliveries."""
    return fingerprint([reading_identity(table), landing_identity(deliveries)])


def trusted_identity(
    table: TrustedTable,
    formatted: FormattedTable,
    delivering: Delivering,
    deliveries: Sequence[Delivery],
    inputs: Mapping[str, str],
    lookups: Mapping[Lookup, Pairs] | None = None,
    decisions: Sequence[Any] = (),
) -> str:
    """Identify a trusted table; the order of deliveries decides what is current.

    `lookups` are the pairs of the files that cleaning steps name: another pair in a file
    is another table. `decisions` are those of people that hold on the day of the run (see
    `decided_on`).
    """
    named = [step.lookup for step in table.clean if step.lookup]
    read = [sorted((lookups or {}).get(one, ())) for one in named]
    return fingerprint(
        {
            "kind": "trust",
            "revision": REVISIONS["trust"],
            "declaration": declared(table),
            "key": list(formatted.key),
            **declared_delivering(delivering),
            "deliveries": [delivery.id for delivery in deliveries],
            "inputs": dict(inputs),
            **({"lookups": read} if read else {}),
            **({"decisions": list(decisions)} if decisions else {}),
        }
    )


def declared_delivering(source: Delivering) -> dict[str, Any]:
    """Return what a source says of its deliveries that decides which rows are current."""
    said = {name: getattr(source, name) for name in Delivering.model_fields}
    parts = {name: _plain(one) for name, one in said.items()}
    defaults = {name: f.default for name, f in Delivering.model_fields.items()}
    kept = {name for name in parts if name == "delivers" or said[name] != defaults[name]}
    return {name: parts[name] for name in sorted(kept)}


def _plain(value: Any) -> Any:
    return declared(value) if isinstance(value, Declaration) else value


def view_identity(view: ViewFile, inputs: Mapping[str, str]) -> str:
    """Identify a view: its SQL, what is promised of it, its inputs."""
    return fingerprint(
        {
            "kind": "integrate",
            "revision": REVISIONS["integrate"],
            "sql": view.sql.strip(),
            "declaration": declared(view.declaration),
            "inputs": dict(inputs),
        }
    )


def sandbox_declaration(analysis: Analysis) -> dict[str, Any]:
    """Return the parts of an analysis that decide which rows and columns it sees."""
    parts = declared(analysis)
    for later in ("models", "choose", "validate"):
        parts.pop(later, None)
    return parts


def analysis_identity(
    analysis: Analysis, inputs: Mapping[str, str], *, sandbox: bool
) -> str:
    """Identify an analysis or its sandbox; libraries count where they compute."""
    if sandbox:
        return fingerprint(
            {
                "kind": "sandbox",
                "revision": REVISIONS["sandbox"],
                "declaration": sandbox_declaration(analysis),
                "inputs": dict(inputs),
            }
        )
    return fingerprint(
        {
            "kind": "analyse",
            "revision": REVISIONS["analyse"],
            "declaration": declared(analysis),
            "inputs": dict(inputs),
            "libraries": {name: version(name) for name in _COMPUTING},
        }
    )

"""A page: templates, filters and the style sheet, put together into one HTML text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from backbone.analysis.wording import NOTHING, day

__all__ = ["Row", "page", "ranged"]

Row = tuple[Any, ...]

_LOOSE = re.compile(r"(\d) %")


def page(
    template: str, context: Mapping[str, Any], *, package: str = "backbone.analysis"
) -> str:
    """Return `template` filled with `context`; every text in it is escaped.

    Templates are those of `package`; what is not there is taken from ours.
    """
    folders = [files(name) / "templates" for name in (package, "backbone.analysis")]

    def source(name: str) -> str:
        own, ours = (folder / name for folder in folders)
        return (own if own.is_file() else ours).read_text(encoding="utf-8")

    loader = FunctionLoader(source)
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["day"] = day
    text = environment.get_template(template).render(**context)
    return _LOOSE.sub("\\1\u00a0%", text)


def ranged(value: str, interval: str) -> Markup:
    """Return a value with its interval, if there is one, smaller, behind it."""
    if interval in {"", NOTHING}:
        return Markup("{}").format(value)
    return Markup('{} <span class="range">{}</span>').format(value, interval)

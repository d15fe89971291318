"""What may stand in ``formatted/*.yml``: the layouts of our readers and of plugins."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, create_model

from backbone.errors import PluginError
from backbone.model.raw import FileFormat
from backbone.project.formatted import AnyRead, FormattedTable
from backbone.project.plugins import OWN, installed, loaded
from backbone.project.reads import ReadSettings

__all__ = ["every_table", "layout_of", "table_type"]

_GROUP: Literal["backbone.readers"] = "backbone.readers"


def layout_of(format_: str) -> type[ReadSettings]:
    """Return the model of what a table declares of a plugin's format.

    Raises
    ------
    PluginError : the reader cannot be loaded, or has no model of its layout
    """
    found = getattr(loaded(_GROUP, format_), "Settings", None)
    if not (isinstance(found, type) and issubclass(found, ReadSettings)):
        what = f"the reader `{format_}` has no `Settings` made of `ReadSettings`"
        raise PluginError(what)
    if get_args(found.model_fields["format"].annotation) != (format_,):
        what = f"`Settings.format` of the reader `{format_}` is not "
        raise PluginError(f'{what}`Literal["{format_}"]`')
    return found


def table_type(format_: object) -> type[FormattedTable]:
    """Return the model of a table whose files have this format.

    Parameters
    ----------
    format_ : what a file says; if no installed package brings it, the model is that of
        every table that could have been meant

    Raises
    ------
    PluginError : it is a plugin's and cannot be loaded
    """
    if not isinstance(format_, str) or format_ in get_args(FileFormat):
        return FormattedTable
    if format_ in installed(_GROUP):
        return _with([layout_of(format_)])
    return every_table()


def every_table() -> type[FormattedTable]:
    """Return the model of a table of any format whose reader is installed and sound."""
    found = []
    for name in installed(_GROUP)[len(OWN[_GROUP]) :]:
        try:
            found.append(layout_of(name))
        except PluginError:
            continue  # told to those who name it
    return _with(found) if found else FormattedTable


def _with(more: list[type[ReadSettings]]) -> type[FormattedTable]:
    union = reduce(or_, [*get_args(get_args(AnyRead)[0]), *more])
    field = FormattedTable.model_fields["read"]
    read: Any = Annotated[
        union, Field(discriminator="format", description=field.description)
    ]
    return create_model(
        "FormattedTable",
        __base__=FormattedTable,
        __doc__=FormattedTable.__doc__,
        __module__=__name__,
        read=(read, ...),
    )

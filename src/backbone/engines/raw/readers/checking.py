"""What only the reader of a format can tell of what was declared."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from backbone.engines.raw.readers.frame import reader_of, settings_of
from backbone.errors import PluginError
from backbone.model.raw import RawFormat

__all__ = ["reader_mistakes"]


def reader_mistakes(form: RawFormat) -> Iterator[str]:
    """Say why files of a format cannot be read here, or not as it is declared.

    A reader may have a function `mistakes`, which gets what was declared and returns
    words for people.
    """
    try:
        reader, settings = reader_of(form.format), settings_of(form)
        yield from getattr(reader, "mistakes", _none)(settings)
    except PluginError as error:
        yield " ".join(filter(None, (error.what, error.hint)))
    except ValidationError as error:
        yield error.errors()[0]["msg"]


def _none(_: object) -> Iterator[str]:
    yield from ()

"""The greatest value of a field: where the next incremental collection goes on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from backbone.errors import BadResponse, nearest
from backbone.management.landing.web.bodypaths import at_path

__all__ = ["Greatest"]

_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")
_INTEGER = re.compile(r"-?\d{1,40}")


class Greatest:
    """The greatest value of `field` over the records that it is shown.

    Numbers, instants, local times and texts of one length can be compared; values of
    several of these kinds cannot. `form` says how times are written, if not as ISO does.

    >>> greatest = Greatest("at", "2013-01-01T05:00:00Z")
    >>> greatest.see([{"at": "2013-01-01T06:00:00.5Z"}, {"at": None}])
    >>> greatest.text
    '2013-01-01T06:00:00.5Z'
    """

    def __init__(self, field: str, before: str | None, form: str | None = None) -> None:
        self.text = before
        self._field = field
        self._form = form
        self._kind: str | None = None
        self._best: Any = None

    def see(self, records: Iterable[Any]) -> None:
        """Compare the values of more records.

        Raises
        ------
        BadResponse : a record has no such field, or values cannot be compared
        """
        for record in records:
            found = self._found(record)
            if found is not None:
                self._compare(found)

    def _found(self, record: Any) -> Any:
        """Return the field of a record; one whose name holds a dot comes first."""
        if isinstance(record, dict) and self._field in record:
            return record[self._field]
        try:
            return at_path(record, self._field)
        except KeyError:
            known = list(record) if isinstance(record, dict) else []
            raise BadResponse(
                f"a record has no field `{self._field}` to continue from",
                hint=nearest(self._field, known),
            ) from None

    def _compare(self, value: Any) -> None:
        kind, rank = self._ranked(value)
        if self._kind is None:
            self._begin(kind)
        if kind != self._kind or rank is None:
            raise BadResponse(
                f"the values of `{self._field}` cannot be compared: {value!a} comes "
                f"among {self._kind}",
                hint="A cursor needs numbers, ISO times or texts of one length; `format` "
                "says how other times are written.",
            )
        if self._best is None or rank > self._best:
            self._best, self.text = rank, str(value)

    def _begin(self, kind: str) -> None:
        """Take the first value's kind; what was collected before counts if it fits."""
        self._kind = kind
        if self.text is not None:
            before: Any = self.text
            if kind == "numbers":
                before = _number(self.text)
            known, rank = self._ranked(before)
            self._best = rank if known == kind else None

    def _ranked(self, value: Any) -> tuple[str, Any]:
        if self._form is None or self._form.startswith("epoch_"):
            return _ranked(value)
        return f"times as `{self._form}` writes them", _written(value, self._form)


def _number(text: str) -> int | float | str:
    try:
        return int(text) if _INTEGER.fullmatch(text) else float(text)
    except ValueError:
        return text


def _ranked(value: Any) -> tuple[str, Any]:
    """Return the kind of a value and what it is compared by."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "numbers", value
    if isinstance(value, str):
        if _INTEGER.fullmatch(value):
            return "whole numbers as text", int(value)
        if _ISO.fullmatch(value):
            instant = _instant(value)
            if instant is not None:
                return ("local times" if instant.tzinfo is None else "instants"), instant
        return f"texts of {len(value)} characters", value
    return "values that have no order", None


def _written(value: Any, form: str) -> datetime | None:
    try:
        found = datetime.strptime(str(value), form)  # noqa: DTZ007 - the form has the zone
    except ValueError:
        return None
    return found


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None

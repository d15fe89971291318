"""Raw texts of records, made when somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, overload

__all__ = ["RawTexts"]

T = TypeVar("T")


class RawTexts(Sequence[str], Generic[T]):
    """The text of each of some records.

    >>> list(RawTexts([1, 2], str))
    ['1', '2']
    """

    def __init__(self, records: Sequence[T], spell: Callable[[T], str]) -> None:
        self._records = records
        self._spell = spell

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return RawTexts(self._records[place], self._spell)
        return self._spell(self._records[place])

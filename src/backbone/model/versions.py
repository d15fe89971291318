"""Versions of tables, and the fingerprints that identify them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from backbone.model.names import AssetName

__all__ = ["VersionRef", "fingerprint"]


def fingerprint(value: object) -> str:
    """Return 32 hexadecimal digits that stand for `value` (anything JSON can hold).

    Keys are sorted, so equal values have equal fingerprints whatever their order.

    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class VersionRef:
    """A version of a table.

    `identity` is the fingerprint of the step that wrote it; `number` is only where to
    read it (the version of the Delta table); `sides` are the numbers of the side tables
    that belong to it; `inputs` are the identities of what it was made from.
    """

    asset: AssetName
    identity: str
    number: int
    committed: datetime
    rows: int
    size_bytes: int
    sides: Mapping[str, int] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)

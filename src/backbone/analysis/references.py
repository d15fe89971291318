"""Where an analysis comes from: what its caller knows and its report repeats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["References"]


@dataclass(frozen=True)
class References:
    """The asset, the exact inputs, and how to get the same again.

    `inputs` maps each asset that was read to the identity of its version; `command` is
    what to type; `made_at` is left out where a report has to be the same every time.
    """

    asset: str
    project: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""
    command: str = ""
    made_at: datetime | None = None

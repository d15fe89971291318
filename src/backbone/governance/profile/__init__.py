"""The profile of a table: what every column holds, in figures and a few examples."""

from __future__ import annotations

from backbone.governance.profile.profile import REVISION, profile_of

__all__ = ["REVISION", "profile_of"]

"""Cleaning: what is changed before any rule looks, and told in the repairs.

`building` makes changes of declared steps; `texts`, `forms`, `values`, `spellings` (with
`compound`), `outliers` and `fills` are the kinds of change; `phases` carries them out,
`reading` those that look at every different text; `wording` says them in words.
"""

from __future__ import annotations

from backbone.management.trusted.cleaning.building import changes_of
from backbone.management.trusted.cleaning.changes import Change, deciding
from backbone.management.trusted.cleaning.phases import Cleaned, cleaned
from backbone.management.trusted.cleaning.wording import describe_step

__all__ = ["Change", "Cleaned", "changes_of", "cleaned", "deciding", "describe_step"]

"""The trusted zone: the current state of a table, cleaned, checked, repaired.

`trust` makes a trusted table of a formatted one. Around it: `rulings` (what people
decided goes before all else), `cleaning` (what is changed before any rule looks), `rules`
(short forms are sugar for denial constraints), `checks` (mistakes in declarations, before
a row is read), `detect` with `shapes` and `plans` (who breaks a constraint, without
comparing all pairs), `parting` (rules too long for one plan), `pairs` (how many pairs
break it), `accusing` (whose fault it is), `applying` with `actions` (what is done about
it), `assess` with `scores` (how good the table is), `witnesses` (examples, in sentences)
and `replay` (the story of a table gives the table again). `checking` looks and does
nothing; `untyped` is what rules mean in a file without types.
"""

from __future__ import annotations

from backbone.management.trusted.checks import check_clean, check_rule, check_table
from backbone.management.trusted.cleaning import describe_step
from backbone.management.trusted.naming import named_rows
from backbone.management.trusted.replay import replay_query
from backbone.management.trusted.rules import constraints_of, describe_rule
from backbone.management.trusted.state import CurrentState
from backbone.management.trusted.step import TrustedResult, trust

__all__ = [
    "CurrentState",
    "TrustedResult",
    "check_clean",
    "check_rule",
    "check_table",
    "constraints_of",
    "describe_rule",
    "describe_step",
    "named_rows",
    "replay_query",
    "trust",
]

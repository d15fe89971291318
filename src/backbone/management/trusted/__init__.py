"""The trusted zone: the current state of a table, cleaned, checked, repaired.

`trust` (`step`) makes a trusted table of a formatted one, room by room: `people` (what
they decided goes before all else), `cleaning` (what is changed before any rule looks),
`rules` (short forms are sugar for denial constraints), `finding` with `plans` (who breaks
a rule, without comparing all pairs), then `applying` and `actions` (what is done about
it) and `replay` (the story of a table gives the table again). `rows` is what all of them
stand on. `checks` finds mistakes in declarations before a row is read, `checking` looks
and does nothing, `untyped` is what rules mean in a file without types.
"""

from __future__ import annotations

from backbone.management.trusted.checks import check_clean, check_rule, check_table
from backbone.management.trusted.cleaning import describe_step
from backbone.management.trusted.people.naming import fine_rows, named_rows
from backbone.management.trusted.replay import replay_query
from backbone.management.trusted.rows.current import CurrentState
from backbone.management.trusted.rules.declared import constraints_of, describe_rule
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
    "fine_rows",
    "named_rows",
    "replay_query",
    "trust",
]

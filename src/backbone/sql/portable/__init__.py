"""The portable subset of SQL: what a view may say so that every engine makes its table.

`table` is the subset, a row for each clause, operator and function; `checking` refuses a
view that goes beyond it, by `refused` what no engine can give twice, by `spellings` with
what to write instead; `page` makes the reference for people.
"""

from backbone.sql.portable.refused import REFUSED_CLAUSES, REFUSED_FUNCTIONS, refusal_of
from backbone.sql.portable.rows import Refusal, Row
from backbone.sql.portable.table import SECTIONS, all_rows, row_of

__all__ = [
    "REFUSED_CLAUSES",
    "REFUSED_FUNCTIONS",
    "SECTIONS",
    "Refusal",
    "Row",
    "all_rows",
    "refusal_of",
    "row_of",
]

"""The sandbox: the frozen, sampled, labelled and split data of one question.

Only SQL is known here, so importing it costs little.
"""

from __future__ import annotations

from backbone.analysis.sandbox.checks import mistakes
from backbone.analysis.sandbox.layout import (
    OUTCOME,
    PART,
    PARTS,
    ROW,
    TARGET,
    columns_of,
    sandbox_schema,
)
from backbone.analysis.sandbox.queries import (
    SandboxAccount,
    account_query,
    read_account,
    sandbox_query,
)

__all__ = [
    "OUTCOME",
    "PART",
    "PARTS",
    "ROW",
    "TARGET",
    "SandboxAccount",
    "account_query",
    "columns_of",
    "mistakes",
    "read_account",
    "sandbox_query",
    "sandbox_schema",
]

"""Asking what analyses there are costs no scikit-learn."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("sklearn", "pandas", "scipy", "altair", "vl_convert", "skops", "jinja2")


def test_the_sandbox_knows_only_sql():
    code = (
        "import sys, backbone.analysis, backbone.analysis.sandbox; "
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

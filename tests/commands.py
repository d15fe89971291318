"""The command line, typed by tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from backbone.cli.main import backbone as _backbone

BACKBONE = Path(sys.executable).with_name("backbone")


def backbone(
    folder: Path, *words: str, code: int | None = 0
) -> subprocess.CompletedProcess:
    """Type a command of the product in a project's folder."""
    done = subprocess.run(
        [str(BACKBONE), "-C", str(folder), *words],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
        timeout=600,
    )
    assert code is None or done.returncode == code, done.stdout + done.stderr
    return done


def call(folder: Path, *words: str, code: int | None = 0) -> Result:
    """Carry out a command of the product in this process; it is quicker so."""
    done = CliRunner().invoke(_backbone, ["-C", str(folder), *words])
    assert code is None or done.exit_code == code, done.output
    return done


def ask(folder: Path, sql: str) -> list[dict]:
    return json.loads(call(folder, "query", sql, "--json").stdout)


def listed(folder: Path, *words: str) -> dict[str, dict]:
    rows = json.loads(call(folder, "ls", "--json", *words).stdout)
    return {row["asset"]: row for row in rows}


def hashes(folder: Path) -> dict[str, str]:
    found = listed(folder, "--all", "--hash")
    return {asset: row["content_hash"] for asset, row in found.items()}


def versions(folder: Path) -> dict[str, str]:
    return {asset: row["version"] for asset, row in listed(folder, "--all").items()}


def account(folder: Path, asset: str) -> dict[str, int]:
    """Return the account of rows of a table, which adds up."""
    found = json.loads(call(folder, "quality", asset, "--json").stdout)["account"]
    assert found["read"] == found["formatted"] + found["rejected"]
    if "trusted" in found:
        gone = found["quarantined"] + found["merged"] + found["superseded"]
        assert found["formatted"] == found["trusted"] + gone
    return found

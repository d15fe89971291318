"""The command line, typed by tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

BACKBONE = Path(sys.executable).with_name("backbone")


def backbone(folder: Path, *words: str, code: int | None = 0) -> subprocess.CompletedProcess:
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


def ask(folder: Path, sql: str) -> list[dict]:
    return json.loads(backbone(folder, "query", sql, "--json").stdout)


def hashes(folder: Path) -> dict[str, str]:
    rows = json.loads(backbone(folder, "ls", "--all", "--json", "--hash").stdout)
    return {row["asset"]: row["content_hash"] for row in rows}


def versions(folder: Path) -> dict[str, str]:
    rows = json.loads(backbone(folder, "ls", "--all", "--json").stdout)
    return {row["asset"]: row["version"] for row in rows}

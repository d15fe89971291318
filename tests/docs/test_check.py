"""What `check.md` shows is what the commands print."""

import re
import shlex

import pytest
from click.testing import CliRunner
from tests.docs.markdown import page

from backbone.cli.main import backbone

BLOCKS = [block.text for block in page("check.md").blocks if block.text.startswith("$ ")]
FILES = [text for text in BLOCKS if text.startswith("$ cat ")]
PYTHON = [block.text for block in page("check.md").blocks if block.language == "python"]
SHOWN = [text for text in BLOCKS if text.startswith("$ backbone ")]
TIME = re.compile(r"\d+(\.\d)? s")


def lines(text):
    plain = (TIME.sub("T s", line).strip() for line in text.splitlines())
    return [re.sub(r"  +|─+", " ", line) for line in plain if line]


def written(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for file in FILES:
        head, _, body = file.partition("\n")
        (folder / head.split()[-1]).write_text(body.rstrip("\n") + "\n")
    (folder / "days").mkdir()
    (folder / "days" / "1.csv").write_text("zip,city\n01234,Dalton\n01234,Dalten\n")
    (folder / "days" / "2.csv").write_text("zip,city\n10001,New York\n")


@pytest.mark.parametrize("text", PYTHON)
def test_what_python_shows_runs(tmp_path, monkeypatch, text):
    written(tmp_path, monkeypatch)
    exec(compile(text, "check.md", "exec"), {})


@pytest.mark.parametrize("text", SHOWN)
def test_a_command_prints_what_is_shown(tmp_path, monkeypatch, text):
    written(tmp_path, monkeypatch)
    command, _, shown = text.partition("\n")
    result = CliRunner().invoke(backbone, shlex.split(command)[2:])
    printed = lines(result.output)
    wanted = [line for line in lines(shown) if line != "…"]
    assert wanted
    assert [line for line in wanted if line not in printed] == []
    if "…" not in shown:
        assert len(wanted) == len(printed)

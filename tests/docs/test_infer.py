"""What `infer.md` shows is what the command prints."""

import shlex

import pytest
from click.testing import CliRunner
from tests.docs.markdown import page

from backbone.cli.main import backbone

BLOCKS = [block.text for block in page("infer.md").blocks if block.text.startswith("$ ")]
SHOWN = [text for text in BLOCKS if text.startswith("$ backbone ")]


@pytest.mark.parametrize("text", SHOWN)
def test_a_command_prints_what_is_shown(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "readings.csv").write_text(BLOCKS[0].partition("\n")[2], "utf-8")
    command, _, shown = text.partition("\n")
    result = CliRunner().invoke(backbone, shlex.split(command)[2:])
    assert result.exit_code == 0, result.output
    printed = [line.rstrip() for line in result.output.splitlines()]
    wanted = [line.rstrip() for line in shown.splitlines() if line not in {"", "…"}]
    assert [line for line in wanted if line not in printed] == []

"""The tutorial runs from top to bottom, and shows what its words promise."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from tests.docs.markdown import DOCS

TUTORIAL = DOCS / "tutorial.ipynb"


def kernel_in(folder: Path) -> str:
    """Write a kernel that is this interpreter, whatever is installed; return its name."""
    spec = folder / "kernels" / "here" / "kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(
        json.dumps({"argv": argv, "display_name": "here", "language": "python"})
    )
    return "here"


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Run the tutorial; what each of its cells of code showed, in their order."""
    folder = tmp_path_factory.mktemp("tutorial")
    notebook = nbformat.read(TUTORIAL, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_PATH", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "TMPDIR"):
            patch.setenv(name, str(folder))
        NotebookClient(notebook, kernel_name=kernel_in(folder), timeout=300).execute()
    return [text_of(cell) for cell in notebook.cells if cell.cell_type == "code"]


def text_of(cell) -> str:
    texts = [
        o.get("text") or o.get("data", {}).get("text/plain", "") for o in cell.outputs
    ]
    return "".join(text if text.endswith("\n") else f"{text}\n" for text in texts)


def test_it_is_stored_without_outputs():
    cells = json.loads(TUTORIAL.read_text(encoding="utf-8"))["cells"]
    codes = [cell for cell in cells if cell["cell_type"] == "code"]
    assert 15 <= len(cells) <= 25
    assert [
        cell["id"] for cell in codes if cell["outputs"] or cell["execution_count"]
    ] == []


def test_it_imports_what_everybody_has():
    text = "".join(json.loads(TUTORIAL.read_text(encoding="utf-8"))["cells"][1]["source"])
    wanted = {"pathlib", "tempfile", "backbone", "backbone.errors"}
    assert set(re.findall(r"^(?:from|import) (\S+)", text, flags=re.MULTILINE)) == wanted


@pytest.mark.slow
def test_mistakes_are_told_with_their_remedy(shown):
    assert "2 mistakes in bikes" in shown[1]
    assert "formatted/counts.yml:6: columns.counter.type: " in shown[1]
    assert "did you mean `Europe/Belgrade`?" in shown[1]


@pytest.mark.slow
def test_what_cannot_be_read_is_kept(shown):
    assert "4 done" in shown[2]
    assert "n/a not an integer: 'n/a'" in shown[3]
    assert "expected 4 fields, found 3" in shown[3]
    assert "park,2024-05-01 25:00,7,12.0" in shown[3]


@pytest.mark.slow
def test_only_what_a_change_touches_is_planned(shown):
    assert "run   formatted.counts: declaration changed" in shown[4]
    assert "skip  formatted.counters: up to date" in shown[4]


@pytest.mark.slow
def test_rules_act_and_the_account_adds_up(shown):
    account = {name: int(n) for name, n in re.findall(r"'(\w+)': (\d+)", shown[6])}
    assert account["read"] == account["formatted"] + account["rejected"] == 10
    gone = account["quarantined"] + account["merged"] + account["superseded"]
    assert account["formatted"] == account["trusted"] + gone == 8
    assert (account["quarantined"], account["merged"]) == (1, 1)
    assert re.search(r"one_district +majority +district +Center +Centre", shown[7])
    assert re.search(r"possible +blank +air +85\.0", shown[7])


@pytest.mark.slow
def test_a_row_goes_back_to_its_line(shown):
    assert "record 3 of inbox/counts_2024_05_01.csv" in shown[8]
    assert "' quay ,2024-05-01 08:00,131,12.5'" in shown[8]
    assert "clean_1_trim: ' quay ' became 'quay'" in shown[8]


@pytest.mark.slow
def test_one_more_file_formats_only_that_file(shown):
    assert "done     formatted.counts: 1 new delivery" in shown[9]
    assert "skipped  trusted.counters: up to date" in shown[9]


@pytest.mark.slow
def test_lineage_and_an_answer(shown):
    assert "'local_hour': ['trusted.counts.hour']" in shown[10]
    assert re.search(r"0 +Hour of the day +0\.\d", shown[11])
    assert "report.html" in shown[11]


@pytest.mark.slow
def test_it_ends_with_nothing_to_do(shown):
    assert "plan: 0 steps to run, 6 up to date, 0 waiting" in shown[12]

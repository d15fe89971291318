"""The collector that the documentation writes is installed, declared and checked."""

from __future__ import annotations

import tomllib
from types import ModuleType

from tests.docs.markdown import page

from backbone.project import load

MAX_LINES = 30


def block(beginning: str) -> str:
    found = [b.text for b in page("landing.md").blocks if b.text.startswith(beginning)]
    assert len(found) == 1, beginning
    return found[0]


def test_the_collector_of_the_documentation_works(install, tmp_path):
    text = block("# backbone_tides.py")
    assert len(text.splitlines()) - 1 <= MAX_LINES
    points = tomllib.loads(block("# pyproject.toml of its package"))["project"]
    install(
        "backbone_tides", text, collectors=points["entry-points"]["backbone.collectors"]
    )
    test = ModuleType("test_backbone_tides")
    exec(compile(block("# test_backbone_tides.py"), "test", "exec"), test.__dict__)
    folder = tmp_path / "project"
    folder.mkdir()
    test.test_tides(folder)
    (folder / "backbone.yml").write_text("name: tides\n")
    (folder / "sources").mkdir()
    (folder / "sources" / "tides.yml").write_text(
        "collector: tides\nfolder: tables\ndatasets: {levels: {harbour: koper}}\n"
    )
    assert load(folder).sources["tides"].folder == "tables"

"""The pages hold together: links lead somewhere, declarations validate, commands parse."""

from __future__ import annotations

import inspect
import json
import re
import shlex
from importlib import import_module

import click
import pytest
from pydantic import TypeAdapter
from tests.docs.markdown import DOCS, PAGES, ROOT, page

import backbone.errors
from backbone.app.notebook import Handle
from backbone.app.tables import Result, Table
from backbone.cli.door import DONE, FAILED, INTERRUPTED, REFUSED
from backbone.cli.front import VERBS
from backbone.cli.main import backbone as front
from backbone.cli.verb import SharedOption
from backbone.errors import BackboneError
from backbone.project.drafts import drafted
from backbone.project.folder import FOLDERS
from backbone.project.reading import DECLARED
from backbone.project.schema import KINDS
from backbone.project.yaml import parse

NAMES = [name for verbs in VERBS.values() for name in verbs]
WHOLE = re.compile(rf"# (backbone\.yml|({'|'.join(FOLDERS)})/([a-z_]+)\.yml)\n")
PART = re.compile(rf"# in ({'|'.join(FOLDERS)})/[a-z_]+\.yml\n")
LEFT_OUT = re.compile(r"is missing( \(.*\))?$")


def declarations() -> list[tuple[str, str]]:
    return [
        (name, block.text)
        for name in PAGES
        for block in page(name).blocks
        if block.language == "yaml"
    ]


def commands() -> list[tuple[str, str]]:
    """Return the commands that the pages show: after a prompt, or alone in a block."""
    found = []
    for name in PAGES:
        for block in page(name).blocks:
            lines = block.text.splitlines()
            typed = [line[2:] for line in lines if line.startswith("$ backbone ")]
            if block.language == "" and not typed:
                shown = [line for line in lines if line.startswith("backbone ")]
                typed = [re.split(r" {2,}", line)[0] for line in shown]
            found += [(name, line) for line in typed]
    return found


# -- links ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    here = page(name)
    assert here.links or name == "decisions.md"
    for link in here.links:
        target, _, anchor = link.partition("#")
        if "://" in target:
            continue
        path = here.path.parent / target if target else here.path
        assert path.exists(), link
        if anchor:
            assert anchor in page(str(path)).anchors, link


def test_links_of_the_tutorial_lead_somewhere():
    cells = json.loads((DOCS / "tutorial.ipynb").read_text(encoding="utf-8"))["cells"]
    words = "".join(line for cell in cells for line in cell["source"])
    links = re.findall(r"\]\((\w+\.md)\)", words)
    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []


@pytest.mark.parametrize("name", [name for name in PAGES if not name.startswith("..")])
def test_every_page_is_reached_from_the_readme(name):
    assert f"docs/{name}" in page("../README.md").links


# -- declarations ---------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "text"), declarations())
def test_declarations_validate(name, text):
    """A block that begins with a file's name is whole; with ``# in …`` a part of one."""
    whole, part = WHOLE.match(text), PART.match(text)
    assert whole or part, f"{name}: say in which file this stands:\n{text}"
    document, mistakes = parse(text, name)
    assert mistakes == []
    assert document is not None
    kind = DECLARED[part[1] if part else (whole[2] or "settings")]
    _, mistakes = drafted(TypeAdapter(kind), kind, document, "block")
    said = [each.text for each in mistakes]
    assert [text for text in said if not (part and LEFT_OUT.search(text))] == []


def test_every_kind_of_file_is_shown_whole():
    found = {m[2] or "settings" for _, text in declarations() if (m := WHOLE.match(text))}
    assert found == set(DECLARED)


# -- the command line -----------------------------------------------------------------------


@pytest.mark.parametrize(("name", "line"), commands())
def test_commands_parse(name, line):
    words = shlex.split(line)[1:]
    with front.make_context("backbone", words) as ctx:
        verb, found, rest = front.resolve_command(ctx, [*ctx._protected_args, *ctx.args])
        assert found is not None, name
        found.make_context(verb, list(rest), parent=ctx)


def sections() -> dict[str, str]:
    """Return what `doors.md` says of each verb."""
    parts = re.split(r"^\*\*`backbone (\w+)", page("doors.md").text, flags=re.MULTILINE)
    return {verb: re.split(r"^#", text, flags=re.MULTILINE)[0]
            for verb, text in zip(parts[1::2], parts[2::2], strict=True)}  # fmt: skip


def test_every_verb_is_documented():
    assert list(sections()) == NAMES


@pytest.mark.parametrize("verb", NAMES)
def test_every_option_is_documented(verb):
    command = import_module(f"backbone.cli.verbs.{verb}").command
    wanted = {
        name
        for param in command.params
        if isinstance(param, click.Option) and not isinstance(param, SharedOption)
        for name in param.opts
    }
    rows = re.findall(r"^\| (`-[^|]*) \|", sections()[verb], flags=re.MULTILINE)
    said = {name for row in rows for name in re.findall(r"`(--?[\w-]+)", row)}
    assert said == wanted


def test_every_kind_of_schema_is_documented():
    assert [kind for kind in KINDS if f"`{kind}`" not in sections()["schema"]] == []


def test_options_of_every_verb_are_documented():
    text = page("doors.md").text
    shared = [param for param in front.params if isinstance(param, SharedOption)]
    assert shared
    for name in (name for param in shared for name in param.opts):
        assert f"`{name}" in text


def test_exit_codes_are_documented():
    rows = page("operations.md").table("Exit codes", header="| code | |")
    assert [int(row[0]) for row in rows] == [DONE, FAILED, REFUSED, INTERRUPTED]


# -- the notebook ---------------------------------------------------------------------------


def public(cls: type) -> list[str]:
    return [name for name in dir(cls) if not name.startswith("_")]


def test_every_method_of_the_handle_is_documented():
    text = page("doors.md").text
    assert [name for name in public(Handle) if f"`bb.{name}" not in text] == []


def test_parameters_of_the_handle_are_documented():
    text = page("doors.md").text
    for name in public(Handle):
        method = inspect.getattr_static(Handle, name)
        if not inspect.isfunction(method):
            continue
        said = re.search(rf"`bb\.{name}\(([^`]*)\)`", text)
        assert said, name
        wanted = [p for p in inspect.signature(method).parameters if p != "self"]
        assert re.findall(r"(\w+)(?:=[^,]*)?(?:, |$)", said[1]) == wanted, name


def test_every_method_of_tables_and_answers_is_documented():
    text = page("doors.md").text
    wanted = {*public(Table), *public(Result)}
    assert sorted(name for name in wanted if f"`.{name}" not in text) == []


# -- errors ---------------------------------------------------------------------------------


def tree() -> dict[str, str]:
    """Return the parent of every exception, as the docstring of `errors` draws it."""
    found: dict[str, str] = {}
    above: list[str] = []
    for line in (backbone.errors.__doc__ or "").splitlines():
        drawn = re.match(r"    ([│ ]*(?:[├└]── )?)(\w+)", line)
        if drawn:
            depth = len(drawn[1]) // 4
            above[depth:] = [drawn[2]]
            found[drawn[2]] = above[depth - 1] if depth else ""
    return found


def test_the_tree_of_exceptions_is_drawn_as_it_is():
    classes = [
        each
        for _, each in inspect.getmembers(backbone.errors, inspect.isclass)
        if issubclass(each, BackboneError)
    ]
    real = {each.__name__: each.__bases__[0].__name__ for each in classes}
    assert tree() == {**real, "BackboneError": ""}


def test_what_an_exception_also_is_is_drawn():
    text = backbone.errors.__doc__ or ""
    for name in tree():
        cls = getattr(backbone.errors, name)
        line = next(line for line in text.splitlines() if re.search(rf"\b{name}\b", line))
        assert ("retryable" in line) == cls.retryable
        for kind in (KeyError, ValueError):
            assert (f"also a {kind.__name__}" in line) == issubclass(cls, kind)


def test_the_picture_of_the_zones_names_every_zone():
    picture = (ROOT / "docs" / "zones.svg").read_text(encoding="utf-8")
    for zone in ("landing", "formatted", "trusted", "exploitation", "analysis"):
        assert zone in picture

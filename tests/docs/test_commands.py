"""Every verb and option of the command line is described; every verb has examples."""

import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest
from ruamel.yaml import YAML
from sqlglot import exp, parse_one

import backbone.cli.verbs
from backbone.app import summary
from backbone.app.examples import flights
from backbone.cli.front import VERBS
from backbone.cli.main import backbone as front
from backbone.cli.verb import Verb

NAMES = [name for verbs in VERBS.values() for name in verbs]
COMMANDS = {name: import_module(f"backbone.cli.verbs.{name}").command for name in NAMES}


def test_every_module_of_a_verb_is_in_the_table():
    folder = Path(backbone.cli.verbs.__file__).parent
    assert sorted(NAMES) == sorted(p.stem for p in folder.glob("[a-z]*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_every_verb_and_option_has_help(name):
    command = COMMANDS[name]
    assert isinstance(command, Verb)
    assert len(command.help.split()) > 5
    for param in command.params:
        if isinstance(param, click.Option):
            assert param.help, f"{name} {param.opts}"
            assert param.help[0].isupper()
            assert param.help.rstrip().endswith((".", ":", "project"))


@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_named_in_the_help(name):
    command = COMMANDS[name]
    for param in command.params:
        if isinstance(param, click.Argument) and param.name != "selection":
            word = param.make_metavar(click.Context(command)).strip("[].")
            assert word in command.help, f"{name} {word}"


@pytest.mark.parametrize("name", NAMES)
def test_every_verb_has_examples_that_parse(name):
    command = COMMANDS[name]
    assert command.examples
    for example in command.examples:
        words = shlex.split(example.split(" > ")[0].split(" < ")[0])
        assert words[0] == "backbone"
        with front.make_context("backbone", words[1:]) as ctx:
            parsed, found, rest = front.resolve_command(
                ctx, [*ctx._protected_args, *ctx.args]
            )
            assert parsed == name
            found.make_context(parsed, list(rest), parent=ctx)


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_verb_shows_its_examples(name):
    command = COMMANDS[name]
    text = command.get_help(click.Context(command, info_name=f"backbone {name}"))
    assert "Examples:" in text
    for example in command.examples:
        assert example in text


def test_what_the_demonstration_suggests_can_be_typed():
    example = Path(flights.__file__).with_suffix("")
    declared = YAML(typ="safe").load(example / "exploitation" / "daily_traffic.yml")
    for command in summary._next(Path("demo")):
        words = shlex.split(command)[1:]
        with front.make_context("backbone", list(words)) as ctx:
            typed = [*ctx._protected_args, *ctx.args]
            name, found, rest = front.resolve_command(ctx, typed)
            params = found.make_context(name, list(rest), parent=ctx).params
        if name == "query":
            read = {
                column.name for column in parse_one(params["sql"]).find_all(exp.Column)
            }
            assert read <= set(declared["columns"])

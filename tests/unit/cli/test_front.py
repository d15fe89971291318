import json
import os
import signal
import subprocess
import sys
import time

import click
import pytest

from backbone.app import environment
from backbone.cli.front import VERBS
from backbone.cli.main import backbone
from backbone.errors import BackboneError, UnknownAsset

HEAVY = ("duckdb", "pyarrow", "sqlalchemy", "pandas", "sklearn", "rich", "deltalake")


def python(*lines):
    return [sys.executable, "-c", "\n".join(lines)]


def test_help_lists_every_verb_and_loads_nothing_heavy():
    program = python(
        "import sys, atexit",
        "atexit.register(lambda: print('LOADED', *sorted(sys.modules), file=sys.stderr))",
        "from backbone.cli.main import main",
        "sys.argv[1:] = ['--help']",
        "main()",
    )
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    for verbs in VERBS.values():
        for name, words in verbs.items():
            assert f"  {name} " in done.stdout
            assert words in done.stdout
    loaded = done.stderr.split("LOADED", 1)[1].split()
    assert "click" in loaded
    assert not {name for name in HEAVY if name in loaded}
    assert not [name for name in loaded if name.startswith("backbone.cli.verbs")]


@pytest.mark.parametrize(
    "args",
    [["schema", "nonsense"], ["run", "--help"], ["init", "--help"], ["lss"]],
    ids=" ".join,
)
def test_what_is_only_said_loads_nothing_heavy(args):
    program = python(
        "import sys, atexit",
        "atexit.register(lambda: print('LOADED', *sorted(sys.modules), file=sys.stderr))",
        "from backbone.cli.main import main",
        f"sys.argv[1:] = {args!r}",
        "main()",
    )
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    loaded = done.stderr.split("LOADED", 1)[1].split()
    assert not {name for name in HEAVY if name in loaded}


def test_version(call):
    result = call("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("backbone 0.")


def test_an_unknown_verb_names_the_nearest(call):
    result = call("qualty")
    assert result.exit_code == 2
    assert "there is no verb `qualty`. Did you mean `quality`?" in result.stderr
    assert result.stdout == ""


def test_an_unknown_option_is_a_usage_error(call):
    result = call("ls", "--jsn")
    assert result.exit_code == 2
    assert "--jsn" in result.stderr
    assert "Usage: backbone ls" in result.stderr


def test_where_there_is_no_project_the_message_says_so(call, tmp_path):
    result = call("-C", tmp_path, "ls")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert "Traceback" not in result.stderr


def test_every_mistake_of_a_declaration_is_told(call, project):
    (project / "formatted" / "sales.yml").write_text(
        "from: landing.sales\nread: {format: csvv}\ncolumns: {id: {tpye: integer}}\n"
    )
    result = call("-C", project, "plan")
    assert result.exit_code == 2
    assert "formatted/sales.yml:2" in result.stderr
    assert "formatted/sales.yml:3" in result.stderr
    assert "type" in result.stderr


def failing(error):
    def open_environment(*_args, **_kwargs):
        raise error

    return open_environment


@pytest.fixture
def fails(monkeypatch):
    def fails(error):
        monkeypatch.setattr(environment, "open_environment", failing(error))

    return fails


def test_an_error_says_what_where_hint_and_what_to_type(call, fails):
    fails(
        BackboneError("it broke", where="a.yml:3", hint="mend it", command="backbone run")
    )
    result = call("ls")
    assert result.exit_code == 2
    assert result.stderr == (
        "Error: it broke (a.yml:3)\n  mend it\n  Next: backbone run\n"
    )


def test_with_json_an_error_is_an_object_on_stderr(call, fails):
    fails(UnknownAsset.named("trusted.sale", ["trusted.sales"]))
    result = call("ls", "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert json.loads(result.stderr)["error"] == {
        "kind": "UnknownAsset",
        "what": "there is no asset `trusted.sale`",
        "where": None,
        "hint": "Did you mean `trusted.sales`?",
        "command": "backbone ls",
    }


def test_an_unexpected_error_is_one_line_and_a_way_to_see_more(call, fails):
    fails(RuntimeError("a bug\nof many lines"))
    result = call("ls")
    assert result.exit_code == 2
    assert result.stderr == (
        "Unexpected error: RuntimeError: a bug\n"
        "  Run it again with --verbose for the traceback.\n"
    )
    as_json = call("ls", "--json")
    assert json.loads(as_json.stderr)["error"]["kind"] == "Unexpected"


@pytest.mark.parametrize("args", [("-v", "ls"), ("ls", "--verbose")], ids="-".join)
def test_verbose_shows_the_traceback(call, fails, args):
    fails(BackboneError("it broke"))
    result = call(*args)
    assert result.exit_code == 2
    assert "Traceback" in result.stderr
    assert "it broke" in result.stderr


def test_options_of_every_verb_stand_before_or_after_it(call, monkeypatch):
    seen = []

    def open_environment(folder, *, target, engine):
        seen.append((str(folder), target))
        message = "enough"
        raise BackboneError(message)

    monkeypatch.setattr(environment, "open_environment", open_environment)
    call("-C", "a", "--target", "dev", "ls")
    call("ls", "-C", "a", "--target", "dev")
    call("--target", "prod", "-C", "b", "ls", "-C", "a", "--target", "dev")
    call("ls", env={"BACKBONE_TARGET": "test"})
    call("--target", "dev", "ls", env={"BACKBONE_TARGET": "test"})
    call("ls", "--target", "dev", env={"BACKBONE_TARGET": "test"})
    assert seen == [("a", "dev")] * 3 + [(".", "test"), (".", "dev"), (".", "dev")]


def test_without_standalone_mode_errors_are_exceptions():
    with pytest.raises(click.UsageError):
        backbone.main(["lss"], standalone_mode=False)


SLOW_VERB = (
    "import sys, time",
    "import click",
    "from backbone.cli.front import Front",
    "from backbone.cli.main import backbone",
    "@click.command()",
    "def slow():",
    "    try:",
    "        print('ready', flush=True)",
    "        time.sleep(30)",
    "    finally:",
    "        HERE",
    "Front.get_command = lambda self, ctx, name: slow",
    "backbone.main(['ls'], prog_name='backbone')",
)


def interrupted(number, *, at_the_end="print('cleaned', flush=True)", again=False):
    program = python(*SLOW_VERB).copy()
    program[-1] = program[-1].replace("HERE", at_the_end)
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        if again:
            assert process.stdout.readline() == "stubborn\n"
            process.send_signal(number)
        out, err = process.communicate(timeout=20)
    return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_cleans_up_and_ends_with_130(number):
    code, out, err = interrupted(number)
    assert (code, out) == (130, "cleaned\n")
    assert err.strip() == "Interrupted."


def test_a_second_interrupt_stops_at_once():
    stubborn = "print('stubborn', flush=True); time.sleep(30)"
    begun = time.monotonic()
    code, _, _ = interrupted(signal.SIGINT, at_the_end=stubborn, again=True)
    assert code == 130
    assert time.monotonic() - begun < 15


def test_a_reader_that_leaves_is_no_error(tmp_path):
    printing = python(
        "import click, sys",
        "from backbone.cli.front import Front",
        "from backbone.cli.main import backbone",
        "from backbone.cli.encoding import print_data",
        "@click.command()",
        "def many(): print_data(str(n) for n in range(10**6))",
        "Front.get_command = lambda self, ctx, name: many",
        "backbone.main(['ls'], prog_name='backbone')",
    )
    with subprocess.Popen(
        printing, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline() == b"0\n"
        process.stdout.close()
        assert process.wait(20) == 0
        assert process.stderr.read() == b""


def test_a_terminal_that_knows_no_unicode_breaks_nothing(tmp_path):
    printing = python(
        "import sys",
        "from backbone.cli.main import main",
        f"sys.argv[1:] = ['-C', {str(tmp_path / 'é✓')!r}, 'init', 'é✓']",
        "main()",
    )
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(printing, capture_output=True, env=env, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "é✓" / "é✓" / "backbone.yml").is_file()

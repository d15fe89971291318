import io
from decimal import Decimal

import pytest
from rich.console import Console

from backbone.cli.output import Column, Grid, facts, out, print_next, rows_table

ROW = {"carrier": "UA", "flight": 1545, "note": "[red]x[/red]", "delay": None}


def shown(renderable, width=80):
    console = Console(file=io.StringIO(), width=width, color_system=None, markup=False)
    if callable(renderable):
        renderable = renderable(console)
    console.print(renderable)
    return console.file.getvalue()


def data(rows, width=80):
    return shown(lambda c: rows_table(list(rows[0]), rows, c), width)


def test_values_are_shown_as_they_are():
    text = data([ROW, {**ROW, "flight": 20_130_000}])
    assert "[red]x[/red]" in text
    assert "20130000" in text
    assert "null" in text


def test_numbers_stand_on_the_right():
    rows = [{"n": n, "d": Decimal(n), "t": str(n)} for n in (5, 12345)]
    _, _, first, second = data(rows).splitlines()
    assert first.index("5") == second.index("12345") + 4
    assert first.rstrip().endswith("5")
    assert second.rindex("12345") == first.rindex("5")


def test_columns_that_do_not_fit_are_named():
    rows = [{f"column_{i}": "x" * 10 for i in range(12)}] * 2
    text = data(rows, width=50)
    assert all(len(line) <= 50 for line in text.splitlines())
    assert "column_3" in text.splitlines()[0]
    assert "8 more columns: column_4, column_5" in text


def test_one_wide_row_stands_upright():
    text = data([{f"column_{i}": i for i in range(20)}], width=50)
    assert len(text.splitlines()) == 20
    assert "column_19  19" in text


def test_a_long_text_is_cut_on_a_terminal_only(capsys):
    rows = [{"t": "x" * 300 + "\nend"}] * 2
    assert "…" in data(rows, width=80)
    console = out()
    console.print(rows_table(["t"], rows, console))
    assert "x" * 300 + "⏎end" in capsys.readouterr().out


def test_no_rows_are_a_header():
    text = shown(lambda c: rows_table(["n", "m"], [], c))
    assert text.split() == ["n", "m", text.split()[-1]]


def test_without_a_terminal_there_are_no_colours(capsys):
    out().print("a", style="bold red")
    assert capsys.readouterr().out == "a\n"


def test_facts_leave_out_what_is_not_there():
    text = shown(facts({"rows": 336776, "unit": None, "empty": "", "fresh": True}))
    assert [line.split() for line in text.splitlines()] == [
        ["rows", "336,776"],
        ["fresh", "yes"],
    ]


def test_a_grid_folds_the_columns_that_may():
    columns = [Column("asset"), Column("why", fold=True)]
    text = shown(Grid(columns, [["a.b", "word " * 30]]), width=40)
    assert text.count("word") == 30


@pytest.mark.parametrize("width", [40, 200])
def test_commands_are_whole_on_a_line(width):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_next(console, ["backbone " + "x" * 100, "backbone run"])
    lines = console.file.getvalue().splitlines()
    assert lines == ["Next: backbone " + "x" * 100, "      backbone run"]

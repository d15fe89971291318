import io
import os
import pty
import re
import subprocess
import sys
import threading

import pytest
from rich.console import Console

from backbone.app.display import event_line
from backbone.cli.door import Interruption
from backbone.cli.progress import LiveProgress, PlainProgress, watching
from backbone.operations.work import Event

EVENTS = [
    Event("collect", "till", "collecting"),
    Event("progress", "landing.sales", "sales_1.csv"),
    Event("end", "landing.sales", "1 delivery", status="done", seconds=0.5),
    Event("end", "landing.shops", "nothing new", status="skipped", seconds=0.1),
    Event("run", "r1", "2 steps to run", total=2),
    Event("begin", "formatted.sales", "new"),
    Event("progress", "formatted.sales", "sales_1.csv", done=1, total=3),
    Event("note", "formatted.sales", "waits for another run"),
    Event("end", "formatted.sales", status="done", seconds=12.4, rows=336776),
    Event("end", "trusted.sales", "it broke", status="failed", seconds=0.2),
]


def test_without_a_terminal_there_is_a_line_for_what_is_finished(capsys):
    with watching(Interruption()) as tell:
        for event in EVENTS:
            tell(event)
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = [re.sub(" +", " ", line) for line in captured.err.splitlines()]
    assert lines == [
        "done landing.sales 1 delivery 0.5 s",
        "note formatted.sales: waits for another run",
        "done formatted.sales 336,776 rows 12 s",
        "failed trusted.sales it broke 0.2 s",
    ]


STARTING = [
    Event("engine", "duckdb", "starting"),
    Event("engine", "duckdb", seconds=0.01),
    Event("engine", "spark", "starting"),
    Event("engine", "spark", seconds=6.2),
]


def test_an_engine_that_takes_a_while_is_seen_to_start(capsys):
    with watching(Interruption()) as tell:
        for event in STARTING:
            tell(event)
    assert re.sub(" +", " ", capsys.readouterr().err) == "started spark 6.2 s\n"
    live = LiveProgress(terminal())
    for event in STARTING[:3]:
        live.tell(event)
    assert re.search(r"spark +starting", frame(live))
    live.tell(STARTING[3])
    assert "spark" not in frame(live)
    said = live.console.file.getvalue()
    assert re.search(r"✓ spark +started +6.2 s", said)
    assert "duckdb" not in said
    assert [event_line(event) for event in STARTING[:3]] == [None] * 3
    assert re.search("✓ spark +started +6.2 s", event_line(STARTING[3]))


def test_quiet_says_nothing(capsys):
    with watching(Interruption(), quiet=True) as tell:
        for event in EVENTS:
            tell(event)
    assert capsys.readouterr() == ("", "")


def terminal(width=80):
    return Console(
        file=io.StringIO(), width=width, force_terminal=True, color_system=None
    )


def frame(progress, width=80):
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(progress)
    return console.file.getvalue()


def test_a_frame_shows_what_is_under_way_and_how_far():
    progress = LiveProgress(terminal())
    for event in EVENTS[:2]:
        progress.tell(event)
    assert "till" in frame(progress)
    assert "landing.sales" in frame(progress)
    for event in EVENTS[2:7]:
        progress.tell(event)
    text = frame(progress)
    assert "till" not in text
    assert re.search(r"formatted\.sales +1 of 3  sales_1\.csv", text)
    assert "0 of 2 steps" in text
    for event in EVENTS[7:]:
        progress.tell(event)
    text = frame(progress)
    assert "formatted.sales" not in text
    assert "2 of 2 steps" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_what_is_finished_stays_as_lines():
    progress = LiveProgress(terminal())
    for event in EVENTS:
        progress.tell(event)
    text = progress.console.file.getvalue()
    assert "✓ landing.sales" in text
    assert "336,776 rows" in text
    assert re.search(r"✗ trusted\.sales +it broke", text)
    assert "landing.shops" not in text


def test_an_interrupted_run_says_what_it_waits_for():
    progress = LiveProgress(terminal(100))
    progress.stopping()
    assert "the steps under way are finished first" in frame(progress, 100)


@pytest.mark.parametrize("kind", [PlainProgress, LiveProgress])
def test_events_may_come_from_many_threads(kind):
    progress = kind(terminal(200))

    def work(name):
        for done in range(50):
            progress.tell(Event("progress", name, "x", done=done, total=50))
        progress.tell(Event("end", name, status="done", rows=1, seconds=0.1))

    names = [f"formatted.t{n}" for n in range(8)]
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = progress.console.file.getvalue().splitlines()
    assert sorted(line.split()[1] for line in lines) == names


def test_on_a_real_terminal_the_display_leaves_only_lines():
    program = (
        "import time\n"
        "from backbone.cli.door import Interruption\n"
        "from backbone.cli.progress import watching\n"
        "from backbone.operations.work import Event\n"
        "with watching(Interruption()) as tell:\n"
        "    tell(Event('run', 'r', total=1))\n"
        "    tell(Event('begin', 'formatted.sales', 'new'))\n"
        "    time.sleep(.3)\n"
        "    tell(Event('end', 'formatted.sales', status='done', rows=7, seconds=.3))\n"
    )
    ours, theirs = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "NO_COLOR": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", program], stderr=theirs, env=env
    ) as done:
        os.close(theirs)
        seen = b""
        try:
            while chunk := os.read(ours, 65536):
                seen += chunk
        except OSError:
            pass
        os.close(ours)
        assert done.wait(20) == 0
    text = seen.decode()
    green, cursor_again = "\x1b[32m", "\x1b[?25h"
    assert "0 of 1 steps" in text
    assert "✓ formatted.sales" in text
    assert green not in text
    assert text.count(cursor_again) == 1

"""A sidecar is there while its source is collected, and never longer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from backbone.errors import SidecarFailed
from backbone.management.landing.web.sidecar import running
from backbone.project.sources import HttpSource, Sidecar

SERVER = """
import json, os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
Path("pid").write_text(str(os.getpid()))
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "family" in sys.argv:
    import subprocess
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    Path("child").write_text(str(child.pid))
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503 if self.path == "/never" else 200)
        self.end_headers()
        if self.path == "/data":
            self.wfile.write(json.dumps([{"folder": os.getcwd()}]).encode())
    def log_message(self, *_): pass
HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "server.py").write_text(SERVER)
    return tmp_path


def sidecar(*more, **options):
    command = ["{python}", "-S", "server.py", "{port}", *more]
    return Sidecar.model_validate({"command": command, **options})


def pid(project, name="pid"):
    return int((project / name).read_text())


def gone(number, within_s=5.0):
    deadline = time.monotonic() + within_s
    while True:
        try:
            if psutil.Process(number).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.02)


def test_it_runs_in_the_project_and_ends_with_the_context(project):
    with running(sidecar(), project) as process:
        process.wait_until_ready()
        assert psutil.pid_exists(pid(project))
    assert gone(pid(project), within_s=0)


def test_what_it_started_ends_too(project):
    with running(sidecar("family"), project) as process:
        process.wait_until_ready()
    assert gone(pid(project))
    assert gone(pid(project, "child"))


def test_one_that_does_not_want_to_end_is_made_to(project, monkeypatch):
    clock = time.monotonic()
    with running(sidecar("stubborn"), project) as process:
        process.wait_until_ready()
    assert gone(pid(project))
    assert time.monotonic() - clock < 5


def test_it_ends_when_the_collection_fails(project):
    with suppress(RuntimeError), running(sidecar(), project) as process:
        process.wait_until_ready()
        raise RuntimeError("stop")
    assert gone(pid(project), within_s=0)


PARENT = """
import sys, threading, time
from pathlib import Path
from backbone.management.landing.web.sidecar import running
from backbone.project.sources import Sidecar
def work():
    command = ["{python}", "-S", "server.py", "{port}", *sys.argv[1:]]
    with running(Sidecar(command=command), Path.cwd()) as process:
        process.wait_until_ready()
        print("ready", flush=True)
        time.sleep(60)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


@pytest.mark.parametrize(
    ("how", "more"),
    [
        (signal.SIGKILL, "family"),
        (signal.SIGKILL, "stubborn"),
        (signal.SIGTERM, "family"),
        (signal.SIGINT, "family"),
    ],
)
def test_it_is_gone_when_its_parent_dies_in_any_way(project, how, more):
    run = [sys.executable, "-c", PARENT, more]
    with subprocess.Popen(
        run, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as parent:
        assert parent.stdout.readline() == b"ready\n"
        assert psutil.pid_exists(pid(project))
        parent.send_signal(how)
        if how == signal.SIGINT:  # the main thread stops waiting; the other one goes on
            time.sleep(0.1)
            parent.kill()
        parent.wait()
    assert gone(pid(project))
    if more == "family":
        assert gone(pid(project, "child"))


def test_the_thread_that_started_it_may_end_before_it(project):
    held = []

    def start():
        context = running(sidecar(), project)
        context.__enter__().wait_until_ready()
        held.append(context)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    time.sleep(0.1)
    assert psutil.pid_exists(pid(project))
    held[0].__exit__(None, None, None)
    assert gone(pid(project))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a signal of Linux")
def test_it_is_gone_when_its_guard_is_killed(project):
    with running(sidecar(), project) as process:
        process.wait_until_ready()
        os.kill(process._process.pid, signal.SIGKILL)
        assert gone(pid(project))


def test_one_that_ends_at_once_says_why(project):
    code = "import sys; print('no port for you', file=sys.stderr); sys.exit(3)"
    bad = Sidecar(command=("{python}", "-c", code), timeout_s=5)
    with (
        running(bad, project) as process,
        pytest.raises(SidecarFailed, match="ended with exit code 3") as caught,
    ):
        process.wait_until_ready()
    assert "It printed: no port for you" in str(caught.value)


def test_a_program_that_is_not_there(project):
    with (
        running(Sidecar(command=("no-such-program", "x")), project) as process,
        pytest.raises(SidecarFailed, match="`no-such-program` ended") as caught,
    ):
        process.wait_until_ready()
    assert "cannot start no-such-program: No such file" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"ready": "/never", "timeout_s": 0.4}, "answered 503 at `/never` within 0.4 s"),
        ({"command": ["sleep", "60"], "timeout_s": 0.2}, "did not answer at `/`"),
    ],
)
def test_one_that_is_never_ready(project, options, said):
    with (
        running(sidecar(**options), project) as process,
        pytest.raises(SidecarFailed) as caught,
    ):
        process.wait_until_ready()
    assert said in str(caught.value)


def test_nothing_is_run_by_a_shell(project):
    bad = Sidecar(
        command=("{python}", "-c", "import sys; sys.exit(sys.argv[1])", "$HOME; ls")
    )
    with (
        running(bad, project) as process,
        pytest.raises(SidecarFailed, match="exit code 1") as caught,
    ):
        process.wait_until_ready()
    assert "$HOME; ls" in str(caught.value)


def source(**options):
    return HttpSource.model_validate(
        {
            "collector": "http",
            "url": "http://127.0.0.1:{port}",
            "sidecar": sidecar(**options).model_dump(),
            "attempts": 1,
            "datasets": {"data": {"path": "/data"}, "other": {"path": "/data"}},
        }
    )


def test_a_source_is_collected_through_its_sidecar(collecting):
    (collecting.project / "server.py").write_text(SERVER)
    report = collecting(source())
    assert report.errors == ()
    [delivery] = report["data"].new
    assert collecting.content(delivery) == {
        "page-00001.json": b'[{"folder": "%s"}]' % os.fsencode(collecting.project)
    }
    assert delivery.objects[0].origin == "http://127.0.0.1:{port}/data"
    assert gone(pid(collecting.project), within_s=0)
    assert collecting(source())["data"].unchanged == 1


def test_a_sidecar_that_fails_is_an_error_of_every_dataset(collecting):
    report = collecting(source(timeout_s=5))
    assert [type(e) for e in report.errors] == [SidecarFailed, SidecarFailed]
    assert "server.py" in str(report.errors[0])
    assert not Path(collecting.project / "pid").exists()

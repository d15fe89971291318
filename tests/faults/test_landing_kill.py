"""SIGKILL at any moment of a collection leaves each delivery whole or absent."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime

import pytest

from backbone.lake.landing import Landing

COLLECT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from backbone.lake.landing import Landing
from backbone.management.landing import CollectContext, collect
from backbone.project.sources import FilesSource

project = Path(sys.argv[1])
source = FilesSource(collector="files", path="inbox/*", datasets={"data": "*"})
landing = Landing(project / "lake")
landing.sweep()
context = CollectContext(
    source="src",
    project=project,
    landing=landing,
    received=datetime.now(UTC),
    seen={"data": landing.deliveries("src", "data")},
)
import backbone.management.landing.files
print("go", flush=True)
report = collect(source, context)
assert not report.errors, report.errors
"""


@pytest.fixture
def project(tmp_path):
    dice = random.Random(7)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for n in range(40):
        (inbox / f"f{n:02}.csv").write_bytes(dice.randbytes(dice.randrange(300_000)))
    with zipfile.ZipFile(inbox / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(30):
            archive.writestr(f"sub/m{n:02}.csv", dice.randbytes(20_000))
    return tmp_path


def test_killed_again_and_again_then_collected_everything_is_there_once(project):
    dice = random.Random(11)
    run = [sys.executable, "-c", COLLECT, str(project)]
    killed = 0
    for _ in range(12):
        with subprocess.Popen(run, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"go\n"
            time.sleep(dice.uniform(0, 0.02))
            process.kill()
            killed += process.wait() < 0
        landing = Landing(project / "lake")
        for delivery in landing.deliveries("src", "data"):
            landing.verify(delivery)
    assert killed > 0
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL)

    landing = Landing(project / "lake")
    deliveries = landing.deliveries("src", "data")
    landed = sorted((o.name, o.sha256) for d in deliveries for o in d.objects)
    assert landed == sorted(sent(project / "inbox"))
    assert len(deliveries) == 41
    assert [len(d.receipts) for d in deliveries] == [1] * 41
    assert not list((project / "lake" / "_incoming").iterdir())
    assert all(d.received < datetime.now(UTC) for d in deliveries)


def sent(inbox):
    for file in inbox.glob("*.csv"):
        yield file.name, hashlib.sha256(file.read_bytes()).hexdigest()
    with zipfile.ZipFile(inbox / "z.zip") as archive:
        for name in archive.namelist():
            yield f"z.zip/{name}", hashlib.sha256(archive.read(name)).hexdigest()

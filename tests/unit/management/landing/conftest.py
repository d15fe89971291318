from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.servers import serving

from backbone.lake.landing import Landing
from backbone.management.landing import CollectContext, collect
from backbone.management.landing.web import downloads, fetch


class Collecting:
    """Collects sources as a run does: one clock, what was seen from landing itself."""

    def __init__(self, project):
        self.project = project
        self.landing = Landing(project / ".lake")
        self.progress = []
        self.minute = 0

    def __call__(self, source):
        self.minute += 1
        context = CollectContext(
            source="src",
            project=self.project,
            landing=self.landing,
            received=datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=self.minute),
            seen={d: self.landing.deliveries("src", d) for d in source.datasets},
            progress=lambda *told: self.progress.append(told),
        )
        return collect(source, context)

    def content(self, delivery):
        found = {}
        for obj in delivery.objects:
            with self.landing.open(obj) as stream:
                found[obj.name] = stream.read()
        return found

    def deliveries(self, dataset):
        return self.landing.deliveries("src", dataset)


@pytest.fixture
def collecting(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    return Collecting(project)


@pytest.fixture
def server():
    """A server whose `answer` a test sets."""
    with serving() as made:
        yield made


@pytest.fixture
def quick_retries(monkeypatch):
    """Let pauses that nobody asked for be short."""
    for module in (downloads, fetch):
        monkeypatch.setattr(module, "_FIRST_WAIT_S", 0.01)
        monkeypatch.setattr(module, "_LONGEST_WAIT_S", 0.02)

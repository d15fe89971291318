"""A project's folder becomes validated declarations, with the file and line of each."""

from __future__ import annotations

from backbone.project.loading import load
from backbone.project.project import Project, ViewFile

__all__ = ["Project", "ViewFile", "load"]

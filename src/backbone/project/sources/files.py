"""Declarations of sources that are files: of this machine, or in a store."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from backbone.project.declarations import TableName
from backbone.project.filepatterns import pattern_problem
from backbone.project.schedules import seconds_of
from backbone.project.sources.shared import SourceSettings
from backbone.project.storage import Storage

__all__ = ["FilesSource"]


def _checked_pattern(text: str) -> str:
    if problem := pattern_problem(text):
        raise ValueError(problem)
    return text


def _checked_name(text: str) -> str:
    if "/" in text and "${" not in text:
        message = f"`{text}` matches names of files, which hold no `/`: that is `path`"
        raise ValueError(message)
    return _checked_pattern(text)


PathText = Annotated[str, AfterValidator(_checked_pattern)]
NameText = Annotated[str, AfterValidator(_checked_name)]


class FilesSource(SourceSettings):
    """Files in a folder of this machine or in an object store; archives are opened."""

    collector: Literal["files"]
    path: PathText = Field(
        description="A glob, relative to the project or in a bucket; parts in braces "
        "are fields: inbox/{device}/*.csv, s3://bucket/{day}/*.csv"
    )
    settle: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]{0,5}[smhd]$",
        description="A file that changed less than this ago is left for next time: 30s.",
    )
    storage: Storage | None = Field(None, description="How a store is reached.")
    datasets: dict[TableName, NameText] = Field(
        min_length=1, description="Dataset: a pattern that the names of its files match."
    )

    @property
    def settle_s(self) -> int:
        """How long a file has to be quiet before it is collected, in seconds."""
        return seconds_of(self.settle) if self.settle else 0

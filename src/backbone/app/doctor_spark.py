"""What `doctor` says of Spark: Java, pyspark, the master, the executors."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from backbone.app.engines import spark_options
from backbone.app.environment import Environment
from backbone.errors import BackboneError

__all__ = ["Said", "spark_findings"]

_PYTHON = platform.python_version()
_SAME_PYTHON = (
    "Executors need this version of Python, with backbone[spark] of this version; "
    "`spark.pyspark.python` in `conf` says where it is."
)

Said = tuple[bool, str, str | None]
"""Whether all is well, what was found, and what to do."""


def spark_findings(env: Environment) -> Iterator[Said]:
    """Check what Spark needs, one after the other, and start it if nothing is missing."""
    settings = env.project.settings.engine_of("spark")
    needed = [_pyspark()]
    if not settings.master.startswith("sc://"):
        needed.append(_java())
    yield from needed
    if all(ok for ok, _, _ in needed):
        yield from _running(env)


def _pyspark() -> Said:
    try:
        return True, f"pyspark {version('pyspark')}", None
    except PackageNotFoundError:
        return False, "pyspark is not installed", "pip install 'backbone[spark]'"


def _java() -> Said:
    from backbone.engines.spark.java import find_java  # noqa: PLC0415 - of one engine

    try:
        return True, str(find_java()), None
    except BackboneError as error:
        return False, error.what, error.hint


def _running(env: Environment) -> Iterator[Said]:
    settings = env.project.settings.engine_of("spark")
    try:
        engine = env.engines.start("spark")
    except BackboneError as error:
        yield False, error.what, error.hint
        return
    master, _ = spark_options(settings, str)
    yield True, f"spark, {master.partition(';')[0]} answers", None
    from backbone.engines.spark.executors import look_at_executors  # noqa: PLC0415

    try:
        found = look_at_executors(engine.native(), _existing(env.lake.root))
    except BackboneError as error:
        yield False, f"executors run no Python of ours: {error.what}", _SAME_PYTHON
        return
    for one in found:
        has = f"{one.host} has Python {one.python}, Backbone {one.backbone}"
        if (_minor(one.python), one.backbone) != (_minor(_PYTHON), version("backbone")):
            here = f"here they are {_PYTHON} and {version('backbone')}"
            yield False, f"{has}; {here}", _SAME_PYTHON
        elif not one.sees:
            words = f"{one.host} cannot write in the lake at {env.lake.root}"
            yield False, words, "Let `lake` be a folder that all machines share."
        else:
            yield True, f"{has}, and sees the lake", None


def _minor(text: str) -> tuple[str, ...]:
    return tuple(text.split(".")[:2])


def _existing(folder: Path) -> Path:
    """Return the nearest folder that is there."""
    while not folder.exists():
        folder = folder.parent
    return folder

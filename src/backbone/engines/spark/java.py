"""The Java that Spark runs on: where it is, and whether it is one that Spark knows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from backbone.errors import EngineUnavailable

__all__ = ["Java", "find_java"]

_SUPPORTED = (17, 21, 25)
_LEAST_UPDATE = {25: (25, 0, 3)}  # before it G1 could corrupt data, SPARK-55852
_TIMEOUT_S = 20.0
_VERSION = re.compile(r'version "(?P<version>[^"]+)"')
_INSTALL = (
    "Install Java 17 or 21 (Debian and Ubuntu: apt-get install openjdk-17-jre-headless), "
    "or let JAVA_HOME name one."
)


@dataclass(frozen=True)
class Java:
    """A Java that can be run; `version` is a tuple of numbers, the major one first."""

    path: Path
    version: tuple[int, ...]

    def __str__(self) -> str:
        return f"Java {'.'.join(map(str, self.version))} ({self.path})"


def find_java(environ: Mapping[str, str] | None = None) -> Java:
    """Return the Java that Spark will take: that of JAVA_HOME, or the first in PATH.

    Parameters
    ----------
    environ : the environment to look in; that of this process by default

    Raises
    ------
    EngineUnavailable : there is none, it does not run, or Spark does not run on it
    """
    path = _path(os.environ if environ is None else environ)
    java = Java(path, _numbers(_told(path), path))
    major = java.version[0]
    if major not in _SUPPORTED:
        age = _age(major)
        raise _unfit(f"{java} is {age} for Spark, which runs on Java 17, 21 or 25")
    least = _LEAST_UPDATE.get(major, ())
    if java.version < least:
        known = ".".join(map(str, least))
        raise _unfit(f"{java} can corrupt data of Spark; {known} or later does not")
    return java


def _age(major: int) -> str:
    if major < _SUPPORTED[0]:
        return "too old"
    return "too new" if major > _SUPPORTED[-1] else "not one"


def _unfit(what: str) -> EngineUnavailable:
    return EngineUnavailable(what, hint=_INSTALL, command="backbone doctor")


def _path(environ: Mapping[str, str]) -> Path:
    home = environ.get("JAVA_HOME")
    if home:
        path = Path(home) / "bin" / "java"
        if not os.access(path, os.X_OK) or path.is_dir():
            raise _unfit(f"JAVA_HOME is {home}, and there is no Java at {path}")
        return path
    found = shutil.which("java", path=environ.get("PATH", os.defpath))
    if found is None:
        raise _unfit("Spark needs Java, and there is none: neither JAVA_HOME nor in PATH")
    return Path(found)


def _told(path: Path) -> str:
    """Return what ``java -version`` says."""
    try:
        done = subprocess.run(  # noqa: S603 - the Java that Spark itself would run
            [path, "-version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise _unfit(f"`{path} -version` did not end in {_TIMEOUT_S:.0f} s") from None
    except OSError as error:
        raise _unfit(f"{path} cannot be run: {error.strerror or error}") from error
    except subprocess.CalledProcessError as error:
        text = (error.stderr or error.stdout).decode(errors="replace").strip()
        first = text.partition("\n")[0] or f"it ended with code {error.returncode}"
        raise _unfit(f"{path} does not run: {first}") from error
    return (done.stderr + done.stdout).decode(errors="replace")


def _numbers(told: str, path: Path) -> tuple[int, ...]:
    """Return the version as numbers: ``17.0.15`` as it is, ``1.8.0_402`` as 8."""
    found = _VERSION.search(told)
    numbers = tuple(int(n) for n in re.findall(r"\d+", found["version"])) if found else ()
    if not numbers:
        raise _unfit(f"`{path} -version` does not tell a version of Java")
    return numbers[1:] if numbers[0] == 1 and len(numbers) > 1 else numbers

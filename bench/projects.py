"""The projects that are measured on: the flights example, as it is and many times over.

    python -m bench.projects TEMPLATE FOLDER TIMES

writes the example with its flights and weather repeated into FOLDER. A repetition moves
everything into another year, in which every date falls on the same day of the week and
clocks change on the same days as in 2013; so it has keys of its own and the same defects.
The weather comes as the files of the service's pages, so that no service is measured.
"""

from __future__ import annotations

import calendar
import runpy
import shutil
import sys
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from bench.backbone import command
from bench.measure import measured

__all__ = ["copied", "example", "repeated", "years"]

_YEAR = 2013
_MADE = (".backbone", "__pycache__")
_WEATHER = """\
collector: files
description: The pages of the weather service, kept as files.
path: pages/weather_*.json
datasets:
  weather: "weather_*.json"
delivers: increments
"""


def example(folder: Path) -> Path:
    """Write the flights example into `folder`."""
    measured([*command(), "init", folder, "--example", "flights"])
    return folder


def copied(template: Path, folder: Path) -> Path:
    """Copy a project without what was made in it."""
    return shutil.copytree(template, folder, ignore=shutil.ignore_patterns(*_MADE))


def repeated(template: Path, folder: Path, times: int) -> Path:
    """Write the example with its flights and weather `times` times over."""
    measured([sys.executable, "-m", "bench.projects", template, folder, str(times)])
    return folder


def years() -> Iterator[int]:
    """Yield the years that have the calendar of 2013, from 2013 on.

    >>> list(islice(years(), 4))
    [2013, 2019, 2030, 2041]
    """
    first = calendar.weekday(_YEAR, 1, 1)
    for year in count(_YEAR):
        if calendar.weekday(year, 1, 1) == first and not calendar.isleap(year):
            yield year


def _write(template: Path, folder: Path, times: int) -> None:
    shutil.copytree(template, folder, ignore=shutil.ignore_patterns(*_MADE, "inbox"))
    (folder / "sources/weather.yml").write_text(_WEATHER, encoding="utf-8")
    inbox, pages = folder / "inbox", folder / "pages"
    inbox.mkdir()
    pages.mkdir()
    weather = list(_pages(template))
    for year in islice(years(), times):
        for path in sorted((template / "inbox").glob("*.csv")):
            moved = _flights(path.read_bytes(), year)
            (inbox / path.name.replace(str(_YEAR), str(year))).write_bytes(moved)
        for number, page in enumerate(weather, start=1):
            moved = _observations(page, year)
            (pages / f"weather_{year}_{number:02}.json").write_bytes(moved)


def _flights(data: bytes, year: int) -> bytes:
    """Move lines that begin with the year and end with an hour (in UTC: or the next)."""
    data = data.replace(b"\n%d," % _YEAR, b"\n%d," % year)
    data = data.replace(b",%d-" % (_YEAR + 1), b",%d-" % (year + 1))
    return data.replace(b",%d-" % _YEAR, b",%d-" % year)


def _observations(data: bytes, year: int) -> bytes:
    data = data.replace(b'"year":%d,' % _YEAR, b'"year":%d,' % year)
    data = data.replace(b'"%d-' % (_YEAR + 1), b'"%d-' % (year + 1))
    return data.replace(b'"%d-' % _YEAR, b'"%d-' % year)


def _pages(template: Path) -> Iterator[bytes]:
    service = runpy.run_path(str(template / "python/weather_api.py"))
    observations = service["Observations"](template / "data/weather.csv")
    for number in count(1):
        page = observations.page("", number)
        yield page.encode()
        if '"next": null' in page[-200:]:
            return


if __name__ == "__main__":
    _write(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))

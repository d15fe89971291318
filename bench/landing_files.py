"""Files into persistent landing, beside `cp` and `sha256sum` of the same files."""

from __future__ import annotations

import random
import shutil
import sys
from pathlib import Path
from typing import Any

from bench.measure import Series, measured
from bench.tables import table

__all__ = ["compared", "shown"]

_AIM = 0.8
_SIZES = {"10,000 files of 8 kB": (10_000, 8_000), "3 files of 256 MiB": (3, 256 << 20)}
_BLOCK_BYTES = 1 << 20
_COLLECT = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from backbone.lake.landing import Landing
from backbone.management.landing import CollectContext, collect
from backbone.project.sources import FilesSource

folder, lake = map(Path, sys.argv[1:])
source = FilesSource(collector="files", path="*", datasets={"data": "*"})
landing = Landing(lake / "landing")
received = datetime.now(UTC)
report = collect(source, CollectContext("bench", folder, landing, received))
assert not report.errors, report.errors
"""
_PEER = 'cp -r "$1" "$2" && find "$2" -type f -print0 | xargs -0 sha256sum > /dev/null'


def compared(work: Path, *, repeat: int) -> dict[str, Any]:
    """Land files of each size; between the runs everything is removed again."""
    found = []
    for what, (count, size) in _SIZES.items():
        inbox = _made(work / "inbox", count, size)
        ours, peer = [], []
        for _ in range(repeat):
            peer.append(_once(["sh", "-c", _PEER, "sh", inbox], work / "copy"))
            command = [sys.executable, "-c", _COLLECT, inbox]
            ours.append(_once(command, work / "lake"))
        mine, other = Series(tuple(ours)), Series(tuple(peer))
        found.append(
            {
                "what": what,
                "bytes": count * size,
                **mine.plain(),
                "peer_s": round(other.median_s, 3),
                "ratio": round(other.median_s / mine.median_s, 2),
                "aim": _AIM,
            }
        )
        shutil.rmtree(inbox)
    return {"sizes": found}


def shown(result: dict[str, Any]) -> str:
    """Show a result for people."""
    head = ("files into landing", "MB/s", "s", "cp + sha256sum s", "ratio", "aim")
    rows = [
        [
            one["what"],
            f"{one['bytes'] / one['median_s'] / 1e6:,.0f}",
            f"{one['median_s']:.2f}",
            f"{one['peer_s']:.2f}",
            f"{one['ratio']:.2f}",
            f"{one['aim']:g}",
        ]
        for one in result["sizes"]
    ]
    return table(head, rows)


def _made(folder: Path, count: int, size: int) -> Path:
    """Write files of random bytes, of which no two are equal."""
    folder.mkdir()
    dice = random.Random(count)
    for number in range(count):
        with (folder / f"f{number:05}.csv").open("wb") as stream:
            for at in range(0, size, _BLOCK_BYTES):
                stream.write(dice.randbytes(min(_BLOCK_BYTES, size - at)))
    return folder


def _once(command: list[str | Path], made: Path) -> Any:
    run = measured([*command, made])
    shutil.rmtree(made)
    return run

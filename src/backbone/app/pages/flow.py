"""The account of rows as a flow: where the records that were read went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from backbone.app.figures import count
from backbone.app.pages.charts import drawing, text

__all__ = ["flow"]

_WIDTH, _NODE = 850, 12
_X = (0, 350, 700)
_TALL, _GAP, _LEAST = 150.0, 30.0, 1.5
_FIRST = ("formatted", "rejected")
_SECOND = ("trusted", "superseded", "merged", "quarantined")
_TONES = {
    "rejected": "lost", "quarantined": "lost", "merged": "aside", "superseded": "aside",
}  # fmt: skip


@dataclass(frozen=True)
class _Node:
    name: str
    rows: int
    x: float
    y: float
    tall: float


def flow(account: Mapping[str, int]) -> Markup | None:
    """Draw read → formatted and rejected → trusted and what left; None without rows."""
    if "records" in account:  # records and rows have no common scale
        return None
    total = max(account.get("read", 0), account.get("formatted", 0))
    if not total:
        return None
    scale = _TALL / total
    first = _stacked(account, _FIRST, _X[1], scale)
    second = _stacked(account, _SECOND, _X[2], scale)
    read = account.get("read")
    begin = [_Node("read", read, 0, 0, max(read * scale, _LEAST))] if read else []
    links = _links(begin[0], first) if begin else Markup("")
    formatted = next((node for node in first if node.name == "formatted"), None)
    if formatted is not None and second:
        links += _links(formatted, second)
    nodes = [*begin, *first, *second]
    height = max(34, *(n.y + n.tall for n in nodes)) + 26
    said = ", ".join(f"{count(node.rows)} {node.name}" for node in nodes)
    body = links + Markup("").join(_node(node) for node in nodes)
    return drawing(_WIDTH, height, body, f"Account of rows: {said}")


def _stacked(
    account: Mapping[str, int], names: tuple[str, ...], x: float, scale: float
) -> list[_Node]:
    """Return the parts that have rows, one below the other."""
    found: list[_Node] = []
    y = 0.0
    for name in names:
        rows = account.get(name, 0)
        if not rows:
            continue
        tall = max(rows * scale, _LEAST)
        found.append(_Node(name, rows, x, y, tall))
        y += max(tall, 8) + _GAP
    return found


def _links(start: _Node, ends: list[_Node]) -> Markup:
    """Draw a band from a node to each of its parts."""
    bands = []
    y = start.y
    for end in ends:
        tall = min(end.tall, max(start.y + start.tall - y, _LEAST))
        bands.append(_band(start.x + _NODE, y, tall, end))
        y += tall
    return Markup("").join(bands)


def _band(x: float, y: float, tall: float, end: _Node) -> Markup:
    middle = (x + end.x) / 2
    path = (
        f"M{x:.1f},{y:.1f} C{middle:.1f},{y:.1f} {middle:.1f},{end.y:.1f} "
        f"{end.x:.1f},{end.y:.1f} V{end.y + end.tall:.1f} "
        f"C{middle:.1f},{end.y + end.tall:.1f} {middle:.1f},{y + tall:.1f} "
        f"{x:.1f},{y + tall:.1f} Z"
    )
    return Markup('<path class="band {}" d="{}"/>').format(_tone(end), path)


def _node(node: _Node) -> Markup:
    box = Markup('<rect x="{}" y="{}" width="{}" height="{}" class="node {}"/>').format(
        f"{node.x:.1f}", f"{node.y:.1f}", _NODE, f"{node.tall:.1f}", _tone(node)
    )
    x = node.x + _NODE + 8
    y = node.y + min(max(node.tall / 2, 6), 20)
    words = text(x, y, node.name, "t strong halo")
    return box + words + text(x, y + 16, count(node.rows), "t halo")


def _tone(node: _Node) -> str:
    return _TONES.get(node.name, "kept")

"""Equalities and two order comparisons: one sort, and a running extremum along it.

Probes and builds are sorted together by x0 so that the builds that satisfy the first
comparison with a probe are exactly those before it; the extremum of their x1 decides the
second. With a ``<>`` besides, a running extremum of (x1, d) alone is wrong: the running
*second best of different d* is kept too. It is the best that was there when the best
changed its d (a segment begins), or a later build of another d. O(n log n).

Where an engine puts no more than so many rows of a group into one task, the sorted rows
are cut into ranges (`ranges`): what the ranges before one say of their builds is carried
into it, and a probe has a partner if one is found in its range or in what is carried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backbone.management.trusted.plans.frame import (
    Frame,
    Step,
    Steps,
    broadcast,
    select,
)
from backbone.management.trusted.plans.ranges import Cut, Order, ranged
from backbone.model.constraints import Operator

__all__ = ["found", "group_sizes"]

_STRICT: tuple[Operator, ...] = ("<", ">")
_RUNNING = "rows between unbounded preceding and current row"
_EARLIER = "rows between unbounded preceding and 1 preceding"


def found(frame: Frame, cut: Cut | None = None) -> Steps:
    """Return the steps that find the probes with a partner; in ranges, with `cut`."""
    if frame.other:
        return _with_other(frame, cut)
    if _is_one_relation(frame):
        return _one_relation(frame, cut)
    return _plain(frame, cut)


def group_sizes(frame: Frame) -> Steps:
    """Return steps; the last has ``rows`` that are sorted and the ``largest`` group."""
    source = [] if _is_one_relation(frame) else [_both(frame)]
    name = source[0][0] if source else frame.step("probes")
    sizes = f"select count(*) as n from {name} {frame.grouped()}"
    total = f"select sum(n) as rows, max(n) as largest from {frame.step('sizes')}"
    return [*source, (frame.step("sizes"), select(sizes)), ("total", select(total))]


def _is_one_relation(frame: Frame) -> bool:
    strict = all(op in _STRICT for op in frame.ops)
    return strict and frame.shape.same_sides and not frame.other


def _best(frame: Frame) -> str:
    return "min" if frame.ops[1] in {">", ">="} else "max"


def _direction(op: Operator) -> str:
    """Builds that satisfy ``probe op build`` come first in this direction."""
    return "desc" if op in {"<", "<="} else "asc"


def _sorted(frame: Frame) -> Order:
    """Ties in x0: probes first where equal values do not satisfy the comparison."""
    probes_first = "desc" if frame.ops[0] in _STRICT else "asc"
    first = ("x0", _direction(frame.ops[0]))
    return Order((first, ("probe", probes_first), ("id", "asc")))


def _both(frame: Frame) -> Step:
    other = f", {frame.other} as d" if frame.other else ""
    columns = frame.listed(frame.keys, end=", ") + f"x0, x1{other}"
    text = (
        f"select id, 1 as probe, {columns} from {frame.step('probes')} union all "
        f"select id, 0 as probe, {columns} from {frame.step('builds')}"
    )
    return frame.step("both"), select(text)


def _one_relation(frame: Frame, cut: Cut | None) -> Steps:
    """Both comparisons strict over the same columns: every row is probe and build.

    Among rows of equal x0, those before a row have an x1 that does not satisfy the second
    comparison, so they cannot do harm.
    """
    tied = "desc" if frame.ops[1] == ">" else "asc"
    order = Order((("x0", _direction(frame.ops[0])), ("x1", tied)))
    if cut:
        order = Order((*order.columns, ("id", "asc")))
    line = _Line(frame.step("probes"), ("id", "x0", "x1"), order, "x1", _EARLIER)
    return _extremum(frame, line, cut)


def _plain(frame: Frame, cut: Cut | None) -> Steps:
    line = _Line(
        frame.step("both"),
        ("id", "probe", "x0", "x1"),
        _sorted(frame),
        "case when probe = 0 then x1 end",
        _RUNNING,
        asked="probe = 1 and ",
    )
    return [_both(frame), *_extremum(frame, line, cut)]


@dataclass(frozen=True)
class _Line:
    """The rows of `source` in their order inside a group.

    `value` is what a row adds to the extremum of the window `over`; `asked` is the
    condition (and ``and``) of rows that are probes.
    """

    source: str
    columns: tuple[str, ...]
    order: Order
    value: str
    over: str
    asked: str = ""


def _extremum(frame: Frame, line: _Line, cut: Cut | None) -> Steps:
    steps, source = _in_ranges(frame, line, cut)
    keys = [*frame.keys, *(["part"] if cut else [])]
    window = f"{_partition(keys)} {line.order.by()} {line.over}"
    columns = ", ".join([*keys, *(n for n in line.columns if n != "x0")])
    running = f"select {columns}, {_best(frame)}({line.value}) over ({window}) as best"
    steps.append((frame.step("running"), select(f"{running} from {source}")))
    op = frame.ops[1]
    if not cut:
        text = f"select id from {frame.step('running')} where {line.asked}x1 {op} best"
        return [*steps, (frame.step("found"), select(text))]
    listed = ", ".join(keys)
    tops = (
        f"select {listed}, {_best(frame)}({line.value}) as top "
        f"from {source} where divided group by {listed}"
    )
    over = f"{frame.partition()} order by part {_EARLIER}"
    carried = (
        f"select {listed}, {_best(frame)}(top) over ({over}) as carry "
        f"from {frame.step('tops')}"
    )
    last = (
        f"select r.id from {frame.step('running')} r left join {frame.step('carried')} c "
        f"on {frame.on('r', 'c', ['part'])} "
        f"where {line.asked}(r.x1 {op} r.best or r.x1 {op} c.carry)"
    )
    return [
        *steps,
        (frame.step("tops"), select(tops)),
        (frame.step("carried"), select(carried)),
        (frame.step("found"), broadcast(select(last), "c")),
    ]


def _in_ranges(frame: Frame, line: _Line, cut: Cut | None) -> tuple[Steps, str]:
    """Return steps, and the one that has the rows of `line`; if cut, with ``part``."""
    if cut is None:
        return [], line.source
    columns, suffix = [*line.columns, *frame.keys], frame.step("")
    order = Order((*((key, "asc") for key in frame.keys), *line.order.columns))
    steps = ranged(line.source, columns, order, cut, keys=frame.keys, suffix=suffix)
    return steps, f"ranged{suffix}"


def _partition(names: Sequence[str]) -> str:
    return f"partition by {', '.join(names)}" if names else ""


def _with_other(frame: Frame, cut: Cut | None) -> Steps:
    line = _Line(
        frame.step("both"), ("id", "probe", "x0", "x1", "d"), _sorted(frame), "", _RUNNING
    )
    steps, source = _in_ranges(frame, line, cut)
    keys = [*frame.keys, *(["part"] if cut else [])]
    steps = [
        _both(frame),
        *steps,
        *_best_two(frame, source, [*line.columns, *keys], keys, line.order, ""),
    ]
    op, seconds = frame.ops[1], frame.step("seconds")
    within = f"r.x1 {op} case when r.d <> r.mx_d then r.mx else r.second end"
    if not cut:
        text = f"select r.id from {seconds} r where r.probe = 1 and {within}"
        return [*steps, (frame.step("found"), select(text))]
    before = f"r.x1 {op} case when r.d <> c.mx_d then c.mx else c.second end"
    text = (
        f"select r.id from {seconds} r left join {frame.step('carried')} c "
        f"on {frame.on('r', 'c', ['part'])} where r.probe = 1 and ({within} or {before})"
    )
    last = frame.step("found"), broadcast(select(text), "c")
    return [*steps, *_two_carried(frame, source), last]


def _best_two(
    frame: Frame,
    source: str,
    columns: Sequence[str],
    keys: Sequence[str],
    order: Order,
    suffix: str,
) -> Steps:
    """``seconds``: the rows of `source` with the running best two builds.

    That is ``mx`` of a build with the value ``mx_d``, and ``second``, the best of those
    with another value.
    """
    best, among = _best(frame), f"{_partition(keys)} {order.by()}"
    names = {
        name: frame.step(f"{name}{suffix}")
        for name in ("running", "split", "before", "segments", "seconds")
    }
    pair = "case when probe = 0 then {'x': x1, 'd': d} end"
    listed = ", ".join(columns)
    running = (
        f"select {listed}, {best}({pair}) over ({among} {_RUNNING}) as m from {source}"
    )
    split = (
        f"select {listed}, struct_extract(m, 'x') as mx, struct_extract(m, 'd') as mx_d "
        f"from {names['running']}"
    )
    before = (
        f"select *, lag(mx) over ({among}) as px, lag(mx_d) over ({among}) as pd "
        f"from {names['split']}"
    )
    begins = "mx_d is distinct from pd"
    segments = (
        f"select *, {begins} as begins, sum(case when {begins} then 1 else 0 end) "
        f"over ({among} {_RUNNING}) as segment from {names['before']}"
    )
    within = f"{_partition([*keys, 'segment'])} {order.by()} {_RUNNING}"
    value = "case when begins then px when probe = 0 and d <> mx_d then x1 end"
    seconds = (
        f"select *, {best}({value}) over ({within}) as second from {names['segments']}"
    )
    texts = (running, split, before, segments, seconds)
    return [(n, select(text)) for n, text in zip(names.values(), texts, strict=True)]


def _two_carried(frame: Frame, source: str) -> Steps:
    """``carried``: what the builds of earlier ranges say, by range and its first group.

    Each range gives the best build of every group and the best of another value; they are
    builds in a line of ranges, in which each range asks before it gives.
    """
    best, listed = _best(frame), frame.listed(frame.keys, end=", ") + "part"
    way = "asc" if best == "min" else "desc"
    bests = (
        f"select {listed}, d, {best}(x1) as x1 from {source} "
        f"where divided and probe = 0 group by {listed}, d"
    )
    ranked = (
        f"select *, row_number() over (partition by {listed} order by x1 {way}, d) "
        f"as id from {frame.step('bests')}"
    )
    bounds = f"bounds{frame.step('')}"
    marks = (
        f"select id, 0 as probe, {listed}, x1, d from {frame.step('ranked')} "
        f"where id <= 2 union all "
        f"select 0 as id, 1 as probe, {listed}, null as x1, null as d from {bounds}"
    )
    order = Order((("part", "asc"), ("id", "asc")))
    columns = ["id", "probe", "x1", "d", *frame.keys, "part"]
    along = _best_two(frame, frame.step("marks"), columns, frame.keys, order, "_along")
    carried = (
        f"select {listed}, mx, mx_d, second from {frame.step('seconds_along')} "
        "where probe = 1"
    )
    return [
        (frame.step("bests"), select(bests)),
        (frame.step("ranked"), select(ranked)),
        (frame.step("marks"), select(marks)),
        *along,
        (frame.step("carried"), select(carried)),
    ]

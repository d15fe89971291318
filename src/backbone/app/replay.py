"""Whether the story of a trusted table, as it stands in the lake, gives the table."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlglot import exp

from backbone.app.deciding import current_of
from backbone.app.environment import Environment
from backbone.app.queries import head
from backbone.engines.protocol import Relation, Scan
from backbone.lake.tables import TableVersion
from backbone.management.trusted import replay_query
from backbone.management.trusted.rows.current import standing
from backbone.management.trusted.rows.steps import Steps
from backbone.model.schemas import ORIGIN
from backbone.sql.queries import Query, column, table

__all__ = ["Replay", "replay"]

_STORY = ("repairs", "quarantine", "merged")


@dataclass(frozen=True)
class Replay:
    """What came of a replay: `rows` of the table, and how many differ.

    `missing` rows are in the table and not in its story, `strange` ones the reverse.
    """

    asset: str
    rows: int
    missing: int
    strange: int

    @property
    def holds(self) -> bool:
        """Whether the story gives the table, exactly."""
        return not (self.missing or self.strange)


def replay(env: Environment, name: str) -> Replay:
    """Make a trusted table again of what is formatted and of its story, and compare.

    Formatted rows without what is superseded, quarantined or merged, every cell as it
    was changed last, are the table. It must be made of the newest formatted version.

    Raises
    ------
    LakeError : the table has not been made yet

    Notes
    -----
    O(n) for n formatted rows; about what it costs to make the table without rules.
    """
    asset = env.asset(name).main
    version = head(env, asset)
    formatted, current = current_of(env, asset)
    inputs: dict[str, Relation] = {"now": _scan(version)}
    for side in _STORY:
        inputs[side] = _scan(head(env, asset.with_side(side)))
    story = replay_query(formatted.schema)
    names = [column(n) for n in (*formatted.schema.public.names, *ORIGIN.names)]
    made = exp.select(*names).from_(table(story.result))
    held = exp.select(*names).from_(table("now"))
    steps: Steps = [
        *story.steps,
        ("missing", exp.except_(held, made, distinct=False)),
        ("strange", exp.except_(made.copy(), held.copy(), distinct=False)),
    ]
    counts = [_count(step).subquery() for step in ("missing", "strange")]
    query = Query((*steps, ("counted", exp.select(
        exp.alias_(counts[0], "missing"), exp.alias_(counts[1], "strange")
    ))))  # fmt: skip
    with tempfile.TemporaryDirectory() as folder, env.engine.session() as session:
        live = standing(
            session, _scan(formatted), formatted.schema, current, Path(folder)
        )
        inputs |= {"formatted": live.rows, "objects": live.objects}
        (found,) = session.fetch(query, inputs).to_pylist()
    return Replay(str(asset), version.rows, int(found["missing"]), int(found["strange"]))


def _count(step: str) -> exp.Select:
    return exp.select(exp.Count(this=exp.Star())).from_(table(step))


def _scan(version: TableVersion) -> Relation:
    return Scan(version.paths(), version.schema)

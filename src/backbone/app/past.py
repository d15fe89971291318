"""What `--at` and the versions of `diff` mean: a pin, a run, a time or a version."""

from __future__ import annotations

import re
from functools import cached_property

from backbone.app.environment import Environment
from backbone.app.moments import moment_of
from backbone.errors import BackboneError, LakeError, bounded, nearest
from backbone.lake.tables import Tables, TableVersion
from backbone.model.names import AssetName
from backbone.operations.aside import version_aside
from backbone.operations.pinned import assure, received_by
from backbone.operations.plan import Pins, Plan, make_plan
from backbone.project.pins import pins_of, read_pin

__all__ = ["Past", "snapshot"]

_RUN = re.compile(r"\d{8}T\d{9}_[0-9a-f]{4}")
_NUMBER = re.compile(r"\d{1,9}")
_IDENTITY = re.compile(r"[0-9a-f]{4,32}")


class Past:
    """A moment of a project as a person names it.

    Parameters
    ----------
    env : the project
    text : the name of a pin; the id of a run; a time (``2026-11-01``, ``2 days ago``);
        of one table also the number of a version or the beginning of its identity

    Raises
    ------
    BackboneError : nothing has this name
    """

    def __init__(self, env: Environment, text: str) -> None:
        self._env = env
        self.text = text.strip()
        self.moment = moment_of(self.text)
        self._is_run = _RUN.fullmatch(self.text) is not None
        self._is_pin = (env.project.folder / "refs" / f"{self.text}.json").is_file()

    @property
    def is_of_one_table(self) -> bool:
        """Whether the text can only name a version of one table."""
        return not (self._is_pin or self._is_run or self.moment)

    def check(self) -> None:
        """Raise where nothing has this name.

        Raises
        ------
        BackboneError : it names no pin, no run and no time
        """
        if self._is_run:
            snapshot(self._env, self.text)
        elif self.is_of_one_table:
            raise self._unknown()

    @cached_property
    def pins(self) -> Pins:
        """The deliveries of that moment, by dataset.

        Raises
        ------
        BackboneError : it names no pin, run or time, or landing lacks what is pinned
        """
        env = self._env
        if self._is_pin:
            pin = read_pin(env.project.folder, self.text)
            assure(env.project, env.lake, pin)
            return pin.ids
        if self._is_run:
            return self._of_run()
        if self.moment:
            return received_by(env.project, env.lake, self.moment)
        raise self._unknown()

    def table(self, asset: AssetName) -> TableVersion:
        """Return a table as it was then; a side table as its table of then names it.

        Of a pin it is the table that the pinned deliveries give under the declarations
        of now; of a time the newest version that was committed by then.

        Raises
        ------
        LakeError : it was not there, or has not been made of the pinned deliveries
        """
        main = self._main(asset.main)
        if asset.side is None:
            return main
        if asset.side not in main.sides:
            raise LakeError(f"{asset} was not there at {self.text}")
        tables = self._env.lake.tables
        if main.folder != tables.folder(asset.main):
            tables = Tables(main.folder.parents[1])  # beside the present
        return tables.at(asset, main.sides[asset.side])

    def _main(self, asset: AssetName) -> TableVersion:
        if asset.zone == "landing":
            raise LakeError(
                f"{asset} holds raw bytes, not rows", command=f"backbone versions {asset}"
            )
        if self._is_pin:
            return self._pinned(asset)
        tables = self._env.lake.tables
        if self._is_run:
            numbers = snapshot(self._env, self.text)
            return tables.at(asset, self._known(asset, numbers.get(str(asset))))
        if self.moment:
            number = self._env.catalog.number_at(asset, self.moment)
            return tables.at(asset, self._known(asset, number))
        return tables.at(asset, self._number(asset))

    def _known(self, asset: AssetName, number: int | None) -> int:
        if number is None:
            when = f"the end of run {self.text}" if self._is_run else self.text
            raise LakeError(
                f"{asset} was not there at {when}", command=f"backbone versions {asset}"
            )
        return number

    def _pinned(self, asset: AssetName) -> TableVersion:
        step = self._plan.step(asset)
        if step is None or step.action == "wait":
            why = step.reason if step else "it is not in the plan"
            raise LakeError(
                f"{asset} cannot be made of what pin `{self.text}` names: {why}",
                command=f"backbone pin {self.text}",
            )
        found = version_aside(self._env.place, self.pins, step)
        if found is None:
            raise LakeError(
                f"{asset} has not been made of what pin `{self.text}` names",
                hint="A pin names raw data; tables are made of them as declared now.",
                command=f"backbone run --at {self.text} {asset}",
            )
        return found

    @cached_property
    def _plan(self) -> Plan:
        env = self._env
        return make_plan(
            env.project, env.lake, env.catalog, pins=self.pins, leave_out="none"
        )

    def _number(self, asset: AssetName) -> int:
        catalog, text = self._env.catalog, self.text
        if _NUMBER.fullmatch(text) and self._env.lake.tables.holds(asset, int(text)):
            return int(text)
        found = catalog.numbered(asset, text) if _IDENTITY.fullmatch(text) else {}
        if len(found) == 1:
            return next(iter(found.values()))
        if found:
            raise BackboneError(
                f"the identities of {len(found)} versions of {asset} begin with `{text}`",
                hint=f"They are {bounded(sorted(found))}.",
            )
        raise self._unknown(asset)

    def _of_run(self) -> Pins:
        known = self._env.catalog.run(self.text)
        pins = known and known["record"].get("pins")
        if not pins:
            raise BackboneError(
                f"it is not known what run `{self.text}` was made from",
                hint="A run that stopped early had pinned nothing.",
            )
        return {str(name): list(ids) for name, ids in pins.items()}

    def _unknown(self, asset: AssetName | None = None) -> BackboneError:
        pins = list(pins_of(self._env.project.folder))
        of_table = f", nor a version of {asset}" if asset else ""
        return BackboneError(
            f"`{self.text}` is no pin, no run and no time{of_table}",
            hint=nearest(self.text, pins)
            or "A time reads like 2026-11-01, 2026-11-01T06:00 or `2 days ago`.",
            command=f"backbone versions {asset}" if asset else "backbone pin --list",
        )


def snapshot(env: Environment, run: str) -> dict[str, int]:
    """Return the version of every table at the end of a run.

    Raises
    ------
    BackboneError : there is no such run, or it changed nothing
    """
    for name, _begun, ended in env.lake.runs:
        if name == run and ended is not None:
            return {str(k): int(v) for k, v in ended["snapshot"].items()}
    known = [name for name, _begun, ended in env.lake.runs if ended is not None]
    raise BackboneError(
        f"there is no snapshot of run `{run}`",
        hint=f"The newest runs: {bounded(sorted(known, reverse=True))}"
        if known
        else None,
        command="backbone versions ASSET",
    )

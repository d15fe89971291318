"""What the deliveries of a source mean, and so which rows are current."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from backbone.model.deliveries import Delivers
from backbone.project.declarations import Declaration, Names

__all__ = ["BUILT_IN_ORDERS", "Deletes", "Delivering"]

BUILT_IN_ORDERS = ("received", "name")


class Deletes(Declaration):
    """How a row of `changes` says that what it tells of is gone."""

    column: str = Field(description="A formatted column that tells what a row does.")
    values: Names = Field(min_length=1, description="Its values that mean a removal.")


class Delivering(Declaration):
    """What every source says of its deliveries."""

    delivers: Delivers = Field(
        "increments",
        description="increments: every delivery adds rows; snapshots: the newest "
        "delivery is the whole table; changes: the last row of a key counts.",
    )
    partition: Names = Field(
        (),
        description="Of snapshots: what tells parts that are replaced one by one: fields "
        "of objects ($file, $year) or formatted columns.",
    )
    order: str = Field(
        "received",
        description="What is newer: received, name, or a formatted column.",
    )
    deletes: Deletes | None = Field(
        None, description="Of changes: how a removal is told."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.partition and self.delivers != "snapshots":
            message = f"`partition` goes with snapshots, not with {self.delivers}"
            raise ValueError(message)
        if self.deletes is not None and self.delivers != "changes":
            message = f"`deletes` goes with changes, not with {self.delivers}"
            raise ValueError(message)
        if len({name.startswith("$") for name in self.partition}) > 1:
            message = "`partition` is by fields of objects or by columns, not by both"
            raise ValueError(message)
        return self

"""Delta tables: where they are, their versions, and how a version is committed.

A commit makes the table's set of files equal to a stated one (files kept from the base
version plus files newly written), in one entry of the Delta log. Appending, replacing
one delivery and overwriting are the same operation, and what an interrupted commit of a
side table left behind is taken back by the next one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from deltalake import CommitProperties, DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import create_table_with_add_actions

from backbone.errors import CommitConflict, CorruptLake, ForeignTable, LakeError
from backbone.lake.actions import added, added_again, null_counts, removed
from backbone.lake.deltalog import told_of
from backbone.lake.disk import sync, writing
from backbone.lake.leases import GRACE_S, Leases
from backbone.lake.leftovers import Judge
from backbone.lake.remembered import Remembered
from backbone.lake.schemas import canonical_schema, delta_schema
from backbone.lake.sweeping import asset_of, in_tables
from backbone.lake.tableversions import Commit, DataFile, TableVersion
from backbone.model.files import WrittenFile
from backbone.model.names import AssetName
from backbone.model.schemas import Schema

__all__ = ["Commit", "DataFile", "TableVersion", "Tables"]

_FOREIGN = {"deletionVectors", "columnMapping"}
_COLUMNS = "column_order"
_SAME = "same_as_before"
_CONFIGURATION = {
    "delta.enableExpiredLogCleanup": "false",
    "delta.checkpointInterval": "10",
}


class Tables:
    """The Delta tables below a folder, one folder per asset: ``<zone>/<table>``.

    Parameters
    ----------
    root : the folder; it is made with the first table
    leases : the leases on the lake; by default beside the folder
    """

    def __init__(self, root: Path, leases: Leases | None = None) -> None:
        self.root = root
        self._leases = leases or Leases(root.with_name("leases"))
        self._remembered = Remembered()

    def folder(self, asset: AssetName) -> Path:
        """Return the folder of the table."""
        return self.root / asset.zone / asset.local

    def attempt(self, asset: AssetName) -> Path:
        """Return a new folder for one attempt to write files of the table."""
        path = self.folder(asset) / f"w-{self._leases.claim()}"
        with writing(path):
            path.mkdir(parents=True)
        return path

    def attempted(self) -> list[AssetName]:
        """Return the tables that have files, or whose side tables have some."""
        folders = {path.parent for path in self.root.glob("*/*/w-*")}
        return sorted({name.main for name in map(asset_of, folders) if name})

    def folders(self, asset: AssetName) -> list[Path]:
        """Return the folders of a table and of its side tables, where they are."""
        zone = self.root / asset.zone
        sides = sorted(p for p in zone.glob(f"{asset.table}__*") if asset_of(p))
        return [path for path in (zone / asset.table, *sides) if path.is_dir()]

    def sweep(self, asset: AssetName) -> int:
        """Remove the files of a table and its side tables that no version names.

        They are what attempts left that did not come to a commit. The caller holds the
        table's lock; what another process may still write stays. Returns how many
        attempts left something.
        """
        judge = Judge(self._leases, older_than_s=GRACE_S)
        found = in_tables(self.folders(asset), asset, judge)
        return sum(1 for one in found if not one.removed().kept)

    def adopt(self, asset: AssetName, files: Sequence[WrittenFile]) -> list[WrittenFile]:
        """Move files that an attempt on another table wrote into this table's folder.

        A step writes its table and the side tables in one attempt; a rename on the same
        disk brings the side tables' files home. Files that are there already stay.
        """
        folder = self.folder(asset)
        if all(file.path.is_relative_to(folder) for file in files):
            return list(files)
        home = self.attempt(asset)
        moved = []
        for number, file in enumerate(files):
            target = home / f"{number:05d}-{file.path.name}"
            with writing(target):
                file.path.rename(target)
            moved.append(replace(file, path=target))
        return moved

    def exists(self, asset: AssetName) -> bool:
        """Tell whether the table has any version.

        A log without an entry is that of a table whose making was interrupted.
        """
        return any((self.folder(asset) / "_delta_log").glob("[0-9]*.json"))

    def holds(self, asset: AssetName, number: int) -> bool:
        """Tell whether the table has version `number`, without opening it."""
        return (self.folder(asset) / "_delta_log" / f"{number:020d}.json").is_file()

    def head(self, asset: AssetName) -> TableVersion | None:
        """Return the newest version, or None if there is no table."""
        known = self._remembered.head(self.folder(asset))
        if known is not None:
            return known
        return self._read(asset, None) if self.exists(asset) else None

    def at(self, asset: AssetName, number: int) -> TableVersion:
        """Return version `number`.

        Raises
        ------
        LakeError : the table has no such version
        """
        found = self._remembered.at(self.folder(asset), number)
        if found is None and self.exists(asset):
            try:
                found = self._read(asset, number)
            except CorruptLake:
                if self.holds(asset, number):
                    raise
        if found is None:
            raise LakeError(
                f"{asset} has no version {number}", command=f"backbone versions {asset}"
            )
        return found

    def nulls(self, asset: AssetName, number: int) -> dict[str, int]:
        """Return how many values of each column are missing in version `number`.

        It is in the log: no data file is read. A column that some file says nothing of
        is left out.
        """
        return null_counts(self._open(asset, number))

    def versions(self, asset: AssetName) -> list[dict[str, Any]]:
        """Return what is recorded of every version, the newest first.

        Each is ``{number, identity, committed, metadata}``; one log entry is read for it.
        """
        if not self.exists(asset):
            return []
        found = []
        for entry in self._open(asset, None).history():
            recorded = _recorded(entry)
            if recorded and _SAME not in recorded:
                when = datetime.fromtimestamp(entry["timestamp"] / 1000, UTC)
                found.append(
                    {
                        "number": int(entry["version"]),
                        "identity": recorded.get("identity", ""),
                        "committed": when,
                        "metadata": recorded,
                    }
                )
        return found

    def identities(self, asset: AssetName) -> set[str] | None:
        """Return the identities of all versions, None if some cannot be told any more."""
        head = self.head(asset)
        if head is None:
            return set()
        if not all(self.holds(asset, number) for number in range(head.number)):
            return None
        return {one["identity"] for one in self.versions(asset)}

    def assets(self) -> list[AssetName]:
        """Return the names of all tables in the lake."""
        folders = sorted(self.root.glob("*/*/_delta_log")) if self.root.is_dir() else []
        return [AssetName.parse(f"{p.parts[-3]}.{p.parts[-2]}") for p in folders]

    def commit(self, asset: AssetName, commit: Commit) -> TableVersion:
        """Commit a version; return the head if it already is that version.

        The data files and their folder are flushed to the disk first. The commit is made
        from a fresh snapshot, without retries.

        Raises
        ------
        CommitConflict : somebody committed after `commit.base` was read
        """
        head = self.head(asset)
        if head is not None and head.identity == commit.identity:
            return head
        if head is not None and commit.base is not None and head.number != commit.base:
            raise CommitConflict(
                f"{asset} changed from version {commit.base} to {head.number} meanwhile",
                command="backbone resume",
            )
        with writing(self.folder(asset)):
            sync([file.path for file in commit.add])
        self._assure(asset, commit)
        try:
            self._write(asset, commit, head)
        except CommitFailedError as error:
            raise CommitConflict(
                f"another commit to {asset} came first", command="backbone resume"
            ) from error
        except (DeltaError, OSError) as error:
            raise LakeError(f"{asset} could not be committed: {error}") from error
        written = self.head(asset)
        if written is None or written.identity != commit.identity:
            raise CommitConflict(f"another commit to {asset} came just after ours")
        return written

    def _assure(self, asset: AssetName, commit: Commit) -> None:
        """Make sure that nobody else may take the new files away."""
        folder = self.folder(asset)
        homes = {file.path.relative_to(folder).parts[0] for file in commit.add}
        for home in homes:
            self._leases.assure(home.removeprefix("w-"))

    def _write(self, asset: AssetName, commit: Commit, head: TableVersion | None) -> None:
        folder = self.folder(asset)
        properties = _properties(asset, commit, head)
        schema = delta_schema(commit.schema)
        add = [added(folder, file) for file in commit.add]
        if head is None or not _fits(commit, head):
            if commit.keep:
                raise LakeError(
                    f"the schema of {asset} changed; its files cannot be kept"
                )
            create_table_with_add_actions(
                str(folder),
                schema,
                add,
                mode="error" if head is None else "overwrite",
                configuration=_CONFIGURATION,
                commit_properties=properties,
            )
            return
        self._evolve(asset, commit, head)
        keep = {file.path for file in commit.keep}
        have = {file.path for file in head.files}
        add += [
            added_again(folder, file.path, file.rows)
            for file in commit.keep
            if file.path not in have
        ]
        gone = [removed(f.path, f.size_bytes) for f in head.files if f.path not in keep]
        opened = self._open(asset, None)
        if [one.name for one in opened.schema().fields] != [*commit.schema.names]:
            ordered = {**commit.metadata, _COLUMNS: list(commit.schema.names)}
            properties = _properties(asset, replace(commit, metadata=ordered), head)
        opened.create_write_transaction(
            [*add, *gone], mode="append", schema=schema, commit_properties=properties
        )

    def _evolve(self, asset: AssetName, commit: Commit, head: TableVersion) -> None:
        """Add columns to a table whose files stay: they have no values there.

        It is a version of its own, which says of itself all that the one before does,
        and shows no other columns: nobody can tell whether it was the last.
        """
        opened = self._open(asset, None)
        have = {one.name for one in opened.schema().fields}
        new = [one for one in delta_schema(commit.schema).fields if one.name not in have]
        if not new:
            return
        same = {**head.metadata, _COLUMNS: list(head.schema.names), _SAME: True}
        told = CommitProperties(
            custom_metadata={"backbone": json.dumps(same, default=str)},
            max_commit_retries=0,
        )
        opened.alter.add_columns(new, commit_properties=told)

    def _open(self, asset: AssetName, number: int | None) -> DeltaTable:
        try:
            opened = DeltaTable(self.folder(asset), version=number)
        except TableNotFoundError as error:
            raise LakeError(f"there is no table {asset} in the lake") from error
        except (DeltaError, OSError) as error:
            raise CorruptLake(
                f"{asset} cannot be opened: {str(error).partition(chr(10))[0]}",
                where=str(self.folder(asset) / "_delta_log"),
                hint="Bring the folder back from a copy of the lake.",
            ) from error
        features = set(opened.protocol().reader_features or ())
        if features & _FOREIGN:
            names = ", ".join(sorted(features & _FOREIGN))
            raise ForeignTable(f"{asset} uses {names}, which Backbone does not read")
        return opened

    def _read(self, asset: AssetName, number: int | None) -> TableVersion:
        opened = self._open(asset, number)
        last = told_of(self.folder(asset), opened.version()) or opened.history(1)[0]
        recorded = _recorded(last)
        version = TableVersion(
            asset=asset,
            number=opened.version(),
            identity=str(recorded.get("identity", "")),
            committed=datetime.fromtimestamp(last["timestamp"] / 1000, UTC),
            schema=_shown(canonical_schema(opened.schema()), recorded),
            folder=self.folder(asset),
            files=_files(opened),
            metadata=recorded,
        )
        return self._remembered.put(version, is_head=number is None)


def _fits(commit: Commit, head: TableVersion) -> bool:
    """Tell whether the table may keep its schema.

    Units and words are part of it; where files stay, they wait for the next rewriting.
    """
    if not commit.keep:
        return head.schema == commit.schema
    have = {column.name: column.type for column in head.schema}
    return all(have.get(c.name, c.type) == c.type for c in commit.schema)


def _shown(schema: Schema, recorded: Mapping[str, Any]) -> Schema:
    """Return the columns of a version in their order; Delta adds new ones at the end."""
    names = recorded.get(_COLUMNS)
    return Schema(tuple(schema[name] for name in names)) if names else schema


def _files(opened: DeltaTable) -> tuple[DataFile, ...]:
    actions = opened.get_add_actions(flatten=False)
    paths = actions["path"].to_pylist()
    sizes = actions["size_bytes"].to_pylist()
    if not paths:
        return ()
    rows = actions["num_records"].to_pylist()
    return tuple(
        DataFile(unquote(path), int(count or 0), int(size))
        for path, size, count in sorted(zip(paths, sizes, rows, strict=True))
    )


def _recorded(entry: Mapping[str, Any]) -> dict[str, Any]:
    text = entry.get("backbone")
    return dict(json.loads(text)) if text else {}


def _properties(
    asset: AssetName, commit: Commit, head: TableVersion | None
) -> CommitProperties:
    recorded = {**commit.metadata, "identity": commit.identity}
    number = 0 if head is None else head.number + 1
    return CommitProperties(
        custom_metadata={"backbone": json.dumps(recorded, default=str)},
        max_commit_retries=0,
        app_transactions=[Transaction(f"backbone:{asset}", number)],
    )

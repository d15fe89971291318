"""Tables that wait until an object has been read to its end."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa

from backbone.errors import LakeError

__all__ = ["Spool"]

_HELD_BYTES = 64 << 20


class Spool:
    """Keeps tables of one schema: some in memory, more in a temporary file."""

    def __init__(self, schema: pa.Schema, held_bytes: int = _HELD_BYTES) -> None:
        self._schema = schema
        self._limit = held_bytes
        self._held: list[pa.Table] = []
        self._size = 0
        self._file: IO[bytes] | None = None
        self._writer: Any = None

    def close(self) -> None:
        """Forget all tables."""
        self._held.clear()
        if self._file is not None:
            self._file.close()

    def add(self, table: pa.Table) -> None:
        """Take a table."""
        self._held.append(table)
        self._size += table.nbytes
        if self._size > self._limit:
            self._put_down()

    def _put_down(self) -> None:
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="backbone-")  # noqa: SIM115
                options = pa.ipc.IpcWriteOptions(compression="lz4")
                self._writer = pa.ipc.new_stream(
                    self._file, self._schema, options=options
                )
            for table in self._held:
                self._writer.write_table(table)
        except OSError as error:
            what = f"what was read of a raw object cannot be kept: {error.strerror}"
            hint = f"It waits in {tempfile.gettempdir()}; TMPDIR names another folder."
            raise LakeError(what, hint=hint) from error
        self._held.clear()
        self._size = 0

    def tables(self) -> Iterator[pa.Table]:
        """Yield all tables, in their order, once."""
        if self._file is not None:
            self._put_down()
            self._writer.close()
            self._file.seek(0)
            for batch in pa.ipc.open_stream(self._file):
                yield pa.Table.from_batches([batch])
        while self._held:
            yield self._held.pop(0)

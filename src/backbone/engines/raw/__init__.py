"""The one reader of raw files, for all engines.

Raw files are read as text, never as typed values: records by an index of their ends,
cells by a splitter whose every piece is counted against the index, values by one grammar
for each canonical type. So record numbers, rejected records and values are the same on
every engine, and nothing is guessed, rounded or lost on the way.

`read` gives pieces of text; `values` and `bad_cells` are the queries that make canonical
rows of text and list what has no value; `read_raw` does the whole job in process;
`raw_record` shows one record as it was received.
"""

from backbone.engines.raw.checks import check, mistakes
from backbone.engines.raw.pieces import ObjectEnd, Piece, RejectedRecord
from backbone.engines.raw.reader import raw_record, read, sources_of
from backbone.engines.raw.reading import main_schema, read_raw
from backbone.engines.raw.sides import CELLS, REJECTED, CopyFile
from backbone.engines.raw.values import bad_cells, values

__all__ = [
    "CELLS",
    "REJECTED",
    "CopyFile",
    "ObjectEnd",
    "Piece",
    "RejectedRecord",
    "bad_cells",
    "check",
    "main_schema",
    "mistakes",
    "raw_record",
    "read",
    "read_raw",
    "sources_of",
    "values",
]

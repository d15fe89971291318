"""The one reader of raw files, for all engines.

Raw files are read as text, never as typed values: records by an index of their ends,
cells by a splitter whose every piece is counted against the index, values by one grammar
for each canonical type. So record numbers, rejected records and values are the same on
every engine, and nothing is guessed, rounded or lost on the way.

`read` gives pieces of text; a `Recipe` has the queries that make canonical rows of text
and list what has no value; `read_raw` does the whole job in process; `raw_record` shows
one record as it was received, `raw_cells` the text of one cell; `mistakes` says what
cannot be read as it is declared.
"""

from backbone.engines.raw.binding import computed_types
from backbone.engines.raw.checks import mistakes
from backbone.engines.raw.database import opened_database
from backbone.engines.raw.naming import names_of
from backbone.engines.raw.pieces import ObjectEnd, Piece, RejectedRecord
from backbone.engines.raw.reader import (
    raw_cells,
    raw_record,
    read,
    sources_of,
    wanted_of,
)
from backbone.engines.raw.reading import main_schema, read_raw
from backbone.engines.raw.recipes import RAW, ROW, Recipe, raw_name
from backbone.engines.raw.sides import CELLS, REJECTED, CopyFile
from backbone.engines.raw.sniffing import Sniffed, sniffed, unpacked
from backbone.engines.raw.spread import Spread, read_spread, read_spread_deliveries
from backbone.engines.raw.worker import answered, perform
from backbone.engines.raw.writing import copied

__all__ = [
    "CELLS",
    "RAW",
    "REJECTED",
    "ROW",
    "CopyFile",
    "ObjectEnd",
    "Piece",
    "Recipe",
    "RejectedRecord",
    "Sniffed",
    "Spread",
    "answered",
    "computed_types",
    "copied",
    "main_schema",
    "mistakes",
    "names_of",
    "opened_database",
    "perform",
    "raw_cells",
    "raw_name",
    "raw_record",
    "read",
    "read_raw",
    "read_spread",
    "read_spread_deliveries",
    "sniffed",
    "sources_of",
    "unpacked",
    "wanted_of",
]

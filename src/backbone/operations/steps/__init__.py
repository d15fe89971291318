"""The steps of a run, one module a kind: read pinned inputs, call the zone, commit."""

"""The lake: where bytes rest. Landing objects, Delta tables, artifacts, run records."""

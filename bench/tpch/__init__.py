"""TPC-H: eight tables, on every engine, beside the same job by hand.

`project/` is an ordinary project; its raw files come from `data`.
"""

"""Relational queries as values: no engine, no lake, no files.

`queries` are named steps over sqlglot expressions. A view goes through `views` (its
text), `portable` (what it may not say), `binding` (its names), `exact` and `sums` (no
result depends on the order of rows) and `lineage`; `compilation` does all of that.
`denial` reads rules.
"""

"""The rows of a trusted step: how they are named, numbered, kept, told and ruled upon.

`steps` has the named steps that every query is made of, `pieces` rows for side tables,
`numbering` the way from a row to its origin and back, `keeping` what is computed once,
`texts` values as text, `decided` what people said of rows and cells, and `state` all of
it as it stands between two rules.
"""

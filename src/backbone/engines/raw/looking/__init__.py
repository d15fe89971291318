"""Files that nobody declared: looked at, all of them, at the engine's speed.

`looked` says what a file is and how it is laid out; `observed` reads as much of some
files of one layout as was asked for, every cell as text, and answers questions about
their columns.
"""

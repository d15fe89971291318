"""The command line: every verb calls one function of `app`; what is here only shows it.

``main`` is the entry point, ``front`` finds verbs and loads them when they are typed,
``verb`` is what they share, ``verbs`` has a module for each, and the rest turns answers
into tables, trees, JSON and CSV.
"""

"""Plans of near-linear cost for the shapes of two-row constraints.

Each plan is a list of named steps over two steps that `frame` prepares: ``probes`` (rows
that could be the one asked about) and ``builds`` (rows that could be its partner). Its
last step, ``found``, has the ``id`` of every probe that has a partner.
"""

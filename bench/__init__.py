"""How fast is Backbone, and beside what? Ratios in one run on one machine.

::

    python -m bench                       everything (`make bench`)
    python -m bench management idle help  some parts
    python -m bench growth --times 1 100  other sizes; --budget SECONDS for more patience
    python -m bench tpch --scale 0.1      one scale factor; --engine spark for one engine
    python -m bench --json > bench.json   the same as one JSON document

========== =========================================================================
part       what is measured
========== =========================================================================
management the management path of the flights example against `bench.by_hand`, one
           DuckDB script written for this job, on the same files, in turns; void
           unless both make the same rows, violations, repairs and quarantine
demo       `backbone demo` in an empty folder
idle       `backbone run` where nothing is new
help       `backbone --help`
growth     1, 10 and 30 times the flights and their weather, each repetition in a year
           of its own: seconds and memory by zone, and the exponent of growth
tpch       the eight tables of TPC-H, with errors planted, at scales 0.1 and 1, on DuckDB
           and on Spark, beside the same job by hand in plain DuckDB and plain PySpark;
           void unless both make the same rows, flags, rejects, violations, repairs,
           quarantine and views, and both engines the same content hashes; and the growth
files      20, 200 and 2,000 small files: seconds and memory, of Python and of Java
========== =========================================================================

Every command runs in a fresh process. Seconds are those of the wall, and of the
processor where other work on the machine may have slowed the wall; the memory is the
peak of resident memory of the largest process, and in `tpch` and `files`, where an engine
has processes of its own, the peak of all of them together. Nothing here is asserted
anywhere. `tpch` needs what `dev` installs, and Spark a Java.

Modules: `measure` (a command), `watch` (its memory while it runs), `projects` (what is
measured on), `backbone` (its doors), `management`, `startup`, `growth`, `files` (the
parts), `tables` (how it is shown), `by_hand` with `sql/` (the peer). In `tpch`: `data`,
`project/`, `by_hand` (`with_spark`, `with_duckdb`, `sql/`), `same`, `compare`, `report`.
"""

"""``python -m backbone`` is the command line."""

from backbone.cli.main import main

main()

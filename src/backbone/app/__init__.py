"""One function per verb of a user; the notebook handle and the command line call them."""

"""One module per verb, each with its `command`; a verb loads what it needs when typed."""

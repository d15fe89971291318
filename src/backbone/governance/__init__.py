"""Governance: where rows and columns come from, and what depends on them."""

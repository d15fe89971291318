"""Columns without types: what their texts spell, and how they are compared."""

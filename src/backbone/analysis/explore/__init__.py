"""Exploration and description: the outcome by itself, and what goes with it."""

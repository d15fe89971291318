"""Preparation: features become columns of a frame, and columns become numbers."""

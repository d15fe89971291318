"""Deployment: the model as a file, and its predictions as a table."""
